import { type Agent, type ClientRequestArgs, Agent as HttpAgent, request } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

type OnConnection = (error: Error | null, stream?: Duplex) => void;

/**
 * Connects through an HTTP proxy, `http://user:password@host:port`: asks it by CONNECT for a tunnel, in which wss is as safe as without it.
 * The package https-proxy-agent does this and more; any other agent of Node.js serves as well.
 */
export function createTunnelAgent(proxy: URL, target: URL): Agent {
  const { username, password } = proxy;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  const headers = username === "" ? {} : { "proxy-authorization": `Basic ${credentials}` };

  function openTunnel({ host, port }: ClientRequestArgs, onTunnel: OnConnection): void {
    const path = `${host}:${port}`;
    request({ method: "CONNECT", host: proxy.hostname, port: proxy.port, path, headers: { host: path, ...headers } })
      .on("error", onTunnel)
      .on("connect", (response, socket) => {
        if (response.statusCode === 200) return onTunnel(null, socket);
        socket.destroy();
        onTunnel(new Error(`the proxy answered CONNECT ${path} with ${response.statusCode}`));
      })
      .end();
  }

  const isSecure = target.protocol === "wss:" || target.protocol === "https:";
  const agent = isSecure ? new HttpsAgent() : new HttpAgent();
  const connectInside = agent.createConnection.bind(agent);
  agent.createConnection = (options, onConnection) => {
    openTunnel(options, (error, socket) => {
      if (error !== null || socket === undefined || !isSecure) return onConnection?.(error, socket as Duplex); // given when there is no error
      // TLS is spoken with the target, in the tunnel
      connectInside({ ...options, socket } as ClientRequestArgs & { socket: Socket }, onConnection);
    });
    return undefined;
  };
  return agent;
}
