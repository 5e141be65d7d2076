import {
  createServer,
  type RequestHandler,
  type Server,
  type ServerOptions,
  type ServerTlsOptions,
  UsageError,
} from "hawser/server";
import type { Logger } from "pino";
import { createUsageError } from "../program-error.js";
import { createLibraryLog } from "./library-log.js";
import type { ServeOptions } from "./serve-options.js";
import { createTlsFault } from "./tls-files.js";

/** Addresses of this machine alone; limits per address would only be in its own way. */
const LOOPBACK = ["127.0.0.0/8", "::1"];

/** What a server is made with besides the options. */
export interface ServerParts {
  readonly tls: ServerTlsOptions | undefined;
  readonly onRequest: RequestHandler;
  readonly log: Logger;
}

/** The library's server for the program's options. @throws ProgramError naming the option that cannot be used */
export function openServer(options: ServeOptions, { tls, onRequest, log }: ServerParts): Server {
  const { host, port, socket, maxMessageBytes, maxConnections, maxMemoryBytes } = options;
  const settings: ServerOptions = {
    ...(socket === undefined ? { host, port } : { path: socket }),
    onRequest,
    logger: createLibraryLog(log),
    ...formatAccess(options),
    maxConnectionsPerAddress: options.maxConnectionsPerIp,
    maxOpeningsPerSecond: options.maxOpeningsPerSecond,
    exempt: listExempt(options.exempt),
    trustedProxies: options.trustedProxy ?? [],
    perMessageDeflate: options.deflate ?? false,
    ...(tls === undefined ? {} : { tls }),
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(maxMemoryBytes === undefined ? {} : { maxMemoryBytes }),
  };
  try {
    return createServer(settings);
  } catch (error) {
    throw error instanceof UsageError ? createOptionFault(error) : createTlsFault(error, options);
  }
}

/** Which pages may connect, and under which names. */
export function formatAccess({ origin, allowedHost }: ServeOptions): Pick<ServerOptions, "origins" | "hosts"> {
  return {
    ...(origin === undefined ? {} : { origins: origin.includes("*") ? "*" : origin }),
    ...(allowedHost === undefined ? {} : { hosts: allowedHost }),
  };
}

/** @throws ProgramError when the library refuses an origin or a host */
export function checkAccess(options: ServeOptions): void {
  try {
    createServer(formatAccess(options));
  } catch (error) {
    throw error instanceof UsageError ? createOptionFault(error) : error;
  }
}

function listExempt(exempt: readonly string[] = []): readonly string[] {
  return exempt.includes("off") ? [] : [...LOOPBACK, ...exempt];
}

/** The program's options behind the library's. */
const optionNames: ReadonlyMap<string, string> = new Map([
  ["path", "--socket"],
  ["hosts", "--allowed-host"],
  ["trustedProxies", "--trusted-proxy"],
  ["exempt", "--exempt"],
  ["maxConnections", "--max-connections"],
  ["maxConnectionsPerAddress", "--max-connections-per-ip"],
  ["maxOpeningsPerSecond", "--max-openings-per-second"],
  ["maxMemoryBytes", "--max-memory-bytes"],
]);

/** A value that only the library can judge, by the option that gave it. */
function createOptionFault(error: UsageError): Error {
  const name = String(error.facts["name"]);
  const option = "origin" in error.facts ? "--origin" : (optionNames.get(name) ?? "an option");
  // "hosts is …" would send its reader to look for an option of that name
  const isNamed = optionNames.has(name) && error.message.startsWith(`${name} is `);
  const why = isNamed ? error.message.slice(name.length) : ` cannot be used: ${error.message}`;
  return createUsageError(`${option}${why}`, error);
}
