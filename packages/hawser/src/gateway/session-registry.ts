import { WheelTimer } from "../internal/timer-wheel.js";
import type { Runtime } from "../socket/index.js";
import type { GatewayLimits, GatewayUser } from "./gateway-types.js";
import { createRandomId } from "./random-id.js";
import { GatewaySession } from "./session.js";
import type { SessionConnection } from "./session.js";

const MAX_WAITING = 100_000;

export interface SessionRegistryParts {
  readonly limits: Pick<GatewayLimits, "maxSessionsPerUser" | "resumeWindowMs">;
  readonly runtime: Pick<Runtime, "clock" | "wheel" | "random">;
  /** Sessions that wait for their connection, of all users together; with more the oldest is forgotten early. @default 100_000 */
  readonly maxWaiting?: number;
  /** A session is over: it is in no list any more. */
  readonly onEnded: (session: GatewaySession) => void;
}

/** The sessions of this node: by id, by user, and those that wait for their connection to come back. */
export class SessionRegistry {
  readonly byId: Map<string, GatewaySession> = new Map();
  readonly #parts: SessionRegistryParts;
  /** The first of each user's chain. */
  readonly #byUser: Map<string, GatewaySession> = new Map();
  /** In the order in which they expire: all wait equally long. */
  readonly #waiting: Set<GatewaySession> = new Set();
  readonly #timer: WheelTimer = new WheelTimer(() => this.#expire());

  constructor(parts: SessionRegistryParts) {
    this.#parts = parts;
  }

  get users(): number {
    return this.#byUser.size;
  }

  /** The sessions of a user; a copy, so that they may end meanwhile. */
  ofUser(id: string): GatewaySession[] {
    const sessions: GatewaySession[] = [];
    let next = this.#byUser.get(id) ?? null;
    while (next !== null) {
      sessions.push(next);
      next = GatewaySession.nextOfUser(next);
    }
    return sessions;
  }

  /** A new session; null when the user has as many as allowed. One that waits for its connection makes room. */
  create(user: GatewayUser): GatewaySession | null {
    const own = this.ofUser(user.id);
    if (own.length >= this.#parts.limits.maxSessionsPerUser) {
      const oldest = own.filter((session) => this.#waiting.has(session)).at(-1);
      if (oldest === undefined) return null;
      this.end(oldest);
    }
    const session = new GatewaySession(createRandomId(this.#parts.runtime.random), user);
    this.byId.set(session.id, session);
    GatewaySession.setNextOfUser(session, this.#byUser.get(user.id) ?? null);
    this.#byUser.set(user.id, session);
    return session;
  }

  /** The session that this secret takes over, for this user; undefined for whatever else. */
  findResumable(user: GatewayUser, id: string | undefined, secret: string | undefined): GatewaySession | undefined {
    if (id === undefined || secret === undefined) return undefined;
    const session = this.byId.get(id);
    if (session === undefined || session.user.id !== user.id) return undefined;
    return GatewaySession.canResume(session, secret) ? session : undefined;
  }

  /** Gives the session a connection, and its user a new secret, which is answered. */
  attach(session: GatewaySession, user: GatewayUser, connection: SessionConnection): string {
    const resume = createRandomId(this.#parts.runtime.random);
    GatewaySession.refresh(session, user, resume);
    GatewaySession.setConnection(session, connection);
    this.#waiting.delete(session);
    return resume;
  }

  /** Its connection is lost: it waits for the resume window. */
  detach(session: GatewaySession): void {
    const { clock, wheel } = this.#parts.runtime;
    const { resumeWindowMs } = this.#parts.limits;
    GatewaySession.setConnection(session, null, clock.now() + resumeWindowMs);
    this.#waiting.add(session);
    if (!this.#timer.armed) wheel.arm(this.#timer, resumeWindowMs);
    const [oldest] = this.#waiting.size > (this.#parts.maxWaiting ?? MAX_WAITING) ? this.#waiting : [];
    if (oldest !== undefined) this.end(oldest);
  }

  /** Forgets it; a connection is left as it is. */
  end(session: GatewaySession): void {
    if (!this.byId.delete(session.id)) return;
    this.#waiting.delete(session);
    this.#unchain(session);
    this.#parts.onEnded(session);
  }

  endAll(): void {
    for (const session of this.byId.values()) this.end(session);
    this.#parts.runtime.wheel.cancel(this.#timer);
  }

  #unchain(session: GatewaySession): void {
    const { id } = session.user;
    const following = GatewaySession.nextOfUser(session);
    const first = this.#byUser.get(id);
    if (first !== session) {
      const before = this.ofUser(id).find((other) => GatewaySession.nextOfUser(other) === session);
      if (before !== undefined) GatewaySession.setNextOfUser(before, following);
    } else if (following === null) this.#byUser.delete(id);
    else this.#byUser.set(id, following);
    GatewaySession.setNextOfUser(session, null);
  }

  #expire(): void {
    const { clock, wheel } = this.#parts.runtime;
    const now = clock.now();
    for (const session of this.#waiting) {
      const leftMs = GatewaySession.expiryOf(session) - now;
      if (leftMs > 0) {
        wheel.arm(this.#timer, leftMs);
        return;
      }
      this.end(session);
    }
  }
}
