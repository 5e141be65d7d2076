import type { Message } from "hawser/socket";
import { stripControls } from "../plain-text.js";

const MAX_SHOWN_BYTES = 16;

export interface MessageFormat {
  /** Text as it is. */
  readonly raw: boolean;
  /** For a terminal: further lines of a message are indented, so that none can pass for another message, or for a line of ours. */
  readonly isShown: boolean;
}

/** A message as it is printed: text without what steers a terminal, binary by its length and first bytes. */
export function formatMessage(message: Message, { raw, isShown }: MessageFormat): string {
  if (typeof message === "string") {
    if (raw) return message;
    const text = stripControls(message);
    return isShown ? text.replaceAll("\n", "\n  ") : text;
  }
  const count = message.length === 1 ? "1 byte" : `${message.length} bytes`;
  const shown = Array.from(message.subarray(0, MAX_SHOWN_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
  const more = message.length > MAX_SHOWN_BYTES ? ["…"] : [];
  return [`<binary ${count}>`, ...shown, ...more].join(" ");
}
