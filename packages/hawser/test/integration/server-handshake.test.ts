import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import type { RequestHandler } from "../../src/server/index.js";
import type { Socket } from "../../src/socket/index.js";
import { formatHandshake } from "../support/raw-client.js";
import type { HandshakeText, RawAnswer } from "../support/raw-client.js";
import { addEcho, connectRaw, createMemoryLog, startServer } from "../support/server-fixture.js";

// Requests as attackers, broken clients and proxies send them. Every answer but 101 ends the connection.

/** A masked text frame "hi". */
const HI = Buffer.from("818200000000" + "6869", "hex");

async function refuse(text: HandshakeText | string): Promise<RawAnswer> {
  const server = await startServer();
  const client = await connectRaw(server);
  client.send(typeof text === "string" ? text : formatHandshake(text));
  const answer = await client.lastAnswer();
  expect(answer.headers.get("connection")).toMatch(/^close\b/);
  return answer;
}

it("accepts a handshake and answers the key", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  const { status, headers } = await client.send(formatHandshake()).answer();
  expect(status).toBe(101);
  expect(Object.fromEntries(headers)).toEqual({
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  });
});

it("takes a handshake that comes byte by byte", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  client.socket.setNoDelay(true);
  for (const character of formatHandshake()) client.send(character);
  expect((await client.answer()).status).toBe(101);
});

it("REL-B1 ends a request that trickles in with 408", async () => {
  const server = await startServer({ handshakeTimeoutMs: 200 });
  const client = await connectRaw(server);
  const begun = performance.now();
  client.send("GET /echo HTTP/1.1\r\nHost: lo");
  const answer = await client.lastAnswer();
  expect(answer.status).toBe(408);
  expect(performance.now() - begun).toBeLessThan(1200);
});

it("REL-B2 ends a connection that says nothing with 408", async () => {
  const server = await startServer({ handshakeTimeoutMs: 200 });
  const client = await connectRaw(server);
  const begun = performance.now();
  expect((await client.lastAnswer()).status).toBe(408);
  expect(performance.now() - begun).toBeLessThan(1200);
});

it.each([9, 16, 64])("REL-B4 answers a header of %i KiB with 431", async (kibibytes) => {
  expect((await refuse({ headers: { Cookie: "a".repeat(kibibytes * 1024) } })).status).toBe(431);
});

it.each([101, 129, 2001, 3000])("REL-B5 answers %i headers with 431", async (count) => {
  const lines = Array.from({ length: count - 5 }, (_, index) => `A${index}: b`);
  const server = await startServer({ maxHeaderBytes: 65_536 });
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake({ lines })).lastAnswer()).status).toBe(431);
});

it("REL-B5 sees headers that come behind those that Node would drop", async () => {
  const server = await startServer({ maxHeaders: 96, maxHeaderBytes: 65_536 });
  const lines = Array.from({ length: 97 }, (_, index) => `A${index}: b`);
  const client = await connectRaw(server);
  client.send(formatHandshake({ lines: lines.slice(5) }));
  expect((await client.lastAnswer()).status).toBe(431);
});

it.each([
  ["5 KiB", 414, `/${"a".repeat(5000)}`],
  ["9 KiB", 414, `/${"a".repeat(9000)}`],
  ["60 KiB", 414, `/${"a".repeat(60_000)}`],
  ["an encoded NUL", 400, "/echo%00"],
  ["dots that climb", 400, "/a/../echo"],
  ["encoded dots that climb", 400, "/a/%2e%2e/echo"],
  ["a broken escape", 400, "/echo%zz"],
  ["an escape that is not UTF-8", 400, "/echo%ff"],
  ["a raw NUL", 400, "/echo\0"],
  ["a fragment", 400, "/echo#x"],
])("REL-B6 refuses a target with %s by %i", async (_name, status, target) => {
  expect((await refuse({ target })).status).toBe(status);
});

it.each([
  ["a body announced by Content-Length", { "Content-Length": "7" }],
  ["a chunked body", { "Transfer-Encoding": "chunked" }],
])("REL-B7 answers an upgrade with %s by 400 and reads no frame in it", async (_name, headers) => {
  const { status, rest } = await refuse(`${formatHandshake({ headers })}${HI.toString("latin1")}`);
  expect(status).toBe(400);
  expect(rest.toString("latin1")).not.toContain("hi");
});

it.each([
  ["both Content-Length and Transfer-Encoding", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["a folded header", "A: b\r\n c\r\n\r\n"],
  ["a bare line feed", "A: b\nC: d\r\n\r\n"],
  ["a space before a colon", "A : b\r\n\r\n"],
])("REL-B8 answers %s by 400", async (_name, rest) => {
  expect((await refuse(formatHandshake().replace(/\r\n\r\n$/, `\r\n${rest}`))).status).toBe(400);
});

it.each([
  ["a path that nobody has", 404, { target: "/nowhere" }],
  ["a target that is none", 400, { target: "/%zz" }],
  ["a wrong version", 426, { headers: { "Sec-WebSocket-Version": "12" } }],
  ["a body", 400, { headers: { "Content-Length": "3" } }],
  ["a foreign Host", 403, { headers: { Host: "evil.example" } }],
  ["a foreign Origin", 403, { headers: { Origin: "http://evil.example" } }],
  ["a refusal of admit", 401, { target: "/admit" }],
  ["a late refusal of admit", 403, { target: "/late" }],
  ["a failure of admit", 500, { target: "/fail" }],
])("REL-B9 reads no request behind an upgrade refused for %s", async (_name, status, handshake) => {
  const targets: string[] = [];
  const onRequest: RequestHandler = ({ url = "" }, response) => {
    targets.push(url);
    response.end();
  };
  const server = await startServer({ onRequest }, (it) => {
    addEcho(it);
    it.service("/admit", { admit: () => ({ status: 401 }) });
    it.service("/late", { admit: async () => ({ status: 403 }) });
    it.service("/fail", { admit: () => Promise.reject(new Error("broken")) });
  });
  const client = await connectRaw(server);
  const secret = "GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(`${formatHandshake(handshake)}${secret}`);
  // and behind the answer
  expect((await client.answer()).status).toBe(status);
  client.send(secret + formatHandshake({ target: "/echo" }));
  await client.closed();
  expect(client.received.toString().match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(targets).toEqual([]);
  expect(server.sockets.size).toBe(0);
});

it("REL-B9 reads nothing of a request that comes to its end behind the 408", async () => {
  const targets: string[] = [];
  const onRequest: RequestHandler = ({ url = "" }) => void targets.push(url);
  const server = await startServer({ handshakeTimeoutMs: 100, onRequest });
  const client = await connectRaw(server);
  client.send("GET /late HTTP/1.1\r\nHost: lo");
  expect((await client.answer()).status).toBe(408);
  client.send("calhost\r\n\r\nGET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await client.closed();
  expect(targets).toEqual([]);
});

it("REL-B9 gives no 101 in front of the answer to an earlier request", async () => {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger, onRequest: () => {} });
  const client = await connectRaw(server);
  client.send(`GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n${formatHandshake()}`);
  await client.closed();
  expect(client.received.toString()).toBe("");
  expect(entries).toMatchObject([{ fields: { rule: "upgrade-before-answer", remoteAddress: "127.0.0.1" } }]);
});

it("takes an upgrade on a connection that served a plain request before", async () => {
  const server = await startServer({ onRequest: (_request, response) => void response.end("page") });
  const client = await connectRaw(server);
  client.send("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await client.until(() => client.received.includes("page"));
  client.send(formatHandshake());
  await client.until(() => client.received.includes("101 Switching"));
  expect(client.received.toString()).toMatch(/^HTTP\/1.1 200 OK/);
});

it("REL-B10 answers a wrong version by 426 with the right one", async () => {
  const answer = await refuse({ headers: { "Sec-WebSocket-Version": "8" } });
  expect(answer.status).toBe(426);
  expect(answer.headers.get("sec-websocket-version")).toBe("13");
});

it.each(["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Host: localhost"])(
  "REL-B12 answers a second %s by 400",
  async (line) => {
    expect((await refuse({ lines: [line] })).status).toBe(400);
  },
);

it("REL-B12 answers two Origin headers by 400", async () => {
  expect((await refuse({ lines: ["Origin: http://localhost", "Origin: http://localhost"] })).status).toBe(400);
});

it.each([
  ["lists in Connection", { Connection: "keep-alive, Upgrade" }],
  ["capitals in Upgrade", { Upgrade: "WebSocket" }],
  ["lower-case Connection", { Connection: "upgrade" }],
])("REL-B13 accepts %s", async (_name, headers) => {
  const server = await startServer();
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake({ headers })).answer()).status).toBe(101);
});

it("REL-B13 accepts header names in any case", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  const text = formatHandshake().replace(/^[\w-]+:/gm, (name) => name.toUpperCase());
  expect((await client.send(text).answer()).status).toBe(101);
});

it.each([
  ["no Upgrade header", { Upgrade: undefined }],
  ["an empty Upgrade header", { Upgrade: "" }],
  ["another protocol", { Upgrade: "h2c" }],
  ["no Connection header", { Connection: undefined }],
])("REL-B14 answers %s by 426", async (_name, headers) => {
  const answer = await refuse({ headers });
  expect(answer.status).toBe(426);
  expect(answer.headers.get("upgrade")).toBe("websocket");
});

it.each([
  "",
  "short",
  "dGhlIHNhbXBsZSBub25jZQ",
  "dGhlIHNhbXBsZSBub25jZSE=",
  "dGhl IHNhbXBsZSBub25jZ==",
  "!".repeat(24),
])("REL-B15 answers the key %j by 400", async (key) => {
  expect((await refuse({ headers: { "Sec-WebSocket-Key": key } })).status).toBe(400);
});

it.each(["POST", "PUT", "OPTIONS"])("REL-B16 answers the method %s by 405", async (method) => {
  const answer = await refuse({ method });
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("GET");
});

it("REL-B16 answers CONNECT by 405", async () => {
  expect((await refuse({ method: "CONNECT", target: "localhost:80" })).status).toBe(405);
});

it.each([
  ["HTTP/1.0", { version: "1.0" }],
  ["no Host", { headers: { Host: undefined } }],
])("REL-B16 answers %s by 400", async (_name, text) => {
  expect((await refuse(text)).status).toBe(400);
});

it.each(["\x0b", "\x0c", "\x1c", "\x7f"])(
  "REL-B22 answers the control character %j in a value by 400",
  async (character) => {
    expect((await refuse({ headers: { "X-A": `a${character}b` } })).status).toBe(400);
  },
);

it("REL-B18 answers bytes beyond ASCII in Sec-WebSocket-Protocol by 400", async () => {
  expect((await refuse({ headers: { "Sec-WebSocket-Protocol": "caf\xe9" } })).status).toBe(400);
});

it.each([
  ["of the same host", 101, "http://localhost/echo"],
  ["of another host", 400, "http://other.example/echo"],
])("REL-B26 answers a target in absolute form, %s, by %i", async (_name, status, target) => {
  const server = await startServer();
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake({ target })).answer()).status).toBe(status);
});

it("REL-B26 does not believe forwarded headers", async () => {
  const server = await startServer({}, (it) => {
    it.service("/who", { open: (socket) => void socket.post(socket.remoteAddress ?? "") });
  });
  const client = await connectRaw(server);
  client.send(formatHandshake({ target: "/who", headers: { "X-Forwarded-For": "1.2.3.4", Forwarded: "for=1.2.3.4" } }));
  await client.until(() => client.received.includes("127.0.0.1"));
  expect(client.received.includes("1.2.3.4")).toBe(false);
});

it("REL-B27 answers an unknown path by 404 and closes", async () => {
  expect((await refuse({ target: "/nowhere" })).status).toBe(404);
});

it("REL-B27 holds nothing of 600 upgrades for an unknown path, though none of the clients closes", async () => {
  const server = await startServer({}, addEcho);
  const countDescriptors = (): number => readdirSync("/proc/self/fd").length;
  const before = countDescriptors();
  const ask = async (): Promise<number> => {
    const client = await connectRaw(server);
    return (await client.send(formatHandshake({ target: "/nowhere" })).lastAnswer()).status;
  };
  const statuses = new Set<number>();
  for (let round = 0; round < 12; round++) {
    for (const status of await Promise.all(Array.from({ length: 50 }, ask))) statuses.add(status);
  }
  expect(statuses).toEqual(new Set([404]));
  expect(countDescriptors()).toBeLessThan(before + 50);
});

it.each([
  ["/echo?EIO=4&transport=polling", 101],
  ["/echo?EIO=3&EIO=4&sid=x", 101],
  ["/echo?/../admin", 101],
  ["/echo/", 101],
  ["/%65cho", 101],
  ["/ECHO", 404],
  ["//echo", 404],
  ["/./echo", 404],
  ["/echo/.", 404],
  ["/echo//", 404],
  ["/echo%2F", 404],
  ["/echo%3Fa=b", 404],
  ["/echo;a=b", 404],
  ["/echo/polling", 404],
  ["/echo\\..\\admin", 400],
])("REL-B28 reads one path in %s, whatever its query says: %i", async (target, status) => {
  const server = await startServer();
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake({ target })).answer()).status).toBe(status);
});

it.each(["13, 12", "12, 13", "013", "+13", "13.0", "0", "14", "255"])(
  "REL-B28 speaks version 13 and no other: %s is answered 426",
  async (version) => {
    const answer = await refuse({ headers: { "Sec-WebSocket-Version": version } });
    expect(answer.status).toBe(426);
    expect(answer.headers.get("sec-websocket-version")).toBe("13");
  },
);

it("REL-B28 keeps what the handshake agreed on: a second one is no frame, and ends the connection with 1002", async () => {
  let asked = 0;
  const server = await startServer({ protocols: ["v1", "v2"] }, (it) => {
    it.service("/echo", { admit: () => void asked++ });
  });
  const client = await connectRaw(server);
  client.send(formatHandshake({ headers: { "Sec-WebSocket-Protocol": "v1" } }));
  await client.answer();
  const [socket] = server.sockets;
  client.send(formatHandshake({ headers: { "Sec-WebSocket-Protocol": "v2" } }));
  const { rest } = await client.lastAnswer();
  expect(rest.subarray(0, 4).toString("hex")).toMatch(/^88..03ea/);
  expect(asked).toBe(1);
  expect(socket?.protocol).toBe("v1");
});

it.each(["protocol", "extensions", "url", "params", "headers"] as const)(
  "REL-B28 has a socket whose %s nobody can change by assignment",
  async (name) => {
    const opened = createDeferred<Socket>();
    const server = await startServer({}, (it) => it.service("/echo", { open: (socket) => opened.resolve(socket) }));
    const client = await connectRaw(server);
    client.send(formatHandshake());
    const socket = await opened.promise;
    const before = socket[name];
    expect(Reflect.set(socket, name, "changed")).toBe(false);
    expect(socket[name]).toBe(before);
  },
);

it("gives the answer to a client that still sends", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  client.send(formatHandshake({ target: "/nowhere" })).send(Buffer.alloc(1 << 20));
  expect((await client.lastAnswer()).status).toBe(404);
});

it.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.0.1"])(
  "REL-E4 answers the Host %s on a loopback address by 403",
  async (host) => {
    expect((await refuse({ headers: { Host: host } })).status).toBe(403);
  },
);

it("REL-E4 answers a foreign Host on plain requests by 403 as well", async () => {
  const server = await startServer({ onRequest: (_request, response) => void response.end("console") });
  const client = await connectRaw(server);
  const answer = await client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").lastAnswer();
  expect(answer.status).toBe(403);
});

it.each(["localhost:1", "127.0.0.1", "[::1]:9000", "LOCALHOST", "allowed.example", "allowed.example:1"])(
  "REL-E4 accepts the Host %s",
  async (host) => {
    const server = await startServer({ hosts: ["allowed.example"] });
    const client = await connectRaw(server);
    expect((await client.send(formatHandshake({ headers: { Host: host } })).answer()).status).toBe(101);
  },
);

const foreignOrigins = [
  "null",
  "http://evil.example",
  "http://localhost.evil.example",
  "http://evil-localhost",
  "http://localhost:81",
  "http://user@localhost",
  "http://localhost/",
  "http://localhost http://evil.example",
  "file://",
  "chrome-extension://localhost",
  "localhost",
  "",
];

it.each(foreignOrigins)("REL-E1 REL-E2 answers the Origin %j by 403, before admit", async (origin) => {
  let asked = 0;
  const server = await startServer({}, (it) => {
    it.service("/echo", { admit: () => void asked++ });
  });
  const client = await connectRaw(server);
  client.send(formatHandshake({ headers: { Origin: origin, Cookie: "session=1" } }));
  expect((await client.lastAnswer()).status).toBe(403);
  expect(asked).toBe(0);
});

it.each([
  "http://localhost",
  "http://LOCALHOST",
  "http://localhost:80",
  "https://listed.example",
  "https://listed.example:443",
])("REL-E1 accepts the Origin %s", async (origin) => {
  const server = await startServer({ origins: ["https://listed.example"] });
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake({ headers: { Origin: origin } })).answer()).status).toBe(101);
});

it("REL-E1 accepts no Origin: not a browser", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  expect((await client.send(formatHandshake()).answer()).status).toBe(101);
});

it("logs a refused origin once, with the setting that would allow it", async () => {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger });
  for (const origin of ["http://a.example", "http://a.example", "http://b.example"]) {
    const client = await connectRaw(server);
    await client.send(formatHandshake({ headers: { Origin: origin } })).lastAnswer();
  }
  const warnings = entries.filter(({ level }) => level === "warn").map(({ message }) => message);
  expect(warnings).toEqual([
    'origin-not-allowed: "http://a.example" was refused; to allow it, add "http://a.example" to the option origins',
    'origin-not-allowed: "http://b.example" was refused; to allow it, add "http://b.example" to the option origins',
  ]);
});

it("logs neither the query nor the headers of a refused request", async () => {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger });
  const client = await connectRaw(server);
  client.send(formatHandshake({ target: "/nowhere?token=canary", headers: { Cookie: "canary" } }));
  await client.lastAnswer();
  expect(entries.length).toBeGreaterThan(0);
  expect(JSON.stringify(entries)).not.toContain("canary");
});

it("REL-A4 answers a bad frame in the segment of the handshake by 1002, and lives on", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  // RSV2 and RSV3
  client.send(Buffer.concat([Buffer.from(formatHandshake()), Buffer.from("b18000000000", "hex")]));
  const { status, rest } = await client.lastAnswer();
  expect(status).toBe(101);
  expect(rest.subarray(0, 1).toString("hex")).toBe("88");
  expect(rest.subarray(2, 4).readUInt16BE()).toBe(1002);
  const second = await connectRaw(server);
  expect((await second.send(formatHandshake()).answer()).status).toBe(101);
});

it("processes frames in the segment of the handshake", async () => {
  const server = await startServer({}, addEcho);
  const client = await connectRaw(server);
  client.send(Buffer.concat([Buffer.from(formatHandshake()), HI]));
  await client.until(() => client.received.length > 100);
  await client.until(() => client.received.toString("latin1").endsWith("hi"));
  expect(client.received.subarray(-4).toString("latin1")).toBe("\x81\x02hi");
});

it("a reset in the middle of a request ends nothing else", async () => {
  const server = await startServer();
  const client = await connectRaw(server);
  client.send("GET /echo HTTP/1.1\r\nHo");
  client.socket.resetAndDestroy();
  const second = await connectRaw(server);
  expect((await second.send(formatHandshake()).answer()).status).toBe(101);
});
