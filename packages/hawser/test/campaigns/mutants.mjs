// Faults planted in the engine one at a time: each must be found by the vectors, by the fuzzer or by both. What none finds
// is a hole in the tests.
import { loadHarness } from "./bundle.mjs";

const FUZZ_INPUTS = 60_000;
/** Longer vectors only take time. */
const MAX_INPUT_BYTES = 70_000;

const header = "protocol/header-reader.ts";
const parser = "protocol/frame-parser.ts";
const intake = "protocol/message-intake.ts";
const utf8 = "protocol/utf8.ts";
const closeCode = "protocol/close-code.ts";

const mutants = [
  ["takes frames without a mask", header, "if (masked !== this.#masked) return", "if (masked && !this.#masked) return"],
  [
    "takes masked frames of a server",
    header,
    "if (masked !== this.#masked) return",
    "if (!masked && this.#masked) return",
  ],
  ["skips the check of reserved bits", header, "if (reserved !== 0) return", "if (reserved < 0) return"],
  ["takes RSV1 on continuations", header, "&& opcode !== OPCODE_CONTINUATION ? RSV1", "? RSV1"],
  ["takes RSV1 without deflate", header, "const meaningful = this.#deflate && ", "const meaningful = "],
  ["takes reserved control opcodes", header, "if (opcode > OPCODE_PONG || (", "if (opcode < 0 || ("],
  [
    "takes fragmented control frames",
    header,
    "return this.fin ? null : faults.controlFrameFragmented",
    "return null ?? faults.controlFrameFragmented",
  ],
  [
    "takes control frames of 126 bytes",
    header,
    "length >= LENGTH_IN_16_BITS && isControl",
    "length > LENGTH_IN_16_BITS && isControl",
  ],
  [
    "takes a close payload of one byte",
    header,
    "return length === 1 && this.opcode",
    "return length < 0 && this.opcode",
  ],
  ["reads lengths as signed numbers", header, "((this.#low << 8) | byte) >>> 0", "(this.#low << 8) | byte"],
  [
    "takes lengths with the highest bit set",
    header,
    "this.#missing === 8 && byte >= 0x80",
    "this.#missing === 8 && byte >= 0x100",
  ],
  ["drops the upper half of lengths", header, "this.#high * 2 ** 32 + this.#low", "this.#low"],
  ["takes a length of 65535 in 64 bits", header, "LENGTH_IN_16_BITS : 0x10000", "LENGTH_IN_16_BITS : 0xffff"],
  [
    "takes a new message inside a message",
    header,
    "return insideMessage ? faults.continuationExpected(opcode) : null",
    "return null ?? faults.continuationExpected(opcode)",
  ],
  [
    "takes a continuation of nothing",
    header,
    "return insideMessage ? null : faults.continuationUnexpected",
    "return insideMessage || !this.fin ? null : faults.continuationUnexpected",
  ],
  ["takes a message one byte over the limit", intake, "if (size > this.#maxBytes)", "if (size > this.#maxBytes + 1)"],
  [
    "takes a whole frame one byte over the limit",
    parser,
    "length > this.#maxMessageBytes",
    "length > this.#maxMessageBytes + 1",
  ],
  ["counts each fragment alone", intake, "const size = this.length + length;", "const size = length;"],
  [
    "takes one frame too many",
    intake,
    "if (++this.#frames > this.#maxFrames)",
    "if (this.#frames++ > this.#maxFrames)",
  ],
  ["does not count empty frames in a row", intake, "length === 0 ? this.#emptyFrames + 1 : 0", "length === 0 ? 1 : 0"],
  ["does not begin to count frames anew", intake, "    this.#frames = 0;\n", ""],
  ["keeps the UTF-8 state of the message before", intake, "this.#validator?.reset()", "void 0"],
  ["does not check UTF-8 as it comes", intake, "if (this.#isText) {", "if (this.#isText && start < 0) {"],
  [
    "forgets the code point that a cut left open",
    utf8,
    "if (lead < 0x80) return true;",
    "if (lead < 0xc0) return true;",
  ],
  ["takes surrogates behind a cut", utf8, "lead === 0xed ? 0x9f :", "lead === 0xed ? 0xbf :"],
  ["takes U+110000 behind a cut", utf8, "lead === 0xf4 ? 0x8f : 0xbf", "0xbf"],
  ["takes overlong forms behind a cut", utf8, "lead === 0xe0 ? 0xa0 :", "lead === 0xe0 ? 0x80 :"],
  [
    "finds a wrong boundary in long pieces",
    utf8,
    "return length > back ? end - back : end;",
    "return length >= back ? end - back : end;",
  ],
  ["takes close code 1004 to 1006", closeCode, "code <= 1003) || (code >= 1007", "code <= 1003) || (code >= 1004"],
  ["takes close code 1015", closeCode, "code <= 1014)", "code <= 1015)"],
  ["refuses close code 4999", closeCode, "return code <= 4999;", "return code < 4999;"],
  [
    "reads a close code in the wrong order",
    parser,
    "((buffer[start] as number) << 8) | (buffer[start + 1] as number);\n      if (!isWire",
    "((buffer[start + 1] as number) << 8) | (buffer[start] as number);\n      if (!isWire",
  ],
  ["does not turn the mask where a read cuts", parser, "this.#phase = (this.#phase + end - start) & 3;", ""],
  [
    "goes on behind a close",
    parser,
    "    this.closeReason = reason;\n    this.discard();",
    "    this.closeReason = reason;",
  ],
  [
    "goes on behind a fault",
    parser,
    "#fail(error: ProtocolError): ParseEvent {\n    this.discard();",
    "#fail(error: ProtocolError): ParseEvent {",
  ],
  [
    "ends a message by a control frame",
    parser,
    "this.#insideMessage || this.#streaming ? Stage.header : Stage.between",
    "this.#streaming ? Stage.header : Stage.between",
  ],
  [
    "allocates what is announced",
    "protocol/message-assembly.ts",
    "while (capacity > 2 * length + SLACK_BYTES)",
    "while (capacity > 2 ** 31)",
  ],
  [
    "inflates one byte over the limit",
    "node/zlib-inflater.ts",
    "if (scratch.total > this.#maxBytes) throw",
    "if (scratch.total > this.#maxBytes + 1) throw",
  ],
  [
    "takes compressed messages that are cut short",
    "node/zlib-inflater.ts",
    "!isWholeEnd(input.start)) throw",
    "input.start < 0) throw",
  ],
  [
    "portable mask starts at the wrong key octet",
    "internal/portable-bytes.ts",
    "const bits = 8 * phase;",
    "const bits = 8 * (phase ^ 1);",
  ],
].map(([name, file, find, replace]) => ({ name, file, find, replace }));

export async function run({ seed, minutes, resume, report }) {
  const deadline = performance.now() + minutes * 60_000;
  const verdicts = { ...resume?.verdicts };
  const failures = [];
  for (const [index, mutant] of mutants.entries()) {
    if (mutant.name in verdicts) continue;
    if (performance.now() > deadline) break;
    verdicts[mutant.name] = await judge(mutant, index, seed);
    if (verdicts[mutant.name] === "nobody") failures.push(`${mutant.name}: nobody found it`);
    report({ counts: count(verdicts), state: { verdicts } });
  }
  return { counts: count(verdicts), state: { verdicts }, failures };
}

/** Who finds the fault: "vectors", "fuzzer", "vectors and fuzzer" or "nobody". */
async function judge(mutant, index, seed) {
  const { runFuzz, runVector, encodeVector, vectors, corpus, remove } = await loadHarness(`mutant-${index}`, mutant);
  try {
    const byVectors = sortBySize(vectors, encodeVector).some(fails);
    const byFuzzer = runFuzz({ seed, first: 0, count: FUZZ_INPUTS, corpus }).failures.length > 0;
    return [byVectors && "vectors", byFuzzer && "fuzzer"].filter(Boolean).join(" and ") || "nobody";
  } finally {
    remove();
  }

  function fails(vector) {
    try {
      return runVector(vector).length > 0;
    } catch {
      return true;
    }
  }
}

/** The short vectors, the shortest first. */
function sortBySize(vectors, encodeVector) {
  return vectors
    .filter(({ frames, events }) => !/\*\d{6}|"repeat":\d{4}/.test(JSON.stringify([frames, events])))
    .map((vector) => ({ vector, size: encodeVector(vector.frames, "client").length }))
    .filter(({ size }) => size <= MAX_INPUT_BYTES)
    .sort((one, other) => one.size - other.size)
    .map(({ vector }) => vector);
}

function count(verdicts) {
  const all = Object.values(verdicts);
  const having = (word) => all.filter((verdict) => verdict.includes(word)).length;
  return {
    mutants: all.length,
    found: all.length - having("nobody"),
    byVectors: having("vectors"),
    byFuzzer: having("fuzzer"),
  };
}
