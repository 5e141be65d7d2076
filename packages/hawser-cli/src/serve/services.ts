import type { Logger } from "pino";
import type { Handlers, HawserError, Message, RateLimitOptions, RequestHandler, Server, Socket } from "hawser/server";
import { redactUrl } from "../plain-text.js";
import { createNews } from "./news.js";

/** Of messages, on one connection, while there is a rate limit; more when a single one may be longer. */
const MIN_BYTES_PER_SECOND = 1_048_576;

export interface ServicesOptions {
  readonly timeIntervalMs: number;
  /** Messages a second on one connection; Infinity: as many as come. */
  readonly rateLimit: number;
  readonly maxMessageBytes?: number;
  readonly log: Logger;
  /** Answers plain HTTP at `/`, which is a page and a WebSocket in one. */
  readonly onRootRequest: RequestHandler;
  /** Put at `/gateway`; undefined: nothing is there. */
  readonly gateway?: Handlers | undefined;
}

export interface Services {
  /** Says something to everyone in the chat, as the server. */
  say(line: string): void;
  /** From now on the time is told in this interval. */
  setTimeInterval(intervalMs: number): void;
  /** Stops what runs by itself. */
  stop(): void;
}

/** Puts the program's services at their paths. */
export function addServices(server: Server, options: ServicesOptions): Services {
  const { timeIntervalMs, log, onRootRequest, gateway } = options;
  const rateLimit = formatRateLimit(options);
  const limited = { rateLimit };
  // an echo costs nobody but who asked for it, and is what one tries a flood with
  const slowed = { rateLimit: rateLimit && { ...rateLimit, closeAfterMs: Infinity } };

  // how connections end is logged by the library
  const open = (socket: Socket): void => {
    const { id, remoteAddress, url } = socket;
    log.debug({ socket: id, path: redactUrl(url), remoteAddress }, "connection open");
  };

  // whoever measures the server should not have to guess what slows it down; once, as strangers could fill the log
  let isTold = false;
  const error = (socket: Socket, { code, message }: HawserError): void => {
    if (code !== "RATE_LIMITED") return;
    const fields = { socket: socket.id, path: redactUrl(socket.url), code };
    if (isTold) return log.debug(fields, message);
    isTold = true;
    log.warn(fields, `${message}; if that is too few, start with --rate-limit N, or off`);
  };

  server.service("/", { open, message: echo, error }, { ...slowed, onRequest: onRootRequest });
  server.service("/echo", { open, message: echo, error }, slowed);

  const time = server.service("/time", { open, message: echo, error }, limited);
  const tellTime = (): void => void time.broadcast(`Server time: ${new Date().toISOString()}`);
  let clock = setInterval(tellTime, timeIntervalMs);

  const news = createNews(log, () => performance.now());
  let present = 0;
  const chat = server.service<{ skipped: number }>(
    "/chat",
    {
      admit: () => ({ data: { skipped: 0 } }),
      open(socket) {
        open(socket);
        present += 1;
        news("info", { path: "/chat", socket: socket.id, present }, "joined the chat");
      },
      message(socket, data) {
        chat.broadcast(data);
        // who talks faster than he listens is not heard faster
        return socket.drained();
      },
      error(socket, fault) {
        if (fault.code !== "QUEUE_FULL") return error(socket, fault);
        socket.data.skipped += 1;
        if (socket.data.skipped > 1) return;
        news("warn", { path: "/chat", socket: socket.id }, "reads too slowly for the chat: messages to it are skipped");
      },
      close(socket) {
        present -= 1;
        const { skipped } = socket.data;
        news(
          "info",
          { path: "/chat", socket: socket.id, present, ...(skipped > 0 ? { skipped } : {}) },
          "left the chat",
        );
      },
    },
    limited,
  );

  if (gateway !== undefined) server.service("/gateway", gateway, limited);

  return {
    say: (line) => void chat.broadcast(line),
    setTimeInterval(intervalMs) {
      clearInterval(clock);
      clock = setInterval(tellTime, intervalMs);
    },
    stop: () => clearInterval(clock),
  };
}

function formatRateLimit({ rateLimit, maxMessageBytes = 0 }: ServicesOptions): RateLimitOptions | false {
  if (rateLimit === Infinity) return false;
  return { messagesPerSecond: rateLimit, bytesPerSecond: Math.max(MIN_BYTES_PER_SECOND, maxMessageBytes) };
}

/** Sends back what came; a client that does not read is not read from. */
function echo(socket: Socket, data: Message): Promise<void> | undefined {
  return socket.post(data) ? undefined : socket.drained();
}
