import { inflateCost } from "../protocol/index.js";
import { corrupt, endCheck, isWhole, MAX_FINAL_BLOCKS, TAIL, tooBig } from "./deflate-rules.js";
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
  /** What shows whether the message was whole. */
  readonly #check: Uint8Array;
  /** What is still to be inflated: the piece, and at a message's end the tail and the check. */
  readonly #inputs: Span[];
  /** How much had come when the check began. */
  #messageBytes = -1;
  #finalBlocks = 0;
  /** Whether nothing was used since the stream began anew. */
  #idle = false;

  /** What was done, as `inflateCost` counts. */
  cost = 0;

  constructor(output: Output, { piece, last, maxBytes, takeover }: PassOptions) {
    this.#output = output;
    this.#maxBytes = maxBytes;
    this.#check = endCheck(takeover);
    this.#inputs = (last ? [piece, TAIL, this.#check] : [piece]).map((bytes) => ({
      bytes,
      start: 0,
      end: bytes.length,
    }));
  }

  /** Goes on until all is done (true) or `maxCost` was spent (false). */
  advance(context: ZlibContext, maxCost: number): boolean {
    const maxTotalCost = this.cost + maxCost;
    for (let input = this.#inputs[0]; input !== undefined; input = this.#inputs[0]) {
      const outcome = this.#run(context, input, maxTotalCost);
      if (outcome === "interrupted") return false;
      if (input.bytes === TAIL) this.#endMessage(context, input, outcome);
      else if (input.bytes === this.#check) this.#checkEnd(context, input, outcome);
      else if (outcome === "ended") this.#restart(context, input);
      else this.#inputs.shift();
    }
    return true;
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

  #endMessage(context: ZlibContext, input: Span, outcome: Outcome): void {
    this.#inputs.shift();
    this.#messageBytes = this.#output.total;
    if (outcome === "used") return;
    if (input.start > 0) throw corrupt();
    // A final block at the very end needs an empty block behind it; not all senders write that, and no data is missing.
    context.reset();
    this.#inputs.shift();
  }

  #checkEnd(context: ZlibContext, input: Span, outcome: Outcome): void {
    this.#inputs.shift();
    const ended = outcome === "ended";
    const silent = this.#output.total === this.#messageBytes;
    if (!silent || !isWhole(this.#check, { used: input.start, ended })) throw corrupt();
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
      const room = this.#output.room(this.#maxBytes - this.#output.total + 1);
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
