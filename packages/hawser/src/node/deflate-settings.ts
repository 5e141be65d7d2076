import { UsageError } from "../internal/errors.js";
import { checkOptionNames } from "../internal/option-names.js";
import { acceptDeflateOffer } from "../protocol/index.js";
import type { DeflateAgreement, DeflateOptions, DeflatePort, Role } from "../protocol/index.js";
import { checkLimit } from "../internal/check-limit.js";
import { checkBoolean } from "../socket/index.js";
import type { Runtime, SocketParts } from "../socket/index.js";
import { createDeflatePort } from "./default-runtime.js";
import { deflateDefaults } from "./deflate-rules.js";

/** How one side compresses; the other side need not know. */
export interface CompressorOptions {
  /**
   * Messages shorter than this are sent as they are.
   * @default 1024, or 64 when the own context is kept between messages: below it compression costs more than it saves
   */
  readonly thresholdBytes?: number;
  /** zlib's level, 1 to 9. More than 1 takes up to twice the time for some percent of the bytes. @default 1 */
  readonly level?: number;
  /**
   * What contexts that are kept between messages may take in the whole process; with more, connections are agreed on, and
   * messages compressed, without. @default 128 MiB
   */
  readonly maxContextBytes?: number;
}

export interface DeflateSettings {
  /** What is to be negotiated. */
  readonly options: DeflateOptions;
  readonly port: DeflatePort;
  /** Below it a message is sent as it is, by what was agreed on. */
  readonly thresholdFor: (agreement: DeflateAgreement) => number;
}

const names = [
  "thresholdBytes",
  "level",
  "maxContextBytes",
  "serverNoContextTakeover",
  "clientNoContextTakeover",
  "serverMaxWindowBits",
  "clientMaxWindowBits",
] as const satisfies readonly (keyof (DeflateOptions & CompressorOptions))[];

/** @throws UsageError INVALID_ARGUMENT */
export function resolveDeflate(
  value: boolean | (DeflateOptions & CompressorOptions),
  role: Role,
  runtime: Runtime,
): DeflateSettings | null {
  if (value === false) return null;
  const given: DeflateOptions & CompressorOptions = value === true ? {} : value;
  checkOptionNames("perMessageDeflate", given, names);
  const { thresholdBytes, level, maxContextBytes, ...options } = given;
  for (const name of ["serverNoContextTakeover", "clientNoContextTakeover"] as const) {
    checkBoolean(`perMessageDeflate.${name}`, options[name] ?? true);
  }
  // checks the window sizes; with nothing offered there is no other outcome
  acceptDeflateOffer([], options);
  const checked = { level: checkLevel(level), maxContextBytes: checkContextBytes(maxContextBytes) };
  if (thresholdBytes !== undefined) checkLimit("perMessageDeflate.thresholdBytes", thresholdBytes);
  const { takeoverThresholdBytes, thresholdBytes: fallback } = deflateDefaults;
  return Object.freeze({
    options: Object.freeze(withSmallWindow(options, role)),
    port: createDeflatePort(runtime, checked),
    thresholdFor: (agreement: DeflateAgreement) =>
      thresholdBytes ?? (agreement[role].takeover ? takeoverThresholdBytes : fallback),
  });
}

/** What a socket needs to know of an agreement. */
export function setUpDeflate(
  settings: DeflateSettings,
  agreement: DeflateAgreement,
): NonNullable<SocketParts["deflate"]> {
  return { port: settings.port, agreement, thresholdBytes: settings.thresholdFor(agreement) };
}

/** A compressor that keeps its context has a smaller window unless told otherwise: half the memory, 8 % more bytes. */
function withSmallWindow(options: DeflateOptions, role: Role): DeflateOptions {
  const windowBits = deflateDefaults.takeoverWindowBits;
  if (role === "server" && options.serverNoContextTakeover === false) {
    return { serverMaxWindowBits: windowBits, ...options };
  }
  if (role === "client" && options.clientNoContextTakeover === false) {
    return { clientMaxWindowBits: windowBits, ...options };
  }
  return options;
}

function checkLevel(level: number = deflateDefaults.level): number {
  const name = "perMessageDeflate.level";
  if (Number.isInteger(level) && level >= 1 && level <= 9) return level;
  throw new UsageError("INVALID_ARGUMENT", `${name} is ${String(level)}: expected a whole number from 1 to 9`, {
    facts: { name, value: String(level) },
  });
}

function checkContextBytes(bytes: number = deflateDefaults.maxContextBytes): number {
  return checkLimit("perMessageDeflate.maxContextBytes", bytes);
}
