import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { HawserError, type ServerAddress } from "hawser/server";
import { ProgramError } from "../program-error.js";

/** The URL that says where a server listens. */
export function formatAddress({ host, port, path }: ServerAddress, secure: boolean): string {
  if (path !== null) return `unix:${path}`;
  const name = host.includes(":") ? `[${host}]` : host;
  return `${secure ? "https" : "http"}://${name}:${port}`;
}

interface ListenPlace {
  readonly host: string;
  readonly port: number;
  readonly socket?: string;
}

/** A failed attempt to listen, in words that name the options; any other error as it is. */
export function createListenFault(error: unknown, { host, port, socket }: ListenPlace): unknown {
  if (!(error instanceof HawserError) || error.code !== "LISTEN_FAILED") return error;
  const code = String(error.facts["code"]);
  const message = socket === undefined ? faults[code]?.(host, port) : socketFaults[code]?.(socket);
  return new ProgramError(message ?? error.message, { cause: error });
}

const faults: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) =>
    `port ${port} on ${host} is in use; stop the other program or use --port N (0 takes any free port)`,
  EACCES: (host, port) => `port ${port} on ${host} is not permitted to this user; use --port N with N above 1023`,
  EADDRNOTAVAIL: (host) =>
    `${host} is no address of this machine; use --host 127.0.0.1 (this machine alone) or --host 0.0.0.0 (all addresses)`,
  ENOTFOUND: (host) => `the host name ${host} is not known; use --host with an address of this machine`,
  EAI_AGAIN: (host) => `the host name ${host} cannot be looked up now; use --host with an address of this machine`,
};

const socketFaults: Readonly<Record<string, (path: string) => string>> = {
  EADDRINUSE: (path) =>
    `--socket ${path} exists: stop the program that listens there, or remove the file that an old one has left`,
  // libuv says so, too, when there is no folder
  EACCES: (path) =>
    existsSync(dirname(path))
      ? `--socket ${path} may not be made by this user: change the permissions of its folder`
      : `--socket ${path} cannot be made: its folder does not exist; make it first`,
  EINVAL: (path) => `--socket ${path} cannot be made: the path is too long for a Unix socket`,
};
