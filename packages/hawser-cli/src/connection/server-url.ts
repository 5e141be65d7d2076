import { createUsageError } from "../program-error.js";

const schemes: ReadonlySet<string> = new Set(["ws:", "wss:", "http:", "https:"]);

/** Checks what the user gave as a URL. @throws ProgramError (usage) that says what is wrong with it */
export function checkServerUrl(text: string): string {
  const url = parse(text);
  if (!schemes.has(url.protocol)) throw createUsageError(`${text}: expected ws:// or wss://, not ${url.protocol}//`);
  if (url.href.includes("#")) throw createUsageError(`${text}: a WebSocket address has no # part; leave it out`);
  const isPlain = url.protocol === "ws:" || url.protocol === "http:";
  if (isPlain && (url.username !== "" || url.password !== "")) {
    throw createUsageError("a user and password in the URL would go over ws:// for all to read: use wss://");
  }
  return text;
}

function parse(text: string): URL {
  if (!text.includes("://")) {
    const guess = text.startsWith("/") ? `ws://127.0.0.1:8080${text}` : `ws://${text}`;
    throw createUsageError(`${text} is not a WebSocket address: did you mean ${guess}?`);
  }
  try {
    return new URL(text);
  } catch (cause) {
    throw createUsageError(`${text} is not a URL: expected one like ws://127.0.0.1:8080/echo`, cause);
  }
}
