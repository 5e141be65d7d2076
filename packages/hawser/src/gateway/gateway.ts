import { quiet } from "../internal/deferred.js";
import { HawserError, UsageError } from "../internal/errors.js";
import { CLOSE_FORBIDDEN, CLOSE_SLOW, encodePush, isChannelName, SUB_PROTOCOL } from "../messages/index.js";
import type { Admission, HandshakeInfo, Refusal, ServiceDefaults } from "../socket/service.js";
import type { CloseReport, Message, Runtime, Socket } from "../socket/index.js";
import { ActionError } from "./action-error.js";
import { defineAction } from "./action-registry.js";
import type { ActionDefinition } from "./action-registry.js";
import { Audit } from "./audit.js";
import type { Backplane, BackplaneNode } from "./backplane.js";
import { builtInActions } from "./built-in-actions.js";
import { Channels } from "./channels.js";
import { guardHandshake } from "./connection-info.js";
import type { Arrival } from "./connection-info.js";
import { GatewayConnection } from "./connection.js";
import { checkKick, checkName, isKick, resolveGatewayOptions, unexpected } from "./gateway-options.js";
import type { GatewayParts } from "./gateway-parts.js";
import type {
  ChannelOptions,
  Gateway,
  GatewayOptions,
  GatewayStats,
  GatewayUser,
  PublishOptions,
  Session,
  Target,
} from "./gateway-types.js";
import { disconnectCode } from "./outbox.js";
import { refuseHandshake } from "./handshake-refusal.js";
import { identify } from "./login.js";
import { SessionRegistry } from "./session-registry.js";
import { GatewaySession } from "./session.js";
import { checkTarget, formatSignal, parseSignal } from "./signals.js";
import type { GatewaySignal } from "./signals.js";
import { StoredResponses } from "./stored-responses.js";
import { quietResult } from "./thenable.js";

/** What a gateway has from where it is put together. */
export interface GatewayHome {
  readonly runtime: Runtime;
  /** For a gateway that is given none. */
  readonly createBackplane: () => Backplane;
}

/** Events that are the gateway's own: an application's push must not look like one. */
const ownEvents: ReadonlySet<string> = new Set(["login", "unsubscribed"]);

/** What `socket.data` is between the handshake and the open connection. */
class Arriving implements Arrival {
  readonly secure: boolean;
  readonly clientCertificate: Arrival["clientCertificate"];
  readonly user: GatewayUser | null;

  constructor({ secure, clientCertificate }: Arrival, user: GatewayUser | null) {
    this.secure = secure;
    this.clientCertificate = clientCertificate;
    this.user = user;
  }
}

/** Of a service whose own `admit` took the place of ours: nothing is known. */
const UNKNOWN = new Arriving({ secure: false, clientCertificate: undefined }, null);

/** The service at its path, and the application's hand on it. */
export class GatewayService implements Gateway {
  readonly defaults: ServiceDefaults;
  readonly #parts: GatewayParts;
  readonly #actions: Map<string, ActionDefinition>;
  readonly #channels: Channels;
  readonly #backplane: BackplaneNode;
  #connections = 0;
  #closedAsSlow = 0;
  #closed: Promise<void> | null = null;

  constructor(given: GatewayOptions, { runtime, createBackplane }: GatewayHome) {
    const options = resolveGatewayOptions(given);
    const { limits, audit, redact } = options;
    const onError = (error: unknown): void => this.#fail(toBackplaneError(error), null);
    const sink = {
      onPublication: (channel: string, payload: string): void => this.#channels.deliver(channel, payload),
      onSignal: (payload: string): void => this.#onSignal(payload),
      // without positions there is nothing to check
      onDisturbed: (): void => {},
    };
    this.#backplane = (given.backplane ?? createBackplane()).open(sink);
    this.#channels = new Channels({ backplane: this.#backplane, runtime, limits, onError });
    this.#actions = builtInActions(this.#channels);
    this.#parts = {
      options,
      runtime,
      actions: this.#actions,
      sessions: new SessionRegistry({ limits, runtime, onEnded: (session) => this.#onEnded(session) }),
      channels: this.#channels,
      stored: new StoredResponses(limits, runtime),
      audit: audit === undefined ? null : new Audit(audit, redact),
      isClosed: false,
      requestsInFlight: 0,
      fail: (error, session) => this.#fail(error, session),
      onSlow: () => this.#closedAsSlow++,
    };
    this.defaults = {
      protocols: [SUB_PROTOCOL],
      maxMessageBytes: limits.maxMessageBytes,
      rateLimit: { messagesPerSecond: 100, burst: 200, closeAfterMs: 10_000 },
      slowCloseCode: CLOSE_SLOW,
    };
  }

  // Handlers: what the server calls

  admit(info: HandshakeInfo): Admission | Promise<Admission | Refusal> {
    return this.#parts.options.authenticateAtHandshake ? this.#admitUser(info) : { data: new Arriving(info, null) };
  }

  open(socket: Socket): void {
    const { user, secure, clientCertificate } = socket.data instanceof Arriving ? socket.data : UNKNOWN;
    this.#connections++;
    const connection = new GatewayConnection(socket, { secure, clientCertificate }, this.#parts);
    socket.data = connection;
    if (user !== null) connection.greet(user);
  }

  message(socket: Socket, message: Message): void | Promise<void> {
    return connectionOf(socket)?.receive(message);
  }

  error(socket: Socket, error: HawserError): void {
    // of the connection's own troubles the server's log tells; this would be one of ours
    if (error.code === "HANDLER_FAILED") this.#fail(error, connectionOf(socket)?.session ?? null);
  }

  // The application's

  action(name: string, options: unknown, handler: unknown): this {
    const definition = defineAction(name, options, handler);
    if (this.#actions.has(name)) {
      throw new UsageError("INVALID_ARGUMENT", `the action ${name} is defined already: each name has one meaning`, {
        facts: { name: "action", value: name },
      });
    }
    this.#actions.set(name, definition);
    return this;
  }

  channel(pattern: string, options?: ChannelOptions): this {
    this.#channels.declare(pattern, options);
    return this;
  }

  publish(channel: string, data: unknown, options?: PublishOptions): Promise<void> {
    return this.#channels.publish(channel, data, options);
  }

  send(target: Target, event: string, data?: unknown): Promise<void> {
    return quiet(this.#send(target, event, data));
  }

  broadcast(event: string, data?: unknown): Promise<void> {
    return quiet(this.#broadcast(event, data));
  }

  unsubscribe(target: Target, channel: string): Promise<void> {
    return quiet(this.#unsubscribe(target, channel));
  }

  kick(target: Target, code: number = CLOSE_FORBIDDEN, reason = "kicked"): Promise<void> {
    return quiet(this.#kickAll(target, code, reason));
  }

  get sessions(): ReadonlyMap<string, Session> {
    return this.#parts.sessions.byId;
  }

  stats(): GatewayStats {
    const { sessions, stored, requestsInFlight } = this.#parts;
    return {
      connections: this.#connections,
      sessions: sessions.byId.size,
      users: sessions.users,
      channels: this.#channels.size,
      subscriptions: this.#channels.subscriptions,
      requestsInFlight,
      storedResponseBytes: stored.bytes,
      closedAsSlow: this.#closedAsSlow,
    };
  }

  /** Of the gateway; with a socket, of that connection alone: the server calls it so. */
  close(): Promise<void>;
  close(socket: Socket, report: CloseReport): void;
  close(socket?: Socket, report?: CloseReport): void | Promise<void> {
    if (socket !== undefined && report !== undefined) {
      this.#connections--;
      // an overflow was counted when it was found
      if (report.initiator === "error" && disconnectCode(report) === CLOSE_SLOW) this.#closedAsSlow++;
      return connectionOf(socket)?.onClosed(report);
    }
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#parts.isClosed = true;
    this.#parts.sessions.endAll();
    this.#parts.stored.clear();
    await this.#backplane.close();
  }

  async #admitUser(info: HandshakeInfo): Promise<Admission | Refusal> {
    try {
      return { data: new Arriving(info, await identify(this.#parts, undefined, guardHandshake(info))) };
    } catch (error) {
      if (error instanceof ActionError) return refuseHandshake(error);
      throw error;
    }
  }

  async #send(target: Target, event: string, data: unknown): Promise<void> {
    const to = checkTarget(target);
    await this.#signal({ do: "send", to, text: formatPush(event, data) });
    this.#notePush(to, event, data);
  }

  async #broadcast(event: string, data: unknown): Promise<void> {
    await this.#signal({ do: "send", to: "everyone", text: formatPush(event, data) });
    this.#notePush({}, event, data);
  }

  async #unsubscribe(target: Target, channel: string): Promise<void> {
    const to = checkTarget(target);
    if (!isChannelName(channel)) throw unexpected("channel", channel, "a channel's name");
    await this.#signal({ do: "unsubscribe", to, channel });
  }

  async #kickAll(target: Target, code: number, reason: string): Promise<void> {
    const to = checkTarget(target);
    checkKick(code, reason, this.#parts.runtime.bytes);
    await this.#signal({ do: "kick", to, code, reason });
  }

  #onSignal(payload: string): void {
    const signal = parseSignal(payload);
    if (signal === undefined) return;
    // of a node that knows other rules
    if (signal.do === "kick" && !isKick(signal, this.#parts.runtime.bytes)) return;
    for (const session of this.#sessionsOf(signal.to)) {
      if (signal.do === "send") GatewaySession.outboxOf(session)?.reply(signal.text);
      else if (signal.do === "unsubscribe") this.#channels.expel(session, signal.channel);
      else this.#kick(session, signal.code, signal.reason);
    }
  }

  #kick(session: GatewaySession, code: number, reason: string): void {
    const connection = GatewaySession.connectionOf(session);
    if (connection instanceof GatewayConnection) connection.expel(code, reason);
    this.#parts.sessions.end(session);
  }

  #sessionsOf(target: Target | "everyone"): Iterable<GatewaySession> {
    const { sessions } = this.#parts;
    if (target === "everyone") return sessions.byId.values();
    if ("user" in target) return sessions.ofUser(target.user);
    const session = sessions.byId.get(target.session);
    return session === undefined ? [] : [session];
  }

  async #signal(signal: GatewaySignal): Promise<void> {
    if (this.#parts.isClosed) throw new UsageError("INVALID_STATE", "the gateway is closed");
    await this.#backplane.signal(formatSignal(signal));
  }

  #onEnded(session: GatewaySession): void {
    this.#channels.leaveAll(session);
    const connection = GatewaySession.connectionOf(session);
    GatewaySession.setConnection(session, null);
    if (connection instanceof GatewayConnection) connection.onSessionEnded();
  }

  #notePush(to: { readonly user?: string; readonly session?: string }, event: string, data: unknown): void {
    const { user, session } = to;
    const named = { what: "push", action: event, user, session, data } as const;
    this.#parts.audit?.note({ ...named, pid: undefined, outcome: "done", remoteAddress: undefined });
  }

  #fail(error: HawserError, session: GatewaySession | null): void {
    try {
      quietResult(this.#parts.options.onError?.(error, session ?? undefined));
    } catch {
      // whoever fails in the handler of failures cannot be told
    }
  }
}

/** undefined: `open` failed. */
function connectionOf(socket: Socket): GatewayConnection | undefined {
  return socket.data instanceof GatewayConnection ? socket.data : undefined;
}

/** @throws UsageError INVALID_ARGUMENT */
function formatPush(event: unknown, data: unknown): string {
  const actionAck = checkName("event", event);
  if (ownEvents.has(actionAck)) {
    throw new UsageError("INVALID_ARGUMENT", `the event ${actionAck} is the gateway's own: give yours another name`, {
      facts: { name: "event", value: actionAck },
    });
  }
  return encodePush({ actionAck, status: 1, data });
}

function toBackplaneError(error: unknown): HawserError {
  return error instanceof HawserError
    ? error
    : new HawserError("HANDLER_FAILED", "the backplane failed", { cause: error });
}
