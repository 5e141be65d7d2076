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
  readonly resources: ResourceReadings;
}

/** What the process may use, and how near it is to that. */
export interface ResourceReadings {
  /** File descriptors that may be open at a time. Infinity: not known. */
  readonly maxDescriptors: number;
  /** Bytes of memory that there are for the process. Infinity: not known. */
  readonly maxMemoryBytes: number;
  /** How much memory is used, of the limit that is nearest. */
  readMemoryUse(): MemoryUse;
}

export interface MemoryUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** Where nothing is known of the process. */
const unknownResources: ResourceReadings = {
  maxDescriptors: Infinity,
  maxMemoryBytes: Infinity,
  readMemoryUse: () => ({ usedBytes: 0, limitBytes: Infinity }),
};

export interface RuntimePorts {
  readonly clock: Clock;
  readonly bytes: ByteOperations;
  readonly random: (target: Uint8Array) => void;
  /** Calls back at the end of the turn: a microtask, or what a simulation puts in its place. */
  readonly defer: (callback: () => void) => void;
  /** @default unknown, which means without limits */
  readonly resources?: ResourceReadings;
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
    resources: ports.resources ?? unknownResources,
  };
}
