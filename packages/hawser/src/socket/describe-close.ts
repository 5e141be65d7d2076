import { toPlainLine } from "../internal/plain-text.js";
import { closeCodeName } from "../protocol/index.js";
import type { CloseReport } from "./socket-types.js";

/** A Close frame has no room for a longer reason; an error's text is ours, but may quote. */
const MAX_WORDS = 200;

/**
 * How a connection ended, in one line for people: code and reason, who ended it or what went wrong, how long it was open,
 * what passed over it, the last round trip. What the peer wrote is in it without control characters. `peer` is what the
 * other side is called.
 */
export function describeClose(report: CloseReport, peer: "client" | "server" | "peer" = "peer"): string {
  const { code, reason, roundTripMs, durationMs } = report;
  const why = reason === "" ? "" : ` "${toPlainLine(reason, MAX_WORDS)}"`;
  const facts = [
    `closed ${code} ${closeCodeName(code)}${why}`,
    endedBy(report, peer),
    `open ${formatDuration(durationMs)}`,
    `${formatCount(report.messagesSent)} sent (${formatBytes(report.bytesSent)}), ` +
      `${report.messagesReceived} received (${formatBytes(report.bytesReceived)})`,
  ];
  if (roundTripMs !== null) facts.push(`last round trip ${formatDuration(roundTripMs)}`);
  return facts.join("; ");
}

/** The same for machines: plain values alone, none of them longer than a line. */
export function closeFields(report: CloseReport): Readonly<Record<string, string | number | boolean | null>> {
  const { code, reason, clean, initiator, error, messagesSent, messagesReceived, bytesSent, bytesReceived } = report;
  return {
    code,
    reason: toPlainLine(reason, MAX_WORDS),
    clean,
    initiator,
    error: error?.code ?? null,
    durationMs: Math.round(report.durationMs),
    messagesSent,
    messagesReceived,
    bytesSent,
    bytesReceived,
    roundTripMs: report.roundTripMs === null ? null : Math.round(report.roundTripMs),
  };
}

function endedBy({ initiator, clean, error }: CloseReport, peer: string): string {
  if (error !== null) return toPlainLine(error.message, MAX_WORDS);
  const who = initiator === "local" ? "by this side" : `by the ${peer}`;
  return clean ? who : `${who}, without an answer`;
}

function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

function formatCount(messages: number): string {
  return messages === 1 ? "1 message" : `${messages} messages`;
}

function formatBytes(bytes: number): string {
  return bytes < 10_240 ? `${bytes} B` : `${(bytes / 1024).toFixed(bytes < 10_485_760 ? 0 : 1)} KiB`;
}
