import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { sha1 } from "../node/index.js";
import { acceptKey } from "../protocol/index.js";
import { createServer } from "../server/index.js";
import type { Server } from "../server/index.js";
import type { CloseReport, Socket } from "../socket/index.js";
import { encodeWireFrame } from "./wire-frame.js";

/** What `connectorContract` connects to. On a free port of 127.0.0.1. */
export interface ConnectorServer {
  /** Of a WebSocket server. */
  readonly url: string;
  /** Of a server that does what none should. */
  readonly rawUrl: string;
  close(): Promise<void>;
}

export async function startConnectorServer(): Promise<ConnectorServer> {
  // any page may be the client
  const server = createServer({ host: "127.0.0.1", origins: "*", protocols: ["b"] });
  const raw = await startRawServer();
  addServices(server, raw.stalled);
  await server.listen();
  return {
    url: server.url,
    rawUrl: raw.url,
    close: async () => {
      raw.close();
      await server.close({ spreadMs: 0, timeoutMs: 1000 });
    },
  };
}

interface Memory {
  readonly messages: number;
  readonly report: CloseReport;
}

function addServices(server: Server, stalled: Waited): void {
  const memories = new Map<string, Promise<Memory>>();

  server.service("/echo", { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) });
  server.service("/close", {
    open: async (socket) => {
      const query = readQuery(socket);
      for (let left = Number(query.get("messages") ?? 0); left > 0; left--) socket.post("message");
      await socket.close(Number(query.get("code") ?? 1000), query.get("reason") ?? "");
    },
  });
  server.service("/drop", { message: (socket) => socket.abort() });
  server.service("/remember", {
    open: (socket) => {
      const id = readQuery(socket).get("id") ?? "";
      memories.set(
        id,
        socket.closed.then((report) => ({ messages: report.messagesReceived, report })),
      );
    },
  });
  server.service("/recall", {
    open: async (socket) => {
      const memory = await memories.get(readQuery(socket).get("id") ?? "");
      const { code, reason } = memory?.report.received ?? { code: 1006, reason: "" };
      socket.post(JSON.stringify({ code, reason, messages: memory?.messages ?? 0 }));
    },
  });
  for (const what of ["any", "none"] as const) {
    server.service(`/stalled/${what}`, {
      open: async (socket) => {
        await stalled.until(what);
        socket.post(what);
      },
    });
  }
  server.service("/refuse", {
    admit: ({ query }) => ({
      status: Number(query.get("status") ?? 503),
      headers: { "Retry-After": query.get("retryAfter") ?? "1" },
      body: "come back later",
    }),
  });
}

function readQuery({ url }: Socket): URLSearchParams {
  return new URL(url, "ws://localhost").searchParams;
}

interface RawServer {
  readonly url: string;
  /** The connections whose handshake is not answered. */
  readonly stalled: Waited;
  close(): void;
}

/** Streams, and who waits until there is one, or none. */
class Waited {
  readonly #streams: Set<Duplex> = new Set();
  #waiting: { readonly wantsAny: boolean; readonly resolve: () => void }[] = [];

  until(what: "any" | "none"): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ wantsAny: what === "any", resolve });
      this.#look();
    });
  }

  add(stream: Duplex): void {
    this.#streams.add(stream);
    this.#look();
  }

  delete(stream: Duplex): void {
    this.#streams.delete(stream);
    this.#look();
  }

  #look(): void {
    const hasAny = this.#streams.size > 0;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ wantsAny }) => wantsAny !== hasAny);
    for (const { wantsAny, resolve } of waiting) if (wantsAny === hasAny) resolve();
  }
}

/** Upgrades without a WebSocket behind it. */
async function startRawServer(): Promise<RawServer> {
  const open = new Set<Duplex>();
  const stalled = new Waited();
  const server = createHttpServer();
  server.on("upgrade", (request: IncomingMessage, stream: Duplex) => {
    open.add(stream);
    stream
      .on("error", () => {})
      .on("close", () => {
        open.delete(stream);
        stalled.delete(stream);
      });
    if (request.url === "/stall") {
      stalled.add(stream);
      // its end is seen by whoever reads
      stream.on("end", () => stream.end()).resume();
    } else {
      answer(request, stream);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
    stalled,
    close: () => {
      server.close();
      server.closeAllConnections();
      for (const stream of open) stream.destroy();
    },
  };
}

function answer(request: IncomingMessage, stream: Duplex): void {
  const key = request.headers["sec-websocket-key"] ?? "";
  switch (request.url ?? "") {
    case "/bad-accept":
      stream.write(formatAnswer("another key"));
      return;
    case "/early":
      stream.write(Buffer.concat([Buffer.from(formatAnswer(key)), encodeWireFrame({ opcode: 1, payload: "early" })]));
      return;
    case "/broken":
      // a reserved opcode
      stream.write(Buffer.concat([Buffer.from(formatAnswer(key)), encodeWireFrame({ opcode: 3 })]));
      stream.once("data", () => stream.end());
      return;
    case "/empty-close":
      stream.write(Buffer.concat([Buffer.from(formatAnswer(key)), encodeWireFrame({ opcode: 8 })]));
      stream.once("data", () => stream.end());
      return;
    case "/mute":
      // nothing is read: not even a Close
      stream.write(formatAnswer(key));
      return;
    default:
      stream.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  }
}

function formatAnswer(key: string): string {
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  return [...lines, `Sec-WebSocket-Accept: ${acceptKey(key, sha1)}`, "", ""].join("\r\n");
}
