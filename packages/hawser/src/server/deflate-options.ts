import { defaultDeflatePort, deflateDefaults } from "../node/index.js";
import { acceptDeflateOffer } from "../protocol/index.js";
import type { DeflateOptions, DeflatePort } from "../protocol/index.js";
import { checkBoolean, checkLimit } from "../socket/index.js";
import { checkOptionNames } from "../internal/option-names.js";

/** Compression of messages, as the server agrees to it. */
export interface ServerDeflateOptions extends DeflateOptions {
  /**
   * Messages shorter than this are sent as they are.
   * @default 1024, or 64 when the server's context is kept between messages: below it compression costs more than it saves
   */
  readonly thresholdBytes?: number;
}

export interface ServerDeflate {
  readonly options: DeflateOptions;
  readonly port: DeflatePort;
  readonly thresholdBytes: number;
}

const names = [
  "thresholdBytes",
  "serverNoContextTakeover",
  "clientNoContextTakeover",
  "serverMaxWindowBits",
  "clientMaxWindowBits",
] as const satisfies readonly (keyof ServerDeflateOptions)[];

/** @throws UsageError INVALID_ARGUMENT */
export function resolveDeflate(value: boolean | ServerDeflateOptions): ServerDeflate | null {
  if (value === false) return null;
  const given: ServerDeflateOptions = value === true ? {} : value;
  checkOptionNames("perMessageDeflate", given, names);
  const { thresholdBytes, ...options } = given;
  for (const name of ["serverNoContextTakeover", "clientNoContextTakeover"] as const) {
    checkBoolean(name, options[name] ?? true);
  }
  // checks the window sizes; with nothing offered there is no other outcome
  acceptDeflateOffer([], options);
  const threshold =
    options.serverNoContextTakeover === false ? deflateDefaults.takeoverThresholdBytes : deflateDefaults.thresholdBytes;
  return Object.freeze({
    options: Object.freeze(options),
    port: defaultDeflatePort(),
    thresholdBytes: checkLimit("thresholdBytes", thresholdBytes ?? threshold),
  });
}
