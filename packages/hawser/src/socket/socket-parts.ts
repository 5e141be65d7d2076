import type { DeflateAgreement, DeflatePort } from "../protocol/index.js";
import type { SocketKindParts } from "./socket-kind.js";
import type { Transport } from "./transport.js";

/** What a socket has for itself, once the opening handshake has succeeded. */
export interface SocketParts<Data = unknown> {
  readonly transport: Transport;
  readonly id: string;
  readonly data?: Data;
  readonly url: string;
  readonly params?: Readonly<Record<string, string>>;
  /** As a map, or as `packHeaders` made one text of them. */
  readonly headers: ReadonlyMap<string, string> | string;
  readonly protocol: string;
  readonly extensions: string;
  /** What was negotiated of permessage-deflate; messages below `thresholdBytes` are sent as they are. */
  readonly deflate: {
    readonly port: DeflatePort;
    readonly agreement: DeflateAgreement;
    readonly thresholdBytes: number;
  } | null;
}

/** Everything a socket is made of. */
export interface SocketSetup<Data = unknown> extends SocketParts<Data>, SocketKindParts<Data> {
  /** Bytes that came right behind the handshake. */
  readonly head?: Uint8Array;
}
