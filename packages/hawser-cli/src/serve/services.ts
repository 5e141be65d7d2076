import type { Logger } from "pino";
import type { HawserError, Message, RequestHandler, Server, Socket } from "hawser/server";
import { redactUrl } from "../plain-text.js";

export interface ServicesOptions {
  readonly timeIntervalMs: number;
  readonly log: Logger;
  /** Answers plain HTTP at `/`, which is a page and a WebSocket in one. */
  readonly onRootRequest: RequestHandler;
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
export function addServices(server: Server, { timeIntervalMs, log, onRootRequest }: ServicesOptions): Services {
  // how connections end is logged by the library
  const open = (socket: Socket): void => {
    const { id, remoteAddress, url } = socket;
    log.debug({ socket: id, path: redactUrl(url), remoteAddress }, "connection open");
  };

  server.service("/", { open, message: echo }, { onRequest: onRootRequest });
  server.service("/echo", { open, message: echo });

  const time = server.service("/time", { open, message: echo });
  const tellTime = (): void => void time.broadcast(`Server time: ${new Date().toISOString()}`);
  let clock = setInterval(tellTime, timeIntervalMs);

  let present = 0;
  const chat = server.service<{ skipped: number }>("/chat", {
    admit: () => ({ data: { skipped: 0 } }),
    open(socket) {
      open(socket);
      present += 1;
      log.info({ path: "/chat", socket: socket.id, present }, "joined the chat");
    },
    message(socket, data) {
      chat.broadcast(data);
      // who talks faster than he listens is not heard faster
      return socket.drained();
    },
    error(socket, error: HawserError) {
      if (error.code !== "QUEUE_FULL") return;
      socket.data.skipped += 1;
      if (socket.data.skipped > 1) return;
      log.warn({ path: "/chat", socket: socket.id }, "reads too slowly for the chat: messages to it are skipped");
    },
    close(socket) {
      present -= 1;
      const { skipped } = socket.data;
      log.info({ path: "/chat", socket: socket.id, present, ...(skipped > 0 ? { skipped } : {}) }, "left the chat");
    },
  });

  return {
    say: (line) => void chat.broadcast(line),
    setTimeInterval(intervalMs) {
      clearInterval(clock);
      clock = setInterval(tellTime, intervalMs);
    },
    stop: () => clearInterval(clock),
  };
}

/** Sends back what came; a client that does not read is not read from. */
function echo(socket: Socket, data: Message): Promise<void> | undefined {
  return socket.post(data) ? undefined : socket.drained();
}
