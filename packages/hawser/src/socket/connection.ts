import { createDeferred, type Deferred, quiet } from "../internal/deferred.js";
import { ConnectionError, type HawserError, type ProtocolError } from "../internal/errors.js";
import {
  canSend,
  CLOSE_INTERNAL_ERROR,
  CLOSE_NO_STATUS,
  CLOSE_RATE_LIMITED,
  formatClosePayload,
  isOver,
  type Role,
  type SocketEvent,
  type SocketState,
  transition,
} from "../protocol/index.js";
import { formatReport, type ReportFacts } from "./close-report.js";
import { createClosedError, createLostError, describeLoss } from "./connection-errors.js";
import { describeThrown, tooManyControlFrames } from "./connection-errors.js";
import { ControlBudget } from "./control-budget.js";
import { Deadlines, type DeadlinesOwner } from "./deadlines.js";
import { KeepAlive } from "./keep-alive.js";
import { MessageRate, type MessageRateOwner } from "./message-rate.js";
import type { MessageSink } from "./message-sink.js";
import { Receiver, type ReceiverOwner } from "./receiver.js";
import type { Runtime } from "./runtime.js";
import { SendQueue, type SendQueueOwner } from "./send-queue.js";
import type { SocketKind } from "./socket-kind.js";
import type { ResolvedSocketOptions } from "./socket-options.js";
import type { CloseFrame, CloseReport } from "./socket-types.js";
import { TextHeartbeat } from "./text-heartbeat.js";
import type { Transport, TransportSink } from "./transport.js";

/** How long a peer that has nothing more to say may keep its half of the connection open. */
const LINGER_MS = 2000;

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
export class Connection implements TransportSink, SendQueueOwner, ReceiverOwner, DeadlinesOwner, MessageRateOwner {
  readonly role: Role;
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly options: ResolvedSocketOptions;
  readonly queue: SendQueue;
  readonly receiver: Receiver;
  readonly keepAlive: KeepAlive;
  readonly textHeartbeat: TextHeartbeat | null;
  readonly #owner: ConnectionOwner;
  readonly #deadlines: Deadlines;
  /** null until the first control frame. */
  #controlBudget: ControlBudget | null = null;
  readonly #rate: MessageRate | null;
  readonly #openedAtMs: number;

  #state: SocketState = "connecting";
  #sent: CloseFrame | null = null;
  #received: CloseFrame | null = null;
  #initiator: CloseReport["initiator"] | null = null;
  #error: HawserError | null = null;
  /** Whether our Close was sent for the fault. */
  #faultTold = false;
  /** Whether our Close was sent in place of what was queued. */
  #discarded = false;
  /** Bytes sent by the time when the peer was last heard of. */
  #sentWhenHeard = 0;
  /** Both sides have said all they will: what is written has to leave, then the transport ends. */
  #finishing = false;
  #peerEnded = false;
  #over = false;
  #accountedBytes = 0;

  constructor(
    kind: Pick<SocketKind, "role" | "runtime" | "options" | "parserOptions">,
    { transport, deflate }: { readonly transport: Transport; readonly deflate: object | null },
    owner: ConnectionOwner,
    sink: MessageSink,
  ) {
    const { role, runtime, options } = kind;
    this.role = role;
    this.transport = transport;
    this.runtime = runtime;
    this.options = options;
    this.#owner = owner;
    this.#openedAtMs = runtime.clock.now();
    const spread = options.heartbeat === null ? 0 : runtime.masks.next() / 2 ** 32;
    this.keepAlive = new KeepAlive(options.heartbeat, spread, this.#openedAtMs);
    this.#deadlines = new Deadlines(runtime, options, this.keepAlive, this);
    this.queue = new SendQueue(transport, runtime, role, this);
    this.textHeartbeat = this.#createTextHeartbeat();
    this.receiver = new Receiver(transport, kind.parserOptions(deflate !== null), sink, this);
    this.#rate = options.rateLimit === null ? null : new MessageRate(options.rateLimit, runtime, this);
    if (this.#rate !== null) this.receiver.useRate(this.#rate);
  }

  get state(): SocketState {
    return this.#state;
  }

  start(): void {
    this.#move("opened");
    this.runtime.ledger.open();
    this.#deadlines.arm();
    this.transport.start(this);
  }

  // Closing, from our side

  /**
   * Sends Close behind what is queued. `discard` drops what arrives from now on, bounds the time that the queue may take, and
   * begins the close timeout as soon as the Close is on its way. The promise settles when the transport took the Close; it
   * rejects when the connection is over before.
   */
  beginClose(frame: CloseFrame, discard: boolean): Promise<void> {
    this.#initiator ??= "local";
    this.queue.cutStreams(() => this.#closedError());
    const taken = createDeferred<void>();
    this.#sendClose(frame, taken);
    if (discard) this.hurryClose();
    if (this.#state === "closed" && !this.#finishing) this.#finish();
    return quiet(taken.promise);
  }

  /** Sends Close ahead of what waits, which is dropped. The peer is too slow to be waited for: the report says our code in any case. */
  closeDiscarding(frame: CloseFrame): void {
    if (isOver(this.#state)) return;
    this.queue.overtake(() => this.#closedError());
    if (canSend(this.#state)) {
      this.#discarded = true;
      void this.beginClose(frame, true);
    } else {
      this.hurryClose();
    }
    this.#deadlines.boundClose();
    this.account();
  }

  /** Nothing more is wanted of the peer but its Close, and that in time. */
  hurryClose(): void {
    this.receiver.discard();
    if (!this.#finishing) this.#boundClose();
  }

  /** Ends the connection at once. */
  abort(error: HawserError, initiator: CloseReport["initiator"]): void {
    if (!isOver(this.#state)) {
      this.#error ??= error;
      this.#initiator ??= initiator;
      this.#move("aborted");
    } else if (!this.queue.closeTaken) {
      this.#error ??= error; // the end is not clean: our Close has not left
    }
    this.#deadlines.stop();
    this.receiver.stop();
    this.transport.destroy();
  }

  // TransportSink

  onData(buffer: Uint8Array, start: number, end: number): void {
    this.#sentWhenHeard = this.queue.bytesSent;
    const { beating } = this.keepAlive;
    this.#deadlines.received();
    this.queue.expectFlush();
    this.receiver.onData(buffer, start, end);
    this.queue.flush();
    this.account();
    // The timer waits for the end of the answer's time; with an answer, the next ping may be due before that.
    if (beating) this.#deadlines.arm();
  }

  onDrain(): void {
    this.queue.onDrain();
  }

  onProgress(): void {
    this.#deadlines.progressed();
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
      this.#error ??= describeLoss(cause);
      this.#initiator ??= "error";
      this.#move("aborted");
    } else if (!this.queue.closeTaken) {
      this.#error ??= describeLoss(cause);
    }
    this.#deadlines.stop();
    const report = this.#report();
    const error = (): ConnectionError => this.#endError();
    this.queue.stop(error);
    this.receiver.stop();
    this.receiver.failStream(error());
    this.#rate?.stop();
    this.keepAlive.stop(error);
    this.account();
    this.runtime.ledger.close();
    this.#owner.onClosed(report);
  }

  // DeadlinesOwner

  get listening(): boolean {
    return !this.#finishing && (this.#state === "open" || this.#state === "close-sent");
  }

  get paused(): boolean {
    return this.receiver.paused;
  }

  beat(): void {
    const { heartbeat } = this.options;
    const now = this.runtime.clock.now();
    // After our Close no ping can be sent; then silence alone has to tell.
    if (heartbeat === null || !canSend(this.#state)) this.keepAlive.beat(now);
    else if (this.textHeartbeat !== null) this.textHeartbeat.beat();
    else this.#queueBeat();
  }

  onTimedOut(error: ConnectionError): void {
    const code = this.options.slowCloseCode;
    if (code === null || !this.#isSlow(error) || !canSend(this.#state)) {
      this.abort(error, "error");
      return;
    }
    // our Close has the close timeout
    this.#deadlines.progressed();
    this.expel(error, { code, reason: "too slow" });
  }

  onLingered(): void {
    this.transport.destroy();
  }

  // SendQueueOwner

  onBlocked(): void {
    this.#deadlines.blocked();
    this.account();
  }

  onTaken(): void {
    this.#deadlines.taken();
    if (this.#finishing && this.queue.idle) this.#linger();
    else if (this.#state === "close-sent") this.#boundClose();
    this.#owner.onSpace();
    this.account();
  }

  /** A message that has begun can never be whole: what waits behind it cannot follow, only a Close can. */
  onUnfinishable(cause: unknown): void {
    this.queue.overtake(() => this.#closedError());
    this.onHandlerFailed(cause);
  }

  /** The caller has given up a message that had begun. */
  cancelMessage(error: ConnectionError): void {
    this.queue.overtake(() => this.#closedError());
    if (!canSend(this.#state)) return;
    this.#error ??= error;
    void this.beginClose({ code: CLOSE_INTERNAL_ERROR, reason: "" }, true);
  }

  // ReceiverOwner

  onPing(payload: Uint8Array): void {
    if (!this.#admitControlFrame()) return;
    // After our Close nothing may follow it (RFC 6455 §5.5.1).
    if (canSend(this.#state)) this.queue.setPong(payload);
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
    // The owner may have closed or aborted by now.
    if (answered) {
      this.queue.overtake(() => this.#closedError());
      this.#finish();
    } else if (this.#state === "close-received" && this.options.autoClose) {
      this.queue.overtake(() => this.#closedError());
      this.#sendClose({ code, reason: "" }, null);
      this.#finish();
    } else if (this.#state === "close-received") {
      this.#deadlines.boundClose();
    }
  }

  onPeerEnd(): void {
    this.#peerEnded = true;
    if (this.#finishing) {
      if (this.queue.idle) this.transport.end();
      this.#deadlines.lingerWithin(LINGER_MS);
    } else if (this.#received === null) {
      this.abort(describeLoss(undefined), "error");
    }
  }

  /** The peer broke a rule: it is told, and nothing more is awaited of it (RFC 6455 §7.1.7). */
  onFault(error: ProtocolError): void {
    this.expel(error, { code: error.closeCode, reason: error.code });
    this.#owner.onError(error);
  }

  /** Drops what waits in both directions, tells the peer why, and awaits nothing more. */
  expel(error: HawserError, frame: CloseFrame): void {
    this.#error ??= error;
    this.#initiator = "error";
    this.receiver.stop();
    this.queue.overtake(() => this.#closedError());
    if (canSend(this.#state)) {
      this.#faultTold = true;
      this.#sendClose(frame, null);
    }
    this.#finish();
    this.account();
  }

  onHandlerFailed(cause: unknown): void {
    const closing = !canSend(this.#state);
    // Whoever awaited something of this connection, or of another one that ended with it, has not failed.
    if (closing && cause instanceof ConnectionError) return;
    const error = new ConnectionError("HANDLER_FAILED", `a handler failed: ${describeThrown(cause)}`, { cause });
    if (!closing) {
      this.#error ??= error;
      this.#initiator ??= "error";
      this.#faultTold = true;
      void this.beginClose({ code: CLOSE_INTERNAL_ERROR, reason: "" }, true);
    }
    this.#owner.onError(error);
  }

  onPaused(): void {
    this.#useControlBudget().paused(this.runtime.clock.now());
  }

  onResumed(): void {
    this.#useControlBudget().credit(this.runtime.clock.now());
    this.#deadlines.resumed();
  }

  /** The receiver went on by itself, outside of `onData`. */
  onPumped(): void {
    this.queue.flush();
    this.account();
  }

  // MessageRateOwner

  onFlood(error: ConnectionError): void {
    this.#owner.onError(error);
  }

  onFloodTooLong(error: ConnectionError): void {
    this.expel(error, { code: CLOSE_RATE_LIMITED, reason: error.code });
  }

  // Pings and the account

  /** Memory that the connection holds, as the ledger was told. */
  get heldBytes(): number {
    return this.#accountedBytes;
  }

  sendPing(payload: Uint8Array, waiter: Deferred<number> | null): void {
    this.keepAlive.pinged(payload, this.runtime.clock.now(), waiter);
    this.queue.addPing(payload, null);
  }

  /** Tells the process's ledger what this connection holds now. */
  account(): void {
    const bytes = this.#over ? 0 : this.receiver.retainedBytes + this.queue.heldBytes + this.#owner.queuedBytes;
    this.runtime.ledger.add(bytes - this.#accountedBytes);
    this.#accountedBytes = bytes;
  }

  /** The ping may wait behind bytes that the peer has not taken: the time for its answer begins when it was taken itself. */
  #queueBeat(): void {
    const { keepAlive, queue, runtime } = this;
    const payload = keepAlive.nextPayload();
    const taken = createDeferred<void>();
    keepAlive.pinged(payload, runtime.clock.now(), null);
    keepAlive.queueBeat();
    queue.addPing(payload, taken);
    const begin = (): void => {
      keepAlive.beatTaken(runtime.clock.now());
      this.#deadlines.arm();
    };
    taken.promise.then(begin, begin); // dropped: then silence alone has to tell
  }

  #createTextHeartbeat(): TextHeartbeat | null {
    const { heartbeat } = this.options;
    if (heartbeat?.mode !== "text") return null;
    const { queue, keepAlive, runtime } = this;
    return new TextHeartbeat({
      heartbeat,
      queue,
      keepAlive,
      runtime,
      canSend: () => canSend(this.#state),
      onBeat: () => this.#deadlines.arm(),
    });
  }

  /** Whether it took nothing, and not only said nothing: a silent peer that was sent next to nothing may just be gone. */
  #isSlow({ code }: ConnectionError): boolean {
    if (code === "WRITE_TIMEOUT") return true;
    return code === "HEARTBEAT_TIMEOUT" && this.queue.bytesSent - this.#sentWhenHeard > this.options.softQueueBytes;
  }

  #move(event: SocketEvent): void {
    this.#state = transition(this.#state, event);
  }

  #sendClose(frame: CloseFrame, taken: Deferred<void> | null): void {
    this.#sent = frame;
    const code = frame.code === CLOSE_NO_STATUS ? undefined : frame.code;
    this.queue.addClose(formatClosePayload(code, frame.reason, this.runtime.bytes), taken);
    this.#move("close-sent");
  }

  /** It is the peer's turn, once our Close was taken. A peer that is still being read after `closeOutput` is not hurried. */
  #boundClose(): void {
    if (!this.receiver.discarding) return;
    if (this.queue.closeTaken) this.#deadlines.boundClose();
    else this.#deadlines.boundDrain();
  }

  /** What is written has to leave within the close timeout, also with a peer that takes it steadily, but slowly. */
  #finish(): void {
    this.#finishing = true;
    this.#deadlines.unboundClose();
    this.#deadlines.boundClose();
    this.queue.flush();
  }

  /**
   * All is said and written. The server ends the TCP connection first (RFC 6455 §7.1.1), so that the client's port does not
   * stay occupied; a client waits for that. A server that answered our Close has read all before it, and owes nothing but
   * that: not every one pays (.NET's HttpListener keeps the connection until the WebSocket is disposed).
   */
  #linger(): void {
    if (this.#deadlines.lingering && !this.#peerEnded) return;
    this.#deadlines.unboundClose();
    if (this.role === "server" || this.#state !== "closed" || this.#peerEnded) {
      this.transport.end();
      this.#deadlines.lingerWithin(LINGER_MS);
    } else {
      const { closeTimeoutMs } = this.options;
      this.#deadlines.lingerWithin(this.#initiator === "local" ? Math.min(closeTimeoutMs, LINGER_MS) : closeTimeoutMs);
    }
  }

  /** Full at first: what has not been counted was not there. */
  #useControlBudget(): ControlBudget {
    const { maxControlFramesPerSecond } = this.options;
    return (this.#controlBudget ??= new ControlBudget(maxControlFramesPerSecond, this.runtime.clock.now()));
  }

  #admitControlFrame(): boolean {
    // what was kept aside in a pause is looked at before `onResumed`
    const budget = this.#useControlBudget();
    if (this.receiver.paused) budget.credit(this.runtime.clock.now());
    if (budget.take(this.#deadlines.lastReceivedAtMs)) return true;
    this.onFault(tooManyControlFrames(this.options.maxControlFramesPerSecond));
    return false;
  }

  // The end

  #closedError(): ConnectionError {
    return createClosedError(this.#error);
  }

  /** What unsettled promises are rejected with when the connection is over. */
  #endError(): ConnectionError {
    return this.#state === "closed" ? createClosedError(this.#error) : createLostError(this.#error);
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
      closeTaken: this.queue.closeTaken,
      faultTold: this.#faultTold,
      discarded: this.#discarded,
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
