import { once } from "node:events";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { createDeferred } from "../../src/internal/deferred.js";
import type { AdmitResult, HandshakeInfo } from "../../src/socket/index.js";
import { formatHandshake } from "../support/raw-client.js";
import { connectRaw, connectWs, createMemoryLog, receiveText, startServer } from "../support/server-fixture.js";

/** A masked text frame "hi". */
const HI = Buffer.from("818200000000" + "6869", "hex");

it("tells admit everything about the request", async () => {
  const seen = createDeferred<HandshakeInfo>();
  const server = await startServer({}, (it) => {
    it.service("/chat/:room", { admit: (request) => seen.resolve(request) });
  });
  const client = await connectRaw(server);
  const headers = { Origin: "http://localhost", Cookie: "a=b", "Sec-WebSocket-Protocol": "v2, v1" };
  client.send(formatHandshake({ target: "/chat/caf%C3%A9/?a=1&a=2", headers }));
  const { signal, query, headers: received, ...rest } = await seen.promise;
  expect(rest).toEqual({
    url: "/chat/caf%C3%A9/?a=1&a=2",
    path: "/chat/café/",
    params: { room: "café" },
    origin: "http://localhost",
    protocols: ["v2", "v1"],
    remoteAddress: "127.0.0.1",
    secure: false,
  });
  expect(query.getAll("a")).toEqual(["1", "2"]);
  expect(received.get("cookie")).toBe("a=b");
  expect(signal.aborted).toBe(false);
});

it("gives the socket data, sub-protocol and headers of the admission", async () => {
  const server = await startServer({}, (it) => {
    it.service<{ user: string }>("/me", {
      admit: async () => ({ data: { user: "eve" }, protocol: "v1", headers: { "X-Session": "7" } }),
      open: (socket) => void socket.post(`${socket.data.user} ${socket.protocol} ${socket.url}`),
    });
  });
  const client = await connectRaw(server);
  client.send(formatHandshake({ target: "/me?x", headers: { "Sec-WebSocket-Protocol": "v2, v1" } }));
  const { headers } = await client.answer();
  expect(headers.get("x-session")).toBe("7");
  expect(headers.get("sec-websocket-protocol")).toBe("v1");
  await client.until(() => client.received.includes("eve v1 /me?x"));
});

it.each<[string, number, AdmitResult]>([
  ["an admission", 101, { headers: { "Set-Cookie": ["a=1", "b=2"] } }],
  ["a refusal", 302, { status: 302, headers: { Location: "/login", "Set-Cookie": ["a=1", "b=2"] } }],
])("sends each value of a header of %s in a line of its own", async (_name, status, result) => {
  const server = await startServer({}, (it) => it.service("/echo", { admit: () => result }));
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake()).answer()).status).toBe(status);
  expect(client.received.toString()).toContain("\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
});

it.each<[string, () => AdmitResult | Promise<AdmitResult>]>([
  ["at once", () => ({ status: 401, headers: { "WWW-Authenticate": "Basic" }, body: "who are you?" })],
  ["later", async () => ({ status: 401, headers: { "WWW-Authenticate": "Basic" }, body: "who are you?" })],
])("answers a refusal %s with its status, headers and body", async (_name, admit) => {
  const server = await startServer({}, (it) => it.service("/echo", { admit }));
  const client = await connectRaw(server);
  const { status, headers, rest } = await client.send(formatHandshake()).lastAnswer();
  expect(status).toBe(401);
  expect(headers.get("www-authenticate")).toBe("Basic");
  expect(headers.get("connection")).toBe("close");
  expect(rest.toString()).toBe("who are you?");
});

it.each<[string, () => AdmitResult | Promise<AdmitResult>]>([
  [
    "throws",
    () => {
      throw new Error("secret detail");
    },
  ],
  ["rejects", () => Promise.reject(new Error("secret detail"))],
  ["answers nonsense", () => "yes" as unknown as undefined],
  ["refuses with a status that is none", () => ({ status: 200 })],
  ["chooses a sub-protocol that was not offered", () => ({ protocol: "v9" })],
  ["sets a header of the handshake", () => ({ headers: { Upgrade: "h2c" } })],
  ["splits a header", () => ({ headers: { "X-A": "a\r\nX-B: b" } })],
])("answers 500 without detail when admit %s", async (_name, admit) => {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger }, (it) => it.service("/echo", { admit }));
  const client = await connectRaw(server);
  const { status, rest } = await client.send(formatHandshake()).lastAnswer();
  expect(status).toBe(500);
  expect(rest.toString()).toBe("the server failed");
  expect(entries.filter(({ level }) => level === "error")).toHaveLength(1);
});

it("REL-B11 processes what came before the 101 behind it, in order", async () => {
  const admitted = createDeferred<void>();
  const asked = createDeferred<void>();
  const received: unknown[] = [];
  const server = await startServer({}, (it) => {
    it.service("/echo", {
      admit: () => {
        asked.resolve();
        return admitted.promise;
      },
      message: (socket, data) => {
        received.push(data);
        socket.post(`${received.length}`);
      },
    });
  });
  const client = await connectRaw(server);
  client.send(Buffer.concat([Buffer.from(formatHandshake()), HI]));
  await asked.promise;
  client.send(HI);
  await new Promise<void>((resolve) => client.socket.write(HI, () => resolve()));
  admitted.resolve();
  await client.until(() => client.received.toString("latin1").endsWith("\x81\x013"));
  expect(received).toEqual(["hi", "hi", "hi"]);
});

/** A whole masked binary frame of so many bytes on the wire. */
function formatFrame(bytes: number): Buffer {
  const frame = Buffer.alloc(bytes);
  frame.set([0x82, 0xfe, (bytes - 8) >> 8, (bytes - 8) & 0xff]);
  return frame;
}

it.each<[string, (request: Buffer, frame: Buffer) => [Buffer, ...Buffer[]]]>([
  ["in the segment of the request", (request, frame) => [Buffer.concat([request, frame])]],
  ["in segments of their own", (request, frame) => [request, frame.subarray(0, 5), frame.subarray(5)]],
])("REL-B11 keeps 16 KiB that come before the 101, %s, and delivers them behind it", async (_name, cut) => {
  const [asked, admitted, received] = [createDeferred<void>(), createDeferred<void>(), createDeferred<number>()];
  const server = await startServer({}, (it) => {
    it.service("/echo", {
      admit: () => {
        asked.resolve();
        return admitted.promise;
      },
      message: (_socket, data) => received.resolve(data.length),
    });
  });
  const client = await connectRaw(server);
  const [first, ...rest] = cut(Buffer.from(formatHandshake()), formatFrame(16 * 1024));
  client.send(first);
  await asked.promise;
  for (const part of rest) await new Promise<void>((resolve) => client.socket.write(part, () => resolve()));
  admitted.resolve();
  expect((await client.answer()).status).toBe(101);
  expect(await received.promise).toBe(16 * 1024 - 8);
});

it("REL-B11 answers more than 16 KiB in the segment of the request by 400, and opens no socket", async () => {
  const server = await startServer({}, (it) => {
    it.service("/echo", { admit: () => new Promise<void>(() => {}) });
  });
  const client = await connectRaw(server);
  client.send(Buffer.concat([Buffer.from(formatHandshake()), formatFrame(16 * 1024 + 1)]));
  const { status, headers } = await client.lastAnswer();
  expect([status, headers.get("connection")]).toEqual([400, "close"]);
  expect(server.sockets.size).toBe(0);
});

it("REL-B11 answers more than 16 KiB before the 101 by 400, and aborts admit", async () => {
  const signal = createDeferred<AbortSignal>();
  const server = await startServer({}, (it) => {
    it.service("/echo", {
      admit: (request) => {
        signal.resolve(request.signal);
        return new Promise<void>(() => {});
      },
    });
  });
  const client = await connectRaw(server);
  client.send(formatHandshake()).send(Buffer.alloc(16 * 1024 + 1));
  expect((await client.lastAnswer()).status).toBe(400);
  expect((await signal.promise).aborted).toBe(true);
});

it.each<[string, (client: Awaited<ReturnType<typeof connectRaw>>) => unknown]>([
  ["goes away", (client) => client.socket.resetAndDestroy()],
  ["ends its direction", (client) => client.socket.end()],
])("aborts admit when the client %s", async (_name, leave) => {
  const signal = createDeferred<AbortSignal>();
  const server = await startServer({}, (it) => {
    it.service("/echo", {
      admit: (request) => {
        signal.resolve(request.signal);
        return new Promise<void>(() => {});
      },
    });
  });
  const client = await connectRaw(server);
  client.send(formatHandshake());
  const aborted = once(await signal.promise, "abort");
  leave(client);
  await aborted;
  expect((await signal.promise).aborted).toBe(true);
});

it("answers 503 when admit takes longer than the handshake may", async () => {
  const server = await startServer({ handshakeTimeoutMs: 100 }, (it) => {
    it.service("/echo", { admit: () => new Promise<void>(() => {}) });
  });
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake()).lastAnswer()).status).toBe(503);
});

it("answers 503 to a client that waits for admit when the server closes", async () => {
  const asked = createDeferred<void>();
  const server = await startServer({}, (it) => {
    it.service("/echo", {
      admit: () => {
        asked.resolve();
        return new Promise<void>(() => {});
      },
    });
  });
  const client = await connectRaw(server);
  client.send(formatHandshake());
  await asked.promise;
  const closed = server.close();
  expect((await client.lastAnswer()).status).toBe(503);
  await closed;
});

it("chooses the first sub-protocol of the client's that the service lists", async () => {
  const server = await startServer({ protocols: ["v1", "v2"] }, (it) => it.service("/echo", {}));
  const client = await connectRaw(server);
  client.send(formatHandshake({ headers: { "Sec-WebSocket-Protocol": "v9, v2, v1" } }));
  expect((await client.answer()).headers.get("sec-websocket-protocol")).toBe("v2");
});

it("accepts without a sub-protocol when none is common", async () => {
  const server = await startServer({ protocols: ["v1"] }, (it) => it.service("/echo", {}, { protocols: ["v3"] }));
  const client = await connectRaw(server);
  client.send(formatHandshake({ headers: { "Sec-WebSocket-Protocol": "v1" } }));
  const { status, headers } = await client.answer();
  expect(status).toBe(101);
  expect(headers.has("sec-websocket-protocol")).toBe(false);
});

it("declines compression unless it is asked for", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  client.send(formatHandshake({ headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } }));
  expect((await client.answer()).headers.has("sec-websocket-extensions")).toBe(false);
});

it("compresses when both sides want it", async () => {
  const server = await startServer({ perMessageDeflate: { thresholdBytes: 1 } });
  const client = await connectWs(server, "/echo", { perMessageDeflate: true });
  expect(client.extensions).toContain("permessage-deflate");
  const text = "compress me ".repeat(1000);
  client.send(text);
  expect(await receiveText(client)).toBe(text);
});

it("answers 500 when admit gives a thenable that throws", async () => {
  const thenable = {
    // oxlint-disable-next-line unicorn/no-thenable -- what an application may give us
    then: () => {
      throw new Error("planted");
    },
  };
  const server = await startServer({}, (it) => {
    it.service("/thenable", { admit: () => thenable as never });
  });
  const client = new WebSocket(`${server.url}/thenable`);
  client.on("error", () => {});
  const [, response] = (await once(client, "unexpected-response")) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(500);
  client.terminate();
});
