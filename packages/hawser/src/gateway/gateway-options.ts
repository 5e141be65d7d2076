import { checkLimit } from "../internal/check-limit.js";
import type { ByteOperations } from "../internal/bytes.js";
import { UsageError } from "../internal/errors.js";
import { checkOptionNames } from "../internal/option-names.js";
import type { GatewayLimits, GatewayOptions } from "./gateway-types.js";

const KIB = 1024;

/** `docs/LIMITS.md` gives the reasons. */
export const gatewayDefaults: GatewayLimits = Object.freeze({
  maxMessageBytes: 64 * KIB,
  maxMessageBytesBeforeLogin: 4 * KIB,
  maxOutboxMessages: 1000,
  maxOutboxBytes: 1024 * KIB,
  maxRequestsInFlight: 100,
  maxChannelsPerSession: 128,
  maxSessionsPerUser: 20,
  loginTimeoutMs: 10_000,
  maxLoginAttempts: 5,
  maxFaultsPerMinute: 10,
  resumeWindowMs: 60_000,
  storedResponseMs: 300_000,
  maxStoredResponseBytes: 64 * KIB * KIB,
});

/** Keys that hold secrets wherever they come. */
const secretKeys = ["password", "passphrase", "secret", "token", "resume", "authorization", "cookie"];

const optionNames = [
  "authenticate",
  "authenticateAtHandshake",
  "loginData",
  "backplane",
  "limits",
  "onError",
  "audit",
  "redact",
  "runtime",
] as const satisfies readonly (keyof GatewayOptions)[];

const limitNames = Object.keys(gatewayDefaults) as readonly (keyof GatewayLimits)[]; // it has exactly these

/** Options with every default filled in and every value checked. */
export interface ResolvedGatewayOptions extends Required<
  Pick<GatewayOptions, "authenticate" | "authenticateAtHandshake" | "redact">
> {
  readonly onError: GatewayOptions["onError"] | undefined;
  readonly audit: GatewayOptions["audit"] | undefined;
  readonly loginData: GatewayOptions["loginData"] | undefined;
  readonly limits: GatewayLimits;
}

/** @throws UsageError INVALID_ARGUMENT, naming the option, its value and what was expected */
export function resolveGatewayOptions(options: GatewayOptions): ResolvedGatewayOptions {
  checkOptionNames("the gateway", options, optionNames);
  const { authenticate, authenticateAtHandshake = false, onError, audit, loginData, redact = secretKeys } = options;
  if (typeof authenticate !== "function") throw unexpected("authenticate", authenticate, "a function");
  for (const [name, value] of Object.entries({ onError, audit, loginData })) {
    if (value !== undefined && typeof value !== "function") throw unexpected(name, value, "a function");
  }
  if (typeof authenticateAtHandshake !== "boolean") {
    throw unexpected("authenticateAtHandshake", authenticateAtHandshake, "true or false");
  }
  if (!Array.isArray(redact) || !redact.every((key) => typeof key === "string" && key !== "")) {
    throw unexpected("redact", redact, "a list of names");
  }
  return Object.freeze({
    authenticate,
    authenticateAtHandshake,
    onError,
    audit,
    loginData,
    redact: redact.map((key) => key.toLowerCase()),
    limits: resolveLimits(options.limits ?? {}),
  });
}

function resolveLimits(limits: Partial<GatewayLimits>): GatewayLimits {
  checkOptionNames("limits", limits, limitNames);
  const resolved: Record<string, number> = {};
  for (const name of limitNames) resolved[name] = checkLimit(`limits.${name}`, limits[name] ?? gatewayDefaults[name]);
  return Object.freeze(resolved) as unknown as GatewayLimits; // every name of it was filled in
}

/** @throws UsageError INVALID_ARGUMENT unless `value` is a name for an action or an event: 1 to 128 characters */
export function checkName(what: string, value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= 128) return value;
  const shown = typeof value === "string" ? `${value.length} characters long` : `of type ${typeof value}`;
  throw new UsageError("INVALID_ARGUMENT", `the ${what} is ${shown}: expected a name of 1 to 128 characters`, {
    facts: { name: what, value: shown },
  });
}

/** The error for an argument of another kind. The value itself is not shown: it may be a secret. */
export function unexpected(name: string, value: unknown, expected: string): UsageError {
  const shown = value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
  return new UsageError("INVALID_ARGUMENT", `${name} is ${shown}: expected ${expected}`, {
    facts: { name, value: shown },
  });
}

/** As much as a Close frame holds. */
const MAX_REASON_BYTES = 123;

/** @throws UsageError INVALID_ARGUMENT for a code that is not an application's, or a reason that a Close frame cannot hold */
export function checkKick(code: unknown, reason: unknown, bytes: Pick<ByteOperations, "utf8ByteLength">): void {
  if (!isKickCode(code)) {
    throw new UsageError("INVALID_ARGUMENT", `the code is ${String(code)}: expected 1000, or 3000 to 4999`, {
      facts: { name: "code", value: String(code) },
    });
  }
  if (typeof reason !== "string" || bytes.utf8ByteLength(reason) > MAX_REASON_BYTES) {
    throw unexpected("reason", reason, `a text of at most ${MAX_REASON_BYTES} bytes`);
  }
}

/** Whether `checkKick` throws nothing. */
export function isKick(
  { code, reason }: { readonly code: number; readonly reason: string },
  bytes: Pick<ByteOperations, "utf8ByteLength">,
): boolean {
  return isKickCode(code) && bytes.utf8ByteLength(reason) <= MAX_REASON_BYTES;
}

function isKickCode(code: unknown): boolean {
  return typeof code === "number" && Number.isInteger(code) && (code === 1000 || (code >= 3000 && code <= 4999));
}
