import { frameHeaderBytes, type Role, writeFrameHeader } from "../protocol/index.js";
import type { Runtime } from "./runtime.js";
import { BLOCK_PIECE_BYTES } from "./write-block.js";

/**
 * Turns payloads into frames, one behind the other. Small frames are written into the process's shared block, where those
 * of one turn lie side by side and leave as one chunk; a large payload of a server leaves as it is, behind its header.
 *
 * A client's frames are masked with a fresh key each (RFC 6455 §5.3), always in a copy: what the caller gave is never
 * written into.
 */
export class FrameEncoder {
  readonly #runtime: Runtime;
  readonly #masked: boolean;
  /** The piece of the block that the last frames were written to, as long as it can still grow. */
  #buffer: Uint8Array | null = null;
  #start = 0;
  #end = 0;
  #chunks: Uint8Array[] = [];

  constructor(runtime: Runtime, role: Role) {
    this.#runtime = runtime;
    this.#masked = role === "client";
  }

  /** How many bytes a frame around `length` bytes of payload takes on the wire. */
  frameBytes(length: number): number {
    return length + frameHeaderBytes(length, this.#masked);
  }

  /** Adds one frame; answers its size on the wire. */
  addBytes(firstByte: number, payload: Uint8Array): number {
    const length = payload.length;
    const size = this.frameBytes(length);
    if (length <= BLOCK_PIECE_BYTES) {
      const { buffer, used } = this.#extend(size);
      this.#writeFrame(buffer, used, firstByte, payload);
      this.#close(size);
    } else if (this.#masked) {
      const chunk = this.#runtime.bytes.allocate(size);
      this.#writeFrame(chunk, 0, firstByte, payload);
      this.addChunk(chunk);
    } else {
      const headerBytes = size - length;
      const { buffer, used } = this.#extend(headerBytes);
      writeFrameHeader(buffer, used, firstByte, length, undefined);
      this.#close(headerBytes);
      this.addChunk(payload);
    }
    return size;
  }

  /** Adds one frame around the text in UTF-8; answers its size on the wire. */
  addText(firstByte: number, text: string): number {
    const { bytes } = this.#runtime;
    // UTF-16 grows to at most three bytes a unit: with room for that, nothing has to be measured beforehand.
    const mostBytes = text.length * 3;
    if (mostBytes <= BLOCK_PIECE_BYTES) {
      const { buffer, used } = this.#extend(this.frameBytes(mostBytes));
      const guess = frameHeaderBytes(text.length, this.#masked);
      const length = bytes.encodeUtf8(text, buffer, used + guess);
      const headerBytes = frameHeaderBytes(length, this.#masked);
      if (headerBytes !== guess) buffer.copyWithin(used + headerBytes, used + guess, used + guess + length);
      this.#finish(buffer, used, firstByte, length);
      this.#close(headerBytes + length);
      return headerBytes + length;
    }
    const length = bytes.utf8ByteLength(text);
    const headerBytes = frameHeaderBytes(length, this.#masked);
    const chunk = bytes.allocate(headerBytes + length);
    bytes.encodeUtf8(text, chunk, headerBytes);
    this.#finish(chunk, 0, firstByte, length);
    this.addChunk(chunk);
    return chunk.length;
  }

  /** Adds a frame made elsewhere. */
  addChunk(chunk: Uint8Array): void {
    this.#seal();
    this.#chunks.push(chunk);
  }

  /** Adds a frame made elsewhere, by copy when it is small and others already wait: one write carries them all. */
  addShared(frame: Uint8Array): void {
    if (frame.length > BLOCK_PIECE_BYTES || (this.#buffer === null && this.#chunks.length === 0)) {
      this.addChunk(frame);
      return;
    }
    const { buffer, used } = this.#extend(frame.length);
    this.#runtime.bytes.copy(frame, 0, frame.length, buffer, used);
    this.#close(frame.length);
  }

  /** Takes out everything added since the last call. */
  take(): Uint8Array[] {
    this.#seal();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** Makes room for `size` bytes behind the open piece, or opens a new one. */
  #extend(size: number): { buffer: Uint8Array; used: number } {
    const { block } = this.#runtime;
    block.reserve(size);
    if (this.#buffer !== block.buffer || this.#end !== block.used) {
      this.#seal();
      this.#buffer = block.buffer;
      this.#start = this.#end = block.used;
    }
    return block as { buffer: Uint8Array; used: number };
  }

  /** Counts `size` bytes, just written, to the open piece. */
  #close(size: number): void {
    this.#end += size;
    this.#runtime.block.used += size;
  }

  #seal(): void {
    if (this.#buffer === null) return;
    this.#chunks.push(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = null;
  }

  #writeFrame(target: Uint8Array, offset: number, firstByte: number, payload: Uint8Array): void {
    const at = offset + frameHeaderBytes(payload.length, this.#masked);
    this.#runtime.bytes.copy(payload, 0, payload.length, target, at);
    this.#finish(target, offset, firstByte, payload.length);
  }

  /** Writes the header in front of a payload that is in its place, and masks it where the role asks for that. */
  #finish(target: Uint8Array, offset: number, firstByte: number, length: number): void {
    if (!this.#masked) {
      writeFrameHeader(target, offset, firstByte, length, undefined);
      return;
    }
    const key = this.#runtime.masks.next();
    const at = writeFrameHeader(target, offset, firstByte, length, key);
    this.#runtime.bytes.mask(target, at, at + length, key, 0);
  }
}

/**
 * Gives the block's memory back that `chunk`, taken just now, lies in: the transport copied it and has no use for it any more.
 * Works for the last piece cut from the block, which is the usual case; others are left to the garbage collector.
 */
export function recycle({ block }: Runtime, chunk: Uint8Array): void {
  if (chunk.buffer !== block.buffer.buffer) return;
  const start = chunk.byteOffset - block.buffer.byteOffset;
  if (start + chunk.length === block.used) block.used = start;
}

/** One frame around a whole message, unmasked: what a server sends to many. */
export function encodeServerFrame(runtime: Runtime, firstByte: number, payload: Uint8Array): Uint8Array {
  const headerBytes = frameHeaderBytes(payload.length, false);
  const frame = runtime.bytes.allocate(headerBytes + payload.length);
  writeFrameHeader(frame, 0, firstByte, payload.length, undefined);
  runtime.bytes.copy(payload, 0, payload.length, frame, headerBytes);
  return frame;
}
