import { inflateCost } from "../protocol/index.js";
import { corrupt, isWhole, MAX_FINAL_BLOCKS, messageEnd, tooBig } from "./deflate-rules.js";
import type { Span, ZlibContext } from "./zlib-handle.js";
import type { Output } from "./zlib-output.js";

/** What zlib is given at once, so that input without output cannot take long. */
const INPUT_BYTES = 16_384;

/** What a reset counts, in bytes of output. */
const RESET_COST = 64;

/** How zlib left its input: all used; some left, as a final block has ended the stream; or the turn is over. */
type Outcome = "used" | "ended" | "interrupted";

interface PassOptions {
  readonly piece: Uint8Array;
  /** Whether the message ends with the piece. */
  readonly last: boolean;
  /** What may come of it. */
  readonly maxBytes: number;
  readonly takeover: boolean;
}

/** The work of one call of `inflate`, which may be interrupted. */
export class InflatePass {
  readonly #output: Output;
  readonly #maxBytes: number;
  /** What is given to zlib when the piece is used up; null within a message. */
  readonly #end: Uint8Array | null;
  #input: Span;
  /** How much had come when the end began; -1 before. */
  #messageBytes = -1;
  #finalBlocks = 0;
  /** Whether nothing was used since the stream began anew. */
  #idle = false;

  /** What was done, as `inflateCost` counts. */
  cost = 0;

  constructor(output: Output, { piece, last, maxBytes, takeover }: PassOptions) {
    this.#output = output;
    this.#maxBytes = maxBytes;
    this.#end = last ? messageEnd(takeover) : null;
    this.#input = { bytes: piece, start: 0, end: piece.length };
  }

  /** Goes on until all is done (true) or `maxCost` was spent (false). */
  advance(context: ZlibContext, maxCost: number): boolean {
    const maxTotalCost = this.cost + maxCost;
    for (;;) {
      const outcome = this.#run(context, this.#input, maxTotalCost);
      if (outcome === "interrupted") return false;
      if (this.#messageBytes >= 0) {
        this.#checkEnd(context, outcome === "ended");
        return true;
      }
      if (outcome === "ended") this.#restart(context, this.#input);
      else if (this.#end === null) return true;
      else {
        this.#messageBytes = this.#output.total;
        this.#input = { bytes: this.#end, start: 0, end: this.#end.length };
      }
    }
  }

  /** To be called before others have their turn. */
  park(): void {
    this.#output.park();
  }

  finish(): Uint8Array {
    return this.#output.finish(0);
  }

  drop(): void {
    this.#output.drop();
  }

  #checkEnd(context: ZlibContext, ended: boolean): void {
    const { bytes, start } = this.#input;
    const silent = this.#output.total === this.#messageBytes;
    if (!silent || !isWhole(bytes, { used: start, ended })) throw corrupt();
    if (ended) context.reset();
  }

  /** Data may go on behind a final block (RFC 7692 §7.2.3.4): what follows is a new stream. */
  #restart(context: ZlibContext, input: Span): void {
    if (this.#idle && input.start === 0) throw corrupt();
    this.#idle = input.start === 0;
    this.#finalBlocks++;
    this.cost += RESET_COST;
    if (this.#finalBlocks > MAX_FINAL_BLOCKS) throw corrupt();
    context.reset();
  }

  #run(context: ZlibContext, input: Span, maxCost: number): Outcome {
    while (this.cost < maxCost) {
      const part: Span = {
        bytes: input.bytes,
        start: input.start,
        end: Math.min(input.end, input.start + INPUT_BYTES),
      };
      const room = this.#output.room(Math.min(maxCost - this.cost, this.#maxBytes - this.#output.total + 1));
      const before = this.#output.total;
      context.step(part, room);
      if (context.failed) throw corrupt();
      this.#output.take(room.start);
      this.cost += inflateCost(part.start - input.start, this.#output.total - before);
      input.start = part.start;
      if (this.#output.total > this.#maxBytes) throw tooBig(this.#maxBytes);
      // output full: there may be more to come of the same input
      if (room.start === room.end) continue;
      if (part.start < part.end) return "ended";
      if (input.start === input.end) return "used";
    }
    return "interrupted";
  }
}
