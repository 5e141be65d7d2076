/**
 * Frames of RFC 6455 §5.2, written and read once more, slowly and from the text of the standard. Nothing here is shared
 * with `protocol/`: it is what the engine is held against, so it must not have the engine's faults.
 */

/** A frame to be sent, legal or not. */
export interface FrameToSend {
  readonly opcode: number;
  /** @default true */
  readonly fin?: boolean;
  /** @default false */
  readonly rsv1?: boolean;
  /** @default false */
  readonly rsv2?: boolean;
  /** @default false */
  readonly rsv3?: boolean;
  /** A string is sent in UTF-8. @default empty */
  readonly payload?: string | Uint8Array;
  /** Whether it has a mask. */
  readonly masked?: boolean;
  /** Four bytes, as 8 hexadecimal digits. @default "37fa213d", the key of the examples in RFC 6455 §5.7 */
  readonly maskKey?: string;
  /** How many bits the length is written in. @default the shortest form */
  readonly lengthBits?: 7 | 16 | 64;
  /** The length written in the header, where it shall not be the payload's. */
  readonly announcedLength?: bigint | number;
}

/** A frame that came. */
export interface ReceivedFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;
  readonly masked: boolean;
  /** How many bits its length was written in. */
  readonly lengthBits: 7 | 16 | 64;
  /** Without its mask. */
  readonly payload: Uint8Array;
  /** The payload in hexadecimal. */
  readonly hex: string;
  /** The payload as text; what is not UTF-8 in it is U+FFFD. */
  readonly text: string;
}

const RFC_EXAMPLE_KEY = "37fa213d";

export function encodeWireFrame(frame: FrameToSend): Uint8Array {
  const payload = Buffer.from(frame.payload ?? "");
  const length = BigInt(frame.announcedLength ?? payload.length);
  const bits = frame.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const flags =
    (frame.fin === false ? 0 : 0x80) | (frame.rsv1 ? 0x40 : 0) | (frame.rsv2 ? 0x20 : 0) | (frame.rsv3 ? 0x10 : 0);
  const lengthByte = bits === 7 ? Number(length) : bits === 16 ? 126 : 127;
  const extended = bits === 7 ? "" : length.toString(16).padStart(bits / 4, "0");
  const key = frame.masked ? Buffer.from(frame.maskKey ?? RFC_EXAMPLE_KEY, "hex") : Buffer.alloc(0);
  return Buffer.concat([
    Uint8Array.of(flags | frame.opcode, (frame.masked ? 0x80 : 0) | lengthByte),
    Buffer.from(extended, "hex"),
    key,
    applyMask(payload, key),
  ]);
}

/** Reads the frame at the beginning of `bytes`; undefined when it is not whole. */
export function decodeWireFrame(bytes: Uint8Array): { frame: ReceivedFrame; wireBytes: number } | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const short = second & 0x7f;
  const lengthBits = short === 127 ? 64 : short === 126 ? 16 : 7;
  const lengthBytes = lengthBits === 7 ? 0 : lengthBits / 8;
  const masked = second >= 0x80;
  const payloadStart = 2 + lengthBytes + (masked ? 4 : 0);
  if (bytes.length < payloadStart) return undefined;
  const extended = Buffer.from(bytes.subarray(2, 2 + lengthBytes)).toString("hex");
  const wireBytes = payloadStart + (lengthBits === 7 ? short : Number.parseInt(extended, 16));
  if (bytes.length < wireBytes) return undefined;
  const key = masked ? bytes.subarray(payloadStart - 4, payloadStart) : new Uint8Array(0);
  const payload = applyMask(bytes.subarray(payloadStart, wireBytes), key);
  const frame: ReceivedFrame = {
    opcode: first & 0x0f,
    fin: (first & 0x80) !== 0,
    rsv1: (first & 0x40) !== 0,
    rsv2: (first & 0x20) !== 0,
    rsv3: (first & 0x10) !== 0,
    masked,
    lengthBits,
    payload,
    hex: Buffer.from(payload).toString("hex"),
    text: Buffer.from(payload).toString("utf8"),
  };
  return { frame, wireBytes };
}

function applyMask(payload: Uint8Array, key: Uint8Array): Uint8Array {
  return Uint8Array.from(payload, (byte, index) => byte ^ (key[index % 4] ?? 0));
}
