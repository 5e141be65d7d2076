import { checkLimit } from "../../internal/check-limit.js";
import type { ResourceReadings } from "../../socket/index.js";
import { createAddressSet } from "./address-set.js";
import type { AddressSet } from "./address-set.js";
import { refuseOption } from "../option-values.js";

/** Limits on a server's connections together. `Infinity` means none. Reasons: docs/LIMITS.md. */
export interface ServerLimits {
  /**
   * Connections at a time, those included whose handshake has not ended. A handshake beyond is answered 503.
   * @default 95 % of the file descriptors the process may have, less 200, but at least 16
   */
  readonly maxConnections?: number;
  /** Connections of one address, or of one /64 network of IPv6. A handshake beyond is answered 429. @default Infinity */
  readonly maxConnectionsPerAddress?: number;
  /** Handshakes in a second, and twice as many at once. One beyond is answered 503. @default Infinity */
  readonly maxOpeningsPerSecond?: number;
  /**
   * Addresses and networks to which limits per address do not apply, like "192.0.2.7" or "10.0.0.0/8".
   * @default ["127.0.0.0/8", "::1"]
   */
  readonly exempt?: readonly string[];
  /**
   * Bytes that all connections of the process may hold. From 80 % on handshakes are answered 503, beyond it the newest
   * connections that hold much are closed with 1013.
   * @default 60 % of the memory that there is for the process
   */
  readonly maxMemoryBytes?: number;
}

export interface ResolvedServerLimits extends Required<Omit<ServerLimits, "exempt">> {
  readonly exempt: AddressSet;
}

export const serverLimitNames: readonly (keyof ServerLimits)[] = [
  "maxConnections",
  "maxConnectionsPerAddress",
  "maxOpeningsPerSecond",
  "exempt",
  "maxMemoryBytes",
];

/** The part of the descriptors that connections may have, and how many of these are kept for everything else. */
const DESCRIPTOR_SHARE = 0.95;
const DESCRIPTORS_KEPT = 200;
const MIN_DEFAULT_CONNECTIONS = 16;

/** What is counted is the data; around it lie objects, the engine's garbage and the application's own memory. */
const MEMORY_SHARE = 0.6;

/** The defaults that do not depend on the machine. */
export const serverLimitDefaults: Required<Omit<ServerLimits, "maxConnections" | "maxMemoryBytes">> = {
  maxConnectionsPerAddress: Infinity,
  maxOpeningsPerSecond: Infinity,
  exempt: ["127.0.0.0/8", "::1"],
};

/**
 * Fills in the defaults, two of which depend on what the process may use, and checks every value.
 * @throws UsageError INVALID_ARGUMENT, naming the option, its value and what was expected
 */
export function resolveServerLimits(options: ServerLimits, resources: ResourceReadings): ResolvedServerLimits {
  const limit = (name: keyof Omit<ServerLimits, "exempt" | "maxMemoryBytes">, fallback: number): number =>
    checkLimit(name, options[name] ?? fallback);
  return {
    maxConnections: limit("maxConnections", defaultMaxConnections(resources.maxDescriptors)),
    maxConnectionsPerAddress: limit("maxConnectionsPerAddress", serverLimitDefaults.maxConnectionsPerAddress),
    maxOpeningsPerSecond: limit("maxOpeningsPerSecond", serverLimitDefaults.maxOpeningsPerSecond),
    exempt: createAddressSet("exempt", options.exempt ?? serverLimitDefaults.exempt),
    maxMemoryBytes: checkBytes(options.maxMemoryBytes ?? defaultMaxMemory(resources.maxMemoryBytes)),
  };
}

function defaultMaxConnections(maxDescriptors: number): number {
  if (maxDescriptors === Infinity) return Infinity;
  const share = Math.floor(maxDescriptors * DESCRIPTOR_SHARE) - DESCRIPTORS_KEPT;
  return Math.min(2 ** 31 - 1, Math.max(MIN_DEFAULT_CONNECTIONS, share));
}

function defaultMaxMemory(maxMemoryBytes: number): number {
  return maxMemoryBytes === Infinity ? Infinity : Math.max(1, Math.floor(maxMemoryBytes * MEMORY_SHARE));
}

/** Memory is the one limit that may be larger than 2 GiB. */
function checkBytes(value: unknown): number {
  if (value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 1)) return Number(value);
  return refuseOption("maxMemoryBytes", value, "a whole number of bytes, 1 or more, or Infinity for no limit");
}
