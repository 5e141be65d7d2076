import type { Clock } from "../internal/clock.js";
import { quiet } from "../internal/deferred.js";
import { ConnectionError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";
import type { PushMessage, RequestMessage, ResponseMessage } from "../messages/index.js";
import { createTimeout } from "./client-errors.js";
import type { ResolvedClientOptions } from "./client-options.js";
import type { ClientCounters, RequestOptions, SendOptions } from "./client-types.js";
import type { ClientMessage, Connection } from "./connector.js";
import type { EventQueue } from "./event-queue.js";
import { createHeartbeat } from "./heartbeat.js";
import { createOutgoingQueue } from "./outgoing-queue.js";
import type { QueuedMessage } from "./outgoing-queue.js";
import { createPending } from "./pending.js";
import { createRequests } from "./requests.js";
import type { RequestLimits } from "./requests.js";
import { createSubscriptions } from "./subscriptions.js";
import type { Subscriptions } from "./subscriptions.js";
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
export interface MessageLink {
  readonly subscriptions: Subscriptions;
  readonly isOpen: boolean;
  readonly queued: number;
  readonly counters: ClientCounters;
  use(connection: Connection): void;
  /** Subscribes again, then sends what waits. `kept`: channels that the session has brought along. */
  open(kept: readonly string[]): void;
  /** What went with the connection may have been done, or not. */
  close(): void;
  failAll(error: HawserError): void;
  /** Asks for a sign of life. */
  probe(): void;
  send(message: string | Uint8Array | object, options: SendOptions): Promise<void>;
  /** Asks in its turn; settles with the response's data. */
  request(message: RequestMessage, options: RequestOptions): Promise<unknown>;
  /** Asks at once, before what waits. */
  ask(message: RequestMessage, limits: RequestLimits): Promise<ResponseMessage>;
  received(message: ClientMessage): void;
}

export function createMessageLink(parts: LinkParts): MessageLink {
  const { clock, events, options } = parts;
  const { heartbeat: beat, envelope, requestTimeoutMs } = options;
  const { maxBytes, whileOffline, timeToLiveMs: usualTimeToLiveMs } = options.queue;
  const queue = createOutgoingQueue(clock, options.queue);
  const counters = { lateAnswers: 0, malformedMessages: 0 };
  const requests = createRequests(clock, parts.fill, () => counters.lateAnswers++);
  let connection: Connection | undefined;
  let isOpen = false;

  /** What may be left out, when the connection takes no more. */
  const sendControl = (text: string): void => {
    if (connection === undefined || connection.bufferedBytes > maxBytes) return;
    try {
      connection.send(text);
    } catch {
      // its end is about to be told
    }
  };

  const heartbeat =
    beat !== false && options.beats
      ? createHeartbeat(clock, beat, {
          ping: () => sendControl(beat.ping),
          onSilence: () => parts.onSilence(createTimeout(beat.timeoutMs, "HEARTBEAT_TIMEOUT")),
        })
      : undefined;

  const enqueue = (queued: QueuedMessage, timeToLiveMs = usualTimeToLiveMs): void => {
    if (parts.isWanted() && (isOpen || whileOffline === "queue")) queue.add(queued, timeToLiveMs);
    else queued.onFailed(createNotConnected());
  };

  const ask = (message: RequestMessage, limits: RequestLimits, isDirect = true): Promise<ResponseMessage> => {
    let queued: QueuedMessage | undefined;
    return requests.ask(message, limits, {
      send: (request, onTaken, onFailed) => {
        const text = toJson(request);
        if (isDirect) {
          onTaken();
          connection?.send(text);
        } else enqueue((queued = { message: text, onTaken, onFailed }));
      },
      cancel: (pid, wasSent) => {
        if (wasSent) sendControl(toJson({ action: "cancel", pid }));
        else queue.remove(queued);
      },
    });
  };

  const subscriptions = createSubscriptions({
    clock,
    random: parts.random,
    events,
    ask: (message, onDone) => ask(message, { timeoutMs: requestTimeoutMs, onDone }),
    isOpen: () => isOpen,
  });

  const tell = (message: PushMessage | ClientMessage): void => events.emit("message", { message, queued: queue.size });

  const takePush = (push: PushMessage): void => {
    const { actionAck, channel, session, data } = push;
    if (channel !== undefined) subscriptions.take(push);
    else {
      if (actionAck === "login" && session !== undefined) parts.onLogin(push);
      events.emit(pushKey(actionAck), data, push);
    }
    tell(push);
  };

  return {
    subscriptions,
    get isOpen() {
      return isOpen;
    },
    get queued() {
      return queue.size;
    },
    counters,
    use: (opening) => {
      connection = opening;
    },
    open: (kept) => {
      isOpen = true;
      heartbeat?.start();
      subscriptions.renew(kept);
      // `use` came before
      if (connection !== undefined) queue.attach(connection);
    },
    close: () => {
      isOpen = false;
      connection = undefined;
      heartbeat?.stop();
      queue.detach();
      subscriptions.pause();
      requests.failAll(new ConnectionError("CONNECTION_LOST", "no answer came"), true);
    },
    failAll: (error) => {
      requests.failAll(error);
      queue.failAll(error);
      subscriptions.endAll(error);
    },
    probe: () => {
      if (isOpen) heartbeat?.probe();
    },
    send: (message, { signal, timeToLiveMs }) => {
      let queued: QueuedMessage | undefined;
      const sent = createPending<void>(clock, { signal }, () => queue.remove(queued));
      if (sent.isSettled) return sent.promise;
      try {
        const isPlain = typeof message === "string" || message instanceof Uint8Array;
        queued = {
          message: isPlain ? message : toJson(message),
          onTaken: () => sent.resolve(),
          onFailed: (error) => sent.reject(error),
        };
        enqueue(queued, timeToLiveMs);
      } catch (error) {
        sent.reject(error);
      }
      return sent.promise;
    },
    request: (message, { timeoutMs = requestTimeoutMs, ...limits }) =>
      quiet(ask(message, { ...limits, timeoutMs }, false).then(({ data }) => data)),
    ask,
    received: (message) => {
      heartbeat?.received();
      if (beat !== false) {
        if (message === beat.ping) return sendControl(beat.pong);
        if (message === beat.pong) return;
      }
      if (envelope === "none" || typeof message !== "string") return tell(message);
      const incoming = parseIncoming(message);
      if (incoming === undefined) {
        counters.malformedMessages++;
        return;
      }
      const { pid, action, ...answer } = incoming;
      if (action === undefined) {
        if (pid === undefined) takePush(answer);
        else requests.settle({ pid, ...answer });
      } else if (pid !== undefined) {
        sendControl(toJson({ pid, actionAck: action, status: 0, error: toWireError({ code: "UNKNOWN_ACTION" }) }));
      }
    },
  };
}

/** The key of the handlers of a push. */
export function pushKey(event: string): string {
  return `push ${event}`;
}

export function createNotConnected(): ConnectionError {
  return new ConnectionError("NOT_CONNECTED", "call connect first");
}
