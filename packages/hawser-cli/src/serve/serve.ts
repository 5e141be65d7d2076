import type { Server } from "hawser/server";
import type { Logger } from "pino";
import type { Demo } from "../demo/demo-gateway.js";
import { createLog } from "../log.js";
import { readLines } from "../standard-input.js";
import { type StopSignal, watchStopSignals } from "../stop-signals.js";
import { watchHangup } from "../hangup.js";
import { createHealth } from "./health.js";
import { createHttpHandler } from "./http-app.js";
import { createListenFault, formatAddress } from "./listen-address.js";
import { createReload, readOptions } from "./reload.js";
import { createFileHandler } from "./root-files.js";
import type { ServeFlags } from "./serve-options.js";
import { openServer } from "./server-settings.js";
import { addServices } from "./services.js";
import { openTls, warnOfExpiry } from "./tls-files.js";

type StopWish = StopSignal | "exit" | "SIGHUP";

/** Serves until it is stopped. @throws ProgramError when it cannot begin */
export async function serve(flags: ServeFlags): Promise<void> {
  const options = await readOptions(flags);
  const log = await createLog(options.logLevel);
  const tls = await openTls(options, log);
  const files = options.root === undefined ? undefined : await createFileHandler(options.root);
  const onRequest = createHttpHandler({
    getHealth: createHealth(() => server, { gateway: options.demo === true }),
    files,
  });
  const server = openServer(options, { tls, onRequest, log });
  if (tls !== undefined) await warnOfExpiry(tls, log);
  const demo = options.demo === true ? await openDemo(log) : undefined;
  const services = addServices(server, { ...options, log, onRootRequest: onRequest, gateway: demo?.gateway });
  const settings = createReload(flags, options, { server, services, log });

  let wishStop: (wish: StopWish) => void = () => {};
  const wish = new Promise<StopWish>((resolve) => (wishStop = resolve));
  // Until the process is gone: a signal that comes once more between the last word and the end must not kill it.
  watchStopSignals({ onStop: wishStop, onForce: (exitCode) => process.exit(exitCode) });
  const dieOfHangup = watchHangup({ onReload: () => void settings.reload(), onGone: () => wishStop("SIGHUP") });
  try {
    const address = await server.listen();
    demo?.setAddress(address);
    const url = formatAddress(address, tls !== undefined);
    log.info({ url, pid: process.pid, node: process.version }, "listening");
    process.stdout.write(`listening on ${url}\n`);

    const stopReading = readLines((line) => {
      if (line.trim() === "exit") wishStop("exit");
      else if (line !== "") services.say(line);
    });
    const why = await wish;
    stopReading();
    await close(server, { why, log, delayMs: settings.options.drainDelayMs });
    if (why === "SIGHUP") dieOfHangup();
  } catch (error) {
    throw createListenFault(error, options);
  } finally {
    services.stop();
    await demo?.close();
  }
}

/** Loaded only where it is asked for: with it comes zod. */
async function openDemo(log: Logger): Promise<Demo> {
  const { createDemo } = await import("../demo/demo-gateway.js");
  return createDemo({ log });
}

/** Tells everyone, and waits for their answers. At a terminal somebody waits, so all are told at once. */
async function close(
  server: Server,
  { why, log, delayMs }: { readonly why: StopWish; readonly log: Logger; readonly delayMs: number },
): Promise<void> {
  const atTerminal = why !== "SIGTERM" && process.stdin.isTTY;
  const first = delayMs > 0 && !atTerminal ? `not ready any more; in ${delayMs} ms ` : "";
  log.info({ why, connections: server.sockets.size }, `stopping: ${first}every connection is closed with 1001`);
  await server.close(atTerminal ? { spreadMs: 0 } : { delayMs });
  log.info("stopped");
}
