import {
  createServer,
  type RequestHandler,
  type Server,
  type ServerOptions,
  type ServerTlsOptions,
  UsageError,
} from "hawser/server";
import type { Logger } from "pino";
import { createLog } from "../log.js";
import { readVersion } from "../package-files.js";
import { createUsageError } from "../program-error.js";
import { readLines } from "../standard-input.js";
import { type StopSignal, watchStopSignals } from "../stop-signals.js";
import { createHttpHandler } from "./http-app.js";
import { createLibraryLog } from "./library-log.js";
import { createListenFault, formatAddress } from "./listen-address.js";
import type { ServeOptions } from "./serve-options.js";
import { addServices } from "./services.js";
import { createTlsFault, openTls, warnOfExpiry } from "./tls-files.js";

type StopWish = StopSignal | "exit";

/** Serves until it is stopped. @throws ProgramError when it cannot begin */
export async function serve(options: ServeOptions): Promise<void> {
  const log = await createLog(options.logLevel);
  const tls = await openTls(options, log);
  const onRequest = createHttpHandler(createHealth(() => server.sockets.size));
  const server = openServer(options, tls, { onRequest, log });
  if (tls !== undefined) await warnOfExpiry(tls, log);
  const services = addServices(server, { timeIntervalMs: options.timeIntervalMs, log, onRootRequest: onRequest });

  let wishStop: (wish: StopWish) => void = () => {};
  const wish = new Promise<StopWish>((resolve) => (wishStop = resolve));
  // Until the process is gone: a signal that comes once more between the last word and the end must not kill it.
  watchStopSignals({ onStop: wishStop, onForce: (exitCode) => process.exit(exitCode) });
  try {
    const address = await server.listen();
    const url = formatAddress(address, tls !== undefined);
    log.info({ url, pid: process.pid, node: process.version }, "listening");
    process.stdout.write(`listening on ${url}\n`);

    const stopReading = readLines((line) => {
      if (line.trim() === "exit") wishStop("exit");
      else if (line !== "") services.say(line);
    });
    const why = await wish;
    stopReading();
    await close(server, why, log);
  } catch (error) {
    throw createListenFault(error, options);
  } finally {
    services.stop();
  }
}

/** Tells everyone, and waits for their answers. At a terminal somebody waits, so all are told at once. */
async function close(server: Server, why: StopWish, log: Logger): Promise<void> {
  const atTerminal = why !== "SIGTERM" && process.stdin.isTTY;
  log.info({ why, connections: server.sockets.size }, "stopping: every connection is closed with 1001");
  await server.close(atTerminal ? { spreadMs: 0 } : {});
  log.info("stopped");
}

function openServer(
  options: ServeOptions,
  tls: ServerTlsOptions | undefined,
  { onRequest, log }: { readonly onRequest: RequestHandler; readonly log: Logger },
): Server {
  const { host, port, maxMessageBytes, origin, allowedHost } = options;
  const settings: ServerOptions = {
    host,
    port,
    onRequest,
    logger: createLibraryLog(log),
    ...(tls === undefined ? {} : { tls }),
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
    ...(origin === undefined ? {} : { origins: origin.includes("*") ? "*" : origin }),
    ...(allowedHost === undefined ? {} : { hosts: allowedHost }),
  };
  try {
    return createServer(settings);
  } catch (error) {
    if (!(error instanceof UsageError)) throw createTlsFault(error, options);
    const option =
      "origin" in error.facts ? "--origin" : error.facts["name"] === "hosts" ? "--allowed-host" : "an option";
    throw createUsageError(`${option} cannot be used: ${error.message}`, error);
  }
}

function createHealth(countConnections: () => number): Parameters<typeof createHttpHandler>[0] {
  const startedAt = performance.now();
  const version = readVersion();
  return () => ({
    status: "ok",
    version,
    uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
    connections: countConnections(),
  });
}
