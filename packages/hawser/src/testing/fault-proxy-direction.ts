import type { Clock, ScheduledCall } from "../internal/clock.js";
import type { Deferred } from "../internal/deferred.js";
import { createDeferred, quiet } from "../internal/deferred.js";
import { ConnectionError } from "../internal/errors.js";
import { Fifo } from "../internal/fifo.js";
import type { Faults } from "./fault-proxy-options.js";
import { checkFaults } from "./fault-proxy-options.js";
import type { SeededRandom } from "./seeded-random.js";
import { createSeededRandom } from "./seeded-random.js";
import { createSplitter } from "./split.js";

/** More than this waits with the sender. */
const MAX_HELD_BYTES = 262_144;
const MAX_RANDOM_PIECE_BITS = 12;
/** A limited rate is passed on in pieces of so much time. */
const RATE_PIECE_MS = 20;

/** One direction of a connection through a fault proxy. */
export interface FaultDirection {
  readonly faults: Faults;
  /** Bytes read from the sender, passed on to the receiver, dropped by `silent`, and changed. */
  readonly receivedBytes: number;
  readonly passedBytes: number;
  readonly droppedBytes: number;
  readonly corruptedBytes: number;
  /** Takes these faults in place of those there are: what is not named ends. @throws UsageError INVALID_ARGUMENT */
  set(faults: Faults): void;
  /**
   * Calls `action` when `bytes` bytes of the direction have been passed on, counted from its start, before one more is: at once
   * when they have been already. What it sets holds from the next byte.
   */
  at(bytes: number, action: () => void): void;
  /**
   * Settles when `bytes` bytes of the direction have been passed on.
   * @throws (rejects) ConnectionError CONNECTION_CLOSED when the connection ends before
   */
  passed(bytes: number): Promise<void>;
}

/** What a direction is joined to. */
export interface DirectionPorts {
  readonly clock: Clock;
  /** Calls back in a later turn. */
  readonly nextTurn: (callback: () => void) => void;
  readonly seed: number;
  /** false: no more before `onDrain`. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Stops and starts reading from the sender. */
  setReading(reading: boolean): void;
  cut(how: "reset" | "close"): void;
  /** Runs what a test gave. */
  run(action: () => void): void;
}

interface HeldChunk {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
  taken: number;
}

interface Mark {
  readonly bytes: number;
  readonly action: () => void;
}

/** The faults of one direction, between a sender that is told when to stop and a receiver that says when it is full. */
export class DirectionPump implements FaultDirection {
  receivedBytes = 0;
  passedBytes = 0;
  droppedBytes = 0;
  corruptedBytes = 0;
  readonly #ports: DirectionPorts;
  readonly #delays: SeededRandom;
  readonly #cuts: SeededRandom;
  readonly #damage: SeededRandom;
  readonly #held = new Fifo<HeldChunk>();
  readonly #waiting = new Set<Deferred<void>>();
  #faults: Faults = {};
  #marks: Mark[] = [];
  #heldBytes = 0;
  #nextSize: (availableBytes: number) => number = (available) => available;
  /** Where the next random cut, and the next random damage, is. */
  #cutAt = Infinity;
  #damageAt = Infinity;
  #freeAtMs = 0;
  #open = false;
  #full = false;
  #pumping = false;
  #turnAsked = false;
  #gotEnd = false;
  #sentEnd = false;
  #over = false;
  #reading = false;
  #timer: ScheduledCall | undefined;

  constructor(ports: DirectionPorts) {
    this.#ports = ports;
    this.#delays = createSeededRandom(ports.seed);
    this.#cuts = createSeededRandom(ports.seed + 1);
    this.#damage = createSeededRandom(ports.seed + 2);
  }

  get faults(): Faults {
    return this.#faults;
  }

  set(faults: Faults): void {
    checkFaults(faults);
    this.#faults = { ...faults };
    const { split, corruptOneIn } = faults;
    this.#nextSize = split === undefined || split === "random" ? (available) => available : createSplitter(split);
    this.#cutAt = split === "random" ? this.passedBytes + this.#drawPiece() : Infinity;
    this.#damageAt = corruptOneIn === undefined ? Infinity : this.passedBytes + this.#drawGap(corruptOneIn) - 1;
    if (faults.silent === true) this.#dropHeld();
    this.#freeAtMs = 0;
    this.#pump();
  }

  at(bytes: number, action: () => void): void {
    if (this.passedBytes >= bytes) {
      action();
      return;
    }
    this.#marks.push({ bytes, action });
    this.#marks.sort((one, other) => one.bytes - other.bytes);
  }

  passed(bytes: number): Promise<void> {
    const waiter = createDeferred<void>();
    const settle = (): void => {
      this.#waiting.delete(waiter);
      waiter.resolve();
    };
    this.#waiting.add(waiter);
    this.at(bytes, settle);
    if (this.#over) this.#rejectWaiting();
    return quiet(waiter.promise);
  }

  /** The receiver is there. */
  start(): void {
    this.#open = true;
    this.#reading = false; // whoever read before had no sender yet
    this.#pump();
  }

  receive(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.receivedBytes += bytes.length;
    if (this.#faults.silent === true || this.#over || this.#sentEnd) {
      this.droppedBytes += bytes.length;
      return;
    }
    this.#held.push({ bytes, dueMs: this.#ports.clock.now() + this.#drawDelay(), taken: 0 });
    this.#heldBytes += bytes.length;
    this.#pump();
  }

  receiveEnd(): void {
    if (this.#faults.silent === true) return;
    this.#gotEnd = true;
    this.#pump();
  }

  onDrain(): void {
    this.#full = false;
    this.#pump();
  }

  /** The connection is over: nothing is passed on any more. */
  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#dropHeld();
    this.#marks = [];
    this.#rejectWaiting();
  }

  #pump(): void {
    if (this.#pumping || this.#over) return; // an action at a mark may call in
    this.#pumping = true;
    while (this.#passOne());
    this.#pumping = false;
    this.#updateReading();
  }

  /** Passes one piece on; false when there is none to pass now. */
  #passOne(): boolean {
    const { stalled, cutAfterBytes, cutBy } = this.#faults;
    if (this.#over || !this.#open || stalled === true) return false;
    if (cutAfterBytes !== undefined && this.passedBytes >= cutAfterBytes) {
      this.#ports.cut(cutBy ?? "reset");
      return false;
    }
    if (this.#full || this.#turnAsked) return false;
    const chunk = this.#held.peek();
    if (chunk === undefined) {
      if (this.#gotEnd && !this.#sentEnd) {
        this.#sentEnd = true;
        this.#ports.end();
      }
      return false;
    }
    const waitMs = Math.max(chunk.dueMs, this.#freeAtMs) - this.#ports.clock.now();
    if (waitMs > 0) {
      this.#wakeIn(waitMs);
      return false;
    }
    this.#write(this.#takePiece(chunk));
    return true;
  }

  #takePiece(chunk: HeldChunk): Uint8Array {
    const { bytesPerSecond = Infinity, cutAfterBytes = Infinity } = this.#faults;
    const passed = this.passedBytes;
    const left = Math.min(
      chunk.bytes.length - chunk.taken,
      cutAfterBytes - passed,
      (this.#marks[0]?.bytes ?? Infinity) - passed,
      this.#cutAt - passed,
      Math.max(1, Math.floor((bytesPerSecond * RATE_PIECE_MS) / 1000)),
    );
    const size = Math.max(1, Math.min(left, this.#nextSize(left)));
    const piece = new Uint8Array(chunk.bytes.subarray(chunk.taken, chunk.taken + size)); // a copy: it may be damaged
    chunk.taken += size;
    this.#heldBytes -= size;
    if (chunk.taken === chunk.bytes.length) this.#held.shift();
    return piece;
  }

  #write(piece: Uint8Array): void {
    const { bytesPerSecond, split } = this.#faults;
    this.#corrupt(piece);
    this.passedBytes += piece.length;
    if (bytesPerSecond !== undefined) {
      this.#freeAtMs = this.#ports.clock.now() + (piece.length * 1000) / bytesPerSecond;
    }
    if (split === "random" && this.passedBytes === this.#cutAt) this.#cutAt += this.#drawPiece();
    if (!this.#ports.write(piece)) this.#full = true;
    if (split !== undefined) this.#askTurn();
    for (let mark = this.#marks[0]; mark !== undefined && mark.bytes <= this.passedBytes; mark = this.#marks[0]) {
      this.#marks.shift();
      this.#ports.run(mark.action);
    }
  }

  #corrupt(piece: Uint8Array): void {
    const { corruptOneIn, corruptAt = [] } = this.#faults;
    const start = this.passedBytes;
    const end = start + piece.length;
    for (; this.#damageAt < end && corruptOneIn !== undefined; this.#damageAt += this.#drawGap(corruptOneIn)) {
      this.#damageByte(piece, this.#damageAt - start);
    }
    for (const place of corruptAt) if (place >= start && place < end) this.#damageByte(piece, place - start);
  }

  #damageByte(piece: Uint8Array, index: number): void {
    piece[index] = (piece[index] ?? 0) ^ (1 + this.#damage.below(255)); // never the same again
    this.corruptedBytes++;
  }

  /** Small pieces are as frequent as large ones: from 1 byte, a power of two at a time. */
  #drawPiece(): number {
    const most = 2 ** this.#cuts.below(MAX_RANDOM_PIECE_BITS + 1);
    return 1 + this.#cuts.below(most);
  }

  #drawGap(oneIn: number): number {
    return 1 + this.#damage.below(2 * oneIn - 1);
  }

  #drawDelay(): number {
    const { delayMs = 0 } = this.#faults;
    if (typeof delayMs === "number") return delayMs;
    const [leastMs, mostMs] = delayMs;
    return leastMs + (this.#delays.below(1_000_001) / 1_000_000) * (mostMs - leastMs);
  }

  #askTurn(): void {
    this.#turnAsked = true;
    this.#ports.nextTurn(() => {
      this.#turnAsked = false;
      this.#pump();
    });
  }

  #wakeIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#ports.clock.schedule(() => this.#pump(), delayMs);
  }

  #dropHeld(): void {
    this.droppedBytes += this.#heldBytes;
    this.#heldBytes = 0;
    this.#held.clear();
  }

  #updateReading(): void {
    const reading = this.#faults.stalled !== true && this.#heldBytes < MAX_HELD_BYTES && (this.#open || this.#silent);
    if (reading === this.#reading || this.#over) return;
    this.#reading = reading;
    this.#ports.setReading(reading);
  }

  get #silent(): boolean {
    return this.#faults.silent === true;
  }

  #rejectWaiting(): void {
    for (const waiter of this.#waiting) {
      waiter.reject(
        new ConnectionError("CONNECTION_CLOSED", `the connection ended after ${this.passedBytes} bytes had passed`),
      );
    }
    this.#waiting.clear();
  }
}
