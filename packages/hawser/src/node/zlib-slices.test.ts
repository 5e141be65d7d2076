import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { DeflateContext, DeflatePort } from "../protocol/index.js";
import { createZlibDeflate } from "./zlib-deflate.js";
import { contextBytes } from "./zlib-handle.js";
import { ZlibPool } from "./zlib-pool.js";
import type { ZlibPoolOptions } from "./zlib-pool.js";

// what is measured must not be what others have left
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const KIB = 1024;
const NO_TAKEOVER: DeflateContext = { windowBits: 15, takeover: false };
const TAKEOVER: DeflateContext = { windowBits: 15, takeover: true };

/** JSON with repetitions, the same for the same seed. */
function sample(bytes: number, seed = 1): Uint8Array {
  let state = seed;
  let json = "";
  while (json.length < bytes) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    json += `{"id":${state % 977},"name":"customer-${state % 61}","price":${(state % 100_000) / 100}},`;
  }
  return Uint8Array.from(Buffer.from(json.slice(0, bytes)));
}

function compress(content: Uint8Array): Uint8Array {
  return Uint8Array.from(deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4));
}

function inflated(payload: Uint8Array): Buffer {
  return inflateRawSync(Buffer.concat([payload, Buffer.from("0000ffff", "hex")]), {
    finishFlush: constants.Z_SYNC_FLUSH,
  });
}

/** Bytes of array buffers that are in use: what others have left is swept by V8 behind the back of the collection. */
async function readArrayBuffers(): Promise<number> {
  let bytes = Infinity;
  for (;;) {
    collectGarbage();
    await nextTurn();
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers >= bytes) return arrayBuffers;
    bytes = arrayBuffers;
  }
}

interface Bench {
  readonly pool: ZlibPool;
  readonly port: DeflatePort;
  /** Turns asked for and not given. */
  readonly asked: (() => void)[];
  /** Gives those that are asked for now, and lets everything happen that follows. */
  readonly turn: () => Promise<void>;
  readonly ledger: { bytes: number; most: number; add(bytes: number): void };
}

/** A pool whose turns a test gives. */
function createBench(options: ZlibPoolOptions & { maxContextBytes?: number } = {}): Bench {
  const asked: (() => void)[] = [];
  const ledger = {
    bytes: 0,
    most: 0,
    add(bytes: number): void {
      this.bytes += bytes;
      this.most = Math.max(this.most, this.bytes);
    },
  };
  const pool = new ZlibPool({ ledger, nextTurn: (callback) => void asked.push(callback), ...options });
  const { maxContextBytes } = options;
  const port = createZlibDeflate({ pool, ...(maxContextBytes !== undefined && { maxContextBytes }) });
  const turn = async (): Promise<void> => {
    for (const give of asked.splice(0)) give();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { pool, port, asked, turn, ledger };
}

/** How many turns it takes until `work` is settled, at most `limit`. */
async function countTurns(work: Promise<unknown>, { turn }: Bench, limit = 1000): Promise<number> {
  let settled = false;
  const settle = (): void => void (settled = true);
  work.then(settle, settle);
  await turn();
  let turns = 1;
  while (!settled && turns < limit) {
    await turn();
    turns++;
  }
  return turns;
}

describe("large messages", () => {
  it.each([
    [65_536, 0],
    [65_537, 2],
    [1024 * KIB, 16],
  ])("%i bytes are compressed in %i further turns", async (size, turns) => {
    const bench = createBench();
    const content = sample(size);
    const made = bench.port.createDeflater(NO_TAKEOVER).deflate(content, true);

    expect(made instanceof Promise).toBe(turns > 0);
    expect(turns === 0 ? 0 : await countTurns(Promise.resolve(made), bench)).toBe(turns);
    expect(inflated(await made).equals(content)).toBe(true);
    expect(bench.ledger.bytes).toBe(0);
  });

  it.each([
    [255 * KIB, 0],
    [257 * KIB, 1],
    [1024 * KIB, 3],
  ])("%i bytes are inflated in about %i further turns", async (size, turns) => {
    const bench = createBench();
    const content = sample(size);
    const made = bench.port.createInflater(NO_TAKEOVER).inflate(compress(content), true, size);

    expect(made instanceof Promise).toBe(turns > 0);
    const counted = turns === 0 ? 0 : await countTurns(Promise.resolve(made), bench);
    expect([turns, turns + 1]).toContain(counted);
    expect(Buffer.compare(await made, content)).toBe(0);
    expect(bench.ledger.bytes).toBe(0);
  });

  it("take as many turns, and give the same bytes, as with no bound in one", async () => {
    const content = sample(700 * KIB);
    const sliced = createBench();
    const whole = createBench({ deflateSliceBytes: Infinity, inflateSliceBytes: Infinity });

    const inSlices = Promise.resolve(sliced.port.createDeflater(NO_TAKEOVER).deflate(content, true));
    const atOnce = whole.port.createDeflater(NO_TAKEOVER).deflate(content, true);

    // the bound is what makes the turns: without it there are none
    expect(atOnce).toBeInstanceOf(Uint8Array);
    expect(await countTurns(inSlices, sliced)).toBe(11);
    expect(Buffer.compare(await inSlices, await atOnce)).toBe(0);
    expect(whole.port.createInflater(NO_TAKEOVER).inflate(await atOnce, true, 1e6)).toBeInstanceOf(Uint8Array);
  });

  it.each([TAKEOVER, NO_TAKEOVER])("keep the window across slices and messages as agreed: %o", async (context) => {
    const bench = createBench();
    const deflater = bench.port.createDeflater(context);
    const inflater = bench.port.createInflater(context);
    for (const size of [300_000, 10, 600_000, 70_000, 5, 300_000]) {
      const content = sample(size, size);
      const payload = Promise.resolve(deflater.deflate(content, true));
      await countTurns(payload, bench);
      const back = Promise.resolve(inflater.inflate(await payload, true, size));
      await countTurns(back, bench);
      expect(Buffer.compare(await back, content)).toBe(0);
    }
    deflater.close();
    inflater.close();
    expect(bench.ledger.bytes).toBe(0);
  });

  it("wait for another turn when a connection's small ones add up", async () => {
    const bench = createBench();
    const inflater = bench.port.createInflater(NO_TAKEOVER);
    const payload = compress(new Uint8Array(60_000));
    const answers: boolean[] = [];
    for (let i = 0; i < 7; i++) {
      const made = inflater.inflate(payload, true, 60_000);
      answers.push(made instanceof Promise);
      if (made instanceof Promise) await countTurns(made, bench);
    }

    // what the last one had left over is done in the next one's turn
    expect(answers).toEqual([false, false, false, false, true, false, false]);
  });

  it("blocks that hold nothing use up a turn too", async () => {
    const bench = createBench();
    const empty = Buffer.alloc(5 * 20_000, Buffer.from("000000ffff", "hex"));
    const made = Promise.resolve(
      bench.port.createInflater(NO_TAKEOVER).inflate(Buffer.concat([empty, compress(sample(9))]), true, 9),
    );

    expect(await countTurns(made, bench)).toBeGreaterThan(5);
    expect(Buffer.compare(await made, sample(9))).toBe(0);
  });
});

describe("large messages of many connections", () => {
  it("REL-C6 are worked at ten at a time, in their order", async () => {
    const bench = createBench();
    const contents = Array.from({ length: 35 }, (_, i) => sample(150_000, i + 1));
    const done: number[] = [];
    const all = contents.map(async (content, i) => {
      const payload = await bench.port.createDeflater(NO_TAKEOVER).deflate(content, true);
      done.push(i);
      return inflated(payload).equals(content);
    });
    let mostAtOnce = 0;
    while (done.length < contents.length) {
      mostAtOnce = Math.max(mostAtOnce, bench.asked.length);
      await bench.turn();
    }

    expect(mostAtOnce).toBe(10);
    expect(bench.ledger.most).toBeLessThan(10 * (contextBytes({ kind: "deflate", windowBits: 15 }) + 150_000));
    expect(done).toEqual(contents.map((_, i) => i));
    expect(await Promise.all(all)).not.toContain(false);
    expect(bench.ledger.bytes).toBe(0);
  });

  it("REL-C6 hold the memory of all at once where nothing bounds them", async () => {
    const bench = createBench({ maxSlicedMessages: Infinity });
    const all = Promise.all(
      Array.from({ length: 35 }, async () => bench.port.createDeflater(NO_TAKEOVER).deflate(sample(150_000), true)),
    );
    await countTurns(all, bench);

    expect(bench.ledger.most).toBeGreaterThan(30 * contextBytes({ kind: "deflate", windowBits: 15 }));
  });

  it("REL-C6 that wait to be inflated hold their input alone", async () => {
    const bench = createBench();
    const payload = compress(sample(600_000));
    const all = Array.from({ length: 100 }, () =>
      Promise.resolve(bench.port.createInflater(NO_TAKEOVER).inflate(payload, true, 600_000)),
    );
    const mostForTen = 10 * (contextBytes({ kind: "inflate", windowBits: 15 }) + 700_000);

    expect(bench.ledger.bytes).toBeLessThan(mostForTen);
    await countTurns(Promise.all(all), bench);
    expect(bench.ledger.most).toBeLessThan(mostForTen);
    for (const made of all) expect((await made).length).toBe(600_000);
    expect(bench.ledger.bytes).toBe(0);
  });
});

describe("REL-C10 a close in the middle of slices", () => {
  const small: ZlibPoolOptions = { deflateSliceBytes: 50, inflateSliceBytes: 100, maxSlicedMessages: 3 };

  it("settles the work, gives the memory back at once, and disturbs nobody else", async () => {
    const bench = createBench(small);
    const content = sample(2000);
    const payload = compress(content);
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state >>> 8) % below;
    };
    const wrong: string[] = [];
    for (let round = 0; round < 600; round++) {
      const subjects = Array.from({ length: 5 }, () => {
        const context = random(2) === 0 ? TAKEOVER : NO_TAKEOVER;
        const compressing = random(2) === 0;
        const subject = compressing ? bench.port.createDeflater(context) : bench.port.createInflater(context);
        const made = "deflate" in subject ? subject.deflate(content, true) : subject.inflate(payload, true, 2000);
        const outcome = Promise.resolve(made).then(
          (bytes) => ((compressing ? inflated(bytes) : Buffer.from(bytes)).equals(content) ? "right" : "wrong"),
          (error: { code?: string }) => error.code ?? "no code",
        );
        return { subject, outcome, closed: random(2) === 0 };
      });
      for (let turns = random(6); turns > 0; turns--) {
        for (const give of bench.asked.splice(0)) give();
        await Promise.resolve();
      }
      for (const { subject, closed } of subjects) if (closed) subject.close();
      await countTurns(Promise.all(subjects.map(({ outcome }) => outcome)), bench);
      for (const { subject, outcome, closed } of subjects) {
        const how = await outcome;
        if (how !== "right" && !(closed && how === "ABORTED")) wrong.push(`${round}: ${how}`);
        subject.close();
      }
      if (bench.ledger.bytes !== 0 || bench.pool.keptBytes !== 0) wrong.push(`${round}: ${bench.ledger.bytes} bytes`);
    }

    expect(wrong).toEqual([]);
  });

  it("has given the memory back before the work is settled", async () => {
    const bench = createBench(small);
    const deflater = bench.port.createDeflater(TAKEOVER);
    const inflater = bench.port.createInflater(TAKEOVER);
    const work = [deflater.deflate(sample(2000), true), inflater.inflate(compress(sample(2000)), true, 2000)];
    await bench.turn();
    expect(bench.ledger.bytes).toBeGreaterThan(100_000);
    deflater.close();
    inflater.close();

    expect(bench.ledger.bytes).toBe(0);
    const settled = Promise.allSettled(work.map((made) => Promise.resolve(made)));
    await countTurns(settled, bench);
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});

describe("REL-C1 a bomb of 100 MiB, 1029 to 1", () => {
  const bomb = compress(new Uint8Array(100 * KIB * KIB));

  /** What the output of `maxBytes` takes at most while it is made; watched between all slices. */
  async function explode(maxBytes: number): Promise<{ most: number; code: unknown }> {
    const bench = createBench();
    const before = await readArrayBuffers();
    const made = Promise.resolve(bench.port.createInflater(NO_TAKEOVER).inflate(bomb, true, maxBytes));
    let code: unknown = null;
    let settled = false;
    let most = 0;
    void made.then(
      () => (settled = true),
      (error: { code: string }) => {
        code = error.code;
        settled = true;
      },
    );
    while (!settled) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      await bench.turn();
    }
    return { most, code };
  }

  it("costs the limit and one chunk of 64 KiB", async () => {
    const { most, code } = await explode(KIB * KIB);

    expect(bomb.length).toBeLessThan(102_000);
    expect(code).toBe("MESSAGE_TOO_BIG");
    // the memory that all messages share is the chunk
    expect(most).toBeLessThanOrEqual((KIB + 64 + 4) * KIB);
    expect(most).toBeGreaterThan(512 * KIB);
  });

  it("costs what it is without a limit", async () => {
    const { most, code } = await explode(Infinity);

    expect(code).toBe(null);
    expect(most).toBeGreaterThan(90 * KIB * KIB);
  });
});

describe("contexts that are kept", () => {
  const one = contextBytes({ kind: "deflate", windowBits: 15 });
  const ofPeer = contextBytes({ kind: "inflate", windowBits: 15 });

  it.each([
    ["on zlib's handles", true],
    ["on documented streams", false],
  ])("REL-C5 are as many as there is memory for, %s; others do without", async (_name, handles) => {
    const bench = createBench({ handles, maxContextBytes: 3 * one });
    const deflaters = Array.from({ length: 6 }, () => bench.port.createDeflater(TAKEOVER));
    const message = sample(500);
    const sizes = await Promise.all(
      deflaters.map(async (deflater) => {
        const first = await deflater.deflate(message, true);
        expect(inflated(first).equals(message)).toBe(true);
        return (await deflater.deflate(message, true)).length;
      }),
    );

    const small = deflaters.filter((_, i) => (sizes[i] ?? 0) < 20);
    expect(small.length).toBe(3);
    expect([bench.pool.keptBytes, bench.ledger.bytes]).toEqual([3 * one, 3 * one]);

    // one that is closed leaves its place to another
    const other = deflaters.find((deflater) => !small.includes(deflater));
    small[0]?.close();
    await other?.deflate(message, true);
    expect((await other?.deflate(message, true))?.length).toBeLessThan(20);
    for (const deflater of deflaters) deflater.close();
    expect([bench.pool.keptBytes, bench.ledger.bytes]).toEqual([0, 0]);
  });

  it("REL-C5 take what they take where nothing bounds them", async () => {
    const bench = createBench({ maxContextBytes: Infinity });
    for (let i = 0; i < 40; i++) await bench.port.createDeflater(TAKEOVER).deflate(sample(500), true);

    expect(bench.ledger.bytes).toBe(40 * one);
  });

  it("of decompressors are promised in the handshake, and counted from then on", () => {
    const { port, pool, ledger } = createBench({ maxContextBytes: 2 * ofPeer });
    expect(port.canKeep(TAKEOVER)).toBe(true);
    const inflaters = [port.createInflater(TAKEOVER), port.createInflater(TAKEOVER)];
    port.createInflater(NO_TAKEOVER);

    expect(port.canKeep(TAKEOVER)).toBe(false);
    expect(port.canKeep({ windowBits: 12, takeover: true })).toBe(false);
    expect([pool.keptBytes, ledger.bytes]).toEqual([2 * ofPeer, 0]);
    for (const inflater of inflaters) inflater.close();
    for (const inflater of inflaters) inflater.close();
    expect(port.canKeep(TAKEOVER)).toBe(true);
    expect(pool.keptBytes).toBe(0);
  });
});

describe.each([
  ["on zlib's handles", true],
  ["on documented streams", false],
])("a compressor %s", (_name, handles) => {
  it("that is told to forget refers to nothing before", async () => {
    const { port } = createBench({ handles });
    const deflater = port.createDeflater(TAKEOVER);
    const message = sample(500);
    await deflater.deflate(message, true);
    const remembered = await deflater.deflate(message, true);
    deflater.forget();
    const forgotten = await deflater.deflate(message, true);
    const again = await deflater.deflate(message, true);

    expect(remembered.length).toBeLessThan(20);
    expect(inflated(forgotten).equals(message)).toBe(true);
    expect(again.length).toBeLessThan(20);
  });
});

describe.each([
  ["with the window kept, on zlib's handles", TAKEOVER, true],
  ["with the window kept, on documented streams", TAKEOVER, false],
  ["without, on zlib's handles", NO_TAKEOVER, true],
  ["without, on documented streams", NO_TAKEOVER, false],
])("REL-C7 %s", (_name, context, handles) => {
  // the first byte of this stored block is an empty message
  it.each<[string, Uint8Array, number[]]>([
    ["a dynamic block", compress(sample(400)), []],
    ["a dynamic block of many codes", compress(Uint8Array.from({ length: 600 }, (_, i) => (i * i) % 251)), []],
    ["a fixed block", Uint8Array.from(Buffer.from("f248cdc9c90700", "hex")), []],
    ["a stored block", Uint8Array.from(Buffer.from("000500faff48656c6c6f00", "hex")), [1]],
  ])("%s cut at any byte is 1007", async (_block, payload, whole) => {
    const { port } = createBench({ handles });
    const accepted: number[] = [];
    for (let end = 0; end < payload.length; end++) {
      const inflater = port.createInflater(context);
      await Promise.resolve()
        .then(() => inflater.inflate(payload.subarray(0, end), true, 1e6))
        .then(
          () => accepted.push(end),
          (error: { closeCode?: number }) => expect(error.closeCode).toBe(1007),
        );
      inflater.close();
    }

    expect(accepted).toEqual(whole);
  });
});
