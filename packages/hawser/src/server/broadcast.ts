import { HawserError } from "../internal/errors.js";
import { encodeMessage } from "../socket/index.js";
import type { EncodedMessage, Runtime, Socket, TransportSocket } from "../socket/index.js";
import type { BroadcastOptions } from "./service-types.js";

/** Sockets that have the same handlers. */
export interface BroadcastGroup {
  readonly sockets: Iterable<TransportSocket>;
  /** Told that a socket could not take a broadcast; does not throw. */
  tellError(socket: TransportSocket, error: HawserError): void;
}

/**
 * Sends one message to many: encoded and compressed once, its bytes shared. The sockets are chosen before the first one is written to, so
 * that a filter that throws has sent nothing, and no handler's doings change who gets the message.
 */
export function broadcast(
  groups: readonly BroadcastGroup[],
  data: string | ArrayBufferView | ArrayBuffer,
  options: BroadcastOptions & { readonly runtime: Runtime },
): number {
  const chosen = groups.map((group) => choose(group.sockets, options));
  const message = encodeMessage(data, options);
  let reached = 0;
  for (const [index, group] of groups.entries()) {
    for (const socket of chosen[index] ?? []) {
      if (post(socket, message, group)) reached++;
    }
  }
  return reached;
}

function choose(sockets: Iterable<TransportSocket>, options: BroadcastOptions): TransportSocket[] {
  const except = listExcept(options.except);
  const { filter } = options;
  const chosen: TransportSocket[] = [];
  for (const socket of sockets) {
    if (socket.state === "open" && !except.has(socket)) chosen.push(socket);
  }
  // asked only when the list is complete: a filter may close sockets, which would change the set walked over
  return filter === undefined ? chosen : chosen.filter((socket) => filter(socket));
}

function post(socket: TransportSocket, message: EncodedMessage, group: BroadcastGroup): boolean {
  // a handler called for a socket before may have closed this one
  if (socket.state !== "open") return false;
  try {
    socket.postEncoded(message);
    return true;
  } catch (error) {
    if (!(error instanceof HawserError)) throw error;
    group.tellError(socket, error);
    return false;
  }
}

function listExcept(except: BroadcastOptions["except"]): ReadonlySet<Socket> {
  if (except === undefined) return new Set();
  // a socket is iterable too, but asynchronously
  return new Set(Symbol.iterator in except ? except : [except]);
}
