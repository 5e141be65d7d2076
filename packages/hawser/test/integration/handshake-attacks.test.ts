import { expect, it } from "vitest";
import type { ServerOptions } from "../../src/server/index.js";
import { formatHandshake } from "../support/raw-client.js";
import type { HandshakeText, RawAnswer } from "../support/raw-client.js";
import { addEcho, connectRaw, startServer } from "../support/server-fixture.js";

// Handshakes that have broken other servers: byte for byte, and each limit on their size once without it. Behind every one
// an honest client gets its echo.

/** A masked text frame "hi", and its echo. */
const HI = Buffer.from("818200000000" + "6869", "hex");
const HI_AGAIN = Buffer.from("8102" + "6869", "hex");

/** What a server answers; it must serve the next client as if nothing had been. */
async function attack(text: string | HandshakeText, options: ServerOptions = {}): Promise<RawAnswer> {
  const server = await startServer(options, addEcho);
  const attacker = await connectRaw(server);
  const answer = await attacker.send(typeof text === "string" ? text : formatHandshake(text)).answer();
  const honest = await connectRaw(server);
  honest.send(Buffer.concat([Buffer.from(formatHandshake()), HI]));
  await honest.until(() => honest.received.subarray(-HI_AGAIN.length).equals(HI_AGAIN));
  return answer;
}

async function statusOf(text: string | HandshakeText, options?: ServerOptions): Promise<number> {
  return (await attack(text, options)).status;
}

const fields = (count: number): string[] => Array.from({ length: count }, (_, index) => `A${index}: b`);

it.each<[string, HandshakeText, ServerOptions, number]>([
  ["REL-B4 maxHeaderBytes", { headers: { Cookie: "a".repeat(60_000) } }, { maxHeaderBytes: Infinity }, 431],
  ["REL-B5 maxHeaders", { lines: fields(2100) }, { maxHeaders: Infinity, maxHeaderBytes: Infinity }, 431],
  ["REL-B6 maxTargetBytes", { target: `/echo?${"a".repeat(7000)}` }, { maxTargetBytes: Infinity }, 414],
])("%s refuses what is too large, and is what refuses it", async (_name, text, off, status) => {
  expect(await statusOf(text)).toBe(status);
  expect(await statusOf(text, off)).toBe(101);
});

it("REL-B5 reads the key of a request with 2,100 fields before it, where they are allowed", async () => {
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  const text = { headers: { "Sec-WebSocket-Key": undefined }, lines: [...fields(2100), key] };
  const { status, headers } = await attack(text, { maxHeaders: Infinity, maxHeaderBytes: Infinity });
  expect(status).toBe(101);
  expect(headers.get("sec-websocket-accept")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

it.each([
  ["an empty length", 400, { "Content-Length": "" }],
  ["a length of no body", 101, { "Content-Length": "0" }],
  ["a length with a sign", 400, { "Content-Length": "+1" }],
  ["a hexadecimal length", 400, { "Content-Length": "0x1" }],
  ["a length beyond 64 bits", 400, { "Content-Length": "18446744073709551616" }],
  ["an encoding that is none", 400, { "Transfer-Encoding": "identity" }],
  ["an unknown encoding", 400, { "Transfer-Encoding": "xchunked" }],
  ["chunks that are not last", 400, { "Transfer-Encoding": "chunked, gzip" }],
])("REL-B7 answers %s by %i", async (_name, status, headers) => {
  expect(await statusOf({ headers })).toBe(status);
});

it.each([
  ["two lengths", "Content-Length: 3\r\nContent-Length: 4"],
  ["an encoding in front of a length", "Transfer-Encoding: chunked\r\nContent-Length: 3"],
  ["an encoding with a control character", "Transfer-Encoding: \x0bchunked"],
  ["a folded encoding", "Transfer-Encoding:\r\n chunked"],
  ["a bare carriage return in a value", "A: b\rC: d"],
  ["a bare carriage return at the end", "A: b\r"],
  ["a line feed and a blank line", "A: b\n\nGET /secret HTTP/1.1\r\nHost: localhost"],
  ["a line without a colon", "A"],
  ["a name that is empty", ": a"],
  ["a tab before the colon", "Host\t: localhost"],
  ["a NUL in a name", "A\0B: c"],
])("REL-B8 answers %s by 400", async (_name, line) => {
  expect(await statusOf({ lines: [line] })).toBe(400);
});

it.each([
  ["in other case", "sEC-wEBsOCKET-kEY: dGhlIHNhbXBsZSBub25jZQ=="],
  ["of another value", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
  ["that is empty", "Sec-WebSocket-Key:"],
  ["of the version", "Sec-WebSocket-Version: 8"],
  ["of the host", "host: evil.example"],
  ["of the origin", "Origin: http://localhost\r\nORIGIN: null"],
])("REL-B12 answers a second field %s by 400", async (_name, line) => {
  expect(await statusOf({ lines: [line] })).toBe(400);
});

it.each([
  ["a list with a tab", { Connection: "keep-alive,\tUPGRADE" }],
  ["a list with empty elements", { Connection: ", ,Upgrade, ," }],
  ["Upgrade as a list", { Upgrade: "h2c, WEBSOCKET" }],
])("REL-B13 accepts %s", async (_name, headers) => {
  expect(await statusOf({ headers })).toBe(101);
});

it.each([
  ["the preface of HTTP/2", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["HTTP/0.9", 400, "GET /echo\r\n\r\n"],
  ["HTTP/1.2", 400, formatHandshake({ version: "1.2" })],
  ["a method in lower case", 400, formatHandshake({ method: "get" })],
  ["a method nobody knows", 400, formatHandshake({ method: "GETS" })],
  ["a method Node knows", 405, formatHandshake({ method: "PROPFIND" })],
])("REL-B16 answers %s by %i", async (_name, status, text) => {
  expect(await statusOf(text)).toBe(status);
});

const bytesOf = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

it.each(["Protocol", "Key", "Version", "Extensions"])(
  "REL-B18 answers each byte beyond ASCII in Sec-WebSocket-%s by 400",
  async (name) => {
    const server = await startServer();
    const statuses = bytesOf(0x80, 0xff).map(async (byte) => {
      const client = await connectRaw(server);
      const value = { Protocol: "chat", Key: "dGhlIHNhbXBsZSBub25jZQ==", Version: "13", Extensions: "a" }[name] ?? "";
      const headers = { [`Sec-WebSocket-${name}`]: `${value}${String.fromCharCode(byte)}` };
      return (await client.send(formatHandshake({ headers })).answer()).status;
    });
    expect(new Set(await Promise.all(statuses))).toEqual(new Set([400]));
  },
);

it("REL-B19 takes the first of 1,000 sub-protocols that it speaks", async () => {
  const offered = Array.from({ length: 1000 }, (_, index) => `p${index}`).join(", ");
  const options = { protocols: ["p999", "p500"] };
  const { status, headers } = await attack({ headers: { "Sec-WebSocket-Protocol": offered } }, options);
  expect([status, headers.get("sec-websocket-protocol")]).toEqual([101, "p500"]);
});

it.each([
  ["the same one twice", ["Sec-WebSocket-Protocol: chat, chat"]],
  ["the same one in two fields", ["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"]],
  ["an empty one", ["Sec-WebSocket-Protocol: chat,,talk"]],
  ["none", ["Sec-WebSocket-Protocol:"]],
  ["spaces within one", [`Sec-WebSocket-Protocol: a${" ".repeat(4000)}b`]],
])("REL-B17 REL-B19 answers sub-protocols of which %s is offered by 400", async (_name, lines) => {
  expect(await statusOf({ lines }, { protocols: ["chat"] })).toBe(400);
});

it.each([
  ["constructor", 101],
  ["__proto__", 101],
  ["hasOwnProperty; toString=valueOf", 101],
  ["__proto__; __proto__=__proto__", 101],
  ["permessage-deflate; __proto__", 101],
  ["permessage-deflate; constructor=15", 101],
  ['a; b="\\a\\a\\a', 400],
  [`a; b="${"\\a".repeat(2000)}`, 400],
  [`a${" ".repeat(4000)}b`, 400],
  ["permessage-deflate;", 400],
  [",", 400],
])("REL-B20 answers the extensions %s by %i, and none agreed on", async (value, status) => {
  const text = { headers: { "Sec-WebSocket-Extensions": value } };
  const answer = await attack(text, { perMessageDeflate: true });
  expect([answer.status, answer.headers.get("sec-websocket-extensions")]).toEqual([status, undefined]);
});

it.each([
  "server_max_window_bits=0",
  "server_max_window_bits=7",
  "server_max_window_bits=16",
  "server_max_window_bits=999",
  "server_max_window_bits=-9",
  "server_max_window_bits=1e1",
  "server_max_window_bits",
  "server_max_window_bits=15; server_max_window_bits=15",
  "client_max_window_bits=7",
  "client_max_window_bits=99999999999999999999",
])("REL-B21 declines an offer of compression with %s", async (parameters) => {
  const text = { headers: { "Sec-WebSocket-Extensions": `permessage-deflate; ${parameters}` } };
  const { status, headers } = await attack(text, { perMessageDeflate: true });
  expect([status, headers.get("sec-websocket-extensions")]).toEqual([101, undefined]);
});

it("REL-B22 answers each control character in a value by 400, but the tab", async () => {
  const server = await startServer();
  const statuses = [...bytesOf(0, 0x08), ...bytesOf(0x0b, 0x0c), ...bytesOf(0x0e, 0x1f), ...bytesOf(0x7f, 0x9f)].map(
    async (byte) => {
      const client = await connectRaw(server);
      const headers = { "X-User": `alice${String.fromCharCode(byte)}X-Admin: 1` };
      return (await client.send(formatHandshake({ headers })).answer()).status;
    },
  );
  expect(new Set(await Promise.all(statuses))).toEqual(new Set([400]));
});

it.each([
  ["a line in UTF-8 that Unicode breaks", 400, "a\u0085b"],
  ["letters in UTF-8 that have such a byte", 101, "\u00c5ngstr\u00f6m"],
  ["signs in UTF-8 that have such a byte", 101, "\u2085 \u{1f600}"],
])("REL-B22 answers %s by %i", async (_name, status, value) => {
  const headers = { "X-User": Buffer.from(value).toString("latin1") };
  expect(await statusOf({ headers })).toBe(status);
});

it("REL-B22 gives a value to admit as it came, and to nobody else", async () => {
  const seen: (string | undefined)[] = [];
  const server = await startServer({}, (it) => {
    it.service("/echo", { admit: ({ headers }) => void seen.push(headers.get("x-user")) });
  });
  const client = await connectRaw(server);
  const answer = await client.send(formatHandshake({ headers: { "X-User": "a\tb\xff" } })).answer();
  expect([answer.status, answer.headers.has("x-user"), seen]).toEqual([101, false, ["a\tb\xff"]]);
});
