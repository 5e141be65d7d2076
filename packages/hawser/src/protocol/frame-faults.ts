import { ProtocolError, type ErrorFacts } from "../internal/errors.js";
import type { ErrorCode } from "../internal/error-codes.js";
import {
  CLOSE_INVALID_DATA,
  CLOSE_MESSAGE_TOO_BIG,
  CLOSE_POLICY_VIOLATION,
  CLOSE_PROTOCOL_ERROR,
} from "./close-code.js";
import { MAX_CONTROL_BYTES } from "./frames.js";

// The faults that a parser finds in what the peer sent, each with the code that the peer is told.

/** `bits` are those of the first byte that nothing negotiated gives a meaning. */
export function reservedBitsSet(bits: number, opcode: number): ProtocolError {
  return broken("RESERVED_BITS_SET", `reserved bits 0x${hex(bits)} are set on a frame of opcode 0x${hex(opcode)}`, {
    bits,
    opcode,
  });
}

export function opcodeReserved(opcode: number): ProtocolError {
  return broken("OPCODE_RESERVED", `opcode 0x${hex(opcode)} is reserved`, { opcode });
}

export function controlFrameFragmented(opcode: number): ProtocolError {
  return broken("CONTROL_FRAME_FRAGMENTED", `control frame of opcode 0x${hex(opcode)} came without FIN`, { opcode });
}

export function continuationUnexpected(): ProtocolError {
  return broken("CONTINUATION_UNEXPECTED", "continuation frame came without a message to continue", {});
}

export function continuationExpected(opcode: number): ProtocolError {
  return broken("CONTINUATION_EXPECTED", `frame of opcode 0x${hex(opcode)} came inside a fragmented message`, {
    opcode,
  });
}

export function frameMasked(): ProtocolError {
  return broken("FRAME_MASKED", "server sent a masked frame", {});
}

export function frameNotMasked(): ProtocolError {
  return broken("FRAME_NOT_MASKED", "client sent a frame without a mask", {});
}

export function controlFrameTooLong(opcode: number): ProtocolError {
  const message = `control frame of opcode 0x${hex(opcode)} announced more than ${MAX_CONTROL_BYTES} bytes`;
  return broken("CONTROL_FRAME_TOO_LONG", message, { opcode, limit: MAX_CONTROL_BYTES });
}

export function closePayloadInvalid(): ProtocolError {
  return broken("CLOSE_PAYLOAD_INVALID", "close frame has a payload of 1 byte, where a code takes 2", { size: 1 });
}

export function closeCodeInvalid(closeCode: number): ProtocolError {
  return broken("CLOSE_CODE_INVALID", `close frame carries code ${closeCode}, which may not be on the wire`, {
    closeCode,
  });
}

export function lengthNotMinimal(length: number, lengthBytes: number): ProtocolError {
  return broken(
    "LENGTH_NOT_MINIMAL",
    `length ${length} was written in ${lengthBytes} bytes, which is not its shortest form`,
    {
      length,
      lengthBytes,
    },
  );
}

export function lengthInvalid(): ProtocolError {
  return broken("LENGTH_INVALID", "frame announced a length with the highest bit set", {});
}

/** `size` is what has come and what is announced, rounded above 2^53. */
export function messageTooBig(size: number, limit: number): ProtocolError {
  const message = `message of at least ${size} bytes passes the limit of ${limit}`;
  return new ProtocolError("MESSAGE_TOO_BIG", CLOSE_MESSAGE_TOO_BIG, message, { facts: { size, limit } });
}

export function tooManyFrames(limit: number): ProtocolError {
  const message = `message came in more than ${limit} frames`;
  return new ProtocolError("TOO_MANY_FRAMES", CLOSE_POLICY_VIOLATION, message, { facts: { limit } });
}

export function tooManyEmptyFrames(limit: number): ProtocolError {
  const message = `message came with more than ${limit} empty frames in a row`;
  return new ProtocolError("TOO_MANY_EMPTY_FRAMES", CLOSE_POLICY_VIOLATION, message, { facts: { limit } });
}

export function utf8Invalid(where: "message" | "close reason"): ProtocolError {
  return new ProtocolError("UTF8_INVALID", CLOSE_INVALID_DATA, `${where} is not valid UTF-8`, { facts: { where } });
}

function broken(code: ErrorCode, message: string, facts: ErrorFacts): ProtocolError {
  return new ProtocolError(code, CLOSE_PROTOCOL_ERROR, message, { facts });
}

function hex(value: number): string {
  return value.toString(16);
}
