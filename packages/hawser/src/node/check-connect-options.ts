import { UsageError } from "../internal/errors.js";
import { resolveConnect } from "./connect-options.js";
import type { ConnectOptions } from "./connect-options.js";

/** Any server with a certificate: all options can be used with it. */
const ANY_URL = "wss://localhost/";

/**
 * Checks options that `connect` will be given later, or often, so that what is wrong with them is told where they were written.
 * @throws UsageError INVALID_ARGUMENT; ConnectionError TLS_INVALID
 */
export function checkConnectOptions(options: ConnectOptions): void {
  resolveConnect(ANY_URL, options);
}

/**
 * Refuses options that whoever calls `connect` has the say in.
 * @throws UsageError INVALID_ARGUMENT
 */
export function refuseConnectOptions(options: object, names: readonly (keyof ConnectOptions)[], why: string): void {
  const name = names.find((candidate) => candidate in options);
  if (name === undefined) return;
  throw new UsageError("INVALID_ARGUMENT", `${name} is given: ${why}`, { facts: { name } });
}
