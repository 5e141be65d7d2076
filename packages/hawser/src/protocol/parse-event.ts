/** What `next` found. */
export const ParseEvent = {
  /** Nothing more in the bytes pushed. */
  needMore: 0,
  /** A whole message. */
  message: 1,
  /** Stream mode: a message began. */
  begin: 2,
  /** Stream mode: a part of its payload. */
  piece: 3,
  /** Stream mode: it ended. */
  end: 4,
  ping: 5,
  pong: 6,
  /** A Close, after which everything is dropped. */
  close: 7,
  /** The peer broke a rule, after which everything is dropped. */
  failed: 8,
} as const;
export type ParseEvent = (typeof ParseEvent)[keyof typeof ParseEvent];
