/// <reference lib="esnext.disposable" preserve="true" />
import { copyBytes } from "../internal/bytes.js";
import { createDeferred, type Deferred, quiet } from "../internal/deferred.js";
import { ConnectionError, type HawserError, type ProtocolError } from "../internal/errors.js";
import {
  canSend,
  checkClose,
  CLOSE_NORMAL,
  isOver,
  MAX_CONTROL_BYTES,
  OPCODE_BINARY,
  OPCODE_TEXT,
  type SocketState,
} from "../protocol/index.js";
import { admitMessage, admitStream } from "./admission.js";
import { Inbox } from "./inbox.js";
import { Connection, type ConnectionOwner } from "./connection.js";
import { createEndError, pingTooLong, tooManyPings, wrongState } from "./connection-errors.js";
import { type EncodedMessage, toBytes } from "./encoded-message.js";
import type { FanOutSocket } from "./fan-out.js";
import { MAX_OUTSTANDING_PINGS } from "./keep-alive.js";
import { asHold } from "./message-sink.js";
import type { StreamSinkOwner } from "./message-sinks.js";
import { OutgoingStream } from "./outgoing-stream.js";
import { unpackHeaders } from "./packed-headers.js";
import { PacedInflater } from "./paced-inflater.js";
import type { Handlers, StreamHandlers } from "./service.js";
import { createShedding } from "./shedding.js";
import { SocketKind } from "./socket-kind.js";
import type { SocketParts, SocketSetup } from "./socket-parts.js";
import { checkMessageLimit, checkOneOf } from "./socket-options.js";
import type {
  CloseFrame,
  CloseOptions,
  CloseReport,
  Message,
  MessageStream,
  SendOptions,
  SendStreamOptions,
  Socket,
  WaitOptions,
} from "./socket-types.js";
import { checkTimeout, checkWait, isBounded, watch } from "./wait.js";

type SocketHandlers<Data> = Handlers<Data> | StreamHandlers<Data>;

/** What all share whom nobody waits for; never written to. */
const NOBODY: Deferred<void>[] = [];

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

/** Makes the socket of a connection whose opening handshake has succeeded, and begins to read. */
export function openSocket<Data>(setup: SocketSetup<Data>): TransportSocket<Data> {
  const socket = new TransportSocket<Data>(new SocketKind(setup), setup);
  socket.open(setup.head);
  return socket;
}

/** The Socket over a Transport. It checks arguments and turns what happens into promises; the Connection does the rest. */
export class TransportSocket<Data = unknown> implements Socket<Data>, FanOutSocket, ConnectionOwner, StreamSinkOwner {
  data: Data;
  readonly #kind: SocketKind<Data>;
  readonly #connection: Connection;
  readonly #id: string;
  readonly #url: string;
  readonly #params: Readonly<Record<string, string>>;
  readonly #protocol: string;
  readonly #extensions: string;
  #headers: ReadonlyMap<string, string> | string;
  readonly #deflate: SocketParts["deflate"];
  #inbox: Inbox<Data>;
  #handlers: SocketHandlers<Data> | undefined;
  #drained: Deferred<void>[] = NOBODY;
  #chargedBytes = 0;
  #report: CloseReport | null = null;
  #closed: Deferred<CloseReport> | null = null;

  constructor(kind: SocketKind<Data>, parts: SocketParts<Data>) {
    const { deflate } = parts;
    this.#kind = kind;
    this.#handlers = kind.handlers;
    this.data = parts.data as Data; // absent means that Data includes undefined: the application says so
    this.#id = parts.id;
    this.#url = parts.url;
    this.#params = parts.params ?? NO_PARAMS;
    this.#protocol = parts.protocol;
    this.#extensions = parts.extensions;
    this.#headers = parts.headers;
    this.#deflate = deflate;
    this.#inbox = this.#createInbox();
    this.#connection = new Connection(kind, parts, this, this.#inbox.sink);
    if (deflate !== null) this.#useDeflate(deflate);
  }

  #useDeflate({ port, agreement }: NonNullable<SocketParts["deflate"]>): void {
    const { role, runtime, options } = this.#kind;
    const { server, client } = agreement;
    const [own, peers] = role === "server" ? [server, client] : [client, server];
    this.#connection.queue.useDeflater(port.createDeflater(own), own.takeover);
    const inflater = port.createInflater(peers);
    this.#connection.receiver.useInflater(new PacedInflater(inflater, runtime, options.maxInflatedBytesPerSecond));
  }

  // Getters, as nobody may change these by assignment

  get id(): string {
    return this.#id;
  }
  get url(): string {
    return this.#url;
  }
  get params(): Readonly<Record<string, string>> {
    return this.#params;
  }
  get protocol(): string {
    return this.#protocol;
  }
  get extensions(): string {
    return this.#extensions;
  }
  get state(): SocketState {
    return this.#connection.state;
  }
  get remoteAddress(): string | undefined {
    return this.#connection.transport.remoteAddress;
  }
  get headers(): ReadonlyMap<string, string> {
    if (typeof this.#headers === "string") this.#headers = unpackHeaders(this.#headers);
    return this.#headers;
  }
  get bufferedBytes(): number {
    return this.#connection.queue.bufferedBytes;
  }
  get roundTripMs(): number | null {
    return this.#connection.keepAlive.roundTripMs;
  }
  get maxMessageBytes(): number {
    return this.#connection.receiver.maxMessageBytes;
  }
  set maxMessageBytes(bytes: number) {
    this.#connection.receiver.maxMessageBytes = checkMessageLimit(bytes, this.#kind.options);
  }
  get closed(): Promise<CloseReport> {
    if (this.#closed === null) {
      this.#closed = createDeferred<CloseReport>();
      if (this.#report !== null) this.#closed.resolve(this.#report);
    }
    return this.#closed.promise;
  }

  /**
   * Begins the life of the connection; called once, by `openSocket`. `choose` is asked for handlers while the socket is open
   * and nothing has been read.
   */
  open(head: Uint8Array | undefined, choose?: () => SocketHandlers<Data> | undefined): void {
    this.#connection.start();
    this.#useHandlers(choose?.());
    this.#call(() => this.#handlers?.open?.(this));
    // What came with the handshake was counted nowhere yet, and may have been followed by the end of the connection.
    if (head !== undefined && head.length > 0) this.#connection.onData(head, 0, head.length);
  }

  // Sending

  send(data: string | ArrayBufferView | ArrayBuffer, options?: SendOptions): Promise<void> {
    const waiter = createDeferred<void>();
    try {
      checkWait(options);
      this.#accept("send", data, options?.compress, { waiter, alone: isBounded(options) });
      watch(waiter, options, this.#kind.runtime, () => this.#cancelSend(waiter));
    } catch (error) {
      waiter.reject(error);
    }
    return quiet(waiter.promise);
  }

  post(data: string | ArrayBufferView | ArrayBuffer, options?: { readonly compress?: boolean }): boolean {
    this.#accept("post", data, options?.compress, null);
    return this.#belowSoftLimit();
  }

  /** Sends one frame that was encoded once for many connections. As `post`. */
  postEncoded(message: EncodedMessage): boolean {
    const { role } = this.#kind;
    const deflate = this.#deflate;
    if (role === "client") this.#accept("post", message.data, message.compress, null);
    else if (deflate === null || !message.compress || message.payload.length < deflate.thresholdBytes) {
      this.#admit("post", message.frame.length);
      this.#connection.queue.addFrame(message.frame);
    } else this.#postShared(message, deflate);
    return this.#belowSoftLimit();
  }

  flush(): boolean {
    this.#connection.queue.flush();
    return this.#belowSoftLimit();
  }

  charge(bytes: number): void {
    this.#chargedBytes += bytes;
    this.#connection.account();
  }

  drained(options?: WaitOptions): Promise<void> {
    const waiter = createDeferred<void>();
    try {
      checkWait(options);
      if (this.#report !== null) throw createEndError(this.#report);
      if (this.#belowSoftLimit()) return Promise.resolve();
      if (this.#drained === NOBODY) this.#drained = [];
      this.#drained.push(waiter);
      watch(waiter, options, this.#kind.runtime, () => {
        const before = this.#drained.length;
        this.#drained = this.#drained.filter((other) => other !== waiter);
        return this.#drained.length < before;
      });
    } catch (error) {
      waiter.reject(error);
    }
    return quiet(waiter.promise);
  }

  sendStream(
    source: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
    options: SendStreamOptions = {},
  ): Promise<void> {
    const settled = createDeferred<void>();
    try {
      checkWait(options);
      this.#requireSending("sendStream");
      admitStream(this.#connection.queue, this.#kind.options.maxQueueBytes);
      const compress = this.#deflate !== null && options.compress !== false;
      const type = options.type === undefined ? null : checkOneOf("type", options.type, ["text", "binary"] as const);
      const stream = new OutgoingStream(source, settled, { type, compress });
      this.#connection.queue.addStream(stream);
      watch(settled, options, this.#kind.runtime, (error) => this.#cancelStream(stream, error));
    } catch (error) {
      settled.reject(error);
    }
    return quiet(settled.promise);
  }

  // Receiving

  receive(options?: WaitOptions): Promise<Message | null> {
    const message = this.#inbox.receive(options);
    this.#connection.account();
    return message;
  }

  receiveStream(options?: WaitOptions): Promise<MessageStream | null> {
    return this.#inbox.receiveStream(options);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      const message = await this.receive();
      if (message === null) return;
      yield message;
    }
  }

  // Pings and the end

  ping(data?: string | Uint8Array, options?: WaitOptions): Promise<number> {
    const waiter = createDeferred<number>();
    try {
      checkWait(options);
      this.#requireSending("ping");
      const { keepAlive, queue } = this.#connection;
      const payload = data === undefined ? keepAlive.nextPayload() : copyBytes(toBytes(data, this.#kind.runtime));
      if (payload.length > MAX_CONTROL_BYTES) {
        throw pingTooLong(payload.length, MAX_CONTROL_BYTES);
      }
      // A cancelled ping is not outstanding any more, but may still wait to be sent.
      if (Math.max(keepAlive.outstanding, queue.waitingPings) >= MAX_OUTSTANDING_PINGS) {
        throw tooManyPings(MAX_OUTSTANDING_PINGS);
      }
      this.#connection.sendPing(payload, waiter);
      watch(waiter, options, this.#kind.runtime, () => keepAlive.forget(waiter));
    } catch (error) {
      waiter.reject(error);
    }
    return quiet(waiter.promise);
  }

  close(code?: number, reason = "", options?: CloseOptions): Promise<CloseReport> {
    const frame = this.#closeFrame(code ?? CLOSE_NORMAL, reason);
    checkTimeout(options);
    const connection = this.#connection;
    if (options?.discardQueued === true) connection.closeDiscarding(frame);
    else if (canSend(connection.state)) void connection.beginClose(frame, true);
    else if (connection.state === "close-sent") connection.hurryClose();
    if (isBounded(options)) this.#boundClosing(options);
    return this.closed;
  }

  closeOutput(code?: number, reason = ""): Promise<void> {
    const frame = this.#closeFrame(code ?? CLOSE_NORMAL, reason);
    if (!canSend(this.state)) return quiet(Promise.reject(wrongState("closeOutput", this.state)));
    return this.#connection.beginClose(frame, false);
  }

  abort(reason = "the application aborted it"): void {
    if (!isOver(this.state)) this.#inbox.clear();
    this.#connection.abort(new ConnectionError("ABORTED", reason), "local");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // For whoever watches over the memory of the process

  get heldBytes(): number {
    return this.#connection.heldBytes;
  }

  /** Closes with 1013 to get memory back: what waits is dropped, and the peer told when it may come again. */
  shed(limit: number): void {
    const { error, frame } = createShedding(this.heldBytes, limit, this.#kind.runtime.masks.next());
    if (isOver(this.state)) {
      this.#connection.abort(error, "error");
    } else {
      this.#inbox.clear();
      this.#connection.expel(error, frame);
    }
  }

  // ConnectionOwner: called by the Connection alone

  get queuedBytes(): number {
    return this.#inbox.bytes + this.#chargedBytes;
  }

  // StreamSinkOwner: called by the Inbox's sinks alone

  onFault(error: ProtocolError): void {
    this.#connection.onFault(error);
  }

  onHandlerFailed(error: unknown): void {
    this.#connection.onHandlerFailed(error);
  }

  // ConnectionOwner again

  onPeerClose(frame: CloseFrame): void {
    this.#inbox.finish(null);
    this.#call(() => this.#handlers?.closing?.(this, frame));
  }

  onSpace(): void {
    if (this.#drained.length === 0 || !this.#belowSoftLimit()) return;
    for (const waiter of this.#takeDrained()) waiter.resolve();
  }

  #takeDrained(): readonly Deferred<void>[] {
    const waiters = this.#drained;
    this.#drained = NOBODY;
    return waiters;
  }

  onError(error: HawserError): void {
    try {
      // Whoever fails in the handler of failures is told in the report already.
      asHold(this.#handlers?.error?.(this, error))?.then(undefined, () => {});
    } catch {
      // the same
    }
  }

  onClosed(report: CloseReport): void {
    this.#report = report;
    this.#inbox.finish(this.#connection.receiveEnd);
    for (const waiter of this.#takeDrained()) waiter.reject(createEndError(report));
    this.#closed?.resolve(report);
    this.#kind.onClosed?.(this, report);
    this.#call(() => this.#handlers?.close?.(this, report));
  }

  /** Calls a handler that nothing waits for. */
  #call(handler: () => unknown): void {
    const onFailed = (error: unknown): void => this.#connection.onHandlerFailed(error);
    try {
      asHold(handler())?.then(undefined, onFailed);
    } catch (error) {
      onFailed(error);
    }
  }

  /** From pull to push, before anything was read. */
  #useHandlers(handlers: SocketHandlers<Data> | undefined): void {
    if (handlers === undefined) return;
    this.#handlers = handlers;
    this.#inbox.finish(null);
    this.#inbox = this.#createInbox();
    this.#connection.receiver.useSink(this.#inbox.sink);
  }

  #createInbox(): Inbox<Data> {
    const inText = this.#kind.options.heartbeat?.mode === "text";
    const intercept = (text: string): boolean => this.#connection.textHeartbeat?.intercept(text) === true;
    return new Inbox<Data>(this, this.#kind, this.#handlers, inText ? intercept : null);
  }

  #cancelSend(waiter: Deferred<void>): boolean {
    const removed = this.#connection.queue.remove(waiter);
    if (removed) {
      this.onSpace();
      this.#connection.account();
    }
    return removed;
  }

  #cancelStream(stream: OutgoingStream, error: ConnectionError): boolean {
    if (stream.finished) return false;
    const removed = this.#connection.queue.removeStream(stream);
    stream.fail(error);
    // A message cut short must not look like a whole one: the connection goes with it.
    if (!removed) this.#connection.cancelMessage(error);
    return true;
  }

  #accept(
    call: string,
    data: string | ArrayBufferView | ArrayBuffer,
    compress: boolean | undefined,
    wait: { waiter: Deferred<void>; alone: boolean } | null,
  ): void {
    const { runtime } = this.#kind;
    const deflate = this.#deflate;
    const { queue } = this.#connection;
    const content = typeof data === "string" ? data : toBytes(data, runtime);
    this.#admit(call, content.length, content);
    if (deflate !== null && compress !== false && content.length >= deflate.thresholdBytes) {
      const opcode = typeof data === "string" ? OPCODE_TEXT : OPCODE_BINARY;
      queue.addCompressible({ opcode, data: toBytes(content, runtime) }, wait?.waiter ?? null);
    } else {
      queue.addMessage(content, wait?.waiter ?? null, wait?.alone ?? false);
    }
  }

  #postShared(message: EncodedMessage, { port, agreement }: NonNullable<SocketParts["deflate"]>): void {
    const { windowBits, takeover } = agreement.server;
    const { opcode, payload } = message;
    this.#admit("post", payload.length);
    const share = (): ReturnType<EncodedMessage["compressed"]> => message.compressed(port, windowBits);
    // a compressor that remembers has to forget when the message's turn has come, and not before
    const frame = takeover ? null : share();
    const { queue } = this.#connection;
    if (frame === null || frame instanceof Promise) queue.addCompressible({ opcode, data: payload, share }, null);
    else queue.addFrame(frame.bytes);
  }

  /** Refuses what may not be sent now, or has no room. */
  #admit(call: string, size: number, content?: string | Uint8Array): void {
    this.#requireSending(call);
    admitMessage(this.#connection.queue, this.#kind, size, content);
  }

  #belowSoftLimit(): boolean {
    return this.bufferedBytes <= this.#kind.options.softQueueBytes;
  }

  #requireSending(call: string): void {
    if (!canSend(this.state)) throw wrongState(call, this.state);
  }

  #closeFrame(code: number, reason: string): CloseFrame {
    checkClose(code, reason, this.#kind.role, this.#kind.runtime.bytes);
    return { code, reason };
  }

  /** The caller's own bound on the closing handshake. */
  #boundClosing(options: WaitOptions): void {
    const end = createDeferred<void>();
    void quiet(end.promise);
    void this.closed.then(() => end.resolve());
    watch(end, options, this.#kind.runtime, () => {
      if (!isOver(this.state) || this.#report === null) {
        this.#connection.abort(
          new ConnectionError("CLOSE_TIMEOUT", "the closing handshake was cut short by its caller"),
          "local",
        );
      }
      return true;
    });
  }
}
