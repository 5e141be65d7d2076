import type { ProxyAddress } from "./proxy-address.js";
import type { Tunnel } from "./tunnel.js";

/** Makes the agent of one connection through a proxy. The libraries are loaded only where there is one. */
export async function openTunnel(
  address: ProxyAddress,
  { secure, timeoutMs }: { readonly secure: boolean; readonly timeoutMs: number },
): Promise<Tunnel> {
  if (address.kind === "http") {
    const { HttpTunnel } = await import("./http-tunnel.js");
    return new HttpTunnel(address, secure);
  }
  const { SocksTunnel } = await import("./socks-tunnel.js");
  return new SocksTunnel(address, secure, timeoutMs);
}
