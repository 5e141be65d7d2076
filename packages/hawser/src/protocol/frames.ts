/** Which side of a connection somebody is on: the side that opened it is the client. */
export type Role = "client" | "server";

// The first byte of a frame (RFC 6455 §5.2): four flags above four bits of opcode.
export const FIN = 0x80;
export const RSV1 = 0x40;
export const RSV2 = 0x20;
export const RSV3 = 0x10;
export const OPCODE_BITS = 0x0f;

export const OPCODE_CONTINUATION = 0x0;
export const OPCODE_TEXT = 0x1;
export const OPCODE_BINARY = 0x2;
export const OPCODE_CLOSE = 0x8;
export const OPCODE_PING = 0x9;
export const OPCODE_PONG = 0xa;

// The second byte: a flag above seven bits that are the length, or say how many bytes hold it.
export const MASK = 0x80;
export const LENGTH_BITS = 0x7f;
export const LENGTH_IN_16_BITS = 126;
export const LENGTH_IN_64_BITS = 127;

/** The longest payload of a Close, Ping or Pong (RFC 6455 §5.5). */
export const MAX_CONTROL_BYTES = 125;

/** Whether the opcode is one of the control range, defined or reserved (RFC 6455 §5.5). */
export function isControlOpcode(opcode: number): boolean {
  return (opcode & 0x8) !== 0;
}
