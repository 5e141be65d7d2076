import type { FrameParserOptions, Role } from "../protocol/index.js";
import type { Runtime } from "./runtime.js";
import type { Handlers, StreamHandlers } from "./service.js";
import type { ResolvedSocketOptions } from "./socket-options.js";
import type { CloseReport, Socket } from "./socket-types.js";

/** What the sockets of one service have in common. Each keeps this one object, so none pays for it. */
export class SocketKind<Data = unknown> {
  readonly role: Role;
  readonly runtime: Runtime;
  readonly options: ResolvedSocketOptions;
  /** Given: messages are pushed. Absent: they wait for `receive` or `receiveStream`. */
  readonly handlers: Handlers<Data> | StreamHandlers<Data> | undefined;
  /** Called once, before the `close` handler: by then whoever keeps a list of sockets has this one no more. */
  readonly onClosed: SocketKindParts<Data>["onClosed"] | undefined;
  #parsing: FrameParserOptions | null = null;
  #parsingDeflated: FrameParserOptions | null = null;

  constructor(parts: SocketKindParts<Data>) {
    this.role = parts.role;
    this.runtime = parts.runtime;
    this.options = parts.options;
    this.handlers = parts.handlers;
    this.onClosed = parts.onClosed?.bind(parts);
  }

  /** How a parser of such a socket reads; `deflate`: where permessage-deflate was negotiated. */
  parserOptions(deflate: boolean): FrameParserOptions {
    if (deflate) return (this.#parsingDeflated ??= this.#createParserOptions(true));
    return (this.#parsing ??= this.#createParserOptions(false));
  }

  #createParserOptions(deflate: boolean): FrameParserOptions {
    const { role, runtime, options } = this;
    const { mode, maxMessageBytes, maxFramesPerMessage, maxEmptyFrames, allowNonMinimalLengths } = options;
    const limits = { maxMessageBytes, maxFramesPerMessage, maxEmptyFrames, allowNonMinimalLengths };
    return { role, mode, deflate, bytes: runtime.bytes, ...limits };
  }
}

export interface SocketKindParts<Data> {
  readonly role: Role;
  readonly runtime: Runtime;
  readonly options: ResolvedSocketOptions;
  readonly handlers?: Handlers<Data> | StreamHandlers<Data>;
  onClosed?(socket: Socket<Data>, report: CloseReport): void;
}
