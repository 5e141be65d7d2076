import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import type { AddressInfo, Socket as NetSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { HawserError } from "../internal/errors.js";
import { acceptKey } from "../protocol/index.js";
import type { Socket } from "../socket/index.js";
import files from "./certificates.test.json" with { type: "json" };
import { connect } from "./connect.js";
import type { ConnectOptions } from "./connect-options.js";
import { sha1 } from "./sha1.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Listens on loopback; every connection is ended after the test. */
async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<NetSocket>();
  server.on("connection", (socket: NetSocket) => {
    socket.on("error", () => {});
    sockets.add(socket.once("close", () => sockets.delete(socket)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A server of the ws package that echoes. */
async function echoServer(
  options: object = {},
  onPeer: (peer: WebSocket, request: http.IncomingMessage) => void = () => {},
  server: http.Server = http.createServer(),
): Promise<number> {
  const wss = new WebSocketServer({ server, ...options });
  wss.on("connection", (peer, request) => {
    peer.on("error", () => {});
    peer.on("message", (data, isBinary) => peer.send(data, { binary: isBinary }));
    onPeer(peer, request);
  });
  return listen(server);
}

/** A bare TCP server: `answer` gets the request's head and writes what it likes. */
async function rawServer(
  answer: (socket: NetSocket, head: string) => void,
): Promise<{ url: string; closed: Promise<void> }> {
  const server = net.createServer((socket) => {
    socket.once("data", (data) => answer(socket, data.toString("latin1")));
  });
  const closed = new Promise<void>((resolve) => {
    server.on("connection", (socket: NetSocket) => socket.once("close", () => resolve()));
  });
  return { url: `ws://127.0.0.1:${await listen(server)}/`, closed };
}

function accept(head: string, more = ""): string {
  const key = /sec-websocket-key: (.*)\r\n/i.exec(head)?.[1] ?? "";
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  return `${lines.join("\r\n")}\r\nSec-WebSocket-Accept: ${acceptKey(key, sha1)}\r\n${more}\r\n`;
}

async function open(url: string | URL, options: ConnectOptions = {}): Promise<Socket> {
  const socket = await connect(url, options);
  cleanups.push(() => socket.abort());
  return socket;
}

async function failure(attempt: Promise<unknown>): Promise<HawserError | null> {
  try {
    await attempt;
    return null;
  } catch (error) {
    return error as HawserError;
  }
}

describe("a connection", () => {
  it("echoes text and bytes of every size through a ws server, and closes cleanly", async () => {
    const socket = await open(`ws://127.0.0.1:${await echoServer()}/room?x=1`);
    const binary = new Uint8Array(300_000).map((_, at) => at * 7);

    await socket.send("hello");
    await socket.send(binary);
    await socket.send("");
    const received = [await socket.receive(), await socket.receive(), await socket.receive()];
    const report = await socket.close(4001, "done");

    expect(received[0]).toBe("hello");
    expect(Buffer.compare(received[1] as Uint8Array, binary)).toBe(0);
    expect(received[2]).toBe("");
    expect(report).toMatchObject({ code: 4001, reason: "done", clean: true, initiator: "local", error: null });
  });

  it("tells where it leads and what was agreed", async () => {
    const port = await echoServer({ handleProtocols: () => "beta" });
    const socket = await open(`http://127.0.0.1:${port}/a?b=c`, { protocols: ["alpha", "beta"], data: { user: 7 } });

    expect(socket).toMatchObject({
      url: `ws://127.0.0.1:${port}/a?b=c`,
      protocol: "beta",
      extensions: "",
      state: "open",
      remoteAddress: "127.0.0.1",
      data: { user: 7 },
    });
    expect(socket.id).toMatch(/^c[0-9a-f]{16}$/);
    expect(socket.headers.get("upgrade")).toBe("websocket");
  });

  it("sends headers, origin and the URL's credentials", async () => {
    const seen: http.IncomingHttpHeaders[] = [];
    const port = await echoServer({}, (_peer, request) => seen.push(request.headers));

    await open(`ws://ann:secret@127.0.0.1:${port}/`, {
      allowPlain: true,
      headers: { "X-Trace": "42" },
      origin: "https://example.org",
    });

    expect(seen).toMatchObject([
      {
        "x-trace": "42",
        origin: "https://example.org",
        host: `127.0.0.1:${port}`,
        authorization: `Basic ${btoa("ann:secret")}`,
      },
    ]);
  });

  it("pushes to handlers", async () => {
    const port = await echoServer();
    const received: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      connect(`ws://127.0.0.1:${port}/`, {
        handlers: {
          open: (socket) => void socket.post("one"),
          message: (socket, data) => {
            received.push(data);
            void socket.close();
          },
          close: (_socket, report) => {
            received.push(report.code);
            resolve();
          },
        },
      }).catch(reject);
    });

    expect(received).toEqual(["one", 1000]);
  });

  it("reads messages as streams", async () => {
    const port = await echoServer({}, (peer) => {
      peer.send("one ", { fin: false });
      peer.send("two", { fin: true });
    });
    const socket = await open(`ws://127.0.0.1:${port}/`, { mode: "stream" });

    const stream = await socket.receiveStream();

    expect(await stream?.collect()).toBe("one two");
  });

  it("REL-B11 delivers what came right behind the answer, in order", async () => {
    const hello = Buffer.from([0x81, 0x05, ...Buffer.from("first")]);
    const { url } = await rawServer((socket, head) => {
      socket.write(Buffer.concat([Buffer.from(accept(head)), hello, Buffer.from([0x81, 0x06]), Buffer.from("sec")]));
      setImmediate(() => socket.write("ond"));
    });
    const socket = await open(url);

    expect(await socket.receive()).toBe("first");
    expect(await socket.receive()).toBe("second");
  });

  it("runs over a Unix socket", async () => {
    const path = join(process.platform === "win32" ? "\\\\.\\pipe" : tmpdir(), `hawser-connect-${process.pid}.sock`);
    const server = http.createServer();
    const wss = new WebSocketServer({ server });
    wss.on("connection", (peer) => peer.on("message", (data) => peer.send(data)));
    server.listen(path);
    await once(server, "listening");
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));

    const socket = await open("ws://service/", { socketPath: path });
    await socket.send("x");

    expect(await socket.receive()).toEqual(new Uint8Array(Buffer.from("x")));
  });

  it("goes through an agent that is given", async () => {
    const port = await echoServer();
    const agent = new http.Agent();
    let made = 0;
    const create = agent.createConnection.bind(agent);
    agent.createConnection = (...given: Parameters<typeof create>) => {
      made++;
      return create(...given);
    };

    await open(`ws://127.0.0.1:${port}/`, { agent });

    expect(made).toBe(1);
  });

  it("looks names up as it is told", async () => {
    const port = await echoServer();
    const asked: string[] = [];

    await open(`ws://nowhere.invalid:${port}/`, {
      lookup: (hostname, _options, done) => {
        asked.push(hostname);
        done(null, [{ address: "127.0.0.1", family: 4 }]);
      },
    });

    expect(asked).toEqual(["nowhere.invalid"]);
  });

  it.each([
    { clientNoContextTakeover: false, serverNoContextTakeover: false },
    { serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
    {},
  ])("compresses with a ws server, options %j", async (perMessageDeflate) => {
    const port = await echoServer({ perMessageDeflate: { threshold: 0 } });
    const socket = await open(`ws://127.0.0.1:${port}/`, {
      perMessageDeflate: { ...perMessageDeflate, thresholdBytes: 1 },
    });
    const texts = ["a".repeat(5000), "", JSON.stringify({ a: [1, 2, 3] }).repeat(3000), "short"];

    const received: unknown[] = [];
    for (const text of texts) {
      await socket.send(text);
      received.push(await socket.receive());
    }
    const report = await socket.close();

    expect(socket.extensions).toContain("permessage-deflate");
    expect(received).toEqual(texts);
    expect(report.bytesSent).toBeLessThan(5000);
  });
});

describe("TLS", () => {
  const { ca, cert, key, otherCert, otherKey } = files;

  it("connects to a server whose authority is given", async () => {
    const port = await echoServer({}, undefined, https.createServer({ cert, key }));
    const socket = await open(`wss://localhost:${port}/`, { ca, family: 4 });
    await socket.send("secret");

    expect(await socket.receive()).toBe("secret");
    expect(socket.url).toBe(`wss://localhost:${port}/`);
  });

  it.each<[string, { cert: string; key: string }, ConnectOptions, string]>([
    ["an unknown authority", { cert, key }, {}, "not known here"],
    ["another name", { cert: otherCert, key: otherKey }, { ca }, "is for other names"],
  ])("REL-B25 refuses a certificate of %s", async (_name, identity, options, words) => {
    const port = await echoServer({}, undefined, https.createServer(identity));

    const error = await failure(connect(`wss://127.0.0.1:${port}/`, options));

    expect(error).toMatchObject({ code: "CONNECT_FAILED", message: expect.stringContaining(words) });
    expect(error?.cause).toBeInstanceOf(Error);
  });

  it("REL-B25 is not turned off by the environment, only by the option", async () => {
    const port = await echoServer({}, undefined, https.createServer({ cert, key }));
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    const error = await failure(connect(`wss://127.0.0.1:${port}/`));
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    const socket = await open(`wss://127.0.0.1:${port}/`, { rejectUnauthorized: false });

    expect(error?.code).toBe("CONNECT_FAILED");
    expect(socket.state).toBe("open");
  });

  it("accepts the name that it is told to expect", async () => {
    const port = await echoServer({}, undefined, https.createServer({ cert: otherCert, key: otherKey }));
    const socket = await open(`wss://127.0.0.1:${port}/`, { ca, servername: "other.example" });

    expect(socket.state).toBe("open");
  });

  it("shows its own certificate", async () => {
    const server = https.createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true });
    const port = await echoServer({}, undefined, server);

    const socket = await open(`wss://127.0.0.1:${port}/`, {
      ca,
      pfx: Buffer.from(files.pfxBase64, "base64"),
      passphrase: "secret",
    });

    expect(socket.state).toBe("open");
  });

  it("REL-A31 ends with a report when what comes is no TLS any more", async () => {
    const port = await echoServer({}, undefined, https.createServer({ cert, key }));
    let inject = (): void => {};
    const proxy = net.createServer((near) => {
      const far = net.connect(port, "127.0.0.1");
      near.pipe(far).on("error", () => {});
      far.on("data", (chunk) => near.write(chunk));
      inject = () => near.write("this is no TLS record at all");
    });
    const socket = await open(`wss://127.0.0.1:${await listen(proxy)}/`, { ca });
    await socket.send("x");
    await socket.receive();

    inject();

    expect(await socket.closed).toMatchObject({ code: 1006, initiator: "error", error: { code: "CONNECTION_LOST" } });
  });

  it("carries a message of many records both ways", async () => {
    const port = await echoServer({}, undefined, https.createServer({ cert, key }));
    const socket = await open(`wss://127.0.0.1:${port}/`, { ca });
    const content = "0123456789".repeat(90_000);

    await socket.send(content);

    expect(await socket.receive()).toBe(content);
  });

  it("says that the server speaks no TLS", async () => {
    const port = await echoServer();

    const error = await failure(connect(`wss://127.0.0.1:${port}/`));

    expect(error).toMatchObject({ code: "CONNECT_FAILED", message: expect.stringContaining("TLS") });
  });

  it("names a bad file before it connects", async () => {
    expect(await failure(connect("wss://127.0.0.1:1/", { ca: "garbage" }))).toMatchObject({ code: "TLS_INVALID" });
  });
});

describe("a failure", () => {
  it("tells that nothing listens there", async () => {
    const server = net.createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));

    expect(await failure(connect(`ws://127.0.0.1:${port}/`))).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("nothing listens there"),
      facts: { reason: "ECONNREFUSED" },
      cause: { code: "ECONNREFUSED" },
    });
  });

  it("tells that the name is not known", async () => {
    const lookup: ConnectOptions["lookup"] = (_hostname, _options, done) => {
      done(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), "", 4);
    };

    expect(await failure(connect("ws://nowhere.invalid/", { lookup }))).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("check its spelling"),
    });
  });

  it.each(["", "HTTP/1.1 101 Swit"])("REL-A31 reports a connection that is reset after %j", async (partial) => {
    const { url } = await rawServer((socket) => {
      socket.write(partial, () => socket.resetAndDestroy());
    });

    expect(await failure(connect(url))).toMatchObject({ code: "CONNECT_FAILED" });
  });

  it("REL-A31 reports a reset right behind the 101 in the socket's report", async () => {
    const { url } = await rawServer((socket, head) => {
      socket.write(accept(head), () => socket.resetAndDestroy());
    });

    const socket = await open(url);

    expect(await socket.closed).toMatchObject({ code: 1006, clean: false, initiator: "error" });
  });

  it("gives what a refusal says, of the body the beginning", async () => {
    const { url, closed } = await rawServer((socket) => {
      const head = "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 100000\r\n\r\n";
      socket.write(head + "try later".padEnd(5000, "."));
    });

    const error = await failure(connect(url));
    await closed;

    expect(error).toMatchObject({
      code: "HANDSHAKE_REFUSED",
      facts: { status: 503, statusText: "Busy", retryAfter: "7", body: "try later".padEnd(1024, ".") },
    });
  });

  it("gives a refusal with a short body, or one that breaks off", async () => {
    const whole = await rawServer((socket) => socket.write("HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\nlogin"));
    const broken = await rawServer((socket) => socket.end("HTTP/1.1 401 No\r\nContent-Length: 50\r\n\r\nlog"));

    expect(await failure(connect(whole.url))).toMatchObject({ facts: { status: 401, body: "login" } });
    expect(await failure(connect(broken.url))).toMatchObject({ facts: { status: 401, body: "log" } });
  });

  it("reports a refusal whose body never ends within the handshake timeout", async () => {
    const { url, closed } = await rawServer((socket) =>
      socket.write("HTTP/1.1 403 No\r\nContent-Length: 50\r\n\r\nbec"),
    );

    const error = await failure(connect(url, { handshakeTimeoutMs: 100 }));
    await closed;

    expect(error).toMatchObject({ code: "HANDSHAKE_REFUSED", facts: { status: 403, body: "bec" } });
  });

  it("REL-B24 follows no redirect, and tells where it led", async () => {
    const { url } = await rawServer((socket) => {
      socket.write("HTTP/1.1 302 Found\r\nLocation: ws://evil.example/\r\nContent-Length: 0\r\n\r\n");
    });

    expect(await failure(connect(url, { headers: { Authorization: "Bearer x" } }))).toMatchObject({
      code: "HANDSHAKE_REFUSED",
      facts: { status: 302, location: "ws://evil.example/" },
    });
  });

  it("REL-B15 refuses an answer that does not fit the key", async () => {
    const { url, closed } = await rawServer((socket) => socket.write(accept("Sec-WebSocket-Key: other\r\n")));

    expect(await failure(connect(url))).toMatchObject({
      code: "HANDSHAKE_INVALID",
      facts: { rule: expect.stringContaining("Accept") },
    });
    await closed;
  });

  it.each([
    ["REL-B19 a sub-protocol that was not offered", "Sec-WebSocket-Protocol: gamma\r\n"],
    ["REL-B19 two sub-protocols", "Sec-WebSocket-Protocol: alpha\r\nSec-WebSocket-Protocol: alpha\r\n"],
    ["an extension that was not offered", "Sec-WebSocket-Extensions: x-other\r\n"],
    ["REL-B21 a window of 0 bits", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=0\r\n"],
    ["REL-B21 a window of 7 bits", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7\r\n"],
    ["REL-B21 a window of 16 bits", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16\r\n"],
    ["REL-B21 a window of 999 bits", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=999\r\n"],
    [
      "REL-B21 a window given twice",
      "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; server_max_window_bits=9\r\n",
    ],
  ])("refuses an answer with %s", async (_name, header) => {
    const { url, closed } = await rawServer((socket, head) => socket.write(accept(head, header)));

    const error = await failure(connect(url, { protocols: ["alpha", "beta"], perMessageDeflate: true }));
    await closed;

    expect(error).toMatchObject({ code: "HANDSHAKE_INVALID" });
  });

  it.each([
    ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n", "HANDSHAKE_INVALID"],
    ["a 101 without Upgrade", "HTTP/1.1 101 Yes\r\n\r\n", "HANDSHAKE_INVALID"],
    ["a 200", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HANDSHAKE_REFUSED"],
    [
      "a 426 that names websocket",
      "HTTP/1.1 426 No\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\n\r\n",
      "HANDSHAKE_REFUSED",
    ],
    ["too much head", `HTTP/1.1 101 Yes\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, "HANDSHAKE_INVALID"],
  ])("refuses %s", async (_name, answer, code) => {
    const { url, closed } = await rawServer((socket) => socket.write(answer));

    expect((await failure(connect(url)))?.code).toBe(code);
    await closed;
  });

  it("ends an attempt that takes too long, and its connection", async () => {
    const { url, closed } = await rawServer(() => {});

    const error = await failure(connect(url, { handshakeTimeoutMs: 50 }));
    await closed;

    expect(error).toMatchObject({ code: "HANDSHAKE_TIMEOUT", facts: { timeoutMs: 50 } });
  });
});

describe("a signal", () => {
  it("that is aborted already keeps the attempt from starting", async () => {
    const reason = new Error("changed my mind");

    const error = await failure(connect("ws://127.0.0.1:1/", { signal: AbortSignal.abort(reason) }));

    expect(error).toMatchObject({ code: "ABORTED", cause: reason });
  });

  it("cancels while the name is looked up", async () => {
    const controller = new AbortController();
    const lookup: ConnectOptions["lookup"] = () => controller.abort();

    expect(await failure(connect("ws://nowhere.invalid/", { signal: controller.signal, lookup }))).toMatchObject({
      code: "ABORTED",
    });
  });

  it("cancels while TLS is made", async () => {
    const controller = new AbortController();
    const { url, closed } = await rawServer(() => controller.abort());

    const error = await failure(connect(url.replace("ws:", "wss:"), { signal: controller.signal }));
    await closed;

    expect(error?.code).toBe("ABORTED");
  });

  it("cancels while the answer is awaited, and while a refusal's body is read", async () => {
    for (const partial of ["", "HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nx"]) {
      const controller = new AbortController();
      const { url, closed } = await rawServer((socket) => {
        socket.write(partial);
        setImmediate(() => controller.abort());
      });

      const error = await failure(connect(url, { signal: controller.signal }));
      await closed;

      expect(error?.code).toBe("ABORTED");
    }
  });

  it("does nothing to a socket that is open", async () => {
    const controller = new AbortController();
    const socket = await open(`ws://127.0.0.1:${await echoServer()}/`, { signal: controller.signal });

    controller.abort();
    await socket.send("still");

    expect(await socket.receive()).toBeDefined();
  });
});

it.each<[string, string, object]>([
  ["an unknown option", "ws://h/", { rejectUnauthorised: false }],
  ["a header of the handshake", "ws://h/", { headers: { Host: "evil" } }],
  ["a header that splits the request", "ws://h/", { headers: { "X-A": "a\r\nX-B: b" } }],
  ["a protocol that is no token", "ws://h/", { protocols: ["a b"] }],
  ["a protocol twice", "ws://h/", { protocols: ["a", "a"] }],
  ["a bad window", "ws://h/", { perMessageDeflate: { clientMaxWindowBits: 16 } }],
  ["a limit of zero", "ws://h/", { handshakeTimeoutMs: 0 }],
  ["two authorizations", "wss://u:p@h/", { headers: { authorization: "x" } }],
  ["a fragment", "ws://h/#x", {}],
])("refuses %s at once", async (_name, url, options) => {
  expect(await failure(connect(url, options))).toMatchObject({ name: "UsageError", code: "INVALID_ARGUMENT" });
});
