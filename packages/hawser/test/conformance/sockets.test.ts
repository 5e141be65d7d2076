import { describe, expect, it } from "vitest";
import { createZlibDeflate, ZlibPool } from "../../src/node/index.js";
import { openSocket, resolveSocketOptions, type Message } from "../../src/socket/index.js";
import { createTransportPair, createVirtualRuntime, randomSplit, ScriptedPeer } from "../../src/testing/index.js";
import { expandBytes } from "./notation.js";
import { encodeVector, type Side, type Vector, vectorLimits } from "./vector.js";
import { readVectors } from "./vector-files.js";

// The vectors once more, through whole sockets over a transport: what a peer sees of them is the code of the Close.

const MINUTES = 60_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);
/** Longer ones would only move memory. */
const MAX_INPUT_BYTES = 3_000_000;

const vectors = readVectors();
// all of it is done between two steps of a clock that stands still
const port = createZlibDeflate({ pool: new ZlibPool({ inflateSliceBytes: Infinity, deflateSliceBytes: Infinity }) });

interface Outcome {
  readonly name: string;
  /** Of the Close on the wire: 1005 without a code, null for none. */
  readonly closeCode: number | null;
  readonly messages: readonly string[];
}

function digest(data: Message): string {
  const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : Buffer.from(data);
  return `${typeof data === "string" ? "text" : "binary"} ${bytes.length} ${bytes.subarray(-40).toString("hex")}`;
}

async function runSocket(vector: Vector, side: Side, input: Uint8Array): Promise<Outcome> {
  const runtime = createVirtualRuntime();
  const [near, far] = createTransportPair({ split: randomSplit(input.length, 65_536) });
  const peer = new ScriptedPeer(far, { role: side === "server" ? "client" : "server" });
  const messages: string[] = [];
  const { deflate, allowNonMinimalLengths = false } = vector;
  openSocket({
    role: side,
    transport: near,
    runtime,
    options: resolveSocketOptions(
      {
        ...vectorLimits,
        ...vector.limits,
        allowNonMinimalLengths,
        maxControlFramesPerSecond: Infinity,
        heartbeat: false,
      },
      side,
    ),
    id: "1",
    url: "/",
    headers: new Map(),
    protocol: "",
    extensions: "",
    deflate: deflate && { port, agreement: { header: "", server: deflate, client: deflate }, thresholdBytes: Infinity },
    handlers: { message: (_socket: unknown, data: Message) => void messages.push(digest(data)) },
  });
  peer.send(input);
  await runtime.clock.advance(0);
  // a Close is the last that a socket sends
  const last = peer.received.at(-1);
  const closeCode = last?.opcode !== 0x8 ? null : last.hex === "" ? 1005 : Number.parseInt(last.hex.slice(0, 4), 16);
  peer.destroy();
  await runtime.clock.advance(60_000);
  return { name: `${vector.name} [${side}]`, closeCode, messages };
}

function expectOutcome(vector: Vector, side: Side): Outcome {
  const messages = vector.events.flatMap((event) => {
    if (event.type !== "text" && event.type !== "binary") return [];
    const bytes = expandBytes(event.payload);
    return [digest(event.type === "text" ? bytes.toString("utf8") : bytes)];
  });
  return { name: `${vector.name} [${side}]`, closeCode: vector.closeCode, messages };
}

async function runGroup(group: string): Promise<{ actual: Outcome[]; expected: Outcome[] }> {
  const actual: Outcome[] = [];
  const expected: Outcome[] = [];
  for (const vector of vectors.filter((one) => one.group === group)) {
    for (const side of vector.sides) {
      const input = encodeVector(vector.frames, side);
      if (input.length > MAX_INPUT_BYTES) continue;
      // oxlint-disable-next-line no-await-in-loop -- one socket at a time
      actual.push(await runSocket(vector, side, input));
      expected.push(expectOutcome(vector, side));
    }
  }
  return { actual, expected };
}

describe("a socket gives the messages of a vector and sends the Close that it says", () => {
  it.each([...new Set(vectors.map((vector) => vector.group))])(
    "for %s",
    async (group) => {
      const { actual, expected } = await runGroup(group);

      expect(actual).toEqual(expected);
    },
    5 * MINUTES,
  );
});
