import type { GatewayUser, Session } from "./gateway-types.js";
import type { Outbox } from "./outbox.js";

const NO_CHANNELS: ReadonlySet<string> = new Set();

/** The connection that a session has at the moment. */
export interface SessionConnection {
  readonly outbox: Outbox;
  readonly remoteAddress: string | undefined;
}

/**
 * One login of a user; it outlives its connection for the resume window. There may be very many: nothing is made before it is needed,
 * and what applications must not see when they print it (the secret, the connection) is private.
 */
export class GatewaySession<UserData = unknown> implements Session<UserData> {
  readonly id: string;
  /** The next session of the same user: a chain needs no list. */
  #nextOfUser: GatewaySession<UserData> | null = null;
  #user: GatewayUser<UserData>;
  #resume = "";
  #connection: SessionConnection | null = null;
  #remoteAddress: string | undefined = undefined;
  #joined: Set<string> | null = null;
  /** When it is forgotten; while there is a connection, never. */
  #expiresAtMs = Infinity;

  constructor(id: string, user: GatewayUser<UserData>) {
    this.id = id;
    this.#user = user;
  }

  get user(): GatewayUser<UserData> {
    return this.#user;
  }
  get channels(): ReadonlySet<string> {
    return this.#joined ?? NO_CHANNELS;
  }
  get connected(): boolean {
    return this.#connection !== null;
  }
  get remoteAddress(): string | undefined {
    return this.#remoteAddress;
  }

  // For the gateway's parts

  /** Where to send; null while there is no connection. */
  static outboxOf(session: GatewaySession): Outbox | null {
    return session.#connection?.outbox ?? null;
  }

  /** The channels subscribed, to be changed by whoever keeps the channels alone; null: none yet. */
  static joinedOf(session: GatewaySession): Set<string> | null {
    return session.#joined;
  }

  static setJoined(session: GatewaySession, joined: Set<string> | null): void {
    session.#joined = joined;
  }

  static connectionOf(session: GatewaySession): SessionConnection | null {
    return session.#connection;
  }

  /** null: it is lost. */
  static setConnection(
    session: GatewaySession,
    connection: SessionConnection | null,
    expiresAtMs: number = Infinity,
  ): void {
    session.#connection = connection;
    session.#expiresAtMs = expiresAtMs;
    if (connection !== null) session.#remoteAddress = connection.remoteAddress;
  }

  static expiryOf(session: GatewaySession): number {
    return session.#expiresAtMs;
  }

  static refresh<UserData>(session: GatewaySession<UserData>, user: GatewayUser<UserData>, resume: string): void {
    session.#user = user;
    session.#resume = resume;
  }

  /** In the same time for every secret of the same length. */
  static canResume(session: GatewaySession, secret: string): boolean {
    const own = session.#resume;
    if (own === "" || own.length !== secret.length) return false;
    let difference = 0;
    for (let at = 0; at < own.length; at++) difference |= own.charCodeAt(at) ^ secret.charCodeAt(at);
    return difference === 0;
  }

  static nextOfUser<UserData>(session: GatewaySession<UserData>): GatewaySession<UserData> | null {
    return session.#nextOfUser;
  }

  static setNextOfUser<UserData>(session: GatewaySession<UserData>, next: GatewaySession<UserData> | null): void {
    session.#nextOfUser = next;
  }
}
