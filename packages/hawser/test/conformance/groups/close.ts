import { binary, close, closePayload, createGroup, frame, text, type VectorPlan } from "../build.js";
import { hexOf } from "../notation.js";
import type { Vector } from "../vector.js";

const VALID_CODES = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4029, 4999,
];
const INVALID_CODES = [
  0, 1, 100, 500, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1100, 1999, 2000, 2999, 5000, 5001, 9999, 32_767, 32_768,
  65_535,
];

const reasonFault = { fault: "UTF8_INVALID" } as const;

const INVALID_REASONS = [
  ["a continuation byte", "80"],
  ["an overlong", "c0af"],
  ["a surrogate", "eda080"],
  ["a code point cut short", "e282"],
  ["ff behind text", "48656c6c6fff"],
  ["U+110000", "f4908080"],
] as const;

const reasons: readonly VectorPlan[] = [
  "bye",
  "κόσμε",
  "a".repeat(122),
  "a".repeat(123),
  "é".repeat(61),
  "\ufeffmark",
].map((reason) => ({
  name: `a reason of ${Buffer.byteLength(reason)} bytes: ${reason.slice(0, 8)}`,
  frames: [frame(0x88, closePayload(1000, reason))],
  events: [close(1000, reason)],
}));

const IGNORED = [
  ["a message", frame(0x82, "00")],
  ["a ping", frame(0x89, "00")],
  ["another close", frame(0x88, closePayload(1001))],
  ["a continuation", frame(0x80, "00")],
  ["noise", frame(0xff, "ffff", { length: String(2n ** 64n - 1n) })],
  ["a long message", frame(0x82, "(00)*70000")],
] as const;

export function createCloseVectors(): Vector[] {
  return createGroup("close", [
    ...VALID_CODES.map((code): VectorPlan => {
      return { name: `close ${code}`, frames: [frame(0x88, closePayload(code))], events: [close(code)] };
    }),
    ...INVALID_CODES.map((code): VectorPlan => {
      return {
        name: `close ${code} is refused`,
        frames: [frame(0x88, closePayload(code))],
        fault: "CLOSE_CODE_INVALID",
      };
    }),
    ...INVALID_CODES.slice(0, 6).map((code): VectorPlan => {
      const frames = [frame(0x88, closePayload(code, "reason"))];
      return { name: `close ${code} with a reason is refused`, frames, fault: "CLOSE_CODE_INVALID" };
    }),
    ...reasons,
    ...INVALID_REASONS.map(([name, bytes]): VectorPlan => {
      return { name: `a reason with ${name}`, frames: [frame(0x88, `03e8${bytes}`)], ...reasonFault };
    }),
    { name: "close without a code", frames: [frame(0x88)], events: [close()] },
    {
      name: "close with a payload of one byte",
      frames: [frame(0x88, "03")],
      fault: "CLOSE_PAYLOAD_INVALID",
      at: "second",
    },
    {
      name: "close with a reason of 124 bytes",
      frames: [frame(0x88, `03e8 (61)*124`)],
      fault: "CONTROL_FRAME_TOO_LONG",
      at: "second",
    },
    {
      name: "a message, then close",
      frames: [frame(0x81, hexOf("Hello")), frame(0x88, closePayload(1001, "going"))],
      events: [text("Hello"), close(1001, "going")],
    },
    ...IGNORED.map(([name, bytes]): VectorPlan => {
      return {
        name: `${name} behind close is ignored`,
        frames: [frame(0x82, "01"), frame(0x88, closePayload(1000))],
        ignored: [bytes],
        events: [binary("01"), close(1000)],
      };
    }),
    {
      name: "a fault behind a fault is not looked at",
      frames: [frame(0x83)],
      ignored: [frame(0x88, closePayload(1000))],
      fault: "OPCODE_RESERVED",
      at: "first",
    },
  ]);
}
