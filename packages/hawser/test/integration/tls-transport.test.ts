import { once } from "node:events";
import { Agent } from "node:https";
import { connect as connectTcp, createServer as createTcpServer } from "node:net";
import type { AddressInfo, Socket as NetSocket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { connect } from "../../src/node/index.js";
import type { ConnectOptions } from "../../src/node/index.js";
import type { Server, ServerOptions } from "../../src/server/index.js";
import type { CloseReport, Socket } from "../../src/socket/index.js";
import { createMemoryLog, startServer } from "../support/server-fixture.js";
import type { LogEntry } from "../support/server-fixture.js";
import { formatHandshake } from "../support/raw-client.js";
import { certificates } from "../support/tls-certificates.js";

const { ca, server: tls } = certificates;
const versions = ["TLSv1.2", "TLSv1.3"] as const;

/** A plain TLS connection that speaks just one version. */
async function openTls(server: Server, options: ConnectionOptions): Promise<TLSSocket> {
  const stream = connectTls({ port: server.address().port, host: "127.0.0.1", ca, ...options });
  stream.on("error", () => {});
  onTestFinished(() => void stream.destroy());
  await once(stream, "secureConnect");
  return stream;
}

async function startEcho(options: ServerOptions = {}): Promise<{ server: Server; entries: readonly LogEntry[] }> {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ tls, logger, heartbeat: false, ...options });
  return { server, entries };
}

/** A way to the server that can be cut as networks cut: without a word of TLS. */
async function startProxy(server: Server): Promise<{ url: string; near: NetSocket[]; far: NetSocket[] }> {
  const [near, far]: NetSocket[][] = [[], []];
  const proxy = createTcpServer({ allowHalfOpen: true }, (client) => {
    const up = connectTcp({ port: server.address().port, host: "127.0.0.1", allowHalfOpen: true });
    for (const stream of [client, up]) stream.on("error", () => {});
    client.on("data", (chunk) => up.write(chunk)).on("end", () => up.end());
    up.on("data", (chunk) => client.writable && client.write(chunk)).on("end", () => client.end());
    near?.push(client);
    far?.push(up);
  });
  proxy.listen(0, "127.0.0.1");
  onTestFinished(() => {
    for (const stream of [...(near ?? []), ...(far ?? [])]) stream.destroy();
    proxy.close();
  });
  await once(proxy, "listening");
  return { url: `wss://127.0.0.1:${(proxy.address() as AddressInfo).port}`, near: near ?? [], far: far ?? [] };
}

async function open(url: string, options: ConnectOptions = {}): Promise<Socket> {
  const socket = await connect(`${url}/echo`, { ca, heartbeat: false, ...options });
  onTestFinished(() => socket.abort());
  return socket;
}

describe.each(versions)("over %s", (version) => {
  const speak = (): { readonly agent: Agent } => {
    const agent = new Agent({ minVersion: version, maxVersion: version });
    onTestFinished(() => agent.destroy());
    return { agent };
  };

  it("carries a message of 8 MiB there and back, and many small ones behind it", async () => {
    const maxMessageBytes = 2 ** 23;
    const { server } = await startEcho({ maxMessageBytes });
    const socket = await open(server.url, { ...speak(), maxMessageBytes });
    const large = new Uint8Array(maxMessageBytes).map((_, at) => at * 7 + (at >> 11));

    await socket.send(large);
    for (let count = 0; count < 100; count++) await socket.send(`${count}`);

    expect(Buffer.compare((await socket.receive()) as Uint8Array, large)).toBe(0);
    const small: unknown[] = [];
    for (let count = 0; count < 100; count++) small.push(await socket.receive());
    expect(small).toEqual(Array.from({ length: 100 }, (_, count) => `${count}`));
    expect(await socket.close()).toMatchObject({ code: 1000, clean: true });
  });

  it("goes on in one direction after the other was closed", async () => {
    const ended = createDeferred<CloseReport>();
    const server = await startServer({ tls, heartbeat: false }, (it) => {
      it.service(
        "/echo",
        {
          closing: (socket) => {
            for (let count = 0; count < 64; count++) socket.post(new Uint8Array(16_384).fill(count));
            void socket.close(4001, "all sent");
          },
          close: (_socket, report) => ended.resolve(report),
        },
        { autoClose: false, maxQueueBytes: 2 ** 21 },
      );
    });
    const socket = await open(server.url, speak());

    await socket.closeOutput(4000, "no more from here");
    const sizes: number[] = [];
    for await (const message of socket) sizes.push(message.length);

    expect(sizes).toEqual(Array.from({ length: 64 }, () => 16_384));
    expect(await socket.closed).toMatchObject({ code: 4000, clean: true, initiator: "local" });
    expect(await ended.promise).toMatchObject({ clean: true });
  });

  // Without a Close frame and without close_notify it is an attacker's cut as well as a lost link.
  it("reports a client whose connection was cut in the middle of a message, and delivers none of it", async () => {
    const ended = createDeferred<CloseReport>();
    const received: unknown[] = [];
    const server = await startServer({ tls, heartbeat: false }, (it) => {
      it.service("/echo", {
        message: (_socket, data) => void received.push(data),
        close: (_socket, report) => ended.resolve(report),
      });
    });
    const { url, near, far } = await startProxy(server);
    const socket = await open(url, speak());

    await socket.send("whole");
    void socket.sendStream(beginOnly()).catch(() => {});
    await once(near[0] as NetSocket, "data");
    far[0]?.end();

    expect(await ended.promise).toMatchObject({ code: 1006, clean: false, error: { code: "CONNECTION_LOST" } });
    expect(received).toEqual(["whole"]);
  });

  it("fails who reads a message in the middle of which the connection to the server was cut", async () => {
    const server = await startServer({ tls, heartbeat: false }, (it) => {
      it.service("/echo", { open: (socket) => void socket.sendStream(beginOnly()).catch(() => {}) });
    });
    const { url, near } = await startProxy(server);
    const socket = await open(url, { ...speak(), mode: "stream" });
    const stream = await socket.receiveStream();
    const reading = stream?.[Symbol.asyncIterator]();
    expect((await reading?.next())?.done).toBe(false);

    near[0]?.end();

    await expect(reading?.next()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await socket.closed).toMatchObject({ code: 1006, clean: false, error: { code: "CONNECTION_LOST" } });
  });

  it("speaks HTTP/1.1 and nothing else", async () => {
    const { server, entries } = await startEcho();
    const options = { minVersion: version, maxVersion: version };
    const chosen = await openTls(server, { ...options, ALPNProtocols: ["h2", "http/1.1"] });
    const silent = await openTls(server, options);
    expect([chosen.alpnProtocol, silent.alpnProtocol]).toEqual(["http/1.1", false]);

    const refused = connectTls({
      port: server.address().port,
      host: "127.0.0.1",
      ca,
      ...options,
      ALPNProtocols: ["h2"],
    });
    const [error] = (await once(refused, "error")) as [Error];
    expect(error.message).toMatch(/no application protocol/);
    expect(entries).toContainEqual({
      level: "info",
      fields: { rule: "tls", error: "ERR_SSL_NO_APPLICATION_PROTOCOL", remoteAddress: "127.0.0.1" },
      message: "connection refused: no TLS: the client does not want HTTP/1.1",
    });
  });
});

it("asks for HTTP/1.1 as a client, of a server that could do more", async () => {
  const offered: string[][] = [];
  const server = createTlsServer({
    ...tls,
    ALPNCallback: ({ protocols }) => {
      offered.push(protocols);
      return "http/1.1";
    },
  });
  server.on("secureConnection", (stream) => stream.on("error", () => {}).destroy());
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  await connect(`wss://127.0.0.1:${(server.address() as AddressInfo).port}/`, { ca }).catch(() => {});
  expect(offered).toEqual([["http/1.1"]]);
});

it("refuses TLS 1.1", async () => {
  const { server, entries } = await startEcho();
  const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  const stream = connectTls({ port: server.address().port, host: "127.0.0.1", ca, ...old });
  const [error] = (await once(stream, "error")) as [Error];
  expect(error.message).toMatch(/protocol version/);
  expect(entries.map(({ fields }) => fields)).toEqual([
    { rule: "tls", error: "ERR_SSL_UNSUPPORTED_PROTOCOL", remoteAddress: "127.0.0.1" },
  ]);
});

/** The beginning of a record of 16 KiB, with that of a ClientHello that announces `length` bytes. */
function beginHello(length: number): Buffer {
  const hello = Buffer.from([0x16, 3, 1, 0x3f, 0xff, 1, 0, 0, 0, 3]);
  hello.writeUIntBE(length, 6, 3);
  return hello;
}

/** A TCP client that says `bytes`; it reads what comes, so that it sees the end. */
async function say(server: Server, bytes: Uint8Array | string): Promise<{ stream: NetSocket; closed: Promise<void> }> {
  const stream = connectTcp(server.address().port, "127.0.0.1");
  onTestFinished(() => void stream.destroy());
  const closed = new Promise<void>((resolve) => stream.on("close", () => resolve()).on("error", () => {}));
  stream.resume();
  await once(stream, "connect");
  stream.write(bytes);
  return { stream, closed };
}

it("REL-B3 gives a ClientHello that comes byte by byte as much time as one that does not come", async () => {
  const { server, entries } = await startEcho({ handshakeTimeoutMs: 300 });
  const { stream, closed } = await say(server, beginHello(16_000));
  // every byte is progress, and together they are not enough
  const drip = setInterval(() => stream.write(Buffer.of(0)), 5);
  await closed;
  clearInterval(drip);
  expect(entries.map(({ level, fields, message }) => ({ level, fields, message }))).toEqual([
    {
      level: "info",
      fields: { rule: "tls", error: "ERR_TLS_HANDSHAKE_TIMEOUT", remoteAddress: "127.0.0.1" },
      message: "connection refused: no TLS: it was not made in time",
    },
  ]);
  expect(stream.bytesWritten).toBeLessThan(16_000);
});

it("REL-B3 refuses a ClientHello that announces 16 MiB as soon as it does", async () => {
  const { server, entries } = await startEcho();
  // the whole of one record: OpenSSL looks no earlier
  const { closed } = await say(server, Buffer.concat([beginHello(0xffffff), Buffer.alloc(0x3fff - 5)]));
  await closed;
  expect(entries.map(({ fields }) => fields)).toEqual([
    { rule: "tls", error: "ERR_SSL_EXCESSIVE_MESSAGE_SIZE", remoteAddress: "127.0.0.1" },
  ]);
});

it("REL-B3 holds a bounded memory for hellos that announce as much as they may", async () => {
  const count = 200;
  const { server } = await startEcho();
  const before = process.memoryUsage().rss;
  // ten bytes: a record that is whole, and no more of the message than where it says how long it will be
  const hello = Buffer.from("16030100050101fff003", "hex");
  const peers = await Promise.all(Array.from({ length: count }, () => say(server, hello)));
  // who comes behind them is served, so they have been read
  const socket = await open(server.url);
  await socket.send("canary");
  expect(await socket.receive()).toBe("canary");
  // OpenSSL takes about 115 KiB for what was announced, Node about 60 KiB for a TLS connection, on both ends
  expect((process.memoryUsage().rss - before) / count).toBeLessThan(512 * 1024);
  expect(peers.filter(({ stream }) => stream.destroyed)).toEqual([]);
});

it("logs a TLS handshake that fails once, with where it came from, and none of who only looks", async () => {
  const { server, entries } = await startEcho();
  const plain = await say(server, formatHandshake());
  await plain.closed;
  const looker = await say(server, "");
  looker.stream.end();
  await looker.closed;
  const leaver = await say(server, beginHello(300));
  leaver.stream.end();
  await leaver.closed;
  await (await open(server.url)).close();

  expect(entries.filter(({ message }) => message.startsWith("connection refused"))).toMatchObject([
    {
      fields: { error: "ERR_SSL_HTTP_REQUEST", remoteAddress: "127.0.0.1" },
      message: expect.stringContaining("ws: instead of wss:"),
    },
    { fields: { error: "ECONNRESET", remoteAddress: "127.0.0.1" }, message: expect.stringContaining("went away") },
  ]);
});

/** A message that begins and never ends. */
async function* beginOnly(): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array(1000);
  await createDeferred<void>().promise;
}
