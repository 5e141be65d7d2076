import { createInterface } from "node:readline";

/** Reads lines typed or piped. The end of the input only ends the lines. Returns the function that stops reading. */
export function readLines(onLine: (line: string) => void): () => void {
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity, terminal: false });
  // a terminal that went away, or one that a background program may not read
  process.stdin.on("error", () => {});
  lines.on("line", onLine);
  return () => {
    lines.close();
    // an open standard input would keep the process alive
    process.stdin.unref?.();
  };
}
