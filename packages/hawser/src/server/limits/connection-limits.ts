import type { Duplex } from "node:stream";
import { TokenBucket } from "../../internal/token-bucket.js";
import type { Runtime } from "../../socket/index.js";
import { formatAddressKey } from "./address-key.js";
import type { AddressSet } from "./address-set.js";
import type { RefusedHandshake } from "../handshake/handshake-check.js";
import { createLimitRefusal } from "./limit-refusals.js";
import type { LimitRule } from "./limit-refusals.js";
import type { Logger } from "../logs/logger.js";
import { RareWarning } from "./rare-warning.js";
import { Tally } from "./tally.js";

/**
 * Who may be connected. Every connection has a place from the moment it is accepted until it is gone, whatever it does
 * meanwhile: one that sends its request slowly, or none, holds a descriptor like any other.
 *
 * - Beyond `maxConnections` some more are accepted, to be told 503 when their request has come. What comes behind those is
 *   dropped unread.
 * - While all places are taken, a newcomer ends the connection that has waited for a request the longest, if that is for
 *   more than a second: connections that say nothing cannot keep the others out. A WebSocket never has to make room.
 * - An address (of IPv6 its /64 network) has so many places, some more that are told 429, and is dropped behind those. When
 *   a connection is accepted only the TCP peer is known; the connection of a trusted proxy is counted for its client, as
 *   soon as the request says who that is.
 * - Openings are counted when their request has come.
 */

/** Connections of one address that may be told 429 at the same time. */
const ADDRESS_HEADROOM = 16;

/** For so long nobody has to make room. */
const MIN_WAIT_MS = 1000;

export interface ConnectionLimitsOptions {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxOpeningsPerSecond: number;
  /** Not counted per address. */
  readonly exempt: AddressSet;
  /** Connections of these are counted by the address that the request tells. */
  readonly trustedProxies: AddressSet;
  /** Whether TLS gives an accepted connection another stream. */
  readonly overTls: boolean;
  /** Whether memory has run short, so that nobody can be let in. */
  readonly isMemoryShort: () => boolean;
  readonly runtime: Runtime;
  readonly log: Logger;
}

/** What a `net.Socket` has beyond a Duplex. */
interface NetworkStream extends Duplex {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

interface Place {
  readonly stream: Duplex;
  readonly name: string | undefined;
  waitingSinceMs: number;
  /** Whether it is within `maxConnections`. */
  held: boolean;
  address: AddressPlace | null;
}

interface AddressPlace {
  readonly key: string;
  readonly tally: Tally;
  held: boolean;
}

export class ConnectionLimits {
  readonly #options: ConnectionLimitsOptions;
  readonly #total: Tally;
  readonly #openings: TokenBucket;
  readonly #addresses: Map<string, Tally> = new Map();
  readonly #byStream: Map<Duplex, Place> = new Map();
  /** By the addresses of both ends: TLS gives the connection another stream than the one that was accepted. */
  readonly #byName: Map<string, Place> = new Map();
  /** Those that wait for a request, the longest first. */
  readonly #waiting: Set<Place> = new Set();
  readonly #dropWarning: RareWarning;

  constructor(options: ConnectionLimitsOptions) {
    const { maxConnections, maxOpeningsPerSecond, runtime, log } = options;
    this.#options = options;
    this.#total = new Tally(maxConnections);
    this.#openings = new TokenBucket(maxOpeningsPerSecond, 2 * maxOpeningsPerSecond, runtime.clock.now());
    this.#dropWarning = new RareWarning(runtime.clock, (dropped) =>
      log.warn({ dropped, connections: this.size }, "more connections than allowed: some were dropped unread"),
    );
  }

  /** How many connections may be accepted, those included that are only told 503. undefined: any number. */
  get maxAccepted(): number | undefined {
    const { maxConnections } = this.#options;
    if (maxConnections === Infinity) return undefined;
    return maxConnections + Math.max(16, Math.min(128, Math.floor(maxConnections / 16)));
  }

  /** How many connections have a place, or wait to be told that there is none. */
  get size(): number {
    return this.#total.size;
  }

  /** Whether all places are taken by connections that would not make room for another one. */
  get isFull(): boolean {
    return this.#total.size - this.#waiting.size >= this.#options.maxConnections;
  }

  /** How many addresses are counted. */
  get addresses(): number {
    return this.#addresses.size;
  }

  /** Our own listener accepted a connection. */
  onAccepted(stream: NetworkStream): void {
    if (!this.#total.hasRoom) this.#makeRoom();
    const place = this.#enter(stream, stream.remoteAddress);
    if ((place.address?.tally.beyond ?? 0) > ADDRESS_HEADROOM) {
      this.#leave(place);
      stream.destroy();
      this.#dropWarning.note();
    }
  }

  /** Our own listener dropped a connection, because it has `maxAccepted` already. */
  onDropped(): void {
    this.#makeRoom();
    this.#dropWarning.note();
  }

  /** A plain request has come. False when its connection should not be kept for another one. */
  beginRequest(stream: Duplex): boolean {
    const place = this.#find(stream);
    if (place === undefined) return true;
    this.#waiting.delete(place);
    return this.#promote(place);
  }

  /** It was answered, and its connection waits for another one. */
  endRequest(stream: Duplex): void {
    const place = this.#find(stream);
    if (place !== undefined) this.#wait(place);
  }

  /**
   * A sound opening handshake of a client has come. Answers why it has to be refused, or undefined. A stream that our own
   * listener did not accept gets its place now.
   */
  admit(stream: NetworkStream, address: string | undefined): RefusedHandshake | undefined {
    const rule = this.#judge(stream, address);
    return rule === undefined ? undefined : createLimitRefusal(rule, this.#options.runtime);
  }

  /** Descriptors have run out: ends the connections that wait for a request for more than a second. */
  dropWaiting(): void {
    while (this.#makeRoom());
  }

  #judge(stream: NetworkStream, address: string | undefined): LimitRule | undefined {
    const known = this.#find(stream);
    // it had to make room: its end is on the way, and would not be told again
    if (known === undefined && stream.destroyed) return "connection-limit";
    const place = known ?? this.#enter(stream, undefined);
    this.#waiting.delete(place);
    this.#countAddress(place, address);
    if (this.#options.isMemoryShort()) return "memory-limit";
    if (!this.#promote(place)) return "connection-limit";
    if (place.address !== null && !promoteAddress(place.address)) return "address-limit";
    return this.#openings.take(this.#options.runtime.clock.now()) ? undefined : "opening-rate";
  }

  #enter(stream: NetworkStream, address: string | undefined): Place {
    const place: Place = {
      stream,
      name: this.#nameOf(stream),
      waitingSinceMs: 0,
      held: this.#total.enter(),
      address: null,
    };
    this.#countAddress(place, address);
    this.#byStream.set(stream, place);
    if (place.name !== undefined) this.#byName.set(place.name, place);
    this.#wait(place);
    // not `once`, which keeps 200 bytes more; a second time does nothing
    stream.on("close", () => this.#leave(place));
    return place;
  }

  /** However a connection ends, its stream closes. One that had to make room has left before. */
  #leave(place: Place): void {
    if (this.#byStream.get(place.stream) !== place) return;
    this.#byStream.delete(place.stream);
    if (place.name !== undefined && this.#byName.get(place.name) === place) this.#byName.delete(place.name);
    this.#waiting.delete(place);
    this.#total.leave(place.held);
    this.#leaveAddress(place);
  }

  #find(stream: NetworkStream): Place | undefined {
    const place = this.#byStream.get(stream);
    if (place !== undefined) return place;
    const name = this.#nameOf(stream);
    return name === undefined ? undefined : this.#byName.get(name);
  }

  /** Names cost some 300 bytes a connection, so there are none where the stream says it all. */
  #nameOf(stream: NetworkStream): string | undefined {
    return this.#options.overTls ? formatName(stream) : undefined;
  }

  #wait(place: Place): void {
    if (this.#byStream.get(place.stream) !== place) return;
    place.waitingSinceMs = this.#options.runtime.clock.now();
    this.#waiting.delete(place);
    this.#waiting.add(place);
  }

  /** Ends the connection that has waited the longest; false when none has waited long enough. */
  #makeRoom(): boolean {
    const [longest] = this.#waiting;
    const now = this.#options.runtime.clock.now();
    if (longest === undefined || now - longest.waitingSinceMs < MIN_WAIT_MS) return false;
    this.#leave(longest);
    longest.stream.destroy();
    this.#dropWarning.note();
    return true;
  }

  /** Gives it a place that has become free since it was accepted, unless it has one. */
  #promote(place: Place): boolean {
    place.held ||= this.#total.promote();
    return place.held;
  }

  #countAddress(place: Place, address: string | undefined): void {
    const { maxConnectionsPerAddress, exempt, trustedProxies } = this.#options;
    const key = formatAddressKey(address);
    if (maxConnectionsPerAddress === Infinity || key === undefined || key === place.address?.key) return;
    this.#leaveAddress(place);
    if (exempt.has(address) || trustedProxies.has(address)) return;
    const tally = this.#addresses.get(key) ?? new Tally(maxConnectionsPerAddress);
    this.#addresses.set(key, tally);
    place.address = { key, tally, held: tally.enter() };
  }

  #leaveAddress(place: Place): void {
    const { address } = place;
    if (address === null) return;
    place.address = null;
    address.tally.leave(address.held);
    if (address.tally.size === 0) this.#addresses.delete(address.key);
  }
}

function promoteAddress(address: AddressPlace): boolean {
  address.held ||= address.tally.promote();
  return address.held;
}

/** Both ends of a TCP connection. No two that are open have the same; a Unix socket has none. */
function formatName(stream: NetworkStream): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = stream;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
