import type { HawserError } from "../internal/errors.js";
import { WheelTimer } from "../internal/timer-wheel.js";
import {
  CLOSE_MALFORMED,
  CLOSE_REPLACED,
  CLOSE_UNAUTHENTICATED,
  decodeRequest,
  encodePush,
  encodeRefusal,
  encodeResponse,
  EnvelopeFault,
} from "../messages/index.js";
import type { DecodedRequest } from "../messages/index.js";
import type { HandshakeInfo } from "../socket/service.js";
import type { CloseReport, Message, Socket } from "../socket/index.js";
import { ActionError } from "./action-error.js";
import type { ActionDefinition } from "./action-registry.js";
import { ActionRequest } from "./action-request.js";
import type { RequestHome } from "./action-request.js";
import { createConnectionInfo } from "./connection-info.js";
import type { Arrival } from "./connection-info.js";
import { FaultCount } from "./fault-count.js";
import type { GatewayParts } from "./gateway-parts.js";
import type { AuditRecord, GatewayUser } from "./gateway-types.js";
import { logIn } from "./login.js";
import type { LoginConnection } from "./login.js";
import { Outbox, disconnectCode } from "./outbox.js";
import { GatewaySession } from "./session.js";
import { repeatOrBegin } from "./idempotence.js";

/** RFC 6455's code for data of a kind that is not taken. */
const CLOSE_UNSUPPORTED_DATA = 1003;

const REPLACED = "replaced by a newer connection";
const NO_BINARY = "binary messages are not spoken here";

/**
 * One connection: reads its messages, knows its session, keeps its requests in flight. There may be very many that are idle: what is not
 * needed yet is null.
 */
export class GatewayConnection implements LoginConnection, RequestHome {
  readonly outbox: Outbox;
  readonly #socket: Socket;
  readonly #parts: GatewayParts;
  readonly #arrival: Arrival;
  /** The service may have been given a lower limit than the gateway. */
  readonly #maxMessageBytes: number;
  #session: GatewaySession | null = null;
  /** Only until there is a session. */
  #loginTimer: WheelTimer | null = null;
  #refusedLogins = 0;
  #faults: FaultCount | null = null;
  /** By pid; those without one by themselves. */
  #requests: Map<string | ActionRequest, ActionRequest> | null = null;
  #isOver = false;

  constructor(socket: Socket, arrival: Arrival, parts: GatewayParts) {
    this.#socket = socket;
    this.#arrival = arrival;
    this.#parts = parts;
    this.#maxMessageBytes = Math.min(parts.options.limits.maxMessageBytes, socket.maxMessageBytes);
    this.outbox = new Outbox(socket, parts.options.limits, parts.runtime, parts.onSlow);
    this.#beginLogin();
  }

  get session(): GatewaySession | null {
    return this.#session;
  }
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }
  /** Made each time: with its signal it would be a tenth of an idle session, kept for a login that is over. */
  get info(): HandshakeInfo {
    return createConnectionInfo(this.#socket, this.#arrival);
  }
  /** Nothing that is answered from now on would be sent. */
  get isOver(): boolean {
    return this.#isOver || this.#socket.state !== "open";
  }

  now(): number {
    return this.#parts.runtime.clock.now();
  }

  /** A message came. A promise holds back the next one. */
  receive(message: Message): void | Promise<void> {
    if (typeof message !== "string") return this.end(CLOSE_UNSUPPORTED_DATA, NO_BINARY);
    if (message === "Ping") return this.outbox.reply("Pong");
    if (message === "Pong") return undefined;
    const decoded = decodeRequest(message);
    if (decoded === null) return undefined;
    return decoded instanceof EnvelopeFault ? this.#onFault(decoded) : this.#dispatch(decoded);
  }

  /** The user was known from the handshake on. */
  greet(user: GatewayUser): void {
    const session = this.#parts.isClosed ? null : this.#parts.sessions.create(user);
    if (session === null) {
      const error = this.#parts.isClosed
        ? new ActionError("UNAVAILABLE", "the gateway is closed")
        : new ActionError("TOO_MANY_SESSIONS", "the user has as many sessions as allowed");
      this.outbox.reply(encodePush({ actionAck: "login", status: 0, error: error.toWire() }));
      this.#note({ what: "login", action: "login", outcome: error.code });
      return;
    }
    const resume = this.takeSession(session, user);
    this.outbox.reply(encodePush({ actionAck: "login", status: 1, session: session.id, resume }), { compress: false });
    this.#note({ what: "login", action: "login", outcome: "done" });
  }

  // LoginConnection

  takeSession(session: GatewaySession, user: GatewayUser): string {
    const older = GatewaySession.connectionOf(session);
    if (older instanceof GatewayConnection && older !== this) older.expel(CLOSE_REPLACED, REPLACED);
    const resume = this.#parts.sessions.attach(session, user, this);
    this.#session = session;
    this.#endLoginTimer();
    this.#socket.maxMessageBytes = this.#maxMessageBytes;
    return resume;
  }

  countRefusedLogin(): number {
    return ++this.#refusedLogins;
  }

  end(code: number, reason: string): void {
    void this.#socket.close(code, reason);
  }

  // What the gateway tells it

  /** Its session has ended: by logout, by a kick, or with the gateway. */
  onSessionEnded(): void {
    this.#session = null;
    this.#cancelRequests();
    this.#beginLogin();
  }

  /** Ends it at once, whatever still waits to be sent. Its session has no connection then. */
  expel(code: number, reason: string): void {
    this.#finish(String(code));
    if (this.#session !== null) GatewaySession.setConnection(this.#session, null);
    this.#session = null;
    void this.#socket.close(code, reason, { discardQueued: true });
  }

  /** The connection is over. */
  onClosed(report: CloseReport): void {
    this.#finish(String(disconnectCode(report)));
    const session = this.#session;
    this.#session = null;
    if (session !== null) this.#parts.sessions.detach(session);
  }

  // RequestHome

  onWaiting(request: ActionRequest, timer: WheelTimer): void {
    this.#requests ??= new Map();
    this.#requests.set(request.pid ?? request, request);
    this.#parts.requestsInFlight++;
    this.#parts.runtime.wheel.arm(timer, request.deadlineMs - this.now());
    // the handler itself may have ended its session, before it answered a promise
    if (this.#isOver) request.abandon();
    else if (request.session !== undefined && request.session !== this.#session) request.cancel();
  }

  onSettled(request: ActionRequest, text: string | undefined, outcome: string, timer: WheelTimer | null): void {
    if (timer !== null) {
      this.#parts.runtime.wheel.cancel(timer);
      this.#requests?.delete(request.pid ?? request);
      if (this.#requests?.size === 0) this.#requests = null;
      this.#parts.requestsInFlight--;
    }
    if (text !== undefined) this.outbox.reply(text);
    if (this.#parts.audit === null) return;
    const { action, pid } = request;
    const data = ActionRequest.dataOf(request);
    const durationMs = this.now() - ActionRequest.startedAt(request);
    const whose = { session: request.session?.id, user: request.user?.id };
    this.#note({ what: "request", action, pid, outcome, data, durationMs, ...whose });
  }

  onFailed(error: HawserError): void {
    this.#parts.fail(error, this.#session);
  }

  #dispatch(request: DecodedRequest): void | Promise<void> {
    switch (request.action) {
      case "login":
        return logIn(this.#parts, this, request);
      case "refresh":
        return this.#session === null ? this.#refuseUnknown(request) : logIn(this.#parts, this, request);
      case "logout":
        return this.#session === null ? this.#refuseUnknown(request) : this.#logOut(this.#session, request);
      case "ping":
        return this.#answer(request);
      case "cancel":
        return this.#cancel(request);
      default:
        return this.#run(request);
    }
  }

  #run(request: DecodedRequest): void {
    const definition = this.#parts.actions.get(request.action);
    if (definition === undefined || (this.#session === null && !definition.public)) return this.#refuseUnknown(request);
    const { pid } = request;
    const requests = this.#requests;
    const running = pid === undefined || requests === null ? undefined : requests.get(pid);
    if (running !== undefined) return this.#attach(running, request);
    if (requests !== null && requests.size >= this.#parts.options.limits.maxRequestsInFlight) {
      return this.#refuse(request, new ActionError("TOO_MANY_REQUESTS", "too many requests are in flight"));
    }
    return this.#start(definition, request);
  }

  #start(definition: ActionDefinition, message: DecodedRequest): void {
    const request = new ActionRequest(definition, message, this);
    const { stored } = this.#parts;
    if (!definition.idempotent || message.pid === undefined || this.#session === null) request.start();
    else repeatOrBegin(stored, request, message.data);
  }

  /** The pid is in flight: the one answer is for both. */
  #attach(running: ActionRequest, request: DecodedRequest): void {
    if (ActionRequest.isSame(running, request)) return;
    this.#refuse(
      request,
      new ActionError("CONFLICT", "another request with this pid is in flight", { temporary: false }),
    );
  }

  #cancel({ pid }: DecodedRequest): void {
    if (pid !== undefined) this.#requests?.get(pid)?.cancel();
  }

  #logOut(session: GatewaySession, request: DecodedRequest): void {
    this.#note({ what: "logout", action: "logout", pid: request.pid, outcome: "done" });
    this.#parts.sessions.end(session);
    this.#answer(request);
  }

  /** Before login nobody learns which actions there are. */
  #refuseUnknown(request: DecodedRequest): void {
    const error =
      this.#session === null
        ? new ActionError("UNAUTHENTICATED", "the action needs a login")
        : new ActionError("UNKNOWN_ACTION", "the server has no such action");
    this.#refuse(request, error);
  }

  #refuse({ pid, action, data }: DecodedRequest, error: ActionError): void {
    if (pid !== undefined) this.outbox.reply(encodeRefusal(pid, action, error.toWire()));
    this.#note({ what: "request", action, pid, outcome: error.code, data });
  }

  #answer({ pid, action }: DecodedRequest): void {
    if (pid !== undefined) this.outbox.reply(encodeResponse({ pid, actionAck: action, status: 1 }));
  }

  #onFault({ isAnswered, pid, action, reason }: EnvelopeFault): void {
    if (isAnswered) this.outbox.reply(encodeRefusal(pid, action, new ActionError("BAD_REQUEST", reason).toWire()));
    this.#faults ??= new FaultCount(this.#parts.options.limits.maxFaultsPerMinute);
    if (this.#faults.note(this.now())) this.end(CLOSE_MALFORMED, "too many malformed messages");
  }

  /** There is no session: the connection may not stay so for long, nor send much. */
  #beginLogin(): void {
    const { options, runtime } = this.#parts;
    const { maxMessageBytesBeforeLogin, loginTimeoutMs } = options.limits;
    this.#socket.maxMessageBytes = Math.min(this.#maxMessageBytes, maxMessageBytesBeforeLogin);
    this.#loginTimer ??= new WheelTimer(() => this.end(CLOSE_UNAUTHENTICATED, "not logged in in time"));
    runtime.wheel.arm(this.#loginTimer, loginTimeoutMs);
  }

  #endLoginTimer(): void {
    if (this.#loginTimer !== null) this.#parts.runtime.wheel.cancel(this.#loginTimer);
    this.#loginTimer = null;
  }

  /** Nothing is received, sent or answered any more. */
  #finish(outcome: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#endLoginTimer();
    this.outbox.close();
    for (const request of this.#requests?.values() ?? []) request.abandon();
    this.#note({ what: "disconnect", outcome });
  }

  #cancelRequests(): void {
    for (const request of this.#requests?.values() ?? []) request.cancel();
  }

  #note(record: Pick<AuditRecord, "what" | "outcome"> & Partial<AuditRecord>): void {
    const session = this.#session;
    this.#parts.audit?.note({
      action: undefined,
      pid: undefined,
      session: session?.id,
      user: session?.user.id,
      remoteAddress: this.remoteAddress,
      ...record,
    });
  }
}
