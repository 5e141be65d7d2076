/** A message that breaks the rules of the envelope: `docs/PROTOCOL.md`, section 2. */
export class EnvelopeFault {
  /** What is wrong, for people. Nothing of the message is quoted. */
  readonly reason: string;
  /** Whether the sender is told BAD_REQUEST: only what is an object is answered. */
  readonly isAnswered: boolean;
  /** Those of the message, where they are sound. */
  readonly pid: string | undefined;
  readonly action: string | undefined;

  constructor(reason: string, { isAnswered = false, pid, action }: EnvelopeFaultDetails = {}) {
    this.reason = reason;
    this.isAnswered = isAnswered;
    this.pid = pid;
    this.action = action;
  }
}

interface EnvelopeFaultDetails {
  readonly isAnswered?: boolean;
  readonly pid?: string | undefined;
  readonly action?: string | undefined;
}
