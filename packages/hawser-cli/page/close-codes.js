// What the close codes mean (RFC 6455 §7.4 and the IANA registry), in words for a person who reads why it ended.
// Each entry: the registered name, what happened, and what to do next.

import { countUtf8Bytes } from "./format.js";

const CODES = {
  1000: [
    "Normal closure",
    "The conversation was finished; both sides parted on good terms.",
    "Nothing is wrong. Reconnect whenever you like.",
  ],
  1001: [
    "Going away",
    "The server is shutting down, or the page was left.",
    "Reconnect: if the server was only restarted, it will answer in a moment.",
  ],
  1002: [
    "Protocol error",
    "One side sent bytes that the WebSocket protocol does not allow.",
    "This is a fault in a program or a proxy in between. Note the reason text and the server's log.",
  ],
  1003: [
    "Unsupported data",
    "The server does not take this kind of message, such as binary where it wants text.",
    "Reconnect and send the other kind.",
  ],
  1004: [
    "Reserved",
    "This code has no meaning yet and should not have been sent.",
    "Look at what answers at this address.",
  ],
  1005: [
    "No code given",
    "The connection was closed properly, but without saying why.",
    "Nothing is wrong. Reconnect whenever you like.",
  ],
  1006: [
    "Connection lost",
    "The connection broke without a goodbye. No Close message arrived, so no reason is known.",
    "The server may have been stopped, or the network or a proxy in between cut the line. Check that, then reconnect.",
  ],
  1007: [
    "Invalid payload",
    "A message did not hold what it claimed, usually text that is not valid UTF-8.",
    "Send such data as binary instead.",
  ],
  1008: [
    "Policy violation",
    "The server refused to go on: a rule of its own was broken.",
    "Read the reason text; the server's log says which rule.",
  ],
  1009: [
    "Message too big",
    "A message was larger than the receiver accepts.",
    "Send it in smaller parts, or start the server with a larger --max-message-bytes (the default is 1 MiB).",
  ],
  1010: [
    "Mandatory extension",
    "The client needs an extension that the server did not agree to.",
    "Enable the extension on the server, or stop asking for it.",
  ],
  1011: [
    "Internal error",
    "The server met a fault of its own and gave this connection up.",
    "Look at the server's log, then reconnect.",
  ],
  1012: ["Service restart", "The server is restarting.", "Reconnect in a few seconds."],
  1013: ["Try again later", "The server is overloaded for the moment.", "Wait a little, then reconnect."],
  1014: [
    "Bad gateway",
    "A gateway in between got no good answer from the server behind it.",
    "Check the server behind the gateway.",
  ],
  1015: [
    "TLS failure",
    "The encrypted connection could not be made; the certificate was probably not trusted.",
    "Open the https:// address of the server in a tab and see what the browser says of its certificate.",
  ],
  3000: ["Unauthorized", "The server wants to know who you are.", "Connect with credentials."],
  3003: [
    "Forbidden",
    "The server knows who you are and does not allow this.",
    "Ask for the permission, or use another account.",
  ],
  3008: ["Timeout", "Something took longer than the other side was willing to wait.", "Reconnect and try again."],
  // What a Hawser server adds; another server may mean something else by these.
  4008: [
    "Too slow",
    "A Hawser server says: this side did not read fast enough, and too much was waiting.",
    "Reconnect.",
  ],
  4400: [
    "Bad messages",
    "A Hawser gateway says: too many messages were not what it understands.",
    "Check the form of the messages, then reconnect.",
  ],
  4401: ["Not logged in", "A Hawser gateway says: log in first, or the login has expired.", "Reconnect and log in."],
  4403: [
    "Not allowed",
    "A Hawser gateway says: this is not allowed.",
    "Ask for the permission, or use another account.",
  ],
  4029: [
    "Too many messages",
    "A Hawser server says: messages came faster than it allows, for too long.",
    "Reconnect and send more slowly.",
  ],
};

const RANGES = [
  [0, 999, "Unused range", "Codes below 1000 are not used by the protocol.", "Look at what answers at this address."],
  [
    1016,
    2999,
    "Reserved range",
    "Reserved for the protocol and its extensions; this code has no meaning yet.",
    "Look at what answers at this address.",
  ],
  [
    3000,
    3999,
    "Library code",
    "A code for libraries and frameworks, registered with IANA.",
    "Look the code up in the documentation of the library that sent it.",
  ],
  [
    4000,
    4999,
    "Application code",
    "A private code: its meaning is agreed between the application and its server.",
    "Look the code up in the application's documentation.",
  ],
];

const UNKNOWN = [
  "Unknown code",
  "This is not a close code that the protocol knows.",
  "Look at what answers at this address.",
];

/** `{ name, meaning, next }` for any number. */
export function describeCloseCode(code) {
  const known = CODES[code] ?? RANGES.find(([first, last]) => code >= first && code <= last)?.slice(2) ?? UNKNOWN;
  const [name, meaning, next] = known;
  return { name, meaning, next };
}

/** A page may send 1000 and 3000-4999 (WHATWG WebSockets, `close()`). Returns `{ code }` or `{ error }`. */
export function parseCloseCode(text) {
  const trimmed = text.trim();
  if (trimmed === "") return { error: "Enter a code; 1000 is the ordinary one." };
  if (!/^\d+$/.test(trimmed)) return { error: "A close code is a whole number." };
  const code = Number(trimmed);
  if (code === 1000 || (code >= 3000 && code <= 4999)) return { code };
  if (code > 1000 && code < 1016) {
    return { error: `${code} is reserved: a page in a browser may send 1000 or 3000 to 4999.` };
  }
  return { error: "A page in a browser may send 1000 or 3000 to 4999." };
}

/** RFC 6455 §5.5: a control frame carries 125 bytes at most, two of them are the code. */
export const MAX_REASON_BYTES = 123;

export function checkCloseReason(reason) {
  const bytes = countUtf8Bytes(reason);
  const over = bytes - MAX_REASON_BYTES;
  return {
    bytes,
    error: over > 0 ? `The reason is too long by ${over} ${over === 1 ? "byte" : "bytes"} of UTF-8.` : null,
  };
}
