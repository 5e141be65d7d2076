import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createVirtualRuntime } from "../../testing/index.js";
import type { VirtualRuntime } from "../../testing/index.js";
import { createAddressSet } from "./address-set.js";
import { ConnectionLimits } from "./connection-limits.js";
import type { ConnectionLimitsOptions } from "./connection-limits.js";
import { guardLogger } from "../logs/logger.js";

interface FakeStream extends PassThrough {
  remoteAddress?: string;
  remotePort?: number;
}

let nextPort = 1;

/** A connection that a listener accepted. */
function createStream(remoteAddress = "192.0.2.1"): FakeStream {
  return Object.assign(new PassThrough(), { remoteAddress, remotePort: nextPort++ });
}

function closed(stream: FakeStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once("close", resolve).destroy();
  });
}

interface Setup {
  readonly limits: ConnectionLimits;
  readonly runtime: VirtualRuntime;
  readonly warnings: string[];
}

function setUp(options: Partial<ConnectionLimitsOptions> = {}): Setup {
  const runtime = createVirtualRuntime();
  const warnings: string[] = [];
  const log = guardLogger({
    debug() {},
    info() {},
    warn: (_fields, message) => warnings.push(message),
    error() {},
  });
  const limits = new ConnectionLimits({
    maxConnections: Infinity,
    maxConnectionsPerAddress: Infinity,
    maxOpeningsPerSecond: Infinity,
    exempt: createAddressSet("exempt", ["127.0.0.0/8"]),
    trustedProxies: createAddressSet("trustedProxies", ["10.0.0.1"]),
    overTls: true,
    isMemoryShort: () => false,
    runtime,
    log,
    ...options,
  });
  return { limits, runtime, warnings };
}

/** Accepts a connection and lets its handshake come; answers the rule that refuses it. */
function open(limits: ConnectionLimits, stream = createStream(), address = stream.remoteAddress): string | undefined {
  limits.onAccepted(stream);
  return limits.admit(stream, address)?.rule;
}

describe("maxConnections (REL-D6)", () => {
  it("refuses with 503 and Retry-After what is beyond, and admits again when somebody has left", async () => {
    const { limits } = setUp({ maxConnections: 2 });
    const first = createStream();
    expect([open(limits, first), open(limits)]).toEqual([undefined, undefined]);
    const late = createStream();
    limits.onAccepted(late);
    const refusal = limits.admit(late, late.remoteAddress);
    expect(refusal).toMatchObject({ rule: "connection-limit", answer: { status: 503 } });
    expect(Number(refusal?.answer.headers?.["Retry-After"])).toBeGreaterThanOrEqual(5);
    await closed(late);
    await closed(first);
    expect(open(limits)).toBeUndefined();
  });

  it("counts a connection that has not sent its request", () => {
    const { limits } = setUp({ maxConnections: 1 });
    limits.onAccepted(createStream());
    expect(open(limits)).toBe("connection-limit");
  });

  it("gives a place that became free to one that was accepted beyond the limit", async () => {
    const { limits } = setUp({ maxConnections: 1 });
    const first = createStream();
    open(limits, first);
    const second = createStream();
    limits.onAccepted(second);
    await closed(first);
    expect(limits.admit(second, "192.0.2.1")).toBeUndefined();
  });

  it("tells clients that are refused together to come back at different times", () => {
    const { limits } = setUp({ maxConnections: 1 });
    open(limits);
    const times = Array.from({ length: 40 }, () => {
      const stream = createStream();
      limits.onAccepted(stream);
      return limits.admit(stream, "192.0.2.1")?.answer.headers?.["Retry-After"];
    });
    expect(new Set(times).size).toBeGreaterThan(5);
  });

  it("is no limit at Infinity", () => {
    const { limits } = setUp();
    expect(limits.maxAccepted).toBeUndefined();
    expect(Array.from({ length: 500 }, () => open(limits)).filter((rule) => rule !== undefined)).toEqual([]);
  });

  it.each([
    [1, 17],
    [43, 59],
    [1000, 1062],
    [18_800, 18_928],
  ])("of %d lets %d connections in, so that some can be told", (maxConnections, accepted) => {
    expect(setUp({ maxConnections }).limits.maxAccepted).toBe(accepted);
  });

  it("counts a stream that another listener accepted when its handshake comes", () => {
    const { limits } = setUp({ maxConnections: 1 });
    expect(limits.admit(new PassThrough(), undefined)).toBeUndefined();
    expect(limits.admit(new PassThrough(), undefined)?.rule).toBe("connection-limit");
  });

  it("knows a connection again by its addresses, inside of TLS", () => {
    const { limits } = setUp({ maxConnections: 1 });
    const raw = createStream();
    limits.onAccepted(raw);
    const inner = Object.assign(new PassThrough(), { remoteAddress: raw.remoteAddress, remotePort: raw.remotePort });
    expect(limits.admit(inner, "192.0.2.1")).toBeUndefined();
    expect(limits.size).toBe(1);
  });
});

describe("connections that wait for a request", () => {
  it("make room for a newcomer after a second, the oldest first", async () => {
    const { limits, runtime, warnings } = setUp({ maxConnections: 2 });
    const [oldest, old] = [createStream(), createStream()];
    limits.onAccepted(oldest);
    limits.onAccepted(old);
    await runtime.clock.advance(1000);
    expect(open(limits)).toBeUndefined();
    expect([oldest.destroyed, old.destroyed]).toEqual([true, false]);
    expect(warnings).toEqual(["more connections than allowed: some were dropped unread"]);
  });

  it("do not make room within their first second", async () => {
    const { limits, runtime } = setUp({ maxConnections: 1 });
    const waiting = createStream();
    limits.onAccepted(waiting);
    await runtime.clock.advance(999);
    expect(open(limits)).toBe("connection-limit");
    expect(waiting.destroyed).toBe(false);
  });

  it("make room when the listener itself had to drop one", async () => {
    const { limits, runtime } = setUp({ maxConnections: 1 });
    const waiting = createStream();
    limits.onAccepted(waiting);
    await runtime.clock.advance(1000);
    limits.onDropped();
    expect(waiting.destroyed).toBe(true);
  });

  it("are no longer those that opened a WebSocket, or whose request is being answered", async () => {
    const { limits, runtime } = setUp({ maxConnections: 2 });
    const [socket, request] = [createStream(), createStream()];
    open(limits, socket);
    limits.onAccepted(request);
    expect(limits.beginRequest(request)).toBe(true);
    await runtime.clock.advance(60_000);
    expect(open(limits)).toBe("connection-limit");
    limits.endRequest(request);
    await runtime.clock.advance(1000);
    expect(open(limits)).toBeUndefined();
    expect([socket.destroyed, request.destroyed]).toEqual([false, true]);
  });

  it("all go when descriptors have run out", async () => {
    const { limits, runtime } = setUp();
    const streams = [createStream(), createStream()];
    for (const stream of streams) limits.onAccepted(stream);
    await runtime.clock.advance(1000);
    const young = createStream();
    limits.onAccepted(young);
    limits.dropWaiting();
    expect([...streams, young].map((stream) => stream.destroyed)).toEqual([true, true, false]);
  });

  it("are answered, but not kept, beyond maxConnections", () => {
    const { limits } = setUp({ maxConnections: 1 });
    open(limits);
    const request = createStream();
    limits.onAccepted(request);
    expect(limits.beginRequest(request)).toBe(false);
  });
});

describe("maxConnectionsPerAddress (REL-D5)", () => {
  it("refuses with 429 and Retry-After what is beyond, of that address alone", () => {
    const { limits } = setUp({ maxConnectionsPerAddress: 2 });
    expect([open(limits), open(limits), open(limits), open(limits, createStream("192.0.2.2"))]).toEqual([
      undefined,
      undefined,
      "address-limit",
      undefined,
    ]);
    const stream = createStream();
    limits.onAccepted(stream);
    expect(limits.admit(stream, "192.0.2.1")?.answer).toMatchObject({
      status: 429,
      headers: { "Retry-After": expect.stringMatching(/^\d+$/) },
    });
  });

  it("counts the /64 network of an IPv6 address", () => {
    const { limits } = setUp({ maxConnectionsPerAddress: 1 });
    const rules = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"].map((address) =>
      open(limits, createStream(address)),
    );
    expect(rules).toEqual([undefined, "address-limit", undefined]);
  });

  it("does not count exempt addresses", () => {
    const { limits } = setUp({ maxConnectionsPerAddress: 1 });
    expect([open(limits, createStream("127.0.0.1")), open(limits, createStream("::ffff:127.0.0.9"))]).toEqual([
      undefined,
      undefined,
    ]);
    expect(limits.addresses).toBe(0);
  });

  it("counts a trusted proxy's connections by the client that the request tells", () => {
    const { limits } = setUp({ maxConnectionsPerAddress: 1 });
    const rules = ["198.51.100.1", "198.51.100.1", "198.51.100.2"].map((client) =>
      open(limits, createStream("10.0.0.1"), client),
    );
    expect(rules).toEqual([undefined, "address-limit", undefined]);
  });

  it("does not count the connections of a trusted proxy as its own", () => {
    const { limits } = setUp({ maxConnectionsPerAddress: 1 });
    const streams = Array.from({ length: 30 }, () => createStream("10.0.0.1"));
    for (const stream of streams) limits.onAccepted(stream);
    expect(streams.filter((stream) => stream.destroyed)).toEqual([]);
  });

  it("drops what comes behind those that are told", () => {
    const { limits } = setUp({ maxConnectionsPerAddress: 1 });
    const streams = Array.from({ length: 20 }, () => createStream());
    for (const stream of streams) limits.onAccepted(stream);
    expect(streams.filter((stream) => stream.destroyed)).toHaveLength(3);
  });

  it("counts a slow handshake", () => {
    const { limits } = setUp({ maxConnectionsPerAddress: 1 });
    limits.onAccepted(createStream());
    expect(open(limits)).toBe("address-limit");
  });
});

describe("maxOpeningsPerSecond", () => {
  it("refuses with 503 and Retry-After what is over the rate and its burst", async () => {
    const { limits, runtime } = setUp({ maxOpeningsPerSecond: 2 });
    const rules = Array.from({ length: 6 }, () => open(limits));
    expect(rules).toEqual([undefined, undefined, undefined, undefined, "opening-rate", "opening-rate"]);
    await runtime.clock.advance(500);
    expect([open(limits), open(limits)]).toEqual([undefined, "opening-rate"]);
  });
});

it("refuses everybody with 503 while memory is short", () => {
  let short = true;
  const { limits } = setUp({ isMemoryShort: () => short });
  expect(open(limits)).toBe("memory-limit");
  short = false;
  expect(open(limits)).toBeUndefined();
});

it("counts nothing any more when all connections are over, however they ended", async () => {
  const step = fc.record({
    act: fc.constantFrom("accept", "request", "answered", "handshake", "close", "error", "time", "drop", "shortage"),
    which: fc.nat({ max: 11 }),
    address: fc.constantFrom("192.0.2.1", "192.0.2.2", "10.0.0.1", "127.0.0.1", "2001:db8::1", "2001:db8::2"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { limits, runtime } = setUp({ maxConnections: 4, maxConnectionsPerAddress: 2, maxOpeningsPerSecond: 5 });
      const streams = new Map<number, FakeStream>();
      for (const { act, which, address } of steps) {
        const stream = streams.get(which);
        if (act === "accept" && stream === undefined) {
          const accepted = createStream(address).on("error", () => {});
          streams.set(which, accepted);
          limits.onAccepted(accepted);
        } else if (act === "time") await runtime.clock.advance(400);
        else if (act === "drop") limits.onDropped();
        else if (act === "shortage") limits.dropWaiting();
        else if (stream !== undefined) {
          if (act === "request") limits.beginRequest(stream);
          else if (act === "answered") limits.endRequest(stream);
          else if (act === "handshake") limits.admit(stream, address);
          else {
            stream.destroy(act === "error" ? new Error("reset") : undefined);
            streams.delete(which);
          }
        }
        expect(limits.size).toBeLessThanOrEqual(12 + steps.length);
      }
      await Promise.all([...streams.values()].filter((stream) => !stream.closed).map(closed));
      await runtime.clock.advance(0);
      expect({ size: limits.size, addresses: limits.addresses }).toEqual({ size: 0, addresses: 0 });
    }),
  );
});
