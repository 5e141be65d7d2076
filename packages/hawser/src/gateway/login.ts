import { HawserError } from "../internal/errors.js";
import { WheelTimer } from "../internal/timer-wheel.js";
import { CLOSE_FORBIDDEN, encodeDone, encodeRefusal, encodeResponse } from "../messages/index.js";
import type { DecodedRequest } from "../messages/index.js";
import type { HandshakeInfo } from "../socket/service.js";
import { ActionError } from "./action-error.js";
import { ACTION_TIMEOUT_MS } from "./action-registry.js";
import { isThenable } from "./thenable.js";
import type { GatewayParts } from "./gateway-parts.js";
import type { GatewayUser } from "./gateway-types.js";
import type { GatewaySession, SessionConnection } from "./session.js";

/** What a login does with its connection. */
export interface LoginConnection extends SessionConnection {
  readonly session: GatewaySession | null;
  readonly info: HandshakeInfo;
  readonly isOver: boolean;
  /** Has this session from now on, instead of whatever connection had it. Answers its new secret. */
  takeSession(session: GatewaySession, user: GatewayUser): string;
  /** Answers how many logins were refused, with this one. */
  countRefusedLogin(): number;
  /** Closes the connection, behind what was answered. */
  end(code: number, reason: string): void;
}

/** Refusals that say nothing against the credentials. */
const innocent: ReadonlySet<string> = new Set(["TOO_MANY_SESSIONS", "UNAVAILABLE", "INTERNAL"]);

const MAX_USER_ID_LENGTH = 255;

/**
 * Asks the application who it is. A refusal is an ActionError, whatever `authenticate` throws.
 * The result is a promise only where `authenticate` answers one.
 */
export function identify(
  parts: GatewayParts,
  data: unknown,
  info: HandshakeInfo,
): GatewayUser | null | Promise<GatewayUser | null> {
  try {
    const answer = parts.options.authenticate(data, info);
    if (!isThenable(answer)) return checkUser(answer);
    return Promise.resolve(answer)
      .then(checkUser)
      .catch((error: unknown) => {
        throw toRefusal(parts, error);
      });
  } catch (error) {
    throw toRefusal(parts, error);
  }
}

function checkUser(answer: unknown): GatewayUser | null {
  if (answer === null || answer === undefined) return null;
  const id: unknown = typeof answer === "object" && "id" in answer ? answer.id : undefined;
  if (typeof id !== "string" || id === "" || id.length > MAX_USER_ID_LENGTH) {
    throw new TypeError(
      `authenticate answered a user without an id: expected a string of 1 to ${MAX_USER_ID_LENGTH} characters`,
    );
  }
  return answer as GatewayUser; // it has an id, and everything else is the application's
}

function toRefusal(parts: GatewayParts, error: unknown): ActionError {
  if (error instanceof ActionError) return error;
  parts.fail(new HawserError("HANDLER_FAILED", "authenticate failed", { cause: error }), null);
  return new ActionError("INTERNAL", "the server failed");
}

/** Carries out `login`, or `refresh`. A promise holds back what the client sends next: it is about to be another's, or nobody's. */
export function logIn(parts: GatewayParts, connection: LoginConnection, request: DecodedRequest): void | Promise<void> {
  const login = new Login(parts, connection, request);
  try {
    if (parts.isClosed) throw new ActionError("UNAVAILABLE", "the gateway is closed");
    const user = identify(parts, request.data, connection.info);
    const decided = user instanceof Promise ? user.then((found) => login.decide(found)) : login.decide(user);
    return decided === undefined ? undefined : login.wait(decided);
  } catch (error) {
    login.refuse(error);
  }
  return undefined;
}

interface Outcome {
  readonly session: GatewaySession;
  readonly resume: string;
  readonly data: unknown;
}

class Login {
  readonly #parts: GatewayParts;
  readonly #connection: LoginConnection;
  readonly #request: DecodedRequest;
  readonly #startedAtMs: number;
  #isSettled = false;

  constructor(parts: GatewayParts, connection: LoginConnection, request: DecodedRequest) {
    this.#parts = parts;
    this.#connection = connection;
    this.#request = request;
    this.#startedAtMs = parts.runtime.clock.now();
  }

  /**
   * A promise where the application answers one.
   * @throws ActionError, or what `loginData` throws
   */
  decide(user: GatewayUser | null): void | Promise<void> {
    if (user === null) throw new ActionError("LOGIN_REFUSED", "the credentials were refused");
    if (!this.#isWanted(user)) return undefined;
    // before anything is changed: it may throw
    const data = this.#parts.options.loginData?.(user);
    if (isThenable(data)) return Promise.resolve(data).then((later) => this.#admit(user, later));
    return this.#admit(user, data);
  }

  /** Settles when it is decided, or its time is over: the connection must not stand still for ever. Never rejects. */
  wait(decided: Promise<void>): Promise<void> {
    const { wheel } = this.#parts.runtime;
    return new Promise((resolve) => {
      const timer = new WheelTimer(() => {
        this.refuse(new ActionError("TIMEOUT", "the login was not decided in time"));
        resolve();
      });
      wheel.arm(timer, ACTION_TIMEOUT_MS);
      const end = (): void => {
        wheel.cancel(timer);
        resolve();
      };
      decided.catch((error: unknown) => this.refuse(error)).then(end, end);
    });
  }

  refuse(error: unknown): void {
    const refusal = toRefusal(this.#parts, error);
    if (this.#isSettled) return;
    this.#isSettled = true;
    const { pid, action } = this.#request;
    const connection = this.#connection;
    if (pid !== undefined) connection.outbox.reply(encodeRefusal(pid, action, refusal.toWire()));
    this.#note(refusal.code, connection.session);
    if (connection.isOver || innocent.has(refusal.code) || refusal.temporary) return;
    if (connection.countRefusedLogin() >= this.#parts.options.limits.maxLoginAttempts) {
      connection.end(CLOSE_FORBIDDEN, "too many refused logins");
    }
  }

  /** Asked before the application is, and again when it has answered: much may have happened meanwhile. @throws ActionError */
  #isWanted(user: GatewayUser): boolean {
    if (this.#isSettled || this.#connection.isOver) return false;
    if (this.#parts.isClosed) throw new ActionError("UNAVAILABLE", "the gateway is closed");
    const { session } = this.#connection;
    if (session === null || session.user.id === user.id) return true;
    throw new ActionError("CONFLICT", "another user is logged in: log out first");
  }

  #admit(user: GatewayUser, data: unknown): void {
    if (!this.#isWanted(user)) return;
    const connection = this.#connection;
    const { sessions } = this.#parts;
    const { session } = connection;
    // it throws for what has no JSON: while nothing is changed
    encodeDone("", "", data);
    if (session !== null) {
      this.#answer({ session, resume: sessions.attach(session, user, connection), data }, false);
      return;
    }
    const resumed = sessions.findResumable(user, this.#request.session, this.#request.resume);
    const taken = resumed ?? sessions.create(user);
    if (taken === null) throw new ActionError("TOO_MANY_SESSIONS", "the user has as many sessions as allowed");
    this.#answer({ session: taken, resume: connection.takeSession(taken, user), data }, resumed !== undefined);
  }

  #answer({ session, resume, data }: Outcome, isResumed: boolean): void {
    this.#isSettled = true;
    const { pid, action } = this.#request;
    this.#note("done", session);
    if (pid === undefined) return;
    const channels = isResumed ? { resumed: true, channels: [...session.channels] } : {};
    const text = encodeResponse({ pid, actionAck: action, status: 1, session: session.id, resume, ...channels, data });
    // a secret beside what the client chose must not be compressed with it
    this.#connection.outbox.reply(text, { compress: false });
  }

  #note(outcome: string, session: GatewaySession | null): void {
    const { audit, runtime } = this.#parts;
    const { pid, action, data } = this.#request;
    audit?.note({
      what: "login",
      session: session?.id,
      user: session?.user.id,
      action,
      pid,
      outcome,
      data,
      durationMs: runtime.clock.now() - this.#startedAtMs,
      remoteAddress: this.#connection.remoteAddress,
    });
  }
}
