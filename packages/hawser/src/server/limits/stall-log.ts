import type { Runtime } from "../../socket/index.js";
import type { Logger } from "../logs/logger.js";

/**
 * Tells when the process stood still for a second or more while it had connections. They are not closed for it, as no
 * deadline counts that time; but for as long nobody was answered, and the other sides may have given up.
 */
export class StallLog {
  readonly #runtime: Pick<Runtime, "wheel">;
  readonly #log: Logger;
  #endWatch: (() => void) | null = null;

  constructor(runtime: Pick<Runtime, "wheel">, log: Logger) {
    this.#runtime = runtime;
    this.#log = log;
  }

  /** There are connections, or there are none any more. */
  watch(connections: number): void {
    if (connections === 0) {
      this.#endWatch?.();
      this.#endWatch = null;
    } else {
      this.#endWatch ??= this.#runtime.wheel.watchStalls((ms) => this.#tell(ms));
    }
  }

  #tell(ms: number): void {
    const stalledMs = Math.round(ms);
    this.#log.warn({ stalledMs }, `the process stood still for ${stalledMs} ms: deadlines were moved by that much`);
  }
}
