import { Agent as HttpAgent, type ClientRequestArgs, request } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";

type OnConnection = (error: Error | null, stream?: Duplex) => void;

/**
 * Connects through an HTTP proxy, `http://user:password@host:port`: asks it by CONNECT for a tunnel, in which wss is as safe as without it.
 * The package https-proxy-agent does this and more; any other agent of Node.js serves as well.
 */
export function createTunnelAgent(proxy: URL, target: URL): HttpAgent {
  const { username, password } = proxy;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  const headers = username === "" ? {} : { "proxy-authorization": `Basic ${credentials}` };

  function openTunnel({ host, port }: ClientRequestArgs, onTunnel: OnConnection): void {
    const path = `${host}:${port}`;
    request({ method: "CONNECT", host: proxy.hostname, port: proxy.port, path, headers: { host: path, ...headers } })
      // not as it is: its code would be taken for the target's
      .on("error", (error) => onTunnel(new Error(`the proxy ${proxy.host}: ${error.message}`, { cause: error })))
      .on("connect", (response, socket) => {
        if (response.statusCode === 200) return onTunnel(null, socket);
        socket.destroy();
        onTunnel(new Error(`the proxy answered CONNECT ${path} with ${response.statusCode}`));
      })
      .end();
  }

  const isSecure = target.protocol === "wss:" || target.protocol === "https:";
  const agent = isSecure ? new HttpsAgent() : new HttpAgent();
  agent.createConnection = (options, onConnection) => {
    openTunnel(options, (error, tunnel) => {
      const socket =
        tunnel !== undefined && isSecure ? connectTls({ ...(options as ConnectionOptions), socket: tunnel }) : tunnel;
      onConnection?.(error, socket as Duplex); // there is one where there is no error
    });
    return undefined;
  };
  return agent;
}
