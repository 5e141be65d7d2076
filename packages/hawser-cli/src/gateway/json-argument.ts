import { readSync } from "node:fs";
import { toOneLine } from "../plain-text.js";
import { createUsageError } from "../program-error.js";
import { findJsonFault } from "./json-fault.js";

/** More cannot be meant for one message. */
const MAX_INPUT_BYTES = 16_777_216;

/**
 * The value of a JSON argument; "-" reads it from standard input.
 * @param name what to call it in an error
 * @throws ProgramError (usage) that names the line and column of what is wrong
 */
export function parseJsonArgument(name: string, text: string): unknown {
  return text === "-" ? parseJson(`${name} (standard input)`, readInput(name)) : parseJson(name, text);
}

/** @throws ProgramError (usage) that names the line and column of what is wrong */
export function parseJson(name: string, text: string): unknown {
  const fault = findJsonFault(text);
  if (fault === null) return JSON.parse(text);
  const before = text.slice(0, fault.position).split("\n");
  const column = Array.from(before.at(-1) ?? "").length + 1;
  const near = toOneLine(text.slice(fault.position, fault.position + 40), 20);
  const found = near === "" ? "it ends there" : `there is: ${near}`;
  const place = `line ${before.length}, column ${column}`;
  throw createUsageError(`${name} is not usable as JSON: expected ${fault.expected} at ${place}, but ${found}`);
}

function readInput(name: string): string {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const part = readPart();
    if (part.length === 0) return Buffer.concat(parts).toString("utf8");
    parts.push(part);
    bytes += part.length;
    if (bytes <= MAX_INPUT_BYTES) continue;
    throw createUsageError(`${name}: more than ${MAX_INPUT_BYTES} bytes of standard input`);
  }
}

/** Waits for input, also where it does not block: a terminal in the background, a pipe that another program has set so. */
function readPart(): Uint8Array {
  const part = Buffer.alloc(65_536);
  for (;;) {
    try {
      return part.subarray(0, readSync(0, part));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EOF") return part.subarray(0, 0);
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
