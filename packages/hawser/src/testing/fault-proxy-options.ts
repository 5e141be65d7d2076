import { UsageError } from "../internal/errors.js";
import { checkOptionNames } from "../internal/option-names.js";
import type { Split } from "./split.js";

/** Where a fault proxy connects to. */
export interface FaultTarget {
  /** @default "127.0.0.1" */
  readonly host?: string;
  readonly port: number;
}

/** The faults of both directions. A direction that is not named has none. */
export interface PathFaults {
  readonly toServer?: Faults;
  readonly toClient?: Faults;
}

/** What is done to the bytes of one direction. What is not named is not done. */
export interface Faults {
  /** How long each piece that comes is held: fixed, or at random from the first to the second. Order is kept. */
  readonly delayMs?: number | readonly [leastMs: number, mostMs: number];
  /**
   * How the bytes are cut: each piece is a write of its own, in a turn of its own, so that a receiver which is not busy reads them one
   * by one. "random": at random, often after one byte, never after more than 4,096. The cuts are at the same places of the
   * stream for the same seed.
   */
  readonly split?: Split | "random";
  readonly bytesPerSecond?: number;
  /** Nothing is passed on, and nothing is read: what the sender sends fills the buffers of the system and then waits with it. */
  readonly stalled?: boolean;
  /**
   * Half-open: everything is read and dropped, the end of the connection too, and nobody is told. What was dropped does not
   * come back when this ends.
   */
  readonly silent?: boolean;
  /** One byte in so many is changed, on average, at random. */
  readonly corruptOneIn?: number;
  /** The places of the bytes that are changed, counted from 0 at the start of the direction. */
  readonly corruptAt?: readonly number[];
  /** So many bytes pass, counted from the start of the direction, and not one more: then the connection ends, both ways. */
  readonly cutAfterBytes?: number;
  /** "reset": at once (TCP RST). "close": cleanly (TCP FIN). @default "reset" */
  readonly cutBy?: "reset" | "close";
}

const delayNames = ["delayMs", "split", "bytesPerSecond"];
const faultNames = [...delayNames, "stalled", "silent", "corruptOneIn", "corruptAt", "cutAfterBytes", "cutBy"];

/** @throws UsageError INVALID_ARGUMENT */
export function checkTarget(target: number | FaultTarget): Required<FaultTarget> {
  const { host = "127.0.0.1", port } = typeof target === "object" ? target : { port: target };
  checkNumber("target", port, { least: 1, most: 65_535 });
  return { host, port };
}

/** @throws UsageError INVALID_ARGUMENT */
export function checkPathFaults(faults: PathFaults): void {
  checkOptionNames("the faults of a path", faults, ["toServer", "toClient"]);
  checkFaults(faults.toServer ?? {});
  checkFaults(faults.toClient ?? {});
}

/** @throws UsageError INVALID_ARGUMENT */
export function checkFaults(faults: Faults): void {
  checkOptionNames("the faults of a direction", faults, faultNames);
  const { delayMs = 0, bytesPerSecond = 1, corruptOneIn = 1, corruptAt = [], cutAfterBytes = 0 } = faults;
  const [leastMs, mostMs] = typeof delayMs === "number" ? [delayMs, delayMs] : delayMs;
  checkNumber("delayMs", leastMs, { least: 0, whole: false });
  checkNumber("delayMs", mostMs, { least: leastMs, whole: false });
  checkNumber("bytesPerSecond", bytesPerSecond, { least: 1, whole: false });
  checkNumber("corruptOneIn", corruptOneIn, { least: 1 });
  checkNumber("cutAfterBytes", cutAfterBytes, { least: 0 });
  for (const place of corruptAt) checkNumber("corruptAt", place, { least: 0 });
  if (!["reset", "close", undefined].includes(faults.cutBy)) {
    throw new UsageError("INVALID_ARGUMENT", `cutBy is ${String(faults.cutBy)}: expected "reset" or "close"`);
  }
}

/** @throws UsageError INVALID_ARGUMENT */
export function checkNumber(
  name: string,
  value: unknown,
  { least, most = Number.MAX_SAFE_INTEGER, whole = true }: { least: number; most?: number; whole?: boolean },
): void {
  if (typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value))) return;
  const shown = typeof value === "number" ? String(value) : `of type ${typeof value}`;
  const kind = whole ? "a whole number" : "a number";
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new UsageError("INVALID_ARGUMENT", `${name} is ${shown}: expected ${kind} ${range}`, {
    facts: { name, value: shown },
  });
}
