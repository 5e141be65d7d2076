import { type CloseReport, closeCodeName } from "hawser/socket";
import { stripControls } from "./plain-text.js";

/** How a connection ended, in one line. */
export function describeClose(report: CloseReport, peer: "client" | "server"): string {
  const { code, reason, messagesSent, messagesReceived, durationMs } = report;
  const why = reason === "" ? "" : ` "${stripControls(reason)}"`;
  const facts = [
    `${code} ${closeCodeName(code)}${why}`,
    endedBy(report, peer),
    `open ${formatDuration(durationMs)}`,
    `${formatCount(messagesSent)} sent, ${messagesReceived} received`,
  ];
  return `closed ${facts.join("; ")}`;
}

function endedBy({ initiator, clean, error }: CloseReport, peer: "client" | "server"): string {
  if (error !== null) return stripControls(error.message);
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
