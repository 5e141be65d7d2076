import type { ByteOperations } from "../internal/bytes.js";
import type { Clock } from "../internal/clock.js";
import { Ledger } from "../internal/ledger.js";
import { TimerWheel } from "../internal/timer-wheel.js";
import { MaskSource } from "../protocol/index.js";
import { TurnEnd } from "./turn-end.js";
import { WriteBlock } from "./write-block.js";

/**
 * What the connections of a process share: scratch memory, one timer, one account of memory. It holds nothing that a
 * connection could see of another, so two servers in one process never meet in it.
 */
export interface Runtime {
  readonly clock: Clock;
  readonly bytes: ByteOperations;
  /** Fills its argument with cryptographically strong random bytes. */
  readonly random: (target: Uint8Array) => void;
  readonly wheel: TimerWheel;
  readonly ledger: Ledger;
  readonly masks: MaskSource;
  readonly block: WriteBlock;
  readonly turnEnd: TurnEnd;
}

export interface RuntimePorts {
  readonly clock: Clock;
  readonly bytes: ByteOperations;
  readonly random: (target: Uint8Array) => void;
  /** Calls back at the end of the turn: a microtask, or what a simulation puts in its place. */
  readonly defer: (callback: () => void) => void;
}

export function createRuntime(ports: RuntimePorts): Runtime {
  return {
    clock: ports.clock,
    bytes: ports.bytes,
    random: ports.random,
    wheel: new TimerWheel(ports.clock),
    ledger: new Ledger(),
    masks: new MaskSource(ports.random, (bytes) => ports.bytes.allocate(bytes)),
    block: new WriteBlock(ports.bytes),
    turnEnd: new TurnEnd(ports.defer),
  };
}
