import { quiet } from "../internal/deferred.js";
import { UsageError } from "../internal/errors.js";
import { encodePush, isChannelName } from "../messages/index.js";
import { type EncodedMessage, encodeMessage } from "../socket/fan-out.js";
import type { Runtime } from "../socket/index.js";
import { ActionError } from "./action-error.js";
import type { BackplaneNode } from "./backplane.js";
import { ChannelBus } from "./channel-bus.js";
import { Join, SessionJoins } from "./channel-joins.js";
import { ChannelPatterns } from "./channel-patterns.js";
import type { ChannelPort, PublishRequest } from "./channel-port.js";
import type { ChannelOptions, GatewayLimits, PublishOptions } from "./gateway-types.js";
import { GatewaySession } from "./session.js";

/** The event that only the server may use: it took a subscription away. */
const REMOVED = "unsubscribed";
const DEFAULT_EVENT = "message";
const MAX_EVENT_LENGTH = 128;
const MAX_KEY_LENGTH = 255;

export interface ChannelParts {
  readonly backplane: BackplaneNode;
  readonly runtime: Runtime;
  readonly limits: Pick<GatewayLimits, "maxChannelsPerSession">;
  /** Gets what the backplane failed at. */
  readonly onError: (error: unknown) => void;
}

/**
 * Who is subscribed to what on this node. A publication goes to the backplane, and comes back from it as the text that peers get:
 * encoded once, it is put into the outbox of each subscriber. Nobody is waited for.
 */
export class Channels<UserData = unknown> implements ChannelPort {
  readonly #parts: ChannelParts;
  readonly #bus: ChannelBus;
  readonly #patterns = new ChannelPatterns<ChannelOptions<UserData>>();
  readonly #members: Map<string, Set<GatewaySession<UserData>>> = new Map();
  readonly #work: Map<GatewaySession<UserData>, SessionJoins> = new Map();
  #subscriptions = 0;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    this.#bus = new ChannelBus(parts.backplane, parts.onError);
  }

  /** Channels that have subscribers here. */
  get size(): number {
    return this.#members.size;
  }

  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** @throws UsageError INVALID_ARGUMENT */
  declare(pattern: string, options: ChannelOptions<UserData> = {}): void {
    for (const name of ["subscribe", "publish"] as const) {
      const rule = options[name];
      if (rule !== undefined && typeof rule !== "boolean" && typeof rule !== "function") {
        throw invalid(name, rule, "a boolean or a function");
      }
    }
    this.#patterns.declare(pattern, options);
  }

  // ChannelPort: what clients ask for

  subscribe(
    session: GatewaySession<UserData>,
    channel: string | undefined,
    answer: () => void,
    isWaiting: () => boolean = () => true,
  ): void | Promise<void> {
    const name = checkName(channel);
    if (session.channels.has(name)) return answer();
    const connection = GatewaySession.connectionOf(session);
    if (connection === null) throw new ActionError("CANCELLED", "the session has no connection");
    const work = this.#workOf(session);
    const running = work.joins.get(name);
    if (running?.connection === connection) return running.attach(answer, isWaiting);
    work.joins.delete(name);
    running?.cancel("the connection that asked for it is gone");
    const waitMs = work.admit(this.#parts.runtime.clock.now());
    if (waitMs > 0) throw new ActionError("RATE_LIMITED", "too many subscriptions", { retryAfterMs: waitMs });
    this.#find(name);
    const { maxChannelsPerSession } = this.#parts.limits;
    if (session.channels.size + work.joins.size >= maxChannelsPerSession) {
      throw new ActionError("TOO_MANY_CHANNELS", `at most ${maxChannelsPerSession} channels a session`);
    }
    const join = new Join(connection);
    work.joins.set(name, join);
    const done = join.attach(answer, isWaiting);
    void this.#join(session, name, join);
    return join.isFinished ? undefined : done;
  }

  unsubscribe(session: GatewaySession<UserData>, channel: string | undefined): void {
    const name = checkName(channel);
    this.#leave(session, name, "unsubscribed before it was granted");
  }

  publishFrom(session: GatewaySession<UserData>, request: PublishRequest): Promise<void> {
    const name = checkName(request.channel);
    const { event = DEFAULT_EVENT, key, data } = request;
    if (!isEvent(event)) throw new ActionError("BAD_REQUEST", "event is not one that a client may publish");
    if (key !== undefined && !isKey(key)) throw new ActionError("BAD_REQUEST", "key is not of 1 to 255 characters");
    const rule = this.#find(name).publish ?? false;
    const payload = encodePush({ actionAck: event, status: 1, channel: name, key, data });
    const work = this.#workOf(session);
    const hasEnded = (): boolean => this.#work.get(session) !== work;
    const publish = async (): Promise<void> => {
      if (hasEnded()) throw new ActionError("CANCELLED", "the session has ended");
      const allowed = typeof rule === "function" ? await rule(session, name, data) : rule;
      if (allowed !== true) throw new ActionError("FORBIDDEN", "the session may not publish to this channel");
      if (hasEnded()) throw new ActionError("CANCELLED", "the session has ended");
      await this.#hand(name, payload);
    };
    return publishInOrder(work, name, publish);
  }

  leaveAll(session: GatewaySession<UserData>): void {
    const work = this.#work.get(session);
    this.#work.delete(session);
    for (const join of work?.joins.values() ?? []) join.cancel("the session has ended");
    work?.joins.clear();
    for (const name of session.channels) this.#remove(session, name);
    GatewaySession.setJoined(session, null);
  }

  // For the gateway itself

  /** Publishes to all nodes. Rejects UsageError INVALID_ARGUMENT, and whatever the backplane rejects with. */
  publish(channel: string, data: unknown, options: PublishOptions = {}): Promise<void> {
    return quiet(later(() => this.#publish(channel, data, options)));
  }

  /** What the backplane brings: `payload` is the text that subscribers get. */
  deliver(channel: string, payload: string): void {
    const members = this.#members.get(channel);
    if (members === undefined) return;
    let message: EncodedMessage | null = null;
    // no code of the application runs in here: members may only go, not come
    for (const session of members) {
      const outbox = GatewaySession.outboxOf(session);
      if (outbox === null) continue;
      message ??= encodeMessage(payload, { runtime: this.#parts.runtime });
      outbox.data(message, channel);
    }
  }

  /** Takes a subscription away, or refuses one that is not granted yet. The session is told by a push. */
  expel(
    session: GatewaySession<UserData>,
    channel: string,
    error: ActionError = new ActionError("FORBIDDEN", "taken away"),
  ): void {
    const had = session.channels.has(channel);
    this.#leave(session, channel, "taken away before it was granted");
    if (!had) return;
    const push = encodePush({ actionAck: REMOVED, status: 0, channel, error: error.toWire() });
    GatewaySession.outboxOf(session)?.reply(push);
  }

  /** What a session does beside its subscriptions; for tests of leaks. */
  get busySessions(): number {
    return this.#work.size;
  }

  /** Never rejects: the join does. */
  async #join(session: GatewaySession<UserData>, name: string, join: Join): Promise<void> {
    let held = false;
    try {
      const rule = this.#find(name).subscribe ?? true;
      const allowed = typeof rule === "function" ? await rule(session, name) : rule;
      if (allowed !== true) throw new ActionError("FORBIDDEN", "the session may not have this channel");
      requireWanted(session, join);
      await this.#acquire(name);
      held = true;
      requireWanted(session, join);
      this.#add(session, name);
      this.#forget(session, name, join);
      join.finish();
    } catch (error) {
      if (held) this.#bus.release(name);
      this.#forget(session, name, join);
      if (join.live) join.refuse(error);
    }
  }

  async #acquire(name: string): Promise<void> {
    try {
      await this.#bus.acquire(name);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #unavailable(cause: unknown): ActionError {
    this.#parts.onError(cause);
    return new ActionError("UNAVAILABLE", "the channels cannot be reached just now", { cause });
  }

  /** The join is over, one way or another; another one for the same channel may have taken its place. */
  #forget(session: GatewaySession<UserData>, name: string, join: Join): void {
    const joins = this.#work.get(session)?.joins;
    if (joins?.get(name) === join) joins.delete(name);
  }

  #add(session: GatewaySession<UserData>, name: string): void {
    const joined = GatewaySession.joinedOf(session) ?? new Set();
    GatewaySession.setJoined(session, joined.add(name));
    const members = this.#members.get(name) ?? new Set();
    this.#members.set(name, members.add(session));
    this.#subscriptions++;
  }

  #leave(session: GatewaySession<UserData>, name: string, why: string): void {
    const work = this.#work.get(session);
    const join = work?.joins.get(name);
    work?.joins.delete(name);
    join?.cancel(why);
    if (!session.channels.has(name)) return;
    this.#remove(session, name);
    // what waits would come behind the answer, which overtakes it
    GatewaySession.outboxOf(session)?.dropData(name);
  }

  #remove(session: GatewaySession<UserData>, name: string): void {
    const joined = GatewaySession.joinedOf(session);
    joined?.delete(name);
    if (joined?.size === 0) GatewaySession.setJoined(session, null);
    const members = this.#members.get(name);
    if (members?.delete(session) !== true) return;
    this.#subscriptions--;
    if (members.size === 0) this.#members.delete(name);
    this.#bus.release(name);
  }

  async #publish(channel: string, data: unknown, { event = DEFAULT_EVENT, key }: PublishOptions): Promise<void> {
    if (!isChannelName(channel)) throw invalid("channel", channel, "1 to 255 characters of A-Z a-z 0-9 : _ . -");
    const isDeclared = this.#patterns.find(channel) !== undefined;
    if (!isDeclared) throw invalid("channel", channel, "one that fits a declared pattern");
    if (!isEvent(event)) throw invalid("event", event, `1 to ${MAX_EVENT_LENGTH} characters, and not ${REMOVED}`);
    if (key !== undefined && !isKey(key)) throw invalid("key", key, `1 to ${MAX_KEY_LENGTH} characters`);
    await this.#parts.backplane.publish(channel, encodePush({ actionAck: event, status: 1, channel, key, data }));
  }

  async #hand(name: string, payload: string): Promise<void> {
    try {
      await this.#parts.backplane.publish(name, payload);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #find(name: string): ChannelOptions<UserData> {
    const options = this.#patterns.find(name);
    if (options === undefined) throw new ActionError("UNKNOWN_CHANNEL", "the server has no such channel");
    return options;
  }

  #workOf(session: GatewaySession<UserData>): SessionJoins {
    let work = this.#work.get(session);
    if (work === undefined) {
      work = new SessionJoins();
      this.#work.set(session, work);
    }
    return work;
  }
}

/** An unsubscription, the end of the connection that asked, or a refusal to all who did wins over a grant that comes later. */
function requireWanted(session: GatewaySession, join: Join): void {
  if (join.live && join.isWaitedFor && GatewaySession.connectionOf(session) === join.connection) return;
  throw new ActionError("CANCELLED", "it is not wanted any more");
}

/** Publishes behind what the session is publishing to the channel, whatever becomes of that. */
function publishInOrder(work: SessionJoins, name: string, publish: () => Promise<void>): Promise<void> {
  const { publishing } = work;
  work.beginPublication();
  const line = publishing.get(name) ?? { last: Promise.resolve(), length: 0 };
  const own = line.last.then(publish);
  line.length++;
  const end = (): void => {
    work.endPublication();
    if (--line.length === 0) publishing.delete(name);
  };
  line.last = own.then(end, end);
  publishing.set(name, line);
  return own;
}

function checkName(channel: string | undefined): string {
  if (isChannelName(channel)) return channel;
  throw new ActionError("BAD_REQUEST", "channel is not of 1 to 255 characters out of A-Z a-z 0-9 : _ . -");
}

function isEvent(event: unknown): event is string {
  return typeof event === "string" && event !== "" && event.length <= MAX_EVENT_LENGTH && event !== REMOVED;
}

function isKey(key: unknown): key is string {
  return typeof key === "string" && key !== "" && key.length <= MAX_KEY_LENGTH;
}

/** Its result, or what it throws, as a promise. */
async function later<T>(call: () => T | Promise<T>): Promise<T> {
  return call();
}

function invalid(name: string, value: unknown, expected: string): UsageError {
  return new UsageError("INVALID_ARGUMENT", `${name} is ${describe(value)}: expected ${expected}`, {
    facts: { name, value: describe(value) },
  });
}

function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : typeof value;
}
