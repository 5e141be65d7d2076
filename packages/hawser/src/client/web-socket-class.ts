// What is used of the WebSocket of the WHATWG standard, in types that every class of it fits: a browser's, Node's, ws's.

/** A connection as the standard has it. */
export interface WebSocketLike {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  readonly protocol: string;
  readonly bufferedAmount: number;
  binaryType: string;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  send(data: never): void;
  close(code?: number, reason?: string): void;
}

/** A class of the WHATWG standard. One that takes more than this (headers, say) is extended: `class extends WebSocket { … }`. */
export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike;
