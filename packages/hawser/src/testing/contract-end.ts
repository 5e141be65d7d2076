import assert from "node:assert/strict";
import type { Deferred } from "../internal/deferred.js";
import { createDeferred } from "../internal/deferred.js";
import type { Transport } from "../socket/transport.js";

interface Watcher extends Deferred<void> {
  readonly test: () => boolean;
  readonly what: string;
}

/** A transport under test: calls go through it, so that a call into the sink from inside one of them is found out. */
export class ContractEnd {
  readonly transport: Transport;
  readonly received: Uint8Array[] = [];
  receivedBytes = 0;
  drains = 0;
  progresses = 0;
  ends = 0;
  closes = 0;
  error: Error | undefined;
  readonly #faults: string[] = [];
  #watchers: Watcher[] = [];
  #inside = "";

  constructor(transport: Transport) {
    this.transport = transport;
  }

  start(options: { readonly scribble?: boolean } = {}): void {
    this.#call("start", () =>
      this.transport.start({
        onData: (buffer, start, end) => {
          this.received.push(new Uint8Array(buffer.subarray(start, end))); // a Buffer's slice would not copy
          this.receivedBytes += end - start;
          if (options.scribble) buffer.fill(0xff, start, end);
          this.#told("onData", this.ends > 0);
        },
        onDrain: () => {
          this.drains++;
          this.#told("onDrain", this.transport.bufferedBytes > 0);
        },
        onProgress: () => {
          this.progresses++;
          this.#told("onProgress");
        },
        onEnd: () => {
          this.ends++;
          this.#told("onEnd", this.ends > 1);
        },
        onClosed: (error) => {
          this.error = error;
          this.#told("onClosed");
          this.closes++;
          this.#look();
        },
      }),
    );
  }

  write(...chunks: readonly Uint8Array[]): void {
    this.#call("write", () => this.transport.write(chunks));
  }

  pause(): void {
    this.#call("pause", () => this.transport.pause());
  }

  resume(): void {
    this.#call("resume", () => this.transport.resume());
  }

  end(): void {
    this.#call("end", () => this.transport.end());
  }

  destroy(): void {
    this.#call("destroy", () => this.transport.destroy());
  }

  closed(): Promise<void> {
    return this.until(() => this.closes > 0, "the close");
  }

  /** Settles when `test` is true after something happened; rejects when the transport closes without. */
  until(test: () => boolean, what: string): Promise<void> {
    const watcher: Watcher = { ...createDeferred<void>(), test, what };
    this.#watchers.push(watcher);
    this.#look();
    return watcher.promise;
  }

  throwFaults(): void {
    assert.deepEqual(this.#faults, []);
  }

  #call(name: string, action: () => void): void {
    this.#inside = name;
    action();
    this.#inside = "";
  }

  #told(name: string, wrong = false): void {
    if (this.#inside !== "") this.#faults.push(`${name} came from inside ${this.#inside}`);
    if (this.closes > 0) this.#faults.push(`${name} came after onClosed`);
    if (wrong) this.#faults.push(`${name} came when it must not`);
    if (name !== "onClosed") this.#look();
  }

  #look(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) {
      if (watcher.test()) {
        watcher.resolve();
      } else if (this.closes > 0) {
        watcher.reject(new Error(`the transport closed before ${watcher.what}`, { cause: this.error }));
      } else {
        this.#watchers.push(watcher);
      }
    }
  }
}
