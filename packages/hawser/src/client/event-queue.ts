import { ConnectionError } from "../internal/errors.js";
import { createBoundedIterator } from "./bounded-iterator.js";
import type { EventIterator } from "./client-types.js";

/** Those that are to be ended together. */
export type Iterators = Set<{ end(): void }>;

type Handler = (...values: never[]) => unknown;

/**
 * Handlers of the application, by key, and the calls to them. Whatever the client does is a turn (`run`); handlers are called
 * between turns, in order. So they always meet a client at rest, and may call every method of it.
 */
export interface EventQueue {
  /** Does `work` as a turn; the outermost calls the handlers afterwards. */
  readonly run: <T>(work: () => T) => T;
  readonly on: (key: unknown, handler: Handler) => () => void;
  /** Takes all handlers of `key` off. */
  forget(key: unknown): void;
  emit(key: unknown, ...values: unknown[]): void;
  /** The values for `key`, until somebody ends it. */
  iterate<T>(key: unknown, iterators: Iterators): EventIterator<T>;
  /** Ends iterators after the calls that wait. `then` comes last. */
  end(iterators: Iterators, then?: () => void): void;
  /** Forgets the calls that wait, but those for `keys`. */
  keepOnly(...keys: unknown[]): void;
}

/** `report` takes what no `error` handler takes. */
export function createEventQueue(report: (error: unknown) => void): EventQueue {
  const handlers = new Map<unknown, Set<{ readonly handler: Handler }>>();
  let calls: { readonly key: unknown; readonly call: () => void }[] = [];
  let depth = 0;

  const run = <T>(work: () => T): T => {
    depth++;
    try {
      return work();
    } finally {
      try {
        if (depth === 1) for (let next = calls.shift(); next !== undefined; next = calls.shift()) next.call();
      } finally {
        depth--;
      }
    }
  };

  const defer = (key: unknown, call: () => void): void => void run(() => calls.push({ key, call }));

  const emit = (key: unknown, ...values: unknown[]): void => {
    const fail = (cause: unknown): void => {
      const error = new ConnectionError("HANDLER_FAILED", "a handler threw", { cause });
      if (key !== "error" && handlers.has("error")) emit("error", error);
      else report(error);
    };
    defer(key, () => {
      const entries = handlers.get(key);
      for (const entry of Array.from(entries ?? [])) {
        // another handler may have taken it off
        if (!entries?.has(entry)) continue;
        try {
          const result = entry.handler(...(values as never[])); // typed at `on`
          // an async handler fails later
          if (result instanceof Promise) result.catch(fail);
        } catch (error) {
          fail(error);
        }
      }
    });
  };

  const on = (key: unknown, handler: Handler): (() => void) => {
    const entries = handlers.get(key) ?? new Set();
    handlers.set(key, entries);
    // an object of its own: the same function may be there twice
    const entry = { handler };
    entries.add(entry);
    return () => {
      entries.delete(entry);
      if (entries.size === 0 && handlers.get(key) === entries) handlers.delete(key);
    };
  };

  return {
    run,
    on,
    emit,
    iterate: <T>(key: unknown, iterators: Iterators) => {
      const iterator = createBoundedIterator<T>(() => {
        off();
        iterators.delete(iterator);
      });
      const off = on(key, (value: T) => iterator.push(value));
      iterators.add(iterator);
      return iterator;
    },
    end: (iterators, then) => {
      const all = [...iterators];
      defer("end", () => {
        for (const iterator of all) iterator.end();
        then?.();
      });
    },
    forget: (key) => void handlers.delete(key),
    keepOnly: (...keys) => {
      calls = calls.filter(({ key }) => keys.includes(key));
    },
  };
}
