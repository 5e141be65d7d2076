import { lstat } from "node:fs/promises";
import { connect } from "node:net";
import { ConnectionError } from "../../internal/errors.js";
import type { ResolvedServerOptions } from "../server-options.js";

/** What went wrong, and what to do about it. */
export async function createListenError(
  error: NodeJS.ErrnoException,
  options: Pick<ResolvedServerOptions, "host" | "port" | "path">,
): Promise<ConnectionError> {
  const { host, port, path } = options;
  const { code = "" } = error;
  if (path === null) {
    const advice = listenAdvice.get(code) ?? error.message;
    return create(`${host}:${port}`, advice, { code, host, port }, error);
  }
  if (code !== "EADDRINUSE") return create(path, pathAdvice.get(code) ?? error.message, { code, path }, error);
  const stale = await isStale(path);
  const facts = stale ? { code, path, stale } : { code, path };
  return create(path, stale ? staleAdvice : takenAdvice, facts, error);
}

function create(place: string, advice: string, facts: ConnectionError["facts"], cause: Error): ConnectionError {
  const message = `cannot listen on ${place} (${String(facts["code"])}): ${advice}`;
  return new ConnectionError("LISTEN_FAILED", message, { cause, facts });
}

const listenAdvice: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "another program listens there; end it, or choose another port (0 takes any free one)"],
  ["EACCES", "the system does not permit it; ports below 1024 usually need a privilege, so choose a higher one"],
  [
    "EADDRNOTAVAIL",
    'this machine has no such address; use "127.0.0.1" for this machine alone, "0.0.0.0" for all its addresses',
  ],
  ["ENOTFOUND", "the host name is not known; give an address of this machine"],
]);

const pathAdvice: ReadonlyMap<string, string> = new Map([
  // Node reports a folder that is missing in the same way
  ["EACCES", "the folder of the socket does not exist, or you may not write to it"],
  ["ENOENT", "the folder of the socket does not exist"],
]);

const staleAdvice =
  "nobody listens there, the socket is left over from a program that ended without closing its server; remove the file";
const takenAdvice = "another program listens there, or a file of another kind has the name; choose another path";

/** Whether the file is a socket that nobody listens on any more. It is not ours to remove: it may have just been made. */
async function isStale(path: string): Promise<boolean> {
  const isSocket = await lstat(path).then(
    (file) => file.isSocket(),
    () => false,
  );
  if (!isSocket) return false;
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.on("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}
