import { toOneLine } from "../plain-text.js";
import { createUsageError } from "../program-error.js";

/** docs/PROTOCOL.md, section 5. @throws ProgramError (usage) */
export function checkChannel(channel: string): void {
  if (/^[A-Za-z0-9:_.-]{1,255}$/.test(channel)) return;
  const shown = toOneLine(channel, 40);
  throw createUsageError(`"${shown}" is no channel's name: expected 1 to 255 of the characters A-Z a-z 0-9 : _ . -`);
}
