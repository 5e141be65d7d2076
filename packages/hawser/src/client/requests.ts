import type { Clock } from "../internal/clock.js";
import type { RequestMessage, ResponseMessage } from "../messages/index.js";
import { createMisuse } from "./client-errors.js";
import { Pending } from "./pending.js";
import type { PendingLimits } from "./pending.js";
import { RequestError } from "./request-error.js";

/** How a request leaves, and how it is taken back. */
export interface RequestWay {
  /** `onTaken`: it was handed to a connection. */
  send(message: RequestMessage, onTaken: () => void, onFailed: (error: unknown) => void): void;
  /** Nobody waits for the answer any more. */
  cancel(pid: string, wasSent: boolean): void;
}

export interface RequestLimits extends PendingLimits {
  readonly pid?: string | undefined;
  /** Called at once with the response, before what came after it is looked at; a promise tells later. */
  readonly onDone?: ((response: ResponseMessage) => void) | undefined;
}

interface OpenRequest extends Pending<ResponseMessage> {
  action?: string | undefined;
  onDone?: RequestLimits["onDone"];
  wasSent?: boolean;
}

/** Requests that wait for their answer, by pid. */
export class Requests {
  /** Answers to what nobody asks (any more). */
  lateAnswers = 0;
  readonly #clock: Clock;
  readonly #random: (target: Uint8Array) => void;
  readonly #open: Map<string, OpenRequest> = new Map();

  constructor(clock: Clock, random: (target: Uint8Array) => void) {
    this.#clock = clock;
    this.#random = random;
  }

  ask(message: RequestMessage, limits: RequestLimits, way: RequestWay): Promise<ResponseMessage> {
    const pid = limits.pid ?? createUuid(this.#random);
    const request: OpenRequest = new Pending(this.#clock, limits, () => {
      this.#open.delete(pid);
      way.cancel(pid, request.wasSent === true);
    });
    if (request.isSettled) return request.promise;
    if (this.#open.has(pid)) {
      request.reject(createMisuse("pid", pid, "one that is not in use"));
      return request.promise;
    }
    request.action = message.action;
    request.onDone = limits.onDone;
    this.#open.set(pid, request);
    const onFailed = (error: unknown): void => {
      this.#open.delete(pid);
      request.reject(error);
    };
    const onTaken = (): void => {
      request.wasSent = true;
    };
    try {
      way.send({ ...message, pid }, onTaken, onFailed);
    } catch (error) {
      onFailed(error);
    }
    return request.promise;
  }

  settle(response: ResponseMessage): void {
    const { pid, status, error } = response;
    const request = this.#open.get(pid);
    if (request === undefined) {
      this.lateAnswers++;
      return;
    }
    this.#open.delete(pid);
    if (status === 1) {
      request.onDone?.(response);
      request.resolve(response);
    } else {
      request.reject(new RequestError(request.action, error));
    }
  }

  /** `onlySent`: those that wait for their answer, not those that wait to be sent. */
  failAll(error: unknown, onlySent = false): void {
    for (const [pid, request] of this.#open) {
      if (onlySent && request.wasSent !== true) continue;
      this.#open.delete(pid);
      request.reject(error);
    }
  }
}

/** A random UUID, version 4. `crypto.randomUUID` exists only on secure pages. */
function createUuid(random: (target: Uint8Array) => void): string {
  const bytes = new Uint8Array(16);
  random(bytes);
  const hex = Array.from(bytes, (byte, at) =>
    (at === 6 ? (byte & 15) | 64 : at === 8 ? (byte & 63) | 128 : byte).toString(16).padStart(2, "0"),
  ).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
