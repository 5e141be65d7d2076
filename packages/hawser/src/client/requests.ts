import type { Clock } from "../internal/clock.js";
import type { RequestMessage, ResponseMessage } from "../messages/index.js";
import { createMisuse } from "./client-errors.js";
import { createPending } from "./pending.js";
import type { Pending, PendingLimits } from "./pending.js";
import { RequestError } from "./request-error.js";

/** How a request leaves, and how it is taken back. */
interface RequestWay {
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

/** Requests that wait for their answer, by pid. */
export interface Requests {
  ask(message: RequestMessage, limits: RequestLimits, way: RequestWay): Promise<ResponseMessage>;
  settle(response: ResponseMessage): void;
  /** `onlySent`: those that wait for their answer, not those that wait to be sent. */
  failAll(error: unknown, onlySent?: boolean): void;
}

interface OpenRequest {
  readonly answer: Pending<ResponseMessage>;
  readonly action: string;
  readonly onDone: RequestLimits["onDone"];
  wasSent?: boolean;
}

/** `fill` fills its argument with random bytes; `onLate` is told of an answer to what nobody asks (any more). */
export function createRequests(clock: Clock, fill: (target: Uint8Array) => void, onLate: () => void): Requests {
  const open = new Map<string, OpenRequest>();
  return {
    ask: (message, limits, way) => {
      const pid = limits.pid ?? createUuid(fill);
      const answer = createPending<ResponseMessage>(clock, limits, () => {
        open.delete(pid);
        way.cancel(pid, request.wasSent === true);
      });
      const request: OpenRequest = { answer, action: message.action, onDone: limits.onDone };
      if (open.has(pid)) answer.reject(createMisuse("pid", pid, "an unused one"));
      if (answer.isSettled) return answer.promise;
      open.set(pid, request);
      const onFailed = (error: unknown): void => {
        open.delete(pid);
        answer.reject(error);
      };
      const onTaken = (): void => {
        request.wasSent = true;
      };
      try {
        way.send({ ...message, pid }, onTaken, onFailed);
      } catch (error) {
        onFailed(error);
      }
      return answer.promise;
    },
    settle: (response) => {
      const request = open.get(response.pid);
      if (request === undefined) return onLate();
      open.delete(response.pid);
      if (response.status === 1) {
        request.onDone?.(response);
        request.answer.resolve(response);
      } else request.answer.reject(new RequestError(request.action, response.error));
    },
    failAll: (error, onlySent) => {
      for (const [pid, { answer, wasSent }] of open) {
        if (onlySent && !wasSent) continue;
        open.delete(pid);
        answer.reject(error);
      }
    },
  };
}

/** A random UUID, version 4. `crypto.randomUUID` exists only on secure pages. */
function createUuid(fill: (target: Uint8Array) => void): string {
  const bytes = new Uint8Array(36);
  fill(bytes);
  // in place of 0 comes any digit, in place of 8 one of 8 to b
  return "00000000-0000-4000-8000-000000000000".replace(/[08]/g, (digit, at: number) =>
    (+digit | ((bytes[at] ?? 0) & (digit === "8" ? 3 : 15))).toString(16),
  );
}
