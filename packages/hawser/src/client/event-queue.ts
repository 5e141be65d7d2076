import { ConnectionError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";

type Handler = (...values: never[]) => unknown;

interface WaitingCall {
  readonly key: unknown;
  run(): void;
}

/**
 * Handlers of the application, by key, and the calls to them. Whatever the client does is a turn (`run`); handlers are called
 * between turns, in order. So they always meet a client at rest, and may call every method of it.
 */
export class EventQueue {
  readonly #handlers: Map<unknown, Set<{ readonly handler: Handler }>> = new Map();
  readonly #report: (error: unknown) => void;
  #calls: WaitingCall[] = [];
  #depth = 0;

  /** `report` takes what no `error` handler takes. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Does `work` as a turn; the outermost calls the handlers afterwards. */
  run<T>(work: () => T): T {
    this.#depth++;
    try {
      return work();
    } finally {
      try {
        if (this.#depth === 1) {
          for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) call.run();
        }
      } finally {
        this.#depth--;
      }
    }
  }

  on(key: unknown, handler: Handler): () => void {
    const handlers = this.#handlers.get(key) ?? new Set();
    this.#handlers.set(key, handlers);
    // an object of its own: the same function may be there twice
    const entry = { handler };
    handlers.add(entry);
    return () => {
      if (handlers.delete(entry) && handlers.size === 0 && this.#handlers.get(key) === handlers) {
        this.#handlers.delete(key);
      }
    };
  }

  /** Takes all handlers of `key` off. */
  forget(key: unknown): void {
    this.#handlers.delete(key);
  }

  emit(key: unknown, ...values: unknown[]): void {
    this.defer(key, () => {
      const handlers = this.#handlers.get(key);
      for (const entry of Array.from(handlers ?? [])) {
        // another handler may have taken it off
        if (handlers?.has(entry)) this.#call(key, entry.handler, values);
      }
    });
  }

  /** Calls `run` in its turn among the handlers. */
  defer(key: unknown, run: () => void): void {
    this.run(() => this.#calls.push({ key, run }));
  }

  /** Forgets the calls that wait, but those for `keys`. */
  keepOnly(...keys: unknown[]): void {
    this.#calls = this.#calls.filter(({ key }) => keys.includes(key));
  }

  #call(key: unknown, handler: Handler, values: readonly unknown[]): void {
    const fail = (cause: unknown): void => {
      const error: HawserError = new ConnectionError("HANDLER_FAILED", "a handler threw", { cause });
      if (key !== "error" && this.#handlers.has("error")) this.emit("error", error);
      else this.#report(error);
    };
    try {
      const result = handler(...(values as never[])); // typed at `on`
      // an async handler fails later
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}
