import { once } from "node:events";
import { createServer, request as sendRequest } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders, Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { testCertificate } from "./test-certificate.js";

export interface ReverseProxyOptions {
  /** Where it forwards to: a port of 127.0.0.1, or a Unix socket. */
  readonly to: number | string;
  /** Serves https and wss. */
  readonly tls?: boolean;
  /** The Host that it sends on. @default the client's */
  readonly host?: string;
}

export interface ReverseProxy {
  readonly port: number;
  /** The targets of the requests that it has sent on. */
  readonly targets: readonly string[];
  close(): void;
}

/** A small reverse proxy: adds X-Forwarded-For, -Proto and -Host, and tunnels what is upgraded. */
export async function startReverseProxy(options: ReverseProxyOptions): Promise<ReverseProxy> {
  const targets: string[] = [];
  const open = new Set<Duplex>();
  const server: Server = options.tls === true ? createHttpsServer(testCertificate) : createServer();
  const forward = (request: IncomingMessage): ReturnType<typeof sendRequest> => {
    targets.push(request.url ?? "");
    const place = typeof options.to === "number" ? { host: "127.0.0.1", port: options.to } : { socketPath: options.to };
    const { method, url: path } = request;
    return sendRequest({ ...place, method, path, headers: forwardHeaders(request, options), agent: false });
  };

  server.on("request", (request, response) => {
    const outgoing = forward(request).on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    request.pipe(outgoing);
  });
  server.on("upgrade", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    open.add(client);
    const outgoing = forward(request);
    const tunnel = (answer: IncomingMessage, backend: Duplex, first: Buffer): void => {
      open.add(backend);
      client.write(formatAnswer(answer));
      client.write(first);
      backend.write(head);
      client.pipe(backend).pipe(client);
      client.on("error", () => backend.destroy()).on("close", () => backend.destroy());
      backend.on("error", () => client.destroy()).on("close", () => client.destroy());
    };
    outgoing.on("upgrade", tunnel);
    outgoing.on("response", (answer) => {
      client.write(formatAnswer(answer));
      answer.on("data", (chunk: Buffer) => client.write(chunk)).on("end", () => client.end());
    });
    outgoing.on("error", () => client.destroy());
    client.on("error", () => outgoing.destroy());
    outgoing.end();
  });
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    targets,
    close: () => {
      server.close();
      server.closeAllConnections();
      for (const stream of open) stream.destroy();
    },
  };
}

function forwardHeaders({ headers, socket }: IncomingMessage, { host, tls }: ReverseProxyOptions): OutgoingHttpHeaders {
  const before = headers["x-forwarded-for"];
  return {
    ...headers,
    host: host ?? headers.host,
    "x-forwarded-for": [before, socket.remoteAddress].filter((address) => address !== undefined).join(", "),
    "x-forwarded-proto": tls === true ? "https" : "http",
    "x-forwarded-host": headers.host,
  };
}

function formatAnswer({ statusCode = 502, statusMessage = "", rawHeaders }: IncomingMessage): string {
  let text = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
  rawHeaders.forEach((part, index) => (text += index % 2 === 0 ? `${part}: ` : `${part}\r\n`));
  return `${text}\r\n`;
}
