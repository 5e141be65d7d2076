/**
 * Every code that a Hawser error can carry, with its meaning. `docs/ERRORS.md` says the same at more length; a test keeps
 * the two equal. Codes are stable: programs match codes, people read messages.
 */
export const errorCodes = {
  // UsageError: the caller's mistake, thrown at once.
  INVALID_ARGUMENT: "an argument or option has a value that is not allowed",
  INVALID_STATE: "the call is not legal in the socket's present state or mode",
  // ConnectionError: the network, time, or the connection's end.
  ABORTED: "the operation was cancelled by its signal, or cut by the close of the connection",
  CLOSE_TIMEOUT: "the peer did not finish the closing handshake in time",
  CONNECTION_CLOSED: "the connection was closed before the operation could finish",
  CONNECTION_LOST: "the connection ended without a closing handshake",
  CONNECT_FAILED: "no connection to the server could be made",
  HANDLER_FAILED: "a handler of the application threw or rejected",
  HANDSHAKE_INVALID: "the answer to the opening handshake is not a valid WebSocket answer",
  HANDSHAKE_REFUSED: "the server answered the opening handshake with another status than 101",
  HANDSHAKE_TIMEOUT: "the opening handshake did not finish in time",
  HEARTBEAT_TIMEOUT: "the peer did not answer the heartbeat in time",
  IDLE_TIMEOUT: "nothing was received for longer than the idle timeout",
  LISTEN_FAILED: "the server could not listen on the address asked for",
  MEMORY_SHORT: "the server closed the connection because the process has no memory to spare",
  NOT_CONNECTED: "there is no connection, and none is to come",
  QUEUE_FULL: "the send queue holds as much as it may",
  RATE_LIMITED: "more messages or bytes came in a second than rateLimit allows",
  TIMEOUT: "the operation did not finish within its timeoutMs",
  TLS_INVALID: "a certificate, key or passphrase cannot be used",
  WRITE_TIMEOUT: "the peer took no bytes for longer than the write-progress timeout",
  // RequestError: the server refused what it was asked for.
  LOGIN_REFUSED: "the server refused the login",
  REQUEST_REFUSED: "the server refused the request",
  // ProtocolError: the peer broke a rule; each has the close code that it is answered with.
  CLOSE_CODE_INVALID: "a Close frame carries a code that may not be on the wire",
  CLOSE_PAYLOAD_INVALID: "a Close frame has a payload of one byte",
  COMPRESSED_DATA_INVALID: "a compressed message cannot be inflated",
  CONTINUATION_EXPECTED: "a new message began inside a fragmented one",
  CONTINUATION_UNEXPECTED: "a continuation frame came without a message to continue",
  CONTROL_FRAME_FRAGMENTED: "a control frame came without FIN",
  CONTROL_FRAME_TOO_LONG: "a control frame announced more than 125 bytes",
  FRAME_MASKED: "a server sent a masked frame",
  FRAME_NOT_MASKED: "a client sent a frame without a mask",
  LENGTH_INVALID: "a frame announced a length of 2^63 bytes or more",
  LENGTH_NOT_MINIMAL: "a frame's length was not written in the shortest form",
  MESSAGE_TOO_BIG: "a message is longer than maxMessageBytes",
  OPCODE_RESERVED: "a frame carries an opcode that RFC 6455 reserves",
  RESERVED_BITS_SET: "a frame has a reserved bit set that no negotiated extension uses",
  TOO_MANY_CONTROL_FRAMES: "more control frames came in a second than allowed",
  TOO_MANY_EMPTY_FRAMES: "more empty fragments came in a row than allowed",
  TOO_MANY_FRAMES: "a message came in more frames than allowed",
  UTF8_INVALID: "a text or a close reason is not valid UTF-8",
} as const;

/** One of the stable codes listed in `docs/ERRORS.md`. */
export type ErrorCode = keyof typeof errorCodes;
