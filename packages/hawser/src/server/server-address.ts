import type { AddressInfo } from "node:net";
import { ConnectionError } from "../internal/errors.js";
import type { ResolvedServerOptions } from "./server-options.js";

/** Where a server listens. */
export interface ServerAddress {
  /** The address, "" for a Unix socket. */
  readonly host: string;
  /** The port, 0 for a Unix socket. */
  readonly port: number;
  /** The Unix socket or pipe, or null. */
  readonly path: string | null;
}

export function readAddress(address: AddressInfo | string | null): ServerAddress {
  if (typeof address === "string") return { host: "", port: 0, path: address };
  return { host: address?.address ?? "", port: address?.port ?? 0, path: null };
}

/** Whether connections to the address can only come from this machine. */
export function isLoopback(address: ServerAddress): boolean {
  return address.host.startsWith("127.") || address.host === "::1" || address.host === "::ffff:127.0.0.1";
}

/** The URL under which a client on this machine reaches the server. */
export function formatUrl(address: ServerAddress, secure: boolean): string {
  const scheme = secure ? "wss" : "ws";
  if (address.path !== null) return `${scheme}+unix://${address.path}`;
  const own = address.host === "0.0.0.0" ? "127.0.0.1" : address.host === "::" ? "::1" : address.host;
  return `${scheme}://${own.includes(":") ? `[${own}]` : own}:${address.port}`;
}

/** What went wrong, and what to do about it. */
export function createListenError(error: NodeJS.ErrnoException, options: ResolvedServerOptions): ConnectionError {
  const { host, port, path } = options;
  const { code = "" } = error;
  const place = path ?? `${host}:${port}`;
  const facts = path === null ? { code, host, port } : { code, path };
  const advice = listenAdvice[code] ?? error.message;
  return new ConnectionError("LISTEN_FAILED", `cannot listen on ${place} (${code}): ${advice}`, {
    cause: error,
    facts,
  });
}

const listenAdvice: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; end it, or choose another port (0 takes any free one)",
  EACCES: "the system does not permit it; ports below 1024 usually need a privilege, so choose a higher one",
  EADDRNOTAVAIL:
    'this machine has no such address; use "127.0.0.1" for this machine alone, "0.0.0.0" for all its addresses',
  ENOTFOUND: "the host name is not known; give an address of this machine",
  ENOENT: "the folder of the socket does not exist",
};
