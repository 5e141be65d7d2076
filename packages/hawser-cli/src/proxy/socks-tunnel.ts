import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { SocksProxyAgent } from "socks-proxy-agent";
import type { ProxyAddress } from "./proxy-address.js";
import { describeSocksRefusal, describeUnreachable, ProxyError } from "./proxy-error.js";
import type { Tunnel } from "./tunnel.js";

type ConnectOptions = Parameters<SocksProxyAgent["connect"]>[1];

/** What the length field of a name can say (RFC 1928). */
const MAX_NAME_BYTES = 255;

/** One connection through a SOCKS proxy. */
export class SocksTunnel extends SocksProxyAgent implements Tunnel {
  readonly address: ProxyAddress;
  readonly #secure: boolean;
  isThrough = false;

  /** @param timeoutMs ends what nobody waits for any more: the library offers no other way */
  constructor(address: ProxyAddress, secure: boolean, timeoutMs: number) {
    super(withCredentials(address), { timeout: timeoutMs });
    this.address = address;
    this.#secure = secure;
    // of IPv6 the library takes the brackets for a part of the name
    this.proxy.host = address.url.hostname.replace(/^\[(.*)\]$/, "$1");
  }

  /** Known, where the base class looks for it in a stack trace. */
  override isSecureEndpoint(): boolean {
    return this.#secure;
  }

  override async connect(request: ClientRequest, options: ConnectOptions): Promise<Socket> {
    const target = { host: options.host ?? "", port: Number(options.port) };
    if (Buffer.byteLength(target.host) > MAX_NAME_BYTES) {
      throw new ProxyError("refused", `the name of the server is too long for the proxy ${this.address.host}`);
    }
    let bare: Socket | null = null;
    request.once("proxy", (event: { readonly socket: Socket }) => (bare = event.socket));
    let socket: Socket;
    try {
      socket = await super.connect(request, options);
    } catch (error) {
      throw this.#describe(error, target);
    }
    // the library leaves its limit on the connection, where it would end a silent one
    stopTimeout(bare);
    this.isThrough = true;
    return socket;
  }

  abandon(): void {
    // the library ends it by itself, after its timeout
  }

  #describe(error: unknown, target: { readonly host: string; readonly port: number }): unknown {
    if (!(error instanceof Error)) return error;
    // `socks5:` looks the server's name up here: that is no fault of the proxy
    if ("hostname" in error && error.hostname === target.host) return error;
    // of a failed system call the library keeps Node's text alone, "connect ECONNREFUSED 127.0.0.1:1080"
    const code = /^[a-z]+ (E[A-Z_]+)\b/.exec(error.message)?.[1];
    if (code !== undefined) return describeUnreachable(this.address, code, error);
    return describeSocksRefusal(this.address, target, error);
  }
}

function stopTimeout(socket: Socket | null): void {
  socket?.setTimeout(0);
}

function withCredentials({ url, credentials }: ProxyAddress): URL {
  const full = new URL(url);
  full.username = encodeURIComponent(credentials?.user ?? "");
  full.password = encodeURIComponent(credentials?.password ?? "");
  return full;
}
