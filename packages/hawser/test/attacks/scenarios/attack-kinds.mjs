// The kinds of attack. Each says what one of its connections does; attacker.mjs keeps up their number.
//
//   target     the path of the handshake, "" for none; `lines` more of its header lines
//   connected  called once TCP stands, in place of sending the handshake
//   upgraded   called behind a 101
//   tick       called every `tickMs` for each that is upgraded, or connected where there is no handshake
//   endings    the ways in which the server may end it; any other one is wrong
//   pauseMs    how long, at most, until the next one takes the place of one that ended
import { deflateRawSync } from "node:zlib";
import { DEFLATE_OFFER, encodeClientFrame, formatRequest } from "../../endurance/scenarios/raw-peer.mjs";

const MIB = 1024 * 1024;
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** An attacker that still sends when it is ended may lose what it was told. */
const CUT = ["ECONNRESET", "EPIPE", "end"];
const UNANSWERED = ["ECONNRESET before an answer", "EPIPE before an answer", "end before an answer"];
/** What any of them may meet when the server has too much of them all. */
const OVERLOADED = ["http 503", "http 429", "http 408", "close 1013", ...UNANSWERED];

export const kinds = {
  /** TCP, and not a byte (REL-B2). */
  silent: { target: "", connected: () => {}, endings: ["http 408"] },

  /** A request of which a byte comes now and then (REL-B1). */
  slow: {
    target: "",
    connected: (peer) => void (peer.data.sent = 0),
    tickMs: 1000,
    tick: (peer) => peer.send(SLOW_REQUEST.slice(peer.data.sent, ++peer.data.sent)),
    endings: ["http 408"],
  },

  /** Behind the handshake it is never heard of again (REL-D18): it reads nothing, so the server alone knows how it ended. */
  vanished: { target: "/echo", upgraded: (peer) => peer.stopReading(), endings: [] },

  /** A message that inflates to a thousand times its size (REL-C1). */
  bomb: {
    target: "/echo",
    lines: [DEFLATE_OFFER],
    upgraded: (peer) => peer.send(bomb()),
    endings: ["close 1009", ...CUT],
    pauseMs: 1000,
  },

  /** The same in fragments of a kilobyte. */
  "bomb in fragments": {
    target: "/echo",
    lines: [DEFLATE_OFFER],
    upgraded: (peer) => peer.send(bombInFragments()),
    endings: ["close 1009", ...CUT],
    pauseMs: 1000,
  },

  /** Messages that each inflate to just what is allowed, without end: they are taken slowly (REL-C3). */
  inflater: {
    target: "/echo",
    lines: [DEFLATE_OFFER],
    tickMs: 250,
    tick: (peer) => peer.isFlooded || peer.send(largestMessages()),
    endings: CUT,
    pauseMs: 1000,
  },

  /** Fragments of one byte, a few at a time, never the last (REL-A13). */
  dribbler: {
    target: "/echo",
    upgraded: (peer) => peer.send(FIRST_FRAGMENT),
    tickMs: 250,
    tick: (peer) => peer.isFlooded || peer.send(FEW_FRAGMENTS),
    endings: ["close 1008", ...CUT],
  },

  /** Fragments of one byte, as many at a time as there is room for. */
  "fragment flood": {
    target: "/echo",
    upgraded: (peer) => peer.send(FIRST_FRAGMENT),
    tickMs: 100,
    tick: (peer) => peer.isFlooded || peer.send(manyFragments()),
    endings: ["close 1008", "close 1009", ...CUT],
    pauseMs: 1000,
  },

  /** Fragments of nothing (REL-A14). */
  "empty fragments": {
    target: "/echo",
    upgraded: (peer) => peer.send(FIRST_FRAGMENT),
    tickMs: 100,
    tick: (peer) => peer.send(EMPTY_FRAGMENTS),
    endings: ["close 1008", ...CUT],
    pauseMs: 1000,
  },

  /** Pings, and nobody reads the answers (REL-A18). */
  "ping flood": {
    target: "/echo",
    tickMs: 100,
    tick: (peer) => peer.isFlooded || peer.send(PINGS),
    endings: ["close 1008", ...CUT],
    pauseMs: 1000,
  },

  /** Answers nobody asked for (REL-A19). */
  "pong flood": {
    target: "/echo",
    tickMs: 100,
    tick: (peer) => peer.isFlooded || peer.send(PONGS),
    endings: ["close 1008", ...CUT],
    pauseMs: 1000,
  },

  /** It asks for echoes and reads none (REL-D1). The server alone knows how it ended. */
  "never reads": {
    target: "/echo",
    upgraded: (peer) => peer.stopReading(),
    tickMs: 250,
    tick: (peer) => peer.isFlooded || peer.send(messages()),
    endings: CUT,
  },

  /** Nearly as much of a message as it may have, and never the end (REL-D20). */
  hoarder: {
    target: "/echo",
    upgraded: (peer) => peer.send(unfinished()),
    endings: CUT,
    pauseMs: 1000,
  },

  /** In and out again, in every way. */
  churn: {
    target: "/echo",
    upgraded: (peer, random) => CHURN_ENDS[random.below(CHURN_ENDS.length)](peer),
    endings: ["close 1000", "close 1005", "close 1002", "end"],
    pauseMs: 200,
  },

  /** A path that nobody serves (REL-B27). */
  "unknown path": { target: "/nowhere", endings: ["http 404", "http 503"], pauseMs: 200 },

  /** Bytes that are no HTTP. */
  "no HTTP": {
    target: "",
    connected: (peer, random) => {
      const bytes = Buffer.alloc(1 + random.below(2000));
      random.fill(bytes);
      peer.send(bytes);
      peer.send("\r\n\r\n");
    },
    endings: ["http 400", "http 408", "http 431"],
    pauseMs: 500,
  },

  /** Bytes that are no frames. */
  "no frames": {
    target: "/echo",
    lines: [DEFLATE_OFFER],
    upgraded: (peer, random) => {
      const bytes = Buffer.alloc(10 + random.below(2000));
      random.fill(bytes);
      peer.send(bytes);
      peer.end();
    },
    endings: ["close 1002", "close 1007", "close 1008", "close 1009", ...CUT],
    pauseMs: 500,
  },

  /** Ten megabytes of header (REL-B4). */
  "endless header": {
    target: "",
    connected: (peer) => peer.send("GET /echo HTTP/1.1\r\nHost: localhost\r\nCookie: "),
    tickMs: 100,
    tick: (peer) => peer.isFlooded || peer.send(COOKIE),
    endings: ["http 431", "http 408"],
    pauseMs: 1000,
  },
};

/** The kind of a name; what is the same for all is filled in. */
export function getKind(name) {
  const kind = kinds[name];
  if (kind === undefined) throw new Error(`no attack "${name}": expected one of ${Object.keys(kinds).join(", ")}`);
  const handshake = kind.target === "" ? undefined : formatRequest(kind.target, kind.lines);
  return {
    connected: (peer) => peer.send(handshake),
    tickMs: 1000,
    pauseMs: 100,
    ...kind,
    ticksBeforeUpgrade: handshake === undefined,
    endings: new Set([...kind.endings, ...OVERLOADED, "left"]),
  };
}

const CHURN_ENDS = [
  (peer) => peer.reset(),
  (peer) => peer.end(),
  (peer) => {
    peer.send(encodeClientFrame({ opcode: TEXT, payload: "half of this" }).subarray(0, 9));
    peer.reset();
  },
  (peer) => peer.send(encodeClientFrame({ opcode: CLOSE })),
  (peer) => peer.send(encodeClientFrame({ opcode: CLOSE, payload: Buffer.from([0x03, 0xe8]) })),
  (peer) => peer.send(Buffer.from([0x81, 0x02, 0x68, 0x69])),
];

const SLOW_REQUEST = formatRequest("/echo", [`X-Padding: ${"x".repeat(4000)}`]);
const COOKIE = "c".repeat(16_384);
const FIRST_FRAGMENT = encodeClientFrame({ opcode: BINARY, fin: false, payload: "x" });
const FEW_FRAGMENTS = repeat({ opcode: CONTINUATION, fin: false, payload: "x" }, 50);
const EMPTY_FRAGMENTS = repeat({ opcode: CONTINUATION, fin: false }, 200);
const PINGS = repeat({ opcode: PING, payload: "x".repeat(125) }, 300);
const PONGS = repeat({ opcode: PONG }, 300);

const messages = once(() => repeat({ opcode: BINARY, payload: Buffer.alloc(16_384) }, 256));
const manyFragments = once(() => repeat({ opcode: CONTINUATION, fin: false, payload: "x" }, 20_000));
const unfinished = once(() => encodeClientFrame({ opcode: BINARY, fin: false, payload: Buffer.alloc(MIB - 1024) }));
const bomb = once(() => encodeClientFrame({ opcode: BINARY, rsv1: true, payload: deflate(64 * MIB) }));
const bombInFragments = once(() => {
  const payload = deflate(64 * MIB);
  const frames = [];
  for (let at = 0; at < payload.length; at += 1024) {
    const opcode = at === 0 ? BINARY : CONTINUATION;
    const fin = at + 1024 >= payload.length;
    frames.push(encodeClientFrame({ opcode, fin, rsv1: at === 0, payload: payload.subarray(at, at + 1024) }));
  }
  return Buffer.concat(frames);
});
const largestMessages = once(() => repeat({ opcode: BINARY, rsv1: true, payload: deflate(MIB) }, 8));

/** Zeros as permessage-deflate sends them: without the end of RFC 7692 §7.2.1. */
function deflate(bytes) {
  const SYNC_FLUSH = 2;
  const deflated = deflateRawSync(Buffer.alloc(bytes), { finishFlush: SYNC_FLUSH });
  return deflated.subarray(0, -4);
}

function repeat(frame, times) {
  const encoded = encodeClientFrame(frame);
  return Buffer.concat(Array.from({ length: times }, () => encoded));
}

/** What only some attackers need is made by the first that does. */
function once(make) {
  let made;
  return () => (made ??= make());
}
