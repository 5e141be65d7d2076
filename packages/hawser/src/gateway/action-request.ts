import { ConnectionError, HawserError } from "../internal/errors.js";
import { WheelTimer } from "../internal/timer-wheel.js";
import { encodeDone, encodeRefusal, encodeResponse } from "../messages/index.js";
import type { DecodedRequest, SchemaIssue, SchemaResult, WireIssue } from "../messages/index.js";
import type { HandshakeInfo } from "../socket/service.js";
import { ActionError } from "./action-error.js";
import type { ActionDefinition } from "./action-registry.js";
import { fingerprint } from "./canonical.js";
import type { ActionContext, GatewayUser } from "./gateway-types.js";
import type { GatewaySession } from "./session.js";
import { isThenable } from "./thenable.js";
import type { ResponseWaiter, StoredEntry, StoredResponses } from "./stored-responses.js";

/** What a request needs of its connection. */
export interface RequestHome {
  readonly session: GatewaySession | null;
  readonly info: HandshakeInfo;
  now(): number;
  /** It does not end in this turn: it is in flight from now on. */
  onWaiting(request: ActionRequest, timer: WheelTimer): void;
  /** It has its answer, or will never have one. `text` undefined: there is nothing to send. `timer`: that of `onWaiting`, if it came to that. */
  onSettled(request: ActionRequest, text: string | undefined, outcome: string, timer: WheelTimer | null): void;
  /** What the peer is not told. */
  onFailed(error: HawserError): void;
}

/** Issues that a refusal tells of; a list of a thousand wrong items is no help. */
const MAX_ISSUES = 20;
/** Of a message, and of a key in a path: the peer chose it, and each issue may repeat it. */
const MAX_ISSUE_LENGTH = 200;
const MAX_PATH = 32;

/**
 * One request, from its message to its answer, and the context that its handler gets. What ends in the turn in which it came costs no
 * promise and no timer. What takes longer is in flight: it may be cancelled, and its time may be over.
 *
 * It settles once. What the handler brings later is dropped, unless the action is idempotent: then it is stored.
 */
export class ActionRequest implements ActionContext, ResponseWaiter {
  readonly action: string;
  readonly pid: string | undefined;
  readonly session: GatewaySession | undefined;
  readonly deadlineMs: number;
  readonly #startedAtMs: number;
  readonly #definition: ActionDefinition;
  readonly #message: DecodedRequest;
  readonly #home: RequestHome;
  /** Where the response will be stored, and by what. */
  #stored: StoredResponses | null = null;
  #entry: StoredEntry | null = null;
  #timer: WheelTimer | null = null;
  #controller: AbortController | null = null;
  /** Why it was aborted, before anybody asked for the signal. */
  #aborted: HawserError | null = null;
  #isSettled = false;

  constructor(definition: ActionDefinition, message: DecodedRequest, home: RequestHome) {
    this.action = message.action;
    this.pid = message.pid;
    this.session = home.session ?? undefined;
    this.#startedAtMs = home.now();
    this.deadlineMs = this.#startedAtMs + definition.timeoutMs;
    this.#definition = definition;
    this.#message = message;
    this.#home = home;
  }

  get user(): GatewayUser | undefined {
    return this.session?.user;
  }

  get info(): HandshakeInfo {
    return this.#home.info;
  }

  /** Made when it is asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** Whether somebody waits for its answer, or would if it had a pid. */
  static isWaiting(request: ActionRequest): boolean {
    return !request.#isSettled;
  }

  /** `data` as it came, for the audit. */
  static dataOf(request: ActionRequest): unknown {
    const { channel, data } = request.#message;
    return request.#definition.ofChannel ? { channel } : data;
  }

  /** Whether a message asks for the same once more. What the data of others than idempotent actions is, is not looked at. */
  static isSame(request: ActionRequest, message: DecodedRequest): boolean {
    if (request.action !== message.action) return false;
    return !request.#definition.idempotent || fingerprint(request.#message.data) === fingerprint(message.data);
  }

  static startedAt(request: ActionRequest): number {
    return request.#startedAtMs;
  }

  /** Runs the action. Never throws. */
  start(stored: StoredResponses | null = null, entry: StoredEntry | null = null): void {
    this.#stored = stored;
    this.#entry = entry;
    const { input, ofChannel } = this.#definition;
    try {
      if (ofChannel) this.#call(this.#message);
      else if (input === undefined) this.#call(this.#message.data);
      else {
        const result = input["~standard"].validate(this.#message.data);
        if (isThenable(result)) void this.#await(result, (validated) => this.#validated(validated));
        else this.#validated(result);
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Waits for the response of a request that runs already. */
  waitFor(entry: StoredEntry): void {
    this.#entry = entry;
    entry.waiters ??= new Set();
    entry.waiters.add(this);
    this.#beginWaiting();
  }

  onResponse(text: string | undefined, outcome: string): void {
    if (text === undefined) this.refuse(new ActionError("UNAVAILABLE", "the action was given up: ask again"));
    else this.#settle(text, outcome);
  }

  /** The peer asked for it. */
  cancel(): void {
    if (this.#isSettled) return;
    this.#abort(new ConnectionError("ABORTED", "the request was cancelled"));
    this.refuse(new ActionError("CANCELLED", "the request was cancelled"));
  }

  /** Its connection is gone: nobody waits for an answer. */
  abandon(): void {
    if (this.#isSettled) return;
    this.#abort(new ConnectionError("CONNECTION_LOST", "the connection of the request is over"));
    this.#settle(undefined, "CONNECTION_LOST");
  }

  /** Answers that it is done, at once: for what has to come before whatever the handler does next. */
  complete(value: unknown): void {
    if (this.#isSettled && this.#stored === null) return;
    let text: string | undefined;
    try {
      text = this.#encode(value);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#finish(text, "done", true);
  }

  refuse(error: ActionError): void {
    this.#settle(this.#refusal(error), error.code);
  }

  #validated(result: SchemaResult<unknown>): void {
    if (this.#isSettled) this.#finish(undefined, "", false);
    else if (result.issues === undefined) this.#call(result.value);
    else {
      const issues = toWireIssues(result.issues);
      this.#failed(new ActionError("INVALID_DATA", "data is not what the action takes", { issues }));
    }
  }

  #call(data: unknown): void {
    const value = this.#definition.handler(data, this);
    if (isThenable(value)) void this.#await(value, (settled) => this.#returned(settled));
    else this.#returned(value);
  }

  #returned(value: unknown): void {
    const { output } = this.#definition;
    if (output === undefined) {
      this.complete(value);
      return;
    }
    const result = output["~standard"].validate(value);
    if (isThenable(result)) void this.#await(result, (checked) => this.#checked(checked));
    else this.#checked(result);
  }

  #checked(result: SchemaResult<unknown>): void {
    if (result.issues === undefined) this.complete(result.value);
    else this.#failed(new TypeError(`what the action ${this.action} returned is not what its output schema allows`));
  }

  /** Goes on with `next` when the promise settles. Never rejects. */
  async #await<T>(promise: PromiseLike<T>, next: (value: T) => void): Promise<void> {
    if (!this.#isSettled) this.#beginWaiting();
    try {
      next(await promise);
    } catch (error) {
      this.#failed(error);
    }
  }

  #beginWaiting(): void {
    if (this.#timer !== null) return;
    this.#timer = new WheelTimer(() => this.#timeOut());
    this.#home.onWaiting(this, this.#timer);
  }

  #timeOut(): void {
    this.#abort(new ConnectionError("TIMEOUT", "the time of the action is over"));
    this.refuse(new ActionError("TIMEOUT", "the action did not finish in time"));
  }

  #abort(reason: HawserError): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
    // one that waits for another asks that one to stop, when the peer wants it to: not when only its own patience is over
    if (this.#stored === null && reason.code === "ABORTED") this.#entry?.abort();
  }

  /** For the one that runs it: those that wait want it stopped. */
  stop(): void {
    this.#abort(new ConnectionError("ABORTED", "the request was cancelled"));
  }

  #failed(error: unknown): void {
    if (error instanceof ActionError) {
      this.#finish(this.#refusal(error), error.code, !error.temporary);
      return;
    }
    // what was told to stop may say so by throwing
    if (this.#aborted === null) {
      const message = `the action ${this.action} failed`;
      this.#home.onFailed(new HawserError("HANDLER_FAILED", message, { facts: { action: this.action }, cause: error }));
      this.#finish(this.#refusal(new ActionError("INTERNAL", "the server failed")), "INTERNAL", true);
    } else this.#finish(undefined, "", false);
  }

  /** The action is over, whether its request still waits or not. `text` undefined: it stopped without an outcome. */
  #finish(text: string | undefined, outcome: string, isFinal: boolean): void {
    const entry = this.#entry;
    const stored = this.#stored;
    this.#stored = null;
    stored?.finish(entry as StoredEntry, isFinal ? text : undefined, outcome); // both were given, or none
    if (text === undefined && !this.#isSettled) this.refuse(new ActionError("CANCELLED", "the action was stopped"));
    else this.#settle(text, outcome);
    stored?.tellWaiters(entry as StoredEntry, text, outcome);
  }

  #settle(text: string | undefined, outcome: string): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (this.#stored === null) this.#entry?.waiters?.delete(this);
    else this.#stored.abandon(this.#entry as StoredEntry); // both were given
    this.#home.onSettled(this, this.pid === undefined ? undefined : text, outcome, this.#timer);
  }

  #encode(value: unknown): string | undefined {
    const { pid, action } = this;
    if (pid === undefined) return "";
    const { channel } = this.#message;
    if (this.#definition.ofChannel) return encodeResponse({ pid, actionAck: action, status: 1, channel });
    return encodeDone(pid, action, value);
  }

  #refusal(error: ActionError): string {
    const { pid, action } = this;
    return pid === undefined ? "" : encodeRefusal(pid, action, error.toWire());
  }
}

function toWireIssues(issues: readonly SchemaIssue[]): WireIssue[] {
  return issues.slice(0, MAX_ISSUES).map(({ message, path }) => {
    const text = String(message).slice(0, MAX_ISSUE_LENGTH);
    return path === undefined ? { message: text } : { message: text, path: path.slice(0, MAX_PATH).map(toStep) };
  });
}

function toStep(step: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof step === "object" ? step.key : step;
  return typeof key === "number" ? key : String(key).slice(0, MAX_ISSUE_LENGTH);
}
