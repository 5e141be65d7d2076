import type { Clock } from "../internal/clock.js";
import { quiet } from "../internal/deferred.js";
import { ConnectionError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";
import type { PushMessage, RequestMessage, ResponseMessage } from "../messages/index.js";
import { createTimeout } from "./client-errors.js";
import type { ResolvedClientOptions } from "./client-options.js";
import type { RequestOptions, SendOptions } from "./client-types.js";
import type { ClientMessage, Connection } from "./connector.js";
import type { EventQueue } from "./event-queue.js";
import { Heartbeat } from "./heartbeat.js";
import { countBytes, OutgoingQueue } from "./outgoing-queue.js";
import type { QueuedMessage } from "./outgoing-queue.js";
import { Pending } from "./pending.js";
import { Requests } from "./requests.js";
import type { RequestLimits } from "./requests.js";
import { Subscriptions } from "./subscriptions.js";
import { parseIncoming, toJson, toWireError } from "./wire.js";

export interface LinkParts {
  readonly clock: Clock;
  readonly events: EventQueue;
  readonly options: ResolvedClientOptions;
  /** Fills its argument. */
  readonly fill: (target: Uint8Array) => void;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Whether there is a connection, or one is to come. */
  readonly isWanted: () => boolean;
  /** The connection is dead. */
  readonly onSilence: (error: HawserError) => void;
  /** Logged in by the handshake. */
  readonly onLogin: (push: PushMessage) => void;
}

/** Messages in and out, over whichever connection there is: `use` gives one, `open` lets the application's pass, `close` takes it away. */
export class MessageLink {
  readonly subscriptions: Subscriptions;
  isOpen = false;
  malformed = 0;
  readonly #parts: LinkParts;
  readonly #queue: OutgoingQueue;
  readonly #requests: Requests;
  readonly #heartbeat: Heartbeat | undefined;
  #connection: Connection | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    const { clock, events, random, options } = parts;
    const { heartbeat, requestTimeoutMs: timeoutMs } = options;
    this.#queue = new OutgoingQueue(clock, options.queue);
    this.#requests = new Requests(clock, parts.fill);
    this.subscriptions = new Subscriptions({
      clock,
      random,
      events,
      ask: (message, onDone) => this.ask(message, { timeoutMs, onDone }),
      isOpen: () => this.isOpen,
    });
    if (heartbeat === false || !options.beats) return;
    this.#heartbeat = new Heartbeat(clock, heartbeat, {
      ping: () => this.#sendControl(heartbeat.ping),
      onSilence: () => parts.onSilence(createTimeout(heartbeat.timeoutMs, "HEARTBEAT_TIMEOUT")),
    });
  }

  get queued(): number {
    return this.#queue.size;
  }

  get lateAnswers(): number {
    return this.#requests.lateAnswers;
  }

  use(connection: Connection): void {
    this.#connection = connection;
  }

  /** Subscribes again, then sends what waits. `kept`: channels that the session has brought along. */
  open(kept: readonly string[]): void {
    this.isOpen = true;
    this.#heartbeat?.start();
    this.subscriptions.renew(kept);
    // `use` came before
    if (this.#connection !== undefined) this.#queue.attach(this.#connection);
  }

  close(): void {
    this.isOpen = false;
    this.#connection = undefined;
    this.#heartbeat?.stop();
    this.#queue.detach();
    this.subscriptions.pause();
  }

  /** What went with the connection may have been done, or not. */
  lose(): void {
    this.#requests.failAll(new ConnectionError("CONNECTION_LOST", "the connection ended before the answer"), true);
  }

  failAll(error: HawserError): void {
    this.#requests.failAll(error);
    this.#queue.failAll(error);
    this.subscriptions.endAll(error);
  }

  probe(): void {
    if (this.isOpen) this.#heartbeat?.probe();
  }

  send(message: string | Uint8Array | object, { signal, timeToLiveMs }: SendOptions): Promise<void> {
    let queued: QueuedMessage | undefined;
    const sent: Pending<void> = new Pending(this.#parts.clock, { signal }, () => this.#takeBack(queued));
    if (sent.isSettled) return sent.promise;
    const onFailed = (error: unknown): void => sent.reject(error);
    try {
      const isPlain = typeof message === "string" || message instanceof Uint8Array;
      queued = createQueued(isPlain ? message : toJson(message), () => sent.resolve(), onFailed);
      this.#enqueue(queued, timeToLiveMs);
    } catch (error) {
      onFailed(error);
    }
    return sent.promise;
  }

  /** Asks in its turn; settles with the response's data. */
  request(message: RequestMessage, options: RequestOptions): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? this.#parts.options.requestTimeoutMs;
    return quiet(this.#ask(message, { ...options, timeoutMs }, false).then(({ data }) => data));
  }

  /** Asks at once, before what waits. */
  ask(message: RequestMessage, limits: RequestLimits): Promise<ResponseMessage> {
    return this.#ask(message, limits, true);
  }

  received(message: ClientMessage): void {
    this.#heartbeat?.received();
    const { heartbeat, envelope } = this.#parts.options;
    if (heartbeat !== false) {
      if (message === heartbeat.ping) return this.#sendControl(heartbeat.pong);
      if (message === heartbeat.pong) return;
    }
    if (envelope === "none" || typeof message !== "string") return this.#tell(message);
    const incoming = parseIncoming(message);
    if (incoming === undefined) {
      this.malformed++;
      return;
    }
    const { pid, action, ...answer } = incoming;
    if (action === undefined) {
      if (pid === undefined) this.#takePush(answer);
      else this.#requests.settle({ pid, ...answer });
    } else if (pid !== undefined) {
      this.#sendControl(toJson({ pid, actionAck: action, status: 0, error: toWireError({ code: "UNKNOWN_ACTION" }) }));
    }
  }

  #takePush(push: PushMessage): void {
    const { actionAck, channel, session, data } = push;
    if (channel !== undefined) this.subscriptions.take(push);
    else {
      if (actionAck === "login" && session !== undefined) this.#parts.onLogin(push);
      this.#parts.events.emit(pushKey(actionAck), data, push);
    }
    this.#tell(push);
  }

  #tell(message: PushMessage | ClientMessage): void {
    this.#parts.events.emit("message", { message, queued: this.queued });
  }

  #ask(message: RequestMessage, limits: RequestLimits, isDirect: boolean): Promise<ResponseMessage> {
    let queued: QueuedMessage | undefined;
    return this.#requests.ask(message, limits, {
      send: (request, onTaken, onFailed) => {
        const text = toJson(request);
        if (isDirect) {
          onTaken();
          this.#connection?.send(text);
        } else {
          queued = createQueued(text, onTaken, onFailed);
          this.#enqueue(queued, undefined);
        }
      },
      cancel: (pid, wasSent) => {
        if (wasSent) this.#sendControl(toJson({ action: "cancel", pid }));
        else this.#takeBack(queued);
      },
    });
  }

  #enqueue(queued: QueuedMessage, timeToLiveMs: number | undefined): void {
    const { whileOffline, timeToLiveMs: defaultMs } = this.#parts.options.queue;
    if (this.#parts.isWanted() && (this.isOpen || whileOffline === "queue")) {
      this.#queue.add(queued, timeToLiveMs ?? defaultMs);
    } else queued.onFailed(createNotConnected());
  }

  #takeBack(queued: QueuedMessage | undefined): void {
    if (queued !== undefined) this.#queue.remove(queued);
  }

  /** What may be left out, when the connection takes no more. */
  #sendControl(text: string): void {
    const connection = this.#connection;
    if (connection === undefined || connection.bufferedBytes > this.#parts.options.queue.maxBytes) return;
    try {
      connection.send(text);
    } catch {
      // its end is about to be told
    }
  }
}

/** The key of the handlers of a push. */
export function pushKey(event: string): string {
  return `push ${event}`;
}

export function createNotConnected(): ConnectionError {
  return new ConnectionError("NOT_CONNECTED", "no connection, and none to come: call connect");
}

function createQueued(message: ClientMessage, onTaken: () => void, onFailed: (error: unknown) => void): QueuedMessage {
  return { message, bytes: countBytes(message), onTaken, onFailed };
}
