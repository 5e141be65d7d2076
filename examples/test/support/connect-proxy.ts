import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface ConnectProxy {
  /** With the credentials that it asks for. */
  readonly url: URL;
  /** The targets that it was asked for, in order. */
  readonly targets: readonly string[];
  /** Resets every tunnel. */
  cut(): void;
}

/** An HTTP proxy for CONNECT alone, that knows one user. Ended with the test. */
export async function startConnectProxy(): Promise<ConnectProxy> {
  const expected = `Basic ${Buffer.from("crew:p@ss word").toString("base64")}`;
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => void response.writeHead(405).end());

  server.on("connect", ({ url = "", headers }, client: Socket) => {
    client.on("error", () => {});
    if (headers["proxy-authorization"] !== expected) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="quay"\r\n\r\n');
      return;
    }
    targets.push(url);
    const [host, port] = url.split(":");
    const target = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(target).pipe(client);
    });
    target.on("error", () => client.destroy());
    client.on("close", () => target.destroy());
    target.on("close", () => client.destroy());
    sockets.add(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
    sockets.clear();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return { url: new URL(`http://crew:p%40ss%20word@127.0.0.1:${port}`), targets, cut };
}
