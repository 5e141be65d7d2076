import { createHash } from "node:crypto";
import { HawserError } from "../../src/internal/errors.js";
import * as protocol from "../../src/protocol/index.js";
import { mutate, type Random } from "./random.js";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const sha1 = (bytes: Uint8Array): Uint8Array => createHash("sha1").update(bytes).digest();
const ACCEPT = protocol.acceptKey(KEY, sha1);

const VALUES = [
  "",
  " ",
  "websocket",
  "Upgrade",
  "keep-alive, Upgrade",
  "13",
  "12",
  KEY,
  "a",
  "chat, superchat",
  "chat,chat",
  "é",
  "permessage-deflate",
  "permessage-deflate; client_max_window_bits",
  "0",
  "5",
  "chunked",
  "http://localhost",
  "null",
  "localhost",
  "localhost:80",
  "[::1]:8080",
  "a..b",
  "x".repeat(300),
  '"q\\""',
  "\t\u0001",
];
const NAMES = [
  "Host",
  "Upgrade",
  "Connection",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Version",
  "Sec-WebSocket-Protocol",
  "Origin",
  "Sec-WebSocket-Extensions",
  "Sec-WebSocket-Accept",
  "Content-Length",
  "Transfer-Encoding",
  "X-A",
  "__proto__",
  "a b",
];
const TARGETS = ["/", "/chat?x=1", "/%2e%2e/", "http://localhost/a", "*", "/a%00", "//x", "/%zz", "ws://other/"];

type Target = (random: Random) => void;

/** Whatever a peer writes into a request, it is accepted or refused, the same at any cut. */
export const checkRequest: Target = (random) => {
  const bytes = createHead(random, `GET ${random.oneIn(4) ? random.pick(TARGETS) : "/"} HTTP/1.1`, [
    ["Host", "localhost"],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", KEY],
    ["Sec-WebSocket-Version", "13"],
  ]);
  const whole = protocol.parseRequestHead(bytes);
  expectSame(
    bytes,
    whole,
    readInPieces(bytes, random, (part, scanned) => protocol.parseRequestHead(part, undefined, scanned)),
  );
  if (whole.kind === "refused") expectRefusal(bytes, whole.refusal);
  if (whole.kind !== "head") return;
  const checked = protocol.checkUpgradeRequest(whole.head);
  if ("status" in checked) {
    expectRefusal(bytes, checked);
    return;
  }
  const agreement = protocol.acceptDeflateOffer(checked.extensions);
  const [chosen = ""] = checked.protocols;
  const answer = protocol.formatUpgradeResponse({
    accept: protocol.acceptKey(checked.key, sha1),
    protocol: chosen,
    extensions: agreement?.header ?? "",
  });
  const head = protocol.parseResponseHead(Buffer.from(answer, "latin1"));
  expect(bytes, head.kind === "head" && head.bytes === answer.length, "the answer to it is no head");
  protocol.originAllowed(checked.origin, checked.host, random.oneIn(2), []);
};

/** Whatever a server answers, a client takes it or throws one of two errors. */
export const checkResponse: Target = (random) => {
  const bytes = createHead(random, random.oneIn(6) ? "HTTP/1.1 404 Not Found" : "HTTP/1.1 101 Switching Protocols", [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", ACCEPT],
  ]);
  const parse = (part: Uint8Array, scanned: number): unknown =>
    catchCode(() => protocol.parseResponseHead(part, undefined, scanned));
  const whole = parse(bytes, 0);
  expectSame(bytes, whole, readInPieces(bytes, random, parse));
  if (typeof whole !== "object" || whole === null || !("head" in whole)) return;
  const head = whole.head as ReceivedHead;
  const expected = { key: KEY, sha1, protocols: ["chat"], offeredDeflate: protocol.offerDeflate() };
  const answer = catchCode(() => protocol.checkUpgradeResponse(head, expected));
  if (typeof answer === "string") expect(bytes, /^HANDSHAKE_(REFUSED|INVALID)$/.test(answer), `it throws ${answer}`);
  else expect(bytes, head.status === 101 && ["", "chat"].includes(answer.protocol), "it is taken");
};
type ReceivedHead = Parameters<typeof protocol.checkUpgradeResponse>[0];

function createHead(random: Random, start: string, fields: [string, string][]): Uint8Array {
  const list = [...fields];
  for (let left = random.below(3); left > 0; left--) list.push([random.pick(NAMES), random.pick(VALUES)]);
  if (random.oneIn(4)) list.splice(random.below(list.length), 1);
  const lines = list.map(([name, value]) => `${random.oneIn(30) ? name.toUpperCase() : name}: ${value}`);
  const text = `${[start, ...lines].join("\r\n")}\r\n\r\n`;
  const bytes = Buffer.from(text, "latin1");
  return random.oneIn(2) ? mutate(random, bytes) : bytes;
}

/** The answer once it is not "incomplete", as bytes come. */
function readInPieces(
  bytes: Uint8Array,
  random: Random,
  parse: (part: Uint8Array, scanned: number) => unknown,
): unknown {
  let scanned = 0;
  for (const end of [...random.cuts(bytes.length), bytes.length]) {
    const answer = parse(bytes.subarray(0, end), scanned);
    if (typeof answer !== "object" || answer === null || !("scanned" in answer)) return answer;
    if (end === bytes.length) return answer;
    scanned = Number(answer.scanned);
  }
  return undefined;
}

/** What the action gives, or the code of the Hawser error that it throws. Others go on. */
function catchCode<T>(action: () => T): T | string {
  try {
    return action();
  } catch (error) {
    if (error instanceof HawserError) return error.code;
    throw error;
  }
}

function expectRefusal(bytes: Uint8Array, refusal: SentRefusal): void {
  const text = protocol.formatRefusal({ status: refusal.status, headers: refusal.headers, body: refusal.reason });
  expect(bytes, [400, 405, 414, 426, 431, 505].includes(refusal.status), `it is refused with ${refusal.status}`);
  expect(bytes, text.startsWith(`HTTP/1.1 ${refusal.status} `), "the refusal is no answer");
}
type SentRefusal = ReturnType<typeof protocol.refuseUpgrade>;

function expectSame(bytes: Uint8Array, one: unknown, other: unknown): void {
  expect(
    bytes,
    JSON.stringify(one) === JSON.stringify(other),
    `in pieces ${JSON.stringify(other)}, whole ${JSON.stringify(one)}`,
  );
}

function expect(bytes: Uint8Array, holds: boolean, message: string): void {
  if (!holds) throw new Error(`${message}: ${JSON.stringify(Buffer.from(bytes).toString("latin1"))}`);
}
