import { constants, deflateRawSync } from "node:zlib";
import type { ByteOperations } from "../../src/internal/bytes.js";
import { HawserError, ProtocolError } from "../../src/internal/errors.js";
import { portableBytes } from "../../src/internal/portable-bytes.js";
import { createNodeBytes, createZlibDeflate, ZlibPool } from "../../src/node/index.js";
import * as protocol from "../../src/protocol/index.js";
import { createClosePayload, createText } from "./frame-input.js";
import { runParser } from "./frame-target.js";
import { mutate, type Random } from "./random.js";

const nodeBytes = createNodeBytes();
const operations: readonly ByteOperations[] = [portableBytes, nodeBytes];
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const port = createZlibDeflate({ pool: new ZlibPool({ inflateSliceBytes: Infinity }) });

/** UTF-8: both byte operations, validator and decoder say what TextDecoder says. */
export function checkText(random: Random): void {
  const text = random.oneIn(5) ? random.bytes(random.below(20)) : createText(random);
  const bytes = random.oneIn(3) ? mutate(random, text) : text;
  const expected = decodeStrictly(bytes);
  // neighbours that would change the answer when a bound is wrong
  const around = Buffer.concat([Uint8Array.of(0xe2, 0x82), bytes, Uint8Array.of(0xac, 0xff)]);
  const end = 2 + bytes.length;
  for (const one of operations) {
    expect(bytes, one.decodeUtf8(around, 2, end) === expected, "decoded otherwise");
    expect(bytes, one.isUtf8(around, 2, end) === (expected !== undefined), "validated otherwise");
    const cuts = random.cuts(bytes.length).map((cut) => cut + 2);
    expect(
      bytes,
      validateInPieces(one, around, [2, ...cuts, end]) === (expected !== undefined),
      "validated in pieces otherwise",
    );
    expect(bytes, decodeInPieces(one, around, [2, ...cuts, end]) === expected, "decoded in pieces otherwise");
  }
  checkEncoding(random);
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function validateInPieces(one: ByteOperations, buffer: Uint8Array, places: readonly number[]): boolean {
  const validator = new protocol.Utf8Validator(one);
  return places.every((end, at) => validator.push(buffer, places[at - 1] ?? end, end)) && validator.finish();
}

function decodeInPieces(one: ByteOperations, buffer: Uint8Array, places: readonly number[]): string | undefined {
  const decoder = new protocol.Utf8Decoder(one);
  let text = "";
  for (const [at, end] of places.entries()) {
    const part = decoder.decode(buffer, places[at - 1] ?? end, end);
    if (part === undefined) return undefined;
    text += part;
  }
  return decoder.finish() ? text : undefined;
}

function checkEncoding(random: Random): void {
  const text = Array.from({ length: random.below(40) }, () => {
    return String.fromCharCode(random.pick([0x61, 0x7f, 0x80, 0x7ff, 0x800, 0xd83d, 0xde00, 0xdfff, 0xffff]));
  }).join("");
  const expected = encoder.encode(text);
  for (const one of operations) {
    const target = new Uint8Array(expected.length + 6);
    const written = one.encodeUtf8(text, target, 3);
    const same = Buffer.compare(target.subarray(3, 3 + written), expected) === 0;
    expect(expected, same && one.utf8ByteLength(text) === expected.length, "encoded otherwise");
  }
}

/** Masks: both byte operations do what the definition says, at any place and phase. */
export function checkMasks(random: Random): void {
  const length = random.oneIn(3) ? 100 + random.below(300) : random.below(60);
  const bytes = random.bytes(length + 16);
  const start = random.below(9);
  const end = start + length;
  const key = random.bytes(4);
  const word = Buffer.from(key).readInt32BE();
  const phase = random.below(4);
  const expected = bytes.map((byte, at) =>
    at < start || at >= end ? byte : byte ^ (key[(at - start + phase) & 3] ?? 0),
  );
  for (const one of operations) {
    const masked = new Uint8Array(bytes);
    one.mask(masked, start, end, word, phase);
    expect(bytes, Buffer.compare(masked, expected) === 0, `masked otherwise at ${start}, phase ${phase}`);
  }
  checkRoundTrip(random, bytes.subarray(0, random.below(length + 1)));
}

/** A frame as our writer writes it is what our parser reads. */
function checkRoundTrip(random: Random, payload: Uint8Array): void {
  const masked = random.oneIn(2);
  const key = Buffer.from(random.bytes(4)).readUInt32BE();
  const header = protocol.frameHeaderBytes(payload.length, masked);
  const bytes = new Uint8Array(header + payload.length);
  protocol.writeFrameHeader(bytes, 0, protocol.FIN | protocol.OPCODE_BINARY, payload.length, masked ? key : undefined);
  bytes.set(payload, header);
  if (masked) portableBytes.mask(bytes, header, bytes.length, key | 0, 0);
  const lines = runParser({ ...anyMessage, role: masked ? "server" : "client" }, bytes, random.cuts(bytes.length));
  expect(payload, lines.join() === `binary ${Buffer.from(payload).toString("hex")}`, `came back as ${lines.join()}`);
}

const anyMessage = {
  mode: "message",
  deflate: false,
  maxMessageBytes: Infinity,
  maxFramesPerMessage: Infinity,
  maxEmptyFrames: Infinity,
  allowNonMinimalLengths: false,
} as const;

/** Close payloads: what may be sent is what is read again, and nothing else may be sent. */
export function checkClosePayload(random: Random): void {
  const payload = createClosePayload(random);
  const code = payload.length < 2 ? random.below(6000) : Buffer.from(payload).readUInt16BE();
  const reason = Buffer.from(payload.subarray(2)).toString("utf8");
  const role = random.oneIn(2) ? "client" : "server";
  const refused = catchUsageError(() => protocol.checkClose(code, reason, role, portableBytes));
  if (refused) return;
  const sent = protocol.formatClosePayload(code, reason, nodeBytes);
  const bytes = Uint8Array.of(0x88, sent.length, ...sent);
  const lines = runParser({ ...anyMessage, role: "client" }, bytes, random.cuts(bytes.length));
  const expected = `close ${code} ${Buffer.from(reason, "utf8").toString("hex")}`;
  expect(payload, lines.join() === expected, `sent as ${lines.join()}`);
  const cut = protocol.cutReason(reason + reason, portableBytes);
  expect(
    payload,
    Buffer.byteLength(cut) <= protocol.MAX_REASON_BYTES && (reason + reason).startsWith(cut),
    "cut otherwise",
  );
}

function catchUsageError(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof HawserError && error.code === "INVALID_ARGUMENT") return true;
    throw error;
  }
}

const MAX_INFLATED = 5000;

/** Inflating: what was compressed comes back; what was damaged does too, or fails with one of two codes, within the limit. */
export function checkInflater(random: Random): void {
  const content = Buffer.concat(Array.from({ length: 1 + random.below(30) }, () => createText(random)));
  const windowBits = 9 + random.below(7);
  const compressed = deflateRawSync(content, { windowBits, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const damaged = random.oneIn(4) ? compressed : mutate(random, compressed);
  const inflater = port.createInflater({ windowBits, takeover: random.oneIn(2) });
  const places = [...random.cuts(damaged.length), damaged.length];
  const parts: Uint8Array[] = [];
  let fault: string | null = null;
  try {
    for (const [at, end] of places.entries()) {
      const part = inflater.inflate(damaged.subarray(places[at - 1] ?? 0, end), at === places.length - 1, MAX_INFLATED);
      if (!(part instanceof Uint8Array)) throw new Error("the inflater did not answer at once");
      expect(damaged, part.length <= MAX_INFLATED, "more was inflated than allowed");
      parts.push(part);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    fault = `${error.code} ${error.closeCode}`;
  } finally {
    inflater.close();
  }
  expect(
    damaged,
    fault === null || fault === "COMPRESSED_DATA_INVALID 1007" || fault === "MESSAGE_TOO_BIG 1009",
    `it failed with ${fault}`,
  );
  if (damaged === compressed && content.length <= MAX_INFLATED) {
    expect(damaged, Buffer.concat(parts).equals(content), `it became something else: ${fault}`);
  }
}

function expect(bytes: Uint8Array, holds: boolean, message: string): void {
  if (!holds) throw new Error(`${message}: ${Buffer.from(bytes).toString("hex")}`);
}
