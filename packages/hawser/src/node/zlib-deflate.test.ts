import { deflateRawSync, inflateRawSync, constants } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeflateContext, DeflatePort, Deflater, Inflater } from "../protocol/index.js";
import { createZlibDeflate } from "./zlib-deflate.js";
import { canUseHandles } from "./zlib-handle.js";
import { ZlibPool } from "./zlib-pool.js";

const KIB = 1024;
const TAIL = Buffer.from("0000ffff", "hex");

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function bytesOf(content: string): Uint8Array {
  return new Uint8Array(Buffer.from(content, "latin1"));
}

/** What a peer of the same window would send, by zlib's documented function. */
function compress(content: Uint8Array, windowBits = 15): Uint8Array {
  const whole = deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH, windowBits });
  return new Uint8Array(whole.subarray(0, -4));
}

/** JSON with repetitions near and far; the same for the same seed. */
function sample(bytes: number, seed = 1): Uint8Array {
  let state = seed;
  let json = "";
  while (json.length < bytes) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    json += `{"id":${state % 977},"name":"customer-${state % 61}","price":${(state % 100_000) / 100}},`;
  }
  return bytesOf(json.slice(0, bytes));
}

function noise(bytes: number): Uint8Array {
  let state = 7;
  return Uint8Array.from({ length: bytes }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

const NO_TAKEOVER: DeflateContext = { windowBits: 15, takeover: false };
const TAKEOVER: DeflateContext = { windowBits: 15, takeover: true };
const variants: [string, () => DeflatePort][] = [
  ["on zlib's handles", () => createZlibDeflate({ pool: new ZlibPool({ handles: true }) })],
  ["on documented streams", () => createZlibDeflate({ pool: new ZlibPool({ handles: false }) })],
];

async function inflateWhole(inflater: Inflater, payload: Uint8Array, maxBytes = Infinity): Promise<string> {
  return text(await inflater.inflate(payload, true, maxBytes));
}

/** At most 4000 bytes, or an error that has a close code for data. */
function isAllowed(outcome: unknown): boolean {
  return typeof outcome === "number"
    ? outcome <= 4000
    : [1007, 1009].includes((outcome as { closeCode: number }).closeCode);
}

async function failure(
  action: () => Uint8Array | Promise<Uint8Array>,
): Promise<{ code?: string; closeCode?: number } | null> {
  try {
    await action();
    return null;
  } catch (error) {
    return error as { code?: string; closeCode?: number };
  }
}

it("knows the handles of this Node", () => {
  expect(canUseHandles()).toBe(true);
});

it("uses the handles by default: it answers at once", () => {
  expect(createZlibDeflate().createDeflater(NO_TAKEOVER).deflate(sample(200), true)).toBeInstanceOf(Uint8Array);
});

describe.each(variants)("permessage-deflate %s", (_name, createPort) => {
  it.each([
    ["one block (RFC 7692 §7.2.3.1)", "f2 48 cd c9 c9 07 00"],
    ["no compression (§7.2.3.3)", "00 05 00 fa ff 48 65 6c 6c 6f 00"],
    ["a final block (§7.2.3.4)", "f3 48 cd c9 c9 07 00 00"],
    ["two blocks (§7.2.3.5)", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00"],
    ["a final block without the empty one behind it", "f3 48 cd c9 c9 07 00"],
    ["a final empty block whose tail was left off", "f2 48 cd c9 c9 07 00 00 00 ff ff 01"],
  ])("REL-C7 inflates %s", async (_vector, payload) => {
    const port = createPort();

    expect(await inflateWhole(port.createInflater(NO_TAKEOVER), hex(payload))).toBe("Hello");
    expect(await inflateWhole(port.createInflater(TAKEOVER), hex(payload))).toBe("Hello");
  });

  it("inflates with the window kept (RFC 7692 §7.2.3.2)", async () => {
    const inflater = createPort().createInflater(TAKEOVER);

    expect(await inflateWhole(inflater, hex("f2 48 cd c9 c9 07 00"))).toBe("Hello");
    expect(await inflateWhole(inflater, hex("f2 00 11 00 00"))).toBe("Hello");
  });

  it("makes of Hello what the RFC does (§7.2.3.1, §7.2.3.2)", async () => {
    const deflater = createPort().createDeflater(TAKEOVER);

    expect(Buffer.from(await deflater.deflate(bytesOf("Hello"), true)).toString("hex")).toBe("f248cdc9c90700");
    expect(Buffer.from(await deflater.deflate(bytesOf("Hello"), true)).toString("hex")).toBe("f200110000");
  });

  it("REL-C8 makes one byte of an empty message, every time, and inflates it", async () => {
    const port = createPort();
    for (const context of [TAKEOVER, NO_TAKEOVER]) {
      const deflater = port.createDeflater(context);
      const inflater = port.createInflater(context);
      const results: string[] = [];
      for (const content of ["", "", "a", "", ""]) {
        const payload = await deflater.deflate(bytesOf(content), true);
        results.push(`${payload.length > 1}${await inflateWhole(inflater, payload)}`);
      }
      expect(results).toEqual(["false", "false", "truea", "false", "false"]);
    }
  });

  it("REL-C8 answers a compressed message without payload with 1007", async () => {
    const error = await failure(() => createPort().createInflater(NO_TAKEOVER).inflate(new Uint8Array(0), true, 100));

    expect(error).toMatchObject({ code: "COMPRESSED_DATA_INVALID", closeCode: 1007 });
  });

  describe.each([8, 9, 10, 11, 12, 13, 14, 15])("with a window of %i bits", (windowBits) => {
    it.each([true, false])("round trips every size, takeover %s", async (takeover) => {
      const port = createPort();
      const context: DeflateContext = { windowBits, takeover };
      const deflater = port.createDeflater(context);
      const inflater = port.createInflater(context);
      for (const size of [1, 5, 60, 250, 256, 1000, 4096, 40_000, 70_000, 200_000, 3]) {
        const content = size === 4096 ? noise(size) : sample(size, size);
        const payload = await deflater.deflate(content, true);
        expect(Buffer.compare(await inflater.inflate(payload, true, size), content)).toBe(0);
      }
    });

    it("keeps all distances inside the window, as a foreign inflater of that size shows", async () => {
      const deflater = createPort().createDeflater({ windowBits, takeover: false });
      for (const size of [300, 5000, 100_000]) {
        const content = sample(size, windowBits);
        const payload = await deflater.deflate(content, true);
        const inflated = inflateRawSync(Buffer.concat([payload, TAIL]), {
          windowBits,
          finishFlush: constants.Z_SYNC_FLUSH,
        });
        expect(inflated.equals(content)).toBe(true);
      }
    });

    it("inflates what a foreign deflater of that size made", async () => {
      const inflater = createPort().createInflater({ windowBits, takeover: false });
      const content = sample(100_000, windowBits);

      expect(
        Buffer.compare(await inflater.inflate(compress(content, Math.max(9, windowBits)), true, 100_000), content),
      ).toBe(0);
    });
  });

  it("carries a message in pieces, each of which can be inflated when it comes", async () => {
    const port = createPort();
    for (const context of [TAKEOVER, NO_TAKEOVER]) {
      const deflater = port.createDeflater(context);
      const inflater = port.createInflater(context);
      for (const pieces of [
        ["first ", "second ", "", "third"],
        ["alone", ""],
        ["", "", ""],
        ["again ", "again "],
      ]) {
        const received: string[] = [];
        for (const [at, piece] of pieces.entries()) {
          const last = at === pieces.length - 1;
          const payload = await deflater.deflate(bytesOf(piece), last);
          received.push(text(await inflater.inflate(payload, last, 1000)));
        }
        expect(received).toEqual(pieces);
      }
    }
  });

  it("inflates however the bytes are cut", async () => {
    const port = createPort();
    const content = sample(20_000);
    const payload = compress(content);
    for (const context of [TAKEOVER, NO_TAKEOVER]) {
      for (const step of [1, 7, 1000]) {
        const inflater = port.createInflater(context);
        const received: Uint8Array[] = [];
        for (let at = 0; at < payload.length; at += step) {
          received.push(await inflater.inflate(payload.subarray(at, at + step), at + step >= payload.length, 20_000));
        }
        expect(Buffer.concat(received).equals(content)).toBe(true);
      }
    }
  });

  it("REL-C2 a limit counts inflated bytes, to the byte", async () => {
    const inflater = createPort().createInflater(NO_TAKEOVER);
    const payload = compress(sample(5000));

    expect((await inflateWhole(inflater, payload, 5000)).length).toBe(5000);
    expect(await failure(() => inflater.inflate(payload, true, 4999))).toMatchObject({
      code: "MESSAGE_TOO_BIG",
      closeCode: 1009,
    });
    expect(await failure(() => inflater.inflate(payload, true, 0))).toMatchObject({ closeCode: 1009 });
  });

  it.each([65_535, 65_536, 65_537, 131_072])(
    "REL-C2 a limit of %i bytes, where the scratch memory ends, is exact",
    async (size) => {
      const inflater = createPort().createInflater(NO_TAKEOVER);
      const payload = compress(sample(size));

      expect((await inflateWhole(inflater, payload, size)).length).toBe(size);
      expect(await failure(() => inflater.inflate(payload, true, size - 1))).toMatchObject({ closeCode: 1009 });
    },
  );

  it("REL-C1 stops at the limit of a bomb, in memory and time, and goes on with the next message", async () => {
    const inflater = createPort().createInflater(NO_TAKEOVER);
    const bomb = compress(new Uint8Array(100 * KIB * KIB));
    const before = process.memoryUsage();
    const start = process.cpuUsage();

    const error = await failure(() => inflater.inflate(bomb, true, KIB * KIB));
    const { user, system } = process.cpuUsage(start);
    const after = process.memoryUsage();

    expect(bomb.length).toBeLessThan(110_000);
    expect(error).toMatchObject({ closeCode: 1009 });
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4 * KIB * KIB);
    expect(user + system).toBeLessThan(100_000);
    expect(await inflateWhole(inflater, compress(bytesOf("next")))).toBe("next");
  });

  it("REL-C1 bounds the work of a message of nothing but final blocks", async () => {
    const inflater = createPort().createInflater(NO_TAKEOVER);
    const blocks = new Uint8Array(20_000).map((_, at) => (at % 2 === 0 ? 0x03 : 0x00));

    expect(await failure(() => inflater.inflate(blocks, true, 1000))).toMatchObject({ closeCode: 1007 });
    expect(await inflateWhole(inflater, hex("f2 48 cd c9 c9 07 00"))).toBe("Hello");
  });

  it.each([
    ["a reserved block type", "07 00"],
    ["a stored block whose lengths disagree", "00 05 00 00 00 48"],
    ["a distance that reaches before the start", "f2 00 11 00 00"],
    ["a message cut inside a block", "f2 48 cd c9"],
    ["a stored block cut short", "00 05 00 fa ff 48 65"],
    ["noise behind a final block", "f3 48 cd c9 c9 07 00 ff ff ff"],
  ])("REL-C7 answers %s with 1007 and goes on with the next message", async (_name, payload) => {
    const inflater = createPort().createInflater(NO_TAKEOVER);

    expect(await failure(() => inflater.inflate(hex(payload), true, 100_000))).toMatchObject({
      code: "COMPRESSED_DATA_INVALID",
      closeCode: 1007,
    });
    expect(await inflateWhole(inflater, hex("f2 48 cd c9 c9 07 00"))).toBe("Hello");
  });

  it("inflates data behind a final block in the middle", async () => {
    const final = deflateRawSync("first ");
    const payload = Buffer.concat([final, compress(bytesOf("second"))]);

    expect(await inflateWhole(createPort().createInflater(NO_TAKEOVER), payload)).toBe("first second");
    expect(await inflateWhole(createPort().createInflater(TAKEOVER), payload)).toBe("first second");
  });

  it("REL-C7 whatever comes, it inflates or answers 1007 or 1009, within the limit", async () => {
    const port = createPort();
    const inflaters = [
      port.createInflater(NO_TAKEOVER),
      port.createInflater(TAKEOVER),
      port.createInflater({ windowBits: 9, takeover: true }),
    ];
    const valid = compress(sample(3000));
    const anyPayload = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
        return valid.map((byte, index) => (index === at ? byte ^ flip : byte));
      }),
      fc.nat(valid.length).map((length) => valid.slice(0, length)),
    );
    await fc.assert(
      fc.asyncProperty(anyPayload, fc.nat(2), fc.boolean(), async (payload, which, last) => {
        const inflater = inflaters[which];
        let outcome: unknown;
        try {
          outcome = (await inflater?.inflate(payload, last, 4000))?.length;
        } catch (error) {
          outcome = error;
        }
        expect(outcome).toSatisfy(isAllowed);
      }),
      { numRuns: 500, seed: 20_240 },
    );
    const check = port.createInflater(NO_TAKEOVER);
    expect(await inflateWhole(check, valid)).toBe(text(sample(3000)));
  });

  it("never shows one peer what another sent, neither after a message nor after a failure", async () => {
    const port = createPort();
    // a match of length 8 at distance 12, by a deflater that has the secret in its window
    const attacker = createZlibDeflate({ pool: new ZlibPool({ handles: true }) }).createDeflater(TAKEOVER);
    await attacker.deflate(bytesOf("the secret is swordfish"), true);
    const reachBack = await attacker.deflate(bytesOf("secret is swordfish"), true);
    const victim = compress(bytesOf("the secret is swordfish"));
    const corrupted = Buffer.concat([victim.subarray(0, -1), hex("ff ff ff")]);

    const answers: (string | number | undefined)[] = [];
    for (const payload of [victim, corrupted]) {
      await failure(() => port.createInflater(NO_TAKEOVER).inflate(payload, true, 1000));
      const inflater = port.createInflater(NO_TAKEOVER);
      const error = await failure(() => inflater.inflate(reachBack, true, 1000));
      answers.push(error?.closeCode);
    }
    // contexts that were lent and given back
    const lent = port.createInflater(TAKEOVER);
    await lent.inflate(victim, true, 1000);
    lent.close();
    answers.push((await failure(() => port.createInflater(TAKEOVER).inflate(reachBack, true, 1000)))?.closeCode);

    expect(answers).toEqual([1007, 1007, 1007]);
  });

  it("never refers to what it compressed for another peer", async () => {
    const port = createPort();
    const secret = sample(2000);
    const alone = Buffer.from(await createPort().createDeflater(NO_TAKEOVER).deflate(secret, true));

    await port.createDeflater(NO_TAKEOVER).deflate(secret, true);
    const own = port.createDeflater(TAKEOVER);
    await own.deflate(secret, true);
    own.close();
    const after = await port.createDeflater(NO_TAKEOVER).deflate(secret, true);
    const reused = await port.createDeflater(TAKEOVER).deflate(secret, true);

    expect(alone.equals(after)).toBe(true);
    expect(alone.equals(reused)).toBe(true);
  });

  it("connections that take turns do not disturb each other", async () => {
    const port = createPort();
    const peers = Array.from({ length: 5 }, (_, at) => {
      const context: DeflateContext = { windowBits: 10 + at, takeover: at % 2 === 0 };
      return { deflater: port.createDeflater(context), inflater: port.createInflater(context), at };
    });
    for (let round = 0; round < 20; round++) {
      for (const { deflater, inflater, at } of peers) {
        const content = sample(700 * (at + 1), round + at);
        const half = await deflater.deflate(content.subarray(0, 300), false);
        const rest = await deflater.deflate(content.subarray(300), true);
        const received = [await inflater.inflate(half, false, 9000), await inflater.inflate(rest, true, 9000)];
        expect(Buffer.concat(received).equals(content)).toBe(true);
      }
    }
  });

  it.each<[string, (port: DeflatePort) => Deflater | Inflater]>([
    ["deflater", (port) => port.createDeflater(TAKEOVER)],
    ["inflater", (port) => port.createInflater(TAKEOVER)],
  ])("REL-C10 a closed %s refuses work with an error, and may be closed again", async (_name, create) => {
    const subject = create(createPort());
    subject.close();
    subject.close();
    const work = (): Uint8Array | Promise<Uint8Array> =>
      "deflate" in subject ? subject.deflate(bytesOf("x"), true) : subject.inflate(hex("00"), true, 10);

    expect(await failure(work)).toMatchObject({ code: "INVALID_STATE" });
  });

  it("REL-C10 may be closed in the middle of a message, and its context is as new for the next", async () => {
    const port = createPort();
    const deflater = port.createDeflater(NO_TAKEOVER);
    const inflater = port.createInflater(NO_TAKEOVER);
    const half = await deflater.deflate(sample(500), false);
    await inflater.inflate(half.subarray(0, half.length - 3), false, 1000);
    deflater.close();
    inflater.close();

    const next = await port.createDeflater(NO_TAKEOVER).deflate(bytesOf("ne"), false);
    expect(text(await port.createInflater(NO_TAKEOVER).inflate(next, false, 1000))).toBe("ne");
  });
});

it("REL-C10 a close while a stream works settles the work", async () => {
  const port = createZlibDeflate({ pool: new ZlibPool({ handles: false }) });
  const deflater = port.createDeflater(TAKEOVER);
  const inflater = port.createInflater(TAKEOVER);
  const working = [
    Promise.resolve(deflater.deflate(sample(500_000), true)),
    Promise.resolve(inflater.inflate(compress(sample(500_000)), true, 1e9)),
  ];
  deflater.close();
  inflater.close();

  const settled = await Promise.allSettled(working);

  expect(settled).toMatchObject([
    { status: "rejected", reason: { code: "ABORTED" } },
    { status: "rejected", reason: { code: "ABORTED" } },
  ]);
});
