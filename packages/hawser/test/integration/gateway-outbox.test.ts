// The outbox before a real socket, over a memory transport and in virtual time.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Outbox } from "../../src/gateway/outbox.js";
import { encodeMessage } from "../../src/socket/index.js";
import type { EncodedMessage } from "../../src/socket/index.js";
import { openWithPeer, outcome } from "../support/socket-fixture.js";
import type { Opened, OpenOptions } from "../support/socket-fixture.js";

const LIMITS = { maxOutboxMessages: 10, maxOutboxBytes: 400 };

interface Bench extends Opened {
  readonly outbox: Outbox;
  /** What was given to the socket, in order. */
  readonly handed: string[];
  readonly slow: number[];
  /** What the peer got, messages by their first words. */
  readonly got: () => string[];
}

/** A socket with a soft limit of 100 bytes on a connection that takes 50. */
function openOutbox(setup: OpenOptions = {}, limits = LIMITS): Bench {
  const opened = openWithPeer({
    ...setup,
    options: { softQueueBytes: 100, closeTimeoutMs: 500, writeTimeoutMs: 1000, ...setup.options },
    transport: { capacityBytes: 50, ...setup.transport },
  });
  const { socket, runtime, peer } = opened;
  const handed: string[] = [];
  const post = socket.post.bind(socket);
  const postEncoded = socket.postEncoded.bind(socket);
  socket.post = (data, options) => {
    const room = post(data, options);
    handed.push(nameOf(data as string)); // the outbox posts text alone
    return room;
  };
  socket.postEncoded = (message) => {
    const room = postEncoded(message);
    handed.push(nameOf(String(message.data)));
    return room;
  };
  const slow: number[] = [];
  const outbox = new Outbox(socket, limits, runtime, () => slow.push(runtime.clock.now()));
  const got = (): string[] =>
    peer.received.map(({ opcode, text, payload }) =>
      opcode === 8 ? `close ${((payload[0] ?? 0) << 8) | (payload[1] ?? 0)}` : nameOf(text),
    );
  return { ...opened, outbox, handed, slow, got };
}

function nameOf(text: string): string {
  return text.split(" ", 1)[0] ?? "";
}

/** A message of so many bytes that begins with its name. */
function text(name: string, bytes = 40): string {
  return `${name} `.padEnd(bytes, ".");
}

describe("the outbox", () => {
  it("hands over at once while the socket has room, and holds nothing", async () => {
    const { outbox, handed, settle, got, runtime } = openOutbox();
    outbox.data(text("d1"));
    outbox.reply(text("r1"));
    outbox.data(text("d2"));
    expect(handed).toEqual(["d1", "r1", "d2"]);
    expect([outbox.queuedMessages, outbox.queuedBytes]).toEqual([0, 0]);
    await settle();
    expect(got()).toEqual(["d1", "r1", "d2"]);
    expect(runtime.ledger.bytes).toBe(0);
  });

  it("has replies overtake the channel data that waits, and keeps the order of each lane", async () => {
    const { outbox, peer, settle, got, runtime, socket } = openOutbox();
    peer.pause();
    for (const name of ["d1", "d2", "d3", "d4", "d5", "d6"]) outbox.data(text(name));
    outbox.reply(text("r1"));
    outbox.reply(text("r2", 50));
    expect([outbox.queuedMessages, outbox.queuedBytes]).toEqual([4, 170]);
    expect(socket.heldBytes).toBeGreaterThan(170);
    peer.resume();
    await settle();
    expect(got()).toEqual(["d1", "d2", "d3", "d4", "r1", "r2", "d5", "d6"]);
    expect([outbox.queuedMessages, outbox.queuedBytes, runtime.ledger.bytes]).toEqual([0, 0, 0]);
  });

  it("counts in UTF-8, and shares what is encoded once", async () => {
    const { outbox, peer, settle, got, runtime } = openOutbox();
    const message = encodeMessage(text("dé", 40), { runtime });
    peer.pause();
    for (let count = 0; count < 6; count++) outbox.data(message);
    expect(outbox.queuedBytes).toBe(2 * 41);
    outbox.reply("é".repeat(10));
    expect(outbox.queuedBytes).toBe(2 * 41 + 20);
    peer.resume();
    await settle();
    expect(got()).toHaveLength(7);
  });

  it("tells nobody of a connection that is ending already, when it overflows then", () => {
    const { outbox, peer, slow, socket } = openOutbox();
    peer.pause();
    while (outbox.queuedMessages < LIMITS.maxOutboxMessages) outbox.reply("r");
    void socket.close(4008, "for a reason of its own");
    outbox.reply("one too many");
    expect(slow).toEqual([]);
    expect(outbox.queuedMessages).toBe(0);
  });

  it("REL-D1 closes with 4008 when one message more than allowed waits: all of it is dropped", async () => {
    const { outbox, peer, settle, got, slow, socket, runtime } = openOutbox();
    peer.pause();
    for (let at = 0; at < 4; at++) outbox.data(text(`d${at}`, 60));
    const handed = 4 - outbox.queuedMessages;
    while (outbox.queuedMessages < LIMITS.maxOutboxMessages) outbox.reply("r");
    expect(slow).toEqual([]);
    outbox.reply("one too many");
    expect(slow).toEqual([0]);
    expect([outbox.queuedMessages, outbox.queuedBytes]).toEqual([0, 0]);
    outbox.reply("after the end");
    outbox.data("after the end");
    peer.resume();
    await settle();
    // what had begun is whole, what the socket still held is gone
    expect(got().at(-1)).toBe("close 4008");
    expect(got().length).toBeLessThanOrEqual(handed + 1);
    peer.sendClose(4008);
    peer.end();
    expect(await socket.closed).toMatchObject({ code: 4008, clean: true });
    expect(runtime.ledger.bytes).toBe(0);
  });

  it("REL-D1 closes with 4008 when more bytes than allowed wait, and says so though the peer never answers", async () => {
    const { outbox, peer, clock, slow, socket } = openOutbox({}, { maxOutboxMessages: 1000, maxOutboxBytes: 400 });
    peer.pause();
    outbox.data(text("to the socket", 200));
    for (const name of ["d1", "d2", "d3", "d4"]) outbox.data(text(name, 100));
    expect([outbox.queuedBytes, slow]).toEqual([400, []]);
    outbox.reply("r");
    expect(slow).toEqual([0]);
    await clock.advance(530);
    expect(await outcome(socket.closed)).toBe("settled");
    expect(await socket.closed).toMatchObject({ code: 4008, clean: false, error: { code: "CLOSE_TIMEOUT" } });
  });

  it("takes one message that is longer than all limits", async () => {
    const { outbox, peer, settle, got, slow } = openOutbox();
    peer.pause();
    outbox.reply(text("s1", 200));
    outbox.reply(text("long", 5000));
    expect([outbox.queuedMessages, outbox.queuedBytes, slow]).toEqual([1, 5000, []]);
    peer.resume();
    await settle();
    expect(got().slice(-2)).toEqual(["s1", "long"]);
  });

  it("drops the data of a channel, and no other", async () => {
    const { outbox, peer, settle, got, runtime } = openOutbox();
    peer.pause();
    for (const name of ["a1", "b1", "a2", "b2", "a3", "b3"]) outbox.data(text(name, 60), name.slice(0, 1));
    outbox.reply(text("r1"));
    const waiting = outbox.queuedMessages;
    outbox.dropData("a");
    expect(outbox.queuedMessages).toBeLessThan(waiting);
    peer.resume();
    await settle();
    expect(got()).toEqual(["a1", "b1", "a2", "r1", "b2", "b3"]);
    expect([outbox.queuedBytes, runtime.ledger.bytes]).toEqual([0, 0]);
  });

  it("does not throw, whatever the connection came to", async () => {
    const { outbox, socket, peer, settle, slow } = openOutbox();
    peer.pause();
    for (let at = 0; at < 6; at++) outbox.data(text("d"));
    socket.abort();
    outbox.reply("x");
    outbox.dropData("");
    await settle();
    outbox.data("x");
    outbox.close();
    outbox.reply("x");
    expect([outbox.queuedMessages, slow]).toEqual([0, []]);
  });

  it("sends a burst that the connection takes at once, however long: nothing waits for the end of the turn", async () => {
    const { outbox, settle, got, slow } = openOutbox({ transport: { capacityBytes: 1_000_000 } });
    for (let at = 0; at < 500; at++) outbox.data(text(`d${at}`, 90));
    expect([outbox.queuedMessages, slow]).toEqual([0, []]);
    await settle();
    expect(got()).toHaveLength(500);
  });
});

type Step =
  | { readonly do: "reply" | "data"; readonly bytes: number; readonly shared: boolean }
  | { readonly do: "read" }
  | { readonly do: "drop"; readonly channel: string }
  | { readonly do: "turn" };

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom("reply" as const, "data" as const),
        bytes: fc.integer({ min: 10, max: 120 }),
        shared: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ do: "read" as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), channel: fc.constantFrom("a", "b") }) },
    { weight: 2, arbitrary: fc.constant({ do: "turn" as const }) },
  ),
  { maxLength: 60 },
);

/** What must leave next: the oldest reply that waits, else the oldest data. */
class Model {
  readonly replies: string[] = [];
  readonly data: { readonly name: string; readonly channel: string }[] = [];
  #seen = 0;

  /** Checks what was handed over since the last call; answers what is wrong. */
  check(handed: readonly string[]): string[] {
    const wrong: string[] = [];
    for (; this.#seen < handed.length; this.#seen++) {
      const expected = this.replies.shift() ?? this.data.shift()?.name;
      if (handed[this.#seen] !== expected) wrong.push(`${handed[this.#seen]} left, not ${expected}`);
    }
    return wrong;
  }

  drop(channel: string): void {
    const kept = this.data.filter((item) => item.channel !== channel);
    this.data.splice(0, this.data.length, ...kept);
  }

  get size(): number {
    return this.replies.length + this.data.length;
  }
}

describe("for any traffic and any reader", () => {
  it("is a queue of two lanes within its bounds, or has closed the connection", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list: readonly Step[]) => {
        const bench = openOutbox();
        const { outbox, peer, settle, handed, slow, got, runtime, socket } = bench;
        const model = new Model();
        const wrong: string[] = [];
        peer.pause();
        for (const [at, step] of list.entries()) {
          if (step.do === "read") {
            peer.resume();
            await Promise.resolve();
            peer.pause();
          } else if (step.do === "turn") {
            await settle();
          } else if (step.do === "drop") {
            // what was handed over meanwhile is looked at first
            wrong.push(...model.check(handed));
            outbox.dropData(step.channel);
            if (slow.length === 0) model.drop(step.channel);
          } else if (slow.length === 0) {
            wrong.push(...model.check(handed));
            put(bench, model, { at, ...step });
          }
          if (slow.length > 0) break;
          wrong.push(...model.check(handed));
          if (outbox.queuedMessages !== model.size) wrong.push(`${outbox.queuedMessages} wait, not ${model.size}`);
          if (outbox.queuedMessages > LIMITS.maxOutboxMessages) wrong.push("too many wait");
          if (outbox.queuedMessages > 1 && outbox.queuedBytes > LIMITS.maxOutboxBytes) wrong.push("too much waits");
        }
        expect(wrong).toEqual([]);
        peer.resume();
        await settle();
        wrong.push(...(slow.length > 0 ? [] : model.check(handed)));
        expect(wrong).toEqual([]);
        // the wire is what was handed over, whole, or as much of it as left before the Close
        const expected = slow.length === 0 ? handed : [...handed.slice(0, got().length - 1), "close 4008"];
        expect(got()).toEqual(expected);
        expect([outbox.queuedMessages, outbox.queuedBytes]).toEqual([0, 0]);
        socket.abort();
        await settle();
        expect(runtime.ledger.bytes).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});

/** Puts a message into the outbox and the model. */
function put(
  { outbox, runtime }: Bench,
  model: Model,
  step: { readonly at: number; readonly do: "reply" | "data"; readonly bytes: number; readonly shared: boolean },
): void {
  const name = `${step.do === "reply" ? "r" : "d"}${step.at}`;
  const content = text(name, step.bytes);
  if (step.do === "reply") {
    model.replies.push(name);
    outbox.reply(content);
    return;
  }
  const channel = step.bytes % 2 === 0 ? "a" : "b";
  model.data.push({ name, channel });
  const message: string | EncodedMessage = step.shared ? encodeMessage(content, { runtime }) : content;
  outbox.data(message, channel);
}
