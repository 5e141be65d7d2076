import type { AddressInfo } from "node:net";

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
