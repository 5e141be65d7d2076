import { pino } from "pino";
import type { Logger } from "pino";
import type { LogLevel } from "./log-levels.js";

/** Fields of a close report, which its message tells a person already. */
const toldInWords = [
  "code",
  "reason",
  "clean",
  "initiator",
  "error",
  "durationMs",
  "messagesSent",
  "messagesReceived",
  "bytesSent",
  "bytesReceived",
  "roundTripMs",
  "status",
];

/**
 * A log on standard error: JSON lines, or text for people when that is a terminal. Written synchronously, so that nothing
 * is lost when the program ends.
 */
export async function createLog(level: LogLevel): Promise<Logger> {
  const options = { level, base: null };
  if (!process.stderr.isTTY) {
    const destination = pino.destination({ fd: 2, sync: true });
    // whoever read the log is gone; that is no reason to stop serving
    destination.on("error", () => {});
    return pino(options, destination);
  }
  const { PinoPretty } = await import("pino-pretty");
  const stream = PinoPretty({
    destination: 2,
    sync: true,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    ignore: toldInWords.join(","),
  });
  stream.on("error", () => {});
  return pino(options, stream);
}
