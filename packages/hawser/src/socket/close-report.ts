import { CLOSE_ABNORMAL } from "../protocol/index.js";
import type { CloseFrame, CloseReport } from "./socket-types.js";

type ToldFacts = Pick<CloseReport, "sent" | "received" | "initiator" | "error">;

export interface ReportFacts extends ToldFacts {
  /** Whether the transport took our Close. */
  readonly closeTaken: boolean;
  /** Whether our Close was sent for the fault. */
  readonly faultTold: boolean;
  /** Whether our Close was sent in place of what was queued. */
  readonly discarded: boolean;
}

export type ReportCounts = Omit<CloseReport, keyof ToldFacts | "code" | "reason" | "clean">;

/** Makes the account of a connection's end. */
export function formatReport(all: ReportFacts, counts: ReportCounts): CloseReport {
  const { closeTaken, faultTold: _, discarded: __, ...facts } = all;
  const decisive = decisiveFrame(all);
  return Object.freeze({
    code: decisive?.code ?? CLOSE_ABNORMAL,
    reason: decisive?.reason ?? "",
    clean: closeTaken && facts.received !== null,
    ...facts,
    ...counts,
  });
}

/** The Close that ended the connection: the first one; ours alone only when it tells the fault, or that the peer is too slow. */
function decisiveFrame({ sent, received, initiator, faultTold, discarded }: ReportFacts): CloseFrame | null {
  if (initiator === "error") return faultTold ? sent : null;
  if (sent !== null && received !== null) return initiator === "local" ? sent : received;
  if (initiator === "local" && discarded) return sent;
  return initiator === "remote" ? received : null;
}
