import { createHash } from "node:crypto";
import { createSeededRandom } from "hawser/testing";
import type { SeededRandom } from "hawser/testing";
import { describe, expect, it } from "vitest";
import { timeout } from "../../../packages/hawser/test/interop/patience.js";
import { dotnet } from "./build.js";
import { allWays, clientWebSocket, SeriesHash } from "./pairs.js";
import type { OpenPair, OurEnd, Pair, PairOptions } from "./pairs.js";
import { usePeer } from "./peer.js";

const MIB = 1024 * 1024;
const count = 10_000;
const words = "Grüße, 世界 🚢 hawser ";

describe.skipIf(dotnet === undefined).each(allWays)("%s: messages", { timeout }, (_name, open: OpenPair) => {
  const peer = usePeer();
  const openPair = (options?: PairOptions): Promise<Pair> => open(peer(), options);

  it("10,000 messages of mixed sizes, from them and back", async () => {
    const { ours, theirs } = await openPair();
    const hash = ours.echo();
    const { sent, received } = await theirs.run("exchange", { count, seed: 1 });
    expect(received).toBe(sent);
    expect(hash.count).toBe(count);
    expect(hash.toHex()).toBe(sent);
    await theirs.run("close");
    expect(await ours.report).toMatchObject({ clean: true, messagesSent: count, messagesReceived: count });
  });

  it("10,000 messages of mixed sizes, from us and back", async () => {
    const { ours, theirs } = await openPair();
    const echoing = theirs.run("echo");
    const received = new SeriesHash();
    const all = new Promise<void>((resolve) => {
      ours.onMessage = (data) => {
        received.append(data);
        if (received.count === count) resolve();
      };
    });
    const sent = await sendSeries(ours, 2);
    await all;
    const report = await ours.socket.close();
    const echoed = await echoing;
    expect(echoed).toMatchObject({ count, hash: sent });
    expect(received.toHex()).toBe(sent);
    expect(report).toMatchObject({ clean: true, messagesSent: count, messagesReceived: count });
    expect(echoed.states.at(-1)).toBe("Closed");
  });

  it("a message of 64 MiB each way, within raised limits", async () => {
    const { ours, theirs } = await openPair({ ours: { maxMessageBytes: 64 * MIB } });
    const { hash } = await theirs.run("send", { size: 64 * MIB, seed: 3 });
    const message = (await ours.messages.next()) as Uint8Array; // they sent bytes
    expect(message).toHaveLength(64 * MIB);
    expect(sha256(message)).toBe(hash);
    const [received] = await Promise.all([theirs.run("receive"), ours.socket.send(message)]);
    expect(received).toMatchObject({ type: "Binary", count: 64 * MIB, hash });
  });

  it("a text in fragments from them, some of them empty", async () => {
    const { ours, theirs } = await openPair();
    await theirs.run("sendFragments", { fragments: ["", "Grüße", "", ", 世界", " 🚢", ""] });
    expect(await ours.messages.next()).toBe("Grüße, 世界 🚢");
  });

  it("a text in fragments from us, in pieces there", async () => {
    const { ours, theirs } = await openPair();
    const [received] = await Promise.all([
      theirs.run("receive"),
      ours.socket.sendStream(["Grüße", "", ", 世界", " 🚢"], { type: "text" }),
    ]);
    expect(received).toMatchObject({ type: "Text", text: "Grüße, 世界 🚢" });
    expect(received.pieces).toBeGreaterThanOrEqual(4);
  });

  it("a message longer than their buffer comes in pieces", async () => {
    const { ours, theirs } = await openPair();
    await ours.socket.send("x".repeat(10_000));
    expect(await theirs.run("receive")).toMatchObject({ count: 10_000, text: "x".repeat(10_000) });
  });

  it("empty messages, one of each type", async () => {
    const { ours, theirs } = await openPair();
    await theirs.run("send", { text: "" });
    await theirs.run("send", { size: 0 });
    expect(await ours.messages.take(2)).toEqual(["", new Uint8Array()]);
    await ours.socket.send("");
    await ours.socket.send(new Uint8Array());
    expect(await theirs.run("receive")).toMatchObject({ type: "Text", count: 0 });
    expect(await theirs.run("receive")).toMatchObject({ type: "Binary", count: 0 });
  });

  it("their sub-protocol and ours agree", async () => {
    const { ours, theirs } = await openPair({
      protocols: { ours: ["chat.v2", "chat.v1"], theirs: ["chat.v1", "other"] },
    });
    expect(ours.socket.protocol).toBe("chat.v1");
    expect(theirs.opened.protocol).toBe("chat.v1");
  });

  it("pings of ours are answered while they receive", async () => {
    const { ours, theirs } = await openPair();
    const receiving = theirs.run("receive");
    expect(await ours.socket.ping()).toBeGreaterThanOrEqual(0);
    await ours.socket.send("done");
    expect(await receiving).toMatchObject({ text: "done" });
  });
});

describe.skipIf(dotnet === undefined)("permessage-deflate", { timeout }, () => {
  const peer = usePeer();
  const ways = allWays.filter(([name]) => !name.startsWith("HttpListener")); // it has none
  const agreements = [
    { server: true, client: true },
    { server: false, client: true },
    { server: true, client: false },
    { server: false, client: false },
  ];

  describe.each(ways)("%s", (_name, open) => {
    it.each(agreements)(
      "takeover of the server's context $server, of the client's $client",
      async ({ server, client }) => {
        const { ours, theirs } = await open(peer(), {
          deflate: { serverNoContextTakeover: !server, clientNoContextTakeover: !client, thresholdBytes: 1 },
          theirDeflate: { serverContextTakeover: server, clientContextTakeover: client },
        });
        expect(ours.socket.extensions).toMatch(/^permessage-deflate/);
        expect(ours.socket.extensions.includes("server_no_context_takeover")).toBe(!server);
        // ASP.NET Core keeps to what a client offers for its own context
        expect(ours.socket.extensions.includes("client_no_context_takeover")).toBe(!client);
        const hash = ours.echo();
        const exchange = await theirs.run("exchange", { count: 500, seed: 5 });
        expect(exchange.received).toBe(exchange.sent);
        expect(hash.toHex()).toBe(exchange.sent);
        const text = words.repeat(2000);
        await theirs.run("send", { text });
        expect(await theirs.run("receive")).toMatchObject({ text });
        await theirs.run("close");
        expect(await ours.report).toMatchObject({ clean: true, error: null });
      },
    );
  });

  it.each([9, 12])("a window of %i bits in both directions", async (bits) => {
    const { ours, theirs } = await clientWebSocket(peer(), {
      deflate: { serverNoContextTakeover: false, clientNoContextTakeover: false, thresholdBytes: 1 },
      theirDeflate: { serverMaxWindowBits: bits, clientMaxWindowBits: bits },
    });
    expect(ours.socket.extensions).toContain(`server_max_window_bits=${bits}`);
    expect(ours.socket.extensions).toContain(`client_max_window_bits=${bits}`);
    const hash = ours.echo();
    const exchange = await theirs.run("exchange", { count: 200, seed: 6 });
    expect(exchange.received).toBe(exchange.sent);
    expect(hash.toHex()).toBe(exchange.sent);
  });

  it("compresses: what repeats takes less on the wire", async () => {
    const { ours, theirs } = await clientWebSocket(peer(), {
      deflate: { serverNoContextTakeover: false, clientNoContextTakeover: false },
      theirDeflate: {},
    });
    ours.echo();
    const text = words.repeat(5000);
    await theirs.run("send", { text });
    expect(await theirs.run("receive")).toMatchObject({ text });
    await theirs.run("close");
    const { bytesReceived, bytesSent } = await ours.report;
    expect(bytesReceived).toBeLessThan(text.length / 10);
    expect(bytesSent).toBeLessThan(text.length / 10);
  });

  it("is not agreed on when one side does not want it", async () => {
    const unwanted = await clientWebSocket(peer(), { theirDeflate: {} });
    expect(unwanted.ours.socket.extensions).toBe("");
    const unoffered = await clientWebSocket(peer(), { deflate: true });
    expect(unoffered.ours.socket.extensions).toBe("");
  });
});

/** Sends messages of mixed sizes, types and frames; answers their hash. */
async function sendSeries({ socket }: OurEnd, seed: number): Promise<string> {
  const random = createSeededRandom(seed);
  const noise = new Uint8Array(2 * MIB);
  random.fill(noise);
  const text = words.repeat(60_000);
  const edges = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, MIB];
  const hash = new SeriesHash();
  for (let index = 0; index < count; index++) {
    const edge = edges[index >> 1]; // each as text and as bytes
    const size = edge ?? chooseSize(random);
    const start = random.below(MIB);
    let message: string | Uint8Array = noise.subarray(start, start + size);
    if (index % 2 === 0 && edge !== undefined) message = "x".repeat(size);
    // counted in UTF-16 units here: half of them fit into as many bytes of UTF-8, a cut pair is left out
    else if (index % 2 === 0) message = text.slice(0, Math.floor(size / 2)).replace(/[\uD800-\uDBFF]$/, "");
    hash.append(message);
    if (edge === undefined && index % 8 === 7) await socket.sendStream(cut(message as Uint8Array)); // odd: bytes
    else if (!socket.post(message)) await socket.drained();
  }
  return hash.toHex();
}

function chooseSize(random: SeededRandom): number {
  const kind = random.below(1000);
  if (kind < 600) return random.below(126);
  if (kind < 950) return 126 + random.below(1874);
  if (kind < 997) return 2000 + random.below(68_000);
  return 70_000 + random.below(MIB - 70_000);
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const third = Math.floor(bytes.length / 3);
  return [bytes.subarray(0, third), new Uint8Array(), bytes.subarray(third)];
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
