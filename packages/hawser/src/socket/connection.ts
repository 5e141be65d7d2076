import { createDeferred, type Deferred } from "../internal/deferred.js";
import { ConnectionError, type HawserError, ProtocolError } from "../internal/errors.js";
import { WheelTimer } from "../internal/timer-wheel.js";
import {
  canSend,
  CLOSE_INTERNAL_ERROR,
  CLOSE_NO_STATUS,
  CLOSE_POLICY_VIOLATION,
  formatClosePayload,
  isOver,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  type Role,
  type SocketEvent,
  type SocketState,
  transition,
} from "../protocol/index.js";
import { formatReport, type ReportFacts } from "./close-report.js";
import { KeepAlive } from "./keep-alive.js";
import { type MessageSink, Receiver, type ReceiverOwner } from "./receiver.js";
import type { Runtime } from "./runtime.js";
import { SendQueue, type SendQueueOwner } from "./send-queue.js";
import type { ResolvedSocketOptions } from "./socket-options.js";
import type { CloseFrame, CloseReport } from "./socket-types.js";
import type { Transport, TransportSink } from "./transport.js";

/** How long a peer that has nothing more to say may keep its half of the connection open. */
const LINGER_MS = 2000;

/** A timer this late tells of a process that stood still: silence in that time is no one else's fault. */
const STALL_MS = 1000;

export interface ConnectionParts {
  readonly role: Role;
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly options: ResolvedSocketOptions;
  readonly deflated: boolean;
}

export interface ConnectionOwner {
  /** Memory that the application's own queues hold. */
  readonly queuedBytes: number;
  /** The peer's Close came: no message follows. */
  onPeerClose(frame: CloseFrame): void;
  /** Less waits to be sent than before. */
  onSpace(): void;
  onError(error: HawserError): void;
  /** Everything is over. Called once. */
  onClosed(report: CloseReport): void;
}

/**
 * The life of one connection from the opening handshake to its end: both closing handshakes, every deadline, the account of
 * what happened. The way in is the Receiver's, the way out the SendQueue's.
 *
 * How it can end: both Close frames pass and the state is `closed`; or something fails, a Close goes out with the reason and
 * nothing is awaited; or the connection is gone. In every case `onClosed` of the transport comes last and is the only place
 * where promises are settled, memory is given back and the report is made.
 */
export class Connection implements TransportSink, SendQueueOwner, ReceiverOwner {
  readonly role: Role;
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly options: ResolvedSocketOptions;
  readonly queue: SendQueue;
  readonly receiver: Receiver;
  readonly keepAlive: KeepAlive;
  readonly #owner: ConnectionOwner;
  readonly #timer: WheelTimer;
  readonly #openedAtMs: number;

  #state: SocketState = "connecting";
  #sent: CloseFrame | null = null;
  #received: CloseFrame | null = null;
  #initiator: CloseReport["initiator"] | null = null;
  #error: HawserError | null = null;
  /** Both sides have said all they will: what is written has to leave, then the transport ends. */
  #finishing = false;
  #closeTaken = false;
  #over = false;

  #lastReceivedAtMs: number;
  #blockedSinceMs: number | null = null;
  #closeDeadlineMs = Infinity;
  #destroyAtMs = Infinity;
  #timerDueMs = Infinity;
  #controlFrames = 0;
  #controlSecondMs = 0;
  #accountedBytes = 0;

  constructor(parts: ConnectionParts, owner: ConnectionOwner, createSink: (connection: Connection) => MessageSink) {
    const { role, transport, runtime, options } = parts;
    this.role = role;
    this.transport = transport;
    this.runtime = runtime;
    this.options = options;
    this.#owner = owner;
    this.#timer = new WheelTimer(() => this.#onTimer());
    this.queue = new SendQueue(transport, runtime, role, this);
    const limits = { ...options, bytes: runtime.bytes, role, deflate: parts.deflated };
    this.receiver = new Receiver(transport, limits, createSink(this), this);
    this.keepAlive = new KeepAlive(options.heartbeat, options.heartbeat === null ? 0 : runtime.masks.next() / 2 ** 32);
    this.#openedAtMs = this.#lastReceivedAtMs = runtime.clock.now();
  }

  get state(): SocketState {
    return this.#state;
  }

  start(): void {
    this.#move("opened");
    this.runtime.ledger.open();
    this.#armBy(
      this.#lastReceivedAtMs + Math.min(this.options.idleTimeoutMs, this.options.heartbeat?.intervalMs ?? Infinity),
    );
    this.transport.start(this);
  }

  // Closing, from our side

  /**
   * Sends Close behind what is queued. `discard` drops what arrives from now on and begins the close timeout as soon as the
   * Close is on its way. The promise resolves when the transport took the Close, or the connection is over before that.
   */
  beginClose(frame: CloseFrame, discard: boolean): Promise<void> {
    this.#initiator ??= "local";
    this.queue.cutStream(() => this.#closedError());
    this.#sent = frame;
    const taken = createDeferred<void>();
    this.queue.addClose(OPCODE_CLOSE, this.#closePayload(frame), taken);
    this.#move("close-sent");
    if (discard) this.receiver.discard();
    const done = taken.promise.then(
      () => this.#onCloseTaken(),
      () => {},
    );
    if (this.#state === "closed") this.#finish();
    return done;
  }

  /** After `closeOutput`: nothing more is wanted of the peer but its Close, and that soon. */
  hurryClose(): void {
    this.receiver.discard();
    this.#boundClose();
  }

  /** Ends the connection at once. */
  abort(error: HawserError, initiator: CloseReport["initiator"]): void {
    if (!isOver(this.#state)) {
      this.#error ??= error;
      this.#initiator ??= initiator;
      this.#move("aborted");
    }
    this.receiver.stop();
    this.transport.destroy();
  }

  // TransportSink

  onData(buffer: Uint8Array, start: number, end: number): void {
    this.#lastReceivedAtMs = this.runtime.clock.now();
    this.receiver.onData(buffer, start, end);
    this.queue.flush();
    this.account();
  }

  onDrain(): void {
    this.#blockedSinceMs = null;
    this.queue.onDrain();
    this.account();
  }

  onProgress(): void {
    if (this.#blockedSinceMs !== null) this.#blockedSinceMs = this.runtime.clock.now();
    this.#owner.onSpace();
  }

  onEnd(): void {
    this.receiver.onEnd();
    this.queue.flush();
  }

  onClosed(cause: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (!isOver(this.#state)) {
      this.#error ??= lost(cause);
      this.#initiator ??= "error";
      this.#move("aborted");
    }
    this.runtime.wheel.cancel(this.#timer);
    const report = this.#report();
    const error = (): ConnectionError => this.#endError();
    this.queue.stop(error);
    this.receiver.stop();
    this.receiver.failStream(error());
    this.keepAlive.stop(error);
    this.#owner.onClosed(report);
    this.account();
    this.runtime.ledger.close();
  }

  // SendQueueOwner

  onBlocked(): void {
    if (this.#blockedSinceMs !== null) return;
    this.#blockedSinceMs = this.runtime.clock.now();
    this.#armBy(this.#blockedSinceMs + this.options.writeTimeoutMs);
  }

  onTaken(): void {
    this.#blockedSinceMs = null;
    if (this.#finishing && this.queue.idle) this.#linger();
    this.#owner.onSpace();
  }

  onUnfinishable(error: unknown): void {
    this.onHandlerFailed(error);
  }

  // ReceiverOwner

  onPing(payload: Uint8Array): void {
    if (!this.#admitControlFrame()) return;
    // After our Close nothing may follow it (RFC 6455 §5.5.1).
    if (canSend(this.#state)) this.queue.setPong(OPCODE_PONG, payload);
  }

  onPong(payload: Uint8Array): void {
    if (this.#admitControlFrame()) this.keepAlive.ponged(payload, this.runtime.clock.now());
  }

  onPeerClose(code: number, reason: string): void {
    const frame = { code, reason };
    this.#received = frame;
    this.#initiator ??= "remote";
    const answered = this.#state === "close-sent";
    this.#move("close-received");
    this.#owner.onPeerClose(frame);
    if (answered) {
      if (!this.#closeTaken) this.#overtakeQueue();
      this.#finish();
    } else if (this.#state === "close-received" && this.options.autoClose) {
      this.#sent = { code, reason: "" };
      this.#overtakeQueue();
      this.#move("close-sent");
      this.#finish();
    } else if (this.#state === "close-received") {
      this.#boundClose();
    }
  }

  onPeerEnd(): void {
    if (this.#finishing) {
      this.transport.end();
      this.#destroyWithin(LINGER_MS);
    } else if (this.#received === null) {
      this.abort(lost(undefined), "error");
    }
  }

  /** The peer broke a rule: it is told, and nothing more is awaited of it (RFC 6455 §7.1.7). */
  onFault(error: ProtocolError): void {
    this.#error ??= error;
    this.#initiator = "error";
    this.receiver.stop();
    if (canSend(this.#state)) {
      this.#sent = { code: error.closeCode, reason: error.code };
      this.#overtakeQueue();
      this.#move("close-sent");
    }
    this.#finish();
    this.#owner.onError(error);
  }

  onHandlerFailed(cause: unknown): void {
    const error = new ConnectionError("HANDLER_FAILED", `a handler failed: ${describe(cause)}`, { cause });
    if (canSend(this.#state)) {
      this.#error ??= error;
      this.#initiator ??= "error";
      void this.beginClose({ code: CLOSE_INTERNAL_ERROR, reason: "" }, true);
    }
    this.#owner.onError(error);
  }

  // Pings and the account

  sendPing(payload: Uint8Array, waiter: Deferred<number> | null): void {
    this.keepAlive.pinged(payload, this.runtime.clock.now(), waiter);
    this.queue.addControl(OPCODE_PING, payload);
  }

  /** Tells the process's ledger what this connection holds now. */
  account(): void {
    const bytes = this.#over ? 0 : this.receiver.retainedBytes + this.queue.bufferedBytes + this.#owner.queuedBytes;
    this.runtime.ledger.add(bytes - this.#accountedBytes);
    this.#accountedBytes = bytes;
  }

  #move(event: SocketEvent): void {
    this.#state = transition(this.#state, event);
  }

  #closePayload(frame: CloseFrame): Uint8Array {
    return formatClosePayload(
      frame.code === CLOSE_NO_STATUS ? undefined : frame.code,
      frame.reason,
      this.runtime.bytes,
    );
  }

  /** Sends our Close now: behind what the transport takes at once, in front of all that would have to wait. */
  #overtakeQueue(): void {
    this.queue.flush();
    this.queue.drop(() => this.#closedError());
    if (this.#sent !== null) this.queue.addControl(OPCODE_CLOSE, this.#closePayload(this.#sent));
  }

  #onCloseTaken(): void {
    this.#closeTaken = true;
    if (this.#state === "close-sent") this.#boundClose();
  }

  /** The peer's turn, for the close timeout. A peer that is still being read after `closeOutput` is not hurried. */
  #boundClose(): void {
    const waiting = this.#state === "close-received" || (this.#closeTaken && this.receiver.discarding);
    if (!waiting || this.#closeDeadlineMs !== Infinity) return;
    this.#closeDeadlineMs = this.runtime.clock.now() + this.options.closeTimeoutMs;
    this.#armBy(this.#closeDeadlineMs);
  }

  #finish(): void {
    this.#finishing = true;
    this.#closeDeadlineMs = Infinity;
    this.queue.flush();
  }

  /**
   * All is said and written. The server ends the TCP connection first (RFC 6455 §7.1.1), so that the client's port does not
   * stay occupied; a client waits for that.
   */
  #linger(): void {
    if (this.#destroyAtMs !== Infinity) return;
    const clean = this.#state === "closed";
    if (this.role === "server" || !clean) {
      this.transport.end();
      this.#destroyWithin(LINGER_MS);
    } else {
      this.#destroyWithin(this.options.closeTimeoutMs);
    }
  }

  #destroyWithin(delayMs: number): void {
    this.#destroyAtMs = Math.min(this.#destroyAtMs, this.runtime.clock.now() + delayMs);
    this.#armBy(this.#destroyAtMs);
  }

  #admitControlFrame(): boolean {
    const limit = this.options.maxControlFramesPerSecond;
    if (this.#lastReceivedAtMs - this.#controlSecondMs >= 1000) {
      this.#controlSecondMs = this.#lastReceivedAtMs;
      this.#controlFrames = 0;
    }
    if (++this.#controlFrames <= limit) return true;
    this.onFault(
      new ProtocolError(
        "TOO_MANY_CONTROL_FRAMES",
        CLOSE_POLICY_VIOLATION,
        `more than ${limit} control frames in a second`,
        { facts: { limit } },
      ),
    );
    return false;
  }

  // Deadlines

  #armBy(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return;
    this.#timerDueMs = dueMs;
    this.runtime.wheel.arm(this.#timer, dueMs - this.runtime.clock.now());
  }

  #onTimer(): void {
    const now = this.runtime.clock.now();
    if (now - this.#timerDueMs > STALL_MS || this.receiver.paused) this.#excuse(now);
    this.#timerDueMs = Infinity;
    if (now >= this.#destroyAtMs) this.transport.destroy();
    else if (now >= this.#closeDeadlineMs) {
      this.abort(
        this.#timedOut("CLOSE_TIMEOUT", "the peer's Close did not come", this.options.closeTimeoutMs),
        "error",
      );
    } else if (this.#blockedSinceMs !== null && now >= this.#blockedSinceMs + this.options.writeTimeoutMs) {
      this.abort(this.#timedOut("WRITE_TIMEOUT", "the peer took no bytes", this.options.writeTimeoutMs), "error");
    } else if (!isOver(this.#state)) this.#checkAlive(now);
    if (!this.#over) this.#armBy(this.#nextDeadline(now));
  }

  #excuse(now: number): void {
    this.#lastReceivedAtMs = now;
    this.keepAlive.excuse(now);
  }

  #checkAlive(now: number): void {
    const { idleTimeoutMs, heartbeat } = this.options;
    if (now >= this.#lastReceivedAtMs + idleTimeoutMs) {
      this.abort(this.#timedOut("IDLE_TIMEOUT", "nothing was received", idleTimeoutMs), "error");
      return;
    }
    const due = this.keepAlive.check(now, this.#lastReceivedAtMs);
    if (due === "nothing" || heartbeat === null) return;
    if (due === "lost") {
      this.abort(this.#timedOut("HEARTBEAT_TIMEOUT", "the heartbeat was not answered", heartbeat.timeoutMs), "error");
      return;
    }
    this.keepAlive.beat(now);
    // After our Close no ping can be sent; then silence alone has to tell.
    if (!canSend(this.#state)) return;
    if (heartbeat.mode === "text") this.queue.addMessage(heartbeat.ping, null, false);
    else this.sendPing(this.keepAlive.nextPayload(), null);
  }

  #nextDeadline(now: number): number {
    const blocked = this.#blockedSinceMs === null ? Infinity : this.#blockedSinceMs + this.options.writeTimeoutMs;
    const idle = this.#lastReceivedAtMs + this.options.idleTimeoutMs;
    const alive = isOver(this.#state)
      ? Infinity
      : Math.max(now, Math.min(idle, this.keepAlive.deadline(this.#lastReceivedAtMs)));
    return Math.min(this.#destroyAtMs, this.#closeDeadlineMs, blocked, alive);
  }

  #timedOut(
    code: "CLOSE_TIMEOUT" | "WRITE_TIMEOUT" | "IDLE_TIMEOUT" | "HEARTBEAT_TIMEOUT",
    what: string,
    timeoutMs: number,
  ): ConnectionError {
    return new ConnectionError(code, `${what} within ${timeoutMs} ms`, { facts: { timeoutMs } });
  }

  // The end

  #closedError(): ConnectionError {
    return new ConnectionError(
      "CONNECTION_CLOSED",
      "the connection was closed before this was done",
      this.#error === null ? {} : { cause: this.#error },
    );
  }

  /** What unsettled promises are rejected with when the connection is over. */
  #endError(): ConnectionError {
    return this.#state === "closed"
      ? this.#closedError()
      : new ConnectionError("CONNECTION_LOST", "the connection ended without a closing handshake", {
          cause: this.#error,
        });
  }

  /** What `receive` ends with: null when the peer said that nothing follows. */
  get receiveEnd(): ConnectionError | null {
    return this.#received === null
      ? new ConnectionError("CONNECTION_LOST", "the connection ended without the peer's Close", { cause: this.#error })
      : null;
  }

  #report(): CloseReport {
    const facts: ReportFacts = {
      sent: this.#sent,
      received: this.#received,
      initiator: this.#initiator ?? "error",
      error: this.#error,
    };
    return formatReport(facts, {
      messagesSent: this.queue.messagesSent,
      messagesReceived: this.receiver.messagesReceived,
      bytesSent: this.queue.bytesSent,
      bytesReceived: this.receiver.bytesReceived,
      roundTripMs: this.keepAlive.roundTripMs,
      durationMs: this.runtime.clock.now() - this.#openedAtMs,
    });
  }
}

function lost(cause: Error | undefined): ConnectionError {
  const why = cause === undefined ? "the peer ended it without a Close" : cause.message;
  return new ConnectionError(
    "CONNECTION_LOST",
    `the connection was lost: ${why}`,
    cause === undefined ? {} : { cause },
  );
}

function describe(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
