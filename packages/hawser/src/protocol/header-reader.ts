import type { ProtocolError } from "../internal/errors.js";
import * as faults from "./frame-faults.js";
import {
  FIN,
  isControlOpcode,
  LENGTH_BITS,
  LENGTH_IN_16_BITS,
  LENGTH_IN_64_BITS,
  MASK,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PONG,
  RSV1,
  RSV2,
  RSV3,
  type Role,
} from "./frames.js";

export interface HeaderReaderOptions {
  /** Whose reader: a server's demands masked frames, a client's refuses them. */
  readonly role: Role;
  /** Whether permessage-deflate was negotiated, which gives RSV1 a meaning. */
  readonly deflate: boolean;
  /** Whether a length in more bytes than it needs is taken, against RFC 6455 §5.2. */
  readonly allowNonMinimalLengths: boolean;
}

/** What the next byte is. */
const Step = { first: 0, second: 1, length: 2, key: 3, whole: 4 } as const;
type Step = (typeof Step)[keyof typeof Step];

/**
 * Reads frame headers byte by byte, wherever reads from the network cut them, and applies every rule that a header can
 * break by itself. Each fault is found at the byte that makes it.
 */
export class HeaderReader {
  readonly #deflate: boolean;
  readonly #masked: boolean;
  readonly #allowNonMinimalLengths: boolean;
  #step: Step = Step.first;
  #lengthBytes = 0;
  /** How many bytes of the length or of the key are to come. */
  #missing = 0;
  #high = 0;
  #low = 0;

  // Facts of the last whole header.
  fin = false;
  rsv1 = false;
  opcode: number = OPCODE_CONTINUATION;
  /** Exact up to 2^53. */
  length = 0;
  /** The masking key as an int32, its first octet highest: signed, so that it stays a small integer. */
  key = 0;
  /** Set for good by the first fault. */
  error: ProtocolError | null = null;

  constructor(options: HeaderReaderOptions) {
    this.#deflate = options.deflate;
    this.#masked = options.role === "server";
    this.#allowNonMinimalLengths = options.allowNonMinimalLengths;
  }

  /** Whether a header is read in full. */
  get whole(): boolean {
    return this.#step === Step.whole;
  }

  /** Whether the next byte is the first of a header. */
  get fresh(): boolean {
    return this.#step === Step.first;
  }

  /** Makes ready for the next header. */
  reset(): void {
    this.#step = Step.first;
  }

  /** Reads on to the end of the header, of the bytes or to a fault, and returns where it stopped. */
  read(buffer: Uint8Array, start: number, end: number, insideMessage: boolean): number {
    let at = start;
    while (at < end && this.#step !== Step.whole && this.error === null) {
      // at < end, so there is a byte
      this.#take(buffer[at++] as number, insideMessage);
    }
    return at;
  }

  #take(byte: number, insideMessage: boolean): void {
    if (this.#step === Step.first) this.#takeFirst(byte, insideMessage);
    else if (this.#step === Step.second) this.#takeSecond(byte);
    else if (this.#step === Step.length) this.#takeLength(byte);
    else this.#takeKey(byte);
  }

  #takeFirst(byte: number, insideMessage: boolean): void {
    this.fin = (byte & FIN) !== 0;
    this.rsv1 = (byte & RSV1) !== 0;
    this.opcode = byte & OPCODE_BITS;
    this.error = this.#findFirstByteFault(byte, insideMessage);
    this.#step = Step.second;
  }

  #findFirstByteFault(byte: number, insideMessage: boolean): ProtocolError | null {
    const opcode = this.opcode;
    const control = isControlOpcode(opcode);
    // §5.2: only an extension gives a reserved bit a meaning; RFC 7692 §6 does so for RSV1 on the first frame of a message
    const meaningful = this.#deflate && !control && opcode !== OPCODE_CONTINUATION ? RSV1 : 0;
    const reserved = byte & (RSV1 | RSV2 | RSV3) & ~meaningful;
    if (reserved !== 0) return faults.reservedBitsSet(reserved, opcode);
    // §5.2: 3 to 7 and B to F are reserved
    if (opcode > OPCODE_PONG || (opcode > OPCODE_BINARY && !control)) return faults.opcodeReserved(opcode);
    // §5.5: control frames MUST NOT be fragmented
    if (control) return this.fin ? null : faults.controlFrameFragmented(opcode);
    // §5.4: a continuation has something to continue, and no other message begins before the end
    if (opcode === OPCODE_CONTINUATION) return insideMessage ? null : faults.continuationUnexpected();
    return insideMessage ? faults.continuationExpected(opcode) : null;
  }

  #takeSecond(byte: number): void {
    const length = byte & LENGTH_BITS;
    this.error = this.#findSecondByteFault((byte & MASK) !== 0, length);
    this.length = length;
    if (length < LENGTH_IN_16_BITS) {
      this.#endLength();
      return;
    }
    this.#lengthBytes = length === LENGTH_IN_64_BITS ? 8 : 2;
    this.#missing = this.#lengthBytes;
    this.#high = 0;
    this.#low = 0;
    this.#step = Step.length;
  }

  #findSecondByteFault(masked: boolean, length: number): ProtocolError | null {
    // §5.1: a server closes on an unmasked frame, a client on a masked one
    if (masked !== this.#masked) return masked ? faults.frameMasked() : faults.frameNotMasked();
    // §5.5: control frames have 125 bytes or less
    if (length >= LENGTH_IN_16_BITS && isControlOpcode(this.opcode)) return faults.controlFrameTooLong(this.opcode);
    // §5.5.1: if there is a body, it begins with a code of two bytes
    return length === 1 && this.opcode === OPCODE_CLOSE ? faults.closePayloadInvalid() : null;
  }

  #takeLength(byte: number): void {
    // §5.2: "the most significant bit MUST be 0"
    if (this.#missing === 8 && byte >= 0x80) {
      this.error = faults.lengthInvalid();
      return;
    }
    if (this.#missing > 4) this.#high = (this.#high << 8) | byte;
    else this.#low = ((this.#low << 8) | byte) >>> 0;
    if (--this.#missing > 0) return;
    this.length = this.#high * 2 ** 32 + this.#low;
    // §5.2: "the minimal number of bytes MUST be used"
    const shorterForm = this.#lengthBytes === 2 ? LENGTH_IN_16_BITS : 0x10000;
    if (this.length < shorterForm && !this.#allowNonMinimalLengths) {
      this.error = faults.lengthNotMinimal(this.length, this.#lengthBytes);
    }
    this.#endLength();
  }

  #takeKey(byte: number): void {
    this.key = (this.key << 8) | byte;
    if (--this.#missing === 0) this.#step = Step.whole;
  }

  #endLength(): void {
    this.#missing = 4;
    this.#step = this.#masked ? Step.key : Step.whole;
  }
}
