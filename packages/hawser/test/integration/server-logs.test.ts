import { expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import type { Logger } from "../../src/server/index.js";
import { formatHandshake } from "../support/raw-client.js";
import {
  addEcho,
  connectRaw,
  connectWs,
  createMemoryLog,
  receiveClose,
  startServer,
} from "../support/server-fixture.js";
import type { LogEntry } from "../support/server-fixture.js";

/** A memory log with a promise for its next line of a level. */
function createWatchedLog(level: keyof Logger): { logger: Logger; entries: LogEntry[]; next: Promise<LogEntry> } {
  const { logger, entries } = createMemoryLog();
  const next = createDeferred<LogEntry>();
  const watched: Logger = {
    ...logger,
    [level](fields: object, message: string) {
      logger[level](fields, message);
      next.resolve(entries.at(-1) as LogEntry); // just put there
    },
  };
  return { logger: watched, entries, next: next.promise };
}

it("logs an unclean close in one line, with its report", async () => {
  const { logger, next } = createWatchedLog("info");
  const server = await startServer({ logger });
  const client = await connectWs(server, "/echo?token=secret");
  client.send("ahoy");
  await new Promise((resolve) => client.once("message", resolve));
  client.terminate();
  const { message, fields } = await next;
  expect(message).toMatch(/^closed 1006 abnormal closure; .*; 1 message sent \(\d+ B\), 1 received \(\d+ B\)/);
  expect(fields).toEqual({
    socket: expect.any(String) as string,
    path: "/echo",
    remoteAddress: "127.0.0.1",
    code: 1006,
    reason: "",
    clean: false,
    initiator: "error",
    error: "CONNECTION_LOST",
    durationMs: expect.any(Number) as number,
    messagesSent: 1,
    messagesReceived: 1,
    bytesSent: 6,
    bytesReceived: 10,
    roundTripMs: null,
  });
});

it("logs a clean close for debugging alone, and the peer's reason without what ends a line", async () => {
  const { logger, entries, next } = createWatchedLog("debug");
  const server = await startServer({ logger });
  const client = await connectWs(server, "/echo");
  client.close(4000, "bye\r\n\u001b[2Jfake");
  const { message, fields } = await next;
  expect(message).toMatch(/^closed 4000 private to the application "bye \[2Jfake"; by the client; /);
  expect(fields).toMatchObject({ clean: true, initiator: "remote", reason: "bye [2Jfake" });
  expect(entries.filter(({ level }) => level !== "debug")).toEqual([]);
});

it("logs the peer's fault that ended a connection", async () => {
  const { logger, next } = createWatchedLog("info");
  const server = await startServer({ logger });
  const client = await connectRaw(server);
  client.send(formatHandshake());
  await client.answer();
  client.send(new Uint8Array([0x81, 0x01, 0x61])); // not masked
  client.socket.end();
  const { message, fields } = await next;
  expect(message).toMatch(/^closed 1002 protocol error "FRAME_NOT_MASKED"; client sent a frame without a mask; /);
  expect(fields).toMatchObject({ code: 1002, initiator: "error", clean: false });
});

it("logs a failing handler as an error, with its cause", async () => {
  const { logger, next } = createWatchedLog("error");
  const cause = new Error("boom");
  const server = await startServer({ logger }, (home) =>
    home.service("/fail", {
      message() {
        throw cause;
      },
    }),
  );
  const client = await connectWs(server, "/fail");
  const closed = receiveClose(client);
  client.send("x");
  expect((await closed).code).toBe(1011);
  const { message, fields } = await next;
  expect(message).toMatch(/^closed 1011 /);
  expect(fields).toMatchObject({ path: "/fail", code: 1011, err: cause });
});

it.each([
  ["a path that nobody serves", formatHandshake().replace("/echo", "/nowhere?token=secret"), "path-unknown", 404],
  ["a method other than GET", formatHandshake().replace("GET", "POST"), "method-not-get", 405],
  ["bytes that are no HTTP", "what is this\r\n\r\n", "HPE_INVALID_METHOD", 400],
])("logs the refusal of %s in one line", async (_name, request, rule, status) => {
  const { logger, entries, next } = createWatchedLog("info");
  const server = await startServer({ logger });
  const client = await connectRaw(server);
  client.send(request);
  await client.lastAnswer();
  const { message, fields } = await next;
  expect(message).toBe(`connection refused: ${rule}, answered ${status}`);
  expect(fields).toMatchObject({ rule, status, remoteAddress: "127.0.0.1" });
  expect(entries).toHaveLength(1);
  expect(JSON.stringify(entries)).not.toContain("secret");
});

it("logs what admit refused", async () => {
  const { logger, next } = createWatchedLog("info");
  const server = await startServer({ logger }, (home) =>
    home.service("/echo", { admit: () => ({ status: 401 }), message: () => {} }),
  );
  const client = await connectRaw(server);
  client.send(formatHandshake());
  await client.lastAnswer();
  expect((await next).fields).toMatchObject({ rule: "admit", status: 401, path: "/echo" });
});

it("does not let a flood of refusals or of broken connections fill the log (REL-E24)", async () => {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger });
  const refused = async (): Promise<void> => {
    const client = await connectRaw(server);
    client.send(formatHandshake().replace("/echo", "/nowhere"));
    await client.lastAnswer();
  };
  const broken = async (): Promise<void> => {
    const client = await connectWs(server, "/echo");
    client.terminate();
  };
  const startedAt = performance.now();
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 10 }, refused));
    await Promise.all(Array.from({ length: 10 }, broken));
  }
  await Promise.all([...server.sockets].map((socket) => socket.closed));
  await server.close();
  const counts = (prefix: string): number =>
    entries
      .filter(({ message }) => message.startsWith(prefix))
      .reduce((sum, { fields }) => sum + Number(fields["suppressed"] ?? 1), 0);
  // each is told, by itself or in a count
  expect(counts("connection refused") + counts("connections refused")).toBe(100);
  expect(counts("closed 1006") + counts("connections closed uncleanly")).toBe(100);
  const seconds = Math.ceil((performance.now() - startedAt) / 1000) + 1;
  expect(entries.length).toBeLessThanOrEqual(2 * 21 * seconds);
});

it("goes on when the logger throws", async () => {
  const fail = (): never => {
    throw new Error("disk full");
  };
  const server = await startServer({ logger: { debug: fail, info: fail, warn: fail, error: fail } }, addEcho);
  const client = await connectRaw(server);
  client.send(formatHandshake().replace("/echo", "/nowhere"));
  expect((await client.lastAnswer()).status).toBe(404);
  const broken = await connectWs(server, "/echo");
  const [socket] = server.sockets;
  broken.terminate();
  expect((await socket?.closed)?.code).toBe(1006);
});
