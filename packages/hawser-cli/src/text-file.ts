import { readFileSync } from "node:fs";
import { ProgramError, systemCode } from "./program-error.js";

/** Reads the bytes of the file that an option names. @throws ProgramError saying which one, and why it cannot be read */
export function readBinaryFile(option: string, path: string): Buffer {
  return read(option, path, (file) => readFileSync(file));
}

/** Reads the file that an option names. @throws ProgramError saying which one, and why it cannot be read */
export function readTextFile(option: string, path: string): string {
  return read(option, path, (file) => readFileSync(file, "utf8"));
}

function read<Content>(option: string, path: string, readFile: (file: string) => Content): Content {
  try {
    return readFile(path);
  } catch (cause) {
    const code = systemCode(cause);
    const advice = code === "ENOENT" && option.startsWith("--tls") ? ", or make a certificate with: hawser cert" : "";
    throw new ProgramError(`${option} ${path} ${faults[code] ?? `cannot be read (${code})`}${advice}`, { cause });
  }
}

const faults: Readonly<Record<string, string>> = {
  ENOENT: "does not exist: check the path",
  EACCES: "may not be read by this user: change its permissions",
  EISDIR: "is a folder: give the file in it",
};
