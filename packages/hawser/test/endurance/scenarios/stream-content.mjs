// Bytes that a seed repeats, so that a reader can check every one of a message that is never whole.
import { createSeededRandom } from "hawser/testing";

const PERIOD = 1024 * 1024 + 1;

export function createContent(seed) {
  const random = createSeededRandom(seed);
  const pattern = Buffer.alloc(PERIOD);
  random.fill(pattern);
  return {
    /** Memory of its own with the bytes from `position`; of a length that a sender could have chosen. */
    nextPiece(position, maxBytes) {
      const wanted = random.below(16) === 0 ? random.below(300_000) : random.below(80_000);
      const size = Math.min(1 + wanted, maxBytes);
      const piece = new Uint8Array(size);
      for (let at = 0; at < size;) {
        const start = (position + at) % PERIOD;
        const part = pattern.subarray(start, Math.min(PERIOD, start + size - at));
        piece.set(part, at);
        at += part.length;
      }
      return piece;
    },
    /** Whether `piece` has the bytes from `position`. */
    matches(piece, position) {
      for (let at = 0; at < piece.length;) {
        const start = (position + at) % PERIOD;
        const length = Math.min(PERIOD - start, piece.length - at);
        if (pattern.compare(piece, at, at + length, start, start + length) !== 0) return false;
        at += length;
      }
      return true;
    },
  };
}
