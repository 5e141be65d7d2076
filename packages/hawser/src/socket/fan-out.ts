import { type EncodedMessage, encodeMessage } from "./encoded-message.js";
import type { Socket } from "./socket-types.js";

export { type EncodedMessage, encodeMessage };

/**
 * What a socket over a transport can do beyond the public Socket, for whoever sends one message to many and keeps queues of its
 * own before the socket's.
 */
export interface FanOutSocket {
  /** Sends a message that was encoded once for many. As `post`. */
  postEncoded(message: EncodedMessage): boolean;
  /** Hands over what was gathered in this turn, at once. Answers whether no more than the soft limit waits then. */
  flush(): boolean;
  /** Charges the connection with memory that is held for it elsewhere. Negative gives it back; the end of the connection does, too. */
  charge(bytes: number): void;
}

/** The socket as one that can do all this; undefined when it cannot: one that an application wrapped, or a test made. */
export function asFanOut(socket: Socket): FanOutSocket | undefined {
  return isFanOut(socket) ? socket : undefined;
}

function isFanOut(socket: object): socket is FanOutSocket {
  return "postEncoded" in socket && "flush" in socket && "charge" in socket;
}
