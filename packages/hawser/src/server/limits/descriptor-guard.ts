import { closeSync, openSync } from "node:fs";
import { WheelTimer } from "../../internal/timer-wheel.js";
import type { Runtime } from "../../socket/index.js";
import type { Logger } from "../logs/logger.js";
import { RareWarning } from "./rare-warning.js";

/** How often it is looked whether a descriptor can be had. */
const PROBE_EVERY_MS = 1000;

export interface DescriptorGuardOptions {
  readonly runtime: Runtime;
  readonly log: Logger;
  /** Whether there are connections. Without any there is nothing to look after. */
  readonly isNeeded: () => boolean;
  /** Ends connections that can be spared. */
  readonly onShortage: () => void;
  readonly descriptors?: DescriptorPort;
}

/** Takes a descriptor and gives it back. Tests put something else in its place. */
export interface DescriptorPort {
  /** @throws what the system says, such as EMFILE */
  open(): number;
  close(descriptor: number): void;
}

const system: DescriptorPort = {
  open: () => openSync("/dev/null", "r"),
  close: closeSync,
};

/**
 * What happens when the process, or the system, has no file descriptor left (EMFILE, ENFILE): connections that only wait are
 * ended, the rest goes on, and the log is told once in ten seconds.
 *
 * As a rule libuv accepts what comes then with a descriptor that it keeps in reserve, and closes it, without a word to us:
 * the shortage is found by a look once a second. When its reserve is gone, too, accepting fails again and again in a busy
 * loop; then one of ours is given up, which libuv takes for its reserve, and taken again when there are some.
 */
export class DescriptorGuard {
  readonly #options: DescriptorGuardOptions;
  readonly #descriptors: DescriptorPort;
  readonly #warning: RareWarning;
  readonly #timer: WheelTimer;
  #spare: number | null = null;
  #stopped = false;

  constructor(options: DescriptorGuardOptions) {
    const { runtime, log, descriptors = system } = options;
    this.#options = options;
    this.#descriptors = descriptors;
    this.#warning = new RareWarning(runtime.clock, () =>
      log.error({}, "no file descriptor is left: new connections are dropped until there is one"),
    );
    this.#timer = new WheelTimer(() => this.#look());
  }

  /** There are connections. */
  start(): void {
    if (this.#timer.armed || this.#stopped) return;
    this.#spare ??= this.#tryOpen();
    this.#options.runtime.wheel.arm(this.#timer, PROBE_EVERY_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#options.runtime.wheel.cancel(this.#timer);
    this.#giveUpSpare();
  }

  /** A connection could not be accepted. False when that has another reason. */
  onAcceptError(error: NodeJS.ErrnoException): boolean {
    if (!isShortage(error)) return false;
    this.#onShortage();
    this.#giveUpSpare();
    this.start();
    return true;
  }

  #look(): void {
    if (!this.#options.isNeeded()) {
      this.#giveUpSpare();
      return;
    }
    const descriptor = this.#tryOpen();
    if (this.#spare === null) this.#spare = descriptor;
    else if (descriptor !== null) this.#descriptors.close(descriptor);
    this.#options.runtime.wheel.arm(this.#timer, PROBE_EVERY_MS);
  }

  #onShortage(): void {
    this.#warning.note();
    this.#options.onShortage();
  }

  #tryOpen(): number | null {
    try {
      return this.#descriptors.open();
    } catch (error) {
      // what else may be wrong, such as a system without this file, tells nothing about descriptors
      if (isShortage(error as NodeJS.ErrnoException)) this.#onShortage();
      return null;
    }
  }

  #giveUpSpare(): void {
    if (this.#spare !== null) this.#descriptors.close(this.#spare);
    this.#spare = null;
  }
}

function isShortage(error: NodeJS.ErrnoException): boolean {
  return error.code === "EMFILE" || error.code === "ENFILE";
}
