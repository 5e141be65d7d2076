import { closeSync, openSync } from "node:fs";

export interface HangupOptions {
  /** Somebody asked to read the settings again. */
  readonly onReload: () => void;
  /** The terminal that the program was started at was closed. */
  readonly onGone: () => void;
}

/**
 * Listens to SIGHUP. It has two meanings: a wish to read settings again, and the end of the terminal, behind which nobody
 * would end a server that went on. Returns the function that ends the process by the signal, as it would have ended without
 * us: an exit would first set the terminal back, and Node.js aborts when there is none.
 */
export function watchHangup({ onReload, onGone }: HangupOptions): () => void {
  const atTerminal = process.stdin.isTTY;
  const listener = (): void => {
    if (atTerminal && !hasTerminal()) onGone();
    else onReload();
  };
  process.on("SIGHUP", listener);
  return () => {
    process.off("SIGHUP", listener);
    process.kill(process.pid, "SIGHUP");
  };
}

/** Whether the process still has a terminal that controls it. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
