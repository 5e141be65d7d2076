import { CLOSE_ABNORMAL } from "../protocol/index.js";
import type { CloseFrame, CloseReport } from "./socket-types.js";

export type ReportFacts = Pick<CloseReport, "sent" | "received" | "initiator" | "error">;
export type ReportCounts = Omit<CloseReport, keyof ReportFacts | "code" | "reason" | "clean">;

/** Makes the account of a connection's end. */
export function formatReport(
  { closeTaken, ...facts }: ReportFacts & { closeTaken: boolean },
  counts: ReportCounts,
): CloseReport {
  const decisive = decisiveFrame(facts);
  return Object.freeze({
    code: decisive?.code ?? CLOSE_ABNORMAL,
    reason: decisive?.reason ?? "",
    clean: closeTaken && facts.received !== null,
    ...facts,
    ...counts,
  });
}

/** The Close that ended the connection: the first one; ours alone only when it tells the peer's fault. */
function decisiveFrame({ sent, received, initiator }: ReportFacts): CloseFrame | null {
  if (initiator === "error") return sent ?? received;
  if (sent !== null && received !== null) return initiator === "local" ? sent : received;
  return initiator === "remote" ? received : null;
}
