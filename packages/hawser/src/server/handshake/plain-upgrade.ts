import { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { Runtime } from "../../socket/index.js";
import { destroyLater, dropInput } from "./last-answer.js";

/**
 * A request may offer to upgrade to something else, such as h2c, and is content with a plain answer (RFC 9110 §7.8): some
 * HTTP clients put that offer on every request. Node gives all of them to whoever listens for upgrades, and the answer has
 * to be made by hand. Only where nothing can follow the head: a body would be left unread on the connection.
 */
export function isPlain({ method = "", headers }: IncomingMessage): boolean {
  const { upgrade = "" } = headers;
  if ((method !== "GET" && method !== "HEAD") || upgrade === "") return false;
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) return false;
  return !upgrade.split(",").some((protocol) => protocol.trim().toLowerCase().startsWith("websocket"));
}

/** The answer to such a request. The connection ends with it: nothing behind the request is read. */
export function createPlainResponse(request: IncomingMessage, stream: Duplex, runtime: Runtime): ServerResponse {
  const socket = stream as TcpSocket; // what a response uses of it, every Duplex has
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => {
    response.detachSocket(socket);
    destroyLater(stream, runtime);
    stream.end();
    // as Node does for responses of its own; before it is sent this comes with the end of the connection
    response.emit("close");
  });
  // Node has given up the connection, and with it this
  socket.on("timeout", () => {
    if (!response.emit("timeout", socket)) socket.destroy();
  });
  dropInput(stream);
  request.push(null);
  return response;
}
