import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import type { Server, ServerDeflateOptions, ServerOptions } from "../../src/server/index.js";
import type { Socket } from "../../src/socket/index.js";
import { startServer } from "../support/server-fixture.js";
import type { Inbox } from "./inbox.js";
import { digest, makeBytes, makeMessage } from "./web-socket-peer.mjs";
import type { PeerCommand, PeerReport } from "./web-socket-peer.mjs";

const MIB = 1024 * 1024;

const peerFile = new URL("web-socket-peer.mjs", import.meta.url);

/** `report` is given to the page by whoever opens it. */
const PAGE = `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="module">
  import { createPeer } from "/web-socket-peer.mjs";
  window.run = createPeer(window.report);
</script>`;

/** A WebSocket that is not ours, somewhere else. */
export interface WebPeer {
  run(command: PeerCommand): Promise<void>;
  readonly reports: Inbox<PeerReport>;
}

/** One of its connections to a server of ours. */
interface WebPair {
  readonly server: Server;
  readonly peer: WebPeer;
  readonly ours: Socket;
  readonly opened: PeerReport;
}

export type OpenWebPair = (options?: ServerOptions, protocols?: readonly string[]) => Promise<WebPair>;

export interface WebPeerFacts {
  /** Whether it compresses what it sends: Node.js only inflates. */
  readonly compresses: boolean;
}

/** What every WebSocket of the WHATWG standard must do with our server. */
export function webSocketContract(openPeer: (server: Server) => Promise<WebPeer>, { compresses }: WebPeerFacts): void {
  const openPair = createPairs(openPeer);

  it("exchange text", async () => {
    const { peer, ours } = await openPair();
    for (const text of ["", "hello", "Grüße, 世界 🚢", "\u0000\r\n"]) {
      await peer.run({ run: "send", text });
      expect(await ours.receive()).toBe(text);
      ours.post(text);
      expect(await peer.reports.next()).toMatchObject({ event: "message", isText: true, text });
    }
  });

  it.each([0, 1, 125, 126, 65_535, 65_536, 4 * MIB])("exchange %i bytes", async (size) => {
    const { peer, ours } = await openPair({ maxMessageBytes: 4 * MIB });
    const bytes = makeBytes(size, 1);
    await peer.run({ run: "sendBytes", size, seed: 1 });
    const received = await ours.receive();
    expect(received instanceof Uint8Array && Buffer.compare(received, bytes)).toBe(0);
    await ours.send(bytes);
    expect(await peer.reports.next()).toEqual({ event: "message", isText: false, size, hash: digest(bytes) });
  });

  it("send a message in fragments, with a ping between them", async () => {
    const { peer, ours } = await openPair();
    const pieces = async function* (): AsyncGenerator<string> {
      yield "one, ";
      await ours.ping();
      yield "two";
    };
    await ours.sendStream(pieces());
    expect(await peer.reports.next()).toMatchObject({ event: "message", text: "one, two" });
  });

  it("answer our pings, and do not show them to the application", async () => {
    const { peer, ours } = await openPair();
    expect(await ours.ping("ping")).toBeGreaterThanOrEqual(0);
    expect(await ours.ping("p".repeat(125))).toBeGreaterThanOrEqual(0);
    ours.post("after them");
    expect(await peer.reports.next()).toMatchObject({ event: "message", text: "after them" });
  });

  it("keep 10,000 messages in order, both directions at once", async () => {
    const { peer, ours } = await openPair();
    const count = 10_000;
    await peer.run({ run: "collect", count });
    // A command and a message take different ways to the peer: the first message could overtake it.
    expect(await peer.reports.next()).toEqual({ event: "collecting" });
    const sending = peer.run({ run: "sendSeries", count, seed: 5 });
    const posting = postSeries(ours, count, 9);
    let hash: number | undefined;
    for (let left = count; left > 0; left--) hash = digest((await ours.receive()) ?? "closed", hash);
    expect(hash).toBe(digestSeries(count, 5));
    expect(await peer.reports.next()).toEqual({ event: "collected", hash: digestSeries(count, 9) });
    await Promise.all([sending, posting]);
  });

  it.each<[string, ServerDeflateOptions]>([
    ["without takeover", {}],
    ["with takeover", { serverNoContextTakeover: false, clientNoContextTakeover: false }],
    ["with the server's takeover alone", { serverNoContextTakeover: false }],
    ["with small windows", { serverMaxWindowBits: 9, clientMaxWindowBits: 9, clientNoContextTakeover: false }],
  ])("compress %s", async (_case, deflate) => {
    const { peer, ours, opened } = await openPair({ perMessageDeflate: deflate });
    expect(opened).toMatchObject({ extensions: expect.stringContaining("permessage-deflate") });
    const text = "The quick brown fox jumps over the lazy dog. ".repeat(40);
    for (const round of [1, 2, 3]) {
      await peer.run({ run: "send", text: `${round} ${text}` });
      expect(await ours.receive()).toBe(`${round} ${text}`);
      ours.post(`${round} ${text}`);
      expect(await peer.reports.next()).toMatchObject({ event: "message", text: `${round} ${text}` });
      await peer.run({ run: "sendBytes", size: 50_000, seed: round });
      const bytes = makeBytes(50_000, round);
      expect(digest((await ours.receive()) ?? "")).toBe(digest(bytes));
      ours.post(bytes);
      expect(await peer.reports.next()).toMatchObject({ event: "message", hash: digest(bytes) });
    }
    await ours.sendStream([text, text.slice(0, 10)]);
    expect(await peer.reports.next()).toMatchObject({ hash: digest(`${text}${text.slice(0, 10)}`) });
    const report = await ours.close(1000);
    expect(report).toMatchObject({ clean: true, messagesReceived: 6, messagesSent: 7 });
    // three messages of 50,000 bytes that cannot be compressed, and little more for the texts
    const compressed = [report.bytesSent < 152_000, report.bytesReceived < 152_000];
    expect(compressed).toEqual([true, compresses]);
  });

  it("agree on a sub-protocol", async () => {
    const { opened, ours } = await openPair({ protocols: ["b", "c"] }, ["a", "c", "b"]);
    expect(opened).toMatchObject({ event: "open", protocol: "c" });
    expect(ours.protocol).toBe("c");
  });

  it.each([1000, 1001, 1008, 1011, 3000, 4999])("learn our code %i and reason", async (code) => {
    const { peer, ours } = await openPair();
    const close = { code, reason: "Grüße, 世界 🚢" };
    const report = await ours.close(close.code, close.reason);
    expect(report).toMatchObject({ ...close, clean: true, initiator: "local", sent: close, error: null });
    expect(report.received?.code).toBe(code);
    expect(await peer.reports.next()).toEqual({ event: "close", ...close, wasClean: true });
  });

  it.each([1000, 3000, 4999])("tell us code %i and reason", async (code) => {
    const { peer, ours } = await openPair();
    const close = { code, reason: "Grüße, 世界 🚢" };
    await peer.run({ run: "close", ...close });
    const report = await ours.closed;
    expect(report).toMatchObject({ ...close, clean: true, initiator: "remote", received: close, error: null });
    expect(await peer.reports.next()).toMatchObject({ event: "close", code, wasClean: true });
  });

  it("close without a code", async () => {
    const { peer, ours } = await openPair();
    await peer.run({ run: "close" });
    const empty = { code: 1005, reason: "" };
    expect(await ours.closed).toMatchObject({ ...empty, clean: true, sent: empty, received: empty });
    expect(await peer.reports.next()).toEqual({ event: "close", ...empty, wasClean: true });
  });

  it("both close at once", async () => {
    const { peer, ours } = await openPair();
    const [report] = await Promise.all([
      ours.close(3000, "ours"),
      peer.run({ run: "close", code: 4999, reason: "theirs" }),
    ]);
    expect(report).toMatchObject({ clean: true, sent: { code: 3000, reason: "ours" }, error: null });
    expect(await peer.reports.next()).toMatchObject({ event: "close", wasClean: true });
  });

  it("see 1006 when we abort", async () => {
    const { peer, ours } = await openPair();
    ours.abort();
    expect(await receiveClose(peer)).toEqual({ event: "close", code: 1006, reason: "", wasClean: false });
  });

  it("learn 1009 when their message is too big", async () => {
    const { peer, ours } = await openPair({ maxMessageBytes: 1000 });
    await peer.run({ run: "sendBytes", size: 1001, seed: 1 });
    const report = await ours.closed;
    expect(report).toMatchObject({ code: 1009, initiator: "error", sent: { code: 1009 } });
    expect(await receiveClose(peer)).toMatchObject({ code: 1009 });
  });

  it("learn 1001 when the server closes", async () => {
    const { peer, ours, server } = await openPair();
    const [report] = await Promise.all([ours.closed, server.close({ reason: "maintenance" })]);
    const close = { code: 1001, reason: "maintenance" };
    expect(report).toMatchObject({ ...close, clean: true, initiator: "local" });
    expect(await peer.reports.next()).toEqual({ event: "close", ...close, wasClean: true });
  });

  it("see only 1006 when the handshake is refused", async () => {
    const server = await startServer({ onRequest: answerPage }, (it) => {
      it.service("/no", { admit: () => ({ status: 401 }) });
    });
    const peer = await openPeer(server);
    await peer.run({ run: "open", url: `${server.url}/no` });
    expect(await receiveClose(peer)).toEqual({ event: "close", code: 1006, reason: "", wasClean: false });
  });
}

/** Opens a server, a peer and a connection between them. */
export function createPairs(openPeer: (server: Server) => Promise<WebPeer>): OpenWebPair {
  return async (options = {}, protocols = []) => {
    const accepted = createDeferred<Socket>();
    const server = await startServer({ ...options, onRequest: answerPage }, (it) => {
      it.service("/socket", async (socket): Promise<void> => {
        accepted.resolve(socket);
        await socket.closed;
      });
    });
    const peer = await openPeer(server);
    await peer.run({ run: "open", url: `${server.url}/socket`, protocols });
    const opened = await peer.reports.next();
    expect(opened.event).toBe("open");
    return { server, peer, opened, ours: await accepted.promise };
  };
}

/** A page that waits to be driven, and its script. */
export function answerPage(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === "/web-socket-peer.mjs") {
    response.writeHead(200, { "Content-Type": "text/javascript" }).end(readFileSync(peerFile));
  } else {
    response.writeHead(200, { "Content-Type": "text/html" }).end(PAGE);
  }
}

/** How the peer's connection ended; `error` comes before a failure, but not always. */
export async function receiveClose({ reports }: WebPeer): Promise<PeerReport> {
  const report = await reports.next();
  return report.event === "error" ? reports.next() : report;
}

async function postSeries(socket: Socket, count: number, seed: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    if (!socket.post(makeMessage(index, seed))) await socket.drained();
  }
}

function digestSeries(count: number, seed: number): number {
  let hash: number | undefined;
  for (let index = 0; index < count; index++) hash = digest(makeMessage(index, seed), hash);
  return hash ?? 0;
}
