import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { FaultConnection } from "./fault-proxy-connection.js";
import type { FaultProxy, FaultProxyOptions } from "./fault-proxy.js";
import { createFaultProxy } from "./fault-proxy.js";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Backend {
  readonly port: number;
  /** The next connection that came. */
  readonly next: () => Promise<End>;
}

/** One end of a TCP connection, with what it was told. */
class End {
  readonly socket: Socket;
  received = "";
  readonly ended: Promise<void>;
  /** "clean", or the code of the error. */
  readonly closed: Promise<string>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => socket.once("end", resolve));
    this.closed = new Promise((resolve) => {
      let how = "clean";
      socket.on("error", (error: NodeJS.ErrnoException) => (how = error.code ?? "?"));
      socket.once("close", () => resolve(how));
    });
    socket.on("data", (bytes: Buffer) => (this.received += bytes.toString("latin1")));
    ends.push(() => socket.destroy());
  }

  /** Settles when so many bytes have come. */
  async has(count: number): Promise<string> {
    while (this.received.length < count) await once(this.socket, "data");
    return this.received;
  }
}

async function startBackend(): Promise<Backend> {
  const server: Server = createServer({ allowHalfOpen: true });
  const waiting: End[] = [];
  const asked: ((end: End) => void)[] = [];
  server.on("connection", (socket) => {
    const end = new End(socket);
    const ask = asked.shift();
    if (ask === undefined) waiting.push(end);
    else ask(end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => server.close());
  const address = server.address() as AddressInfo; // it listens on TCP
  const next = async (): Promise<End> =>
    waiting.shift() ?? (await new Promise<End>((resolve) => void asked.push(resolve)));
  return { port: address.port, next };
}

async function startProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = await createFaultProxy(options);
  ends.push(() => proxy.close());
  return proxy;
}

const dial = (port: number): End => new End(connect({ port, host: "127.0.0.1", allowHalfOpen: true }));

interface Trio {
  readonly proxy: FaultProxy;
  readonly connection: FaultConnection;
  readonly client: End;
  readonly server: End;
}

async function join(options: Partial<FaultProxyOptions> = {}): Promise<Trio> {
  const backend = await startBackend();
  const proxy = await startProxy({ target: backend.port, ...options });
  const client = dial(proxy.port);
  const server = await backend.next();
  return { proxy, connection: await proxy.connection(0), client, server };
}

describe("the fault proxy", () => {
  it("passes bytes both ways, and the end of each direction by itself", async () => {
    const { proxy, connection, client, server } = await join();
    client.socket.end("question");
    await server.ended;
    expect(await server.has(8)).toBe("question");
    server.socket.end("answer");
    expect([await client.closed, await server.closed]).toEqual(["clean", "clean"]);
    expect(client.received).toBe("answer");
    await connection.closed;
    expect(proxy.counters).toEqual({
      connections: 1,
      open: 0,
      unreachable: 0,
      bytesToServer: 8,
      bytesToClient: 6,
      droppedBytes: 0,
      corruptedBytes: 0,
    });
  });

  it("resets both sides", async () => {
    const { connection, client, server } = await join();
    connection.reset();
    expect([await client.closed, await server.closed]).toEqual(["ECONNRESET", "ECONNRESET"]);
    await connection.closed;
    expect(connection.isClosed).toBe(true);
  });

  it("is over when both it and the server reset the connection at once, or it ends and resets", async () => {
    const { connection, server } = await join();
    server.socket.resetAndDestroy();
    connection.reset();
    await connection.closed;
    const other = await join();
    other.connection.close();
    other.connection.reset();
    await other.connection.closed;
    expect([connection.isClosed, other.connection.isClosed]).toEqual([true, true]);
  });

  it("tells the other side of a reset", async () => {
    const { client, server } = await join();
    client.socket.write("x");
    await server.has(1);
    client.socket.resetAndDestroy();
    expect(await server.closed).toBe("ECONNRESET");
  });

  it("tells a client of its server's reset, which is no unreachable server", async () => {
    const { proxy, connection, client, server } = await join();
    server.socket.write("x");
    await client.has(1);
    server.socket.resetAndDestroy();
    expect(await client.closed).toBe("ECONNRESET");
    expect(connection.connectError).toBeUndefined();
    expect(proxy.counters.unreachable).toBe(0);
  });

  it("passes on what a client sends after its server has ended", async () => {
    const { client, server } = await join();
    server.socket.end("bye");
    await client.ended;
    client.socket.end("one thing more");
    expect(await server.closed).toBe("clean");
    expect(server.received).toBe("one thing more");
  });

  it("reads nothing of a connection that is stalled from its first byte", async () => {
    const { connection, client, server } = await join({ faults: { toServer: { stalled: true } } });
    client.socket.write("waits");
    server.socket.write("passes");
    await client.has(6);
    expect(connection.toServer.receivedBytes).toBe(0);
    connection.set({});
    expect(await server.has(5)).toBe("waits");
  });

  it("takes all that a server sends into a silent direction", async () => {
    const { connection, server } = await join({ faults: { toClient: { silent: true } } });
    const bytes = 32 << 20;
    await new Promise((resolve) => server.socket.write(Buffer.alloc(bytes), resolve));
    expect(connection.toClient.receivedBytes).toBeGreaterThan(bytes / 4);
    expect(connection.toClient.passedBytes).toBe(0);
  });

  it("closes cleanly though much waits unread", async () => {
    const { connection, client } = await join({ faults: { toServer: { stalled: true } } });
    client.socket.end(Buffer.alloc(8 << 20));
    connection.close();
    expect(await client.closed).toBe("clean");
  });

  it("closes both sides cleanly", async () => {
    const { connection, client, server } = await join();
    connection.close();
    await Promise.all([client.ended, server.ended]);
    client.socket.end("too late");
    server.socket.end();
    expect([await client.closed, await server.closed]).toEqual(["clean", "clean"]);
    expect(server.received).toBe("");
  });

  it("cuts behind a number of bytes in one direction", async () => {
    const { client, server } = await join({ faults: { toClient: { cutAfterBytes: 3, cutBy: "close" } } });
    server.socket.write("abcdef");
    await client.ended;
    expect(client.received).toBe("abc");
  });

  it("is silent to both sides, though one has gone", async () => {
    const { connection, client, server } = await join();
    client.socket.write("before");
    await server.has(6);
    connection.silence();
    client.socket.write("lost");
    client.socket.resetAndDestroy();
    await client.closed;
    server.socket.write("nobody hears");
    expect(server.received).toBe("before");
    expect(server.socket.destroyed).toBe(false);
    connection.reset();
    expect(await server.closed).toBe("ECONNRESET");
  });

  it("lets a sender wait while it is stalled, and delivers all of it after", async () => {
    const { connection, client, server } = await join();
    connection.toServer.set({ stalled: true });
    const block = Buffer.alloc(1 << 20, "x");
    for (let count = 0; count < 32; count++) client.socket.write(block);
    client.socket.write("end");
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(server.received).toBe("");
    connection.set({});
    await connection.toServer.passed(32 * block.length + 3);
    expect((await server.has(32 * block.length + 3)).endsWith("xend")).toBe(true);
  });

  it("refuses connections, and accepts them again on the same port", async () => {
    const { proxy, client, server } = await join();
    proxy.refuse();
    expect(await dial(proxy.port).closed).toBe("ECONNREFUSED");
    client.socket.write("still here");
    await server.has(10);
    const { port } = proxy;
    await proxy.accept();
    await proxy.accept();
    expect(proxy.port).toBe(port);
    dial(port).socket.write("x");
    await (await proxy.connection(1)).toServer.passed(1);
  });

  it("resets whoever comes while the server is unreachable, and goes where it is told", async () => {
    const backend = await startBackend();
    const gone = createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const { port } = gone.address() as AddressInfo; // it listens on TCP
    gone.close();
    const proxy = await startProxy({ target: { port } });
    expect(await dial(proxy.port).closed).toBe("ECONNRESET");
    const first = await proxy.connection(0);
    await first.closed;
    expect(first.connectError).toMatchObject({ code: "ECONNREFUSED" });
    expect(proxy.counters.unreachable).toBe(1);
    proxy.target = backend.port;
    dial(proxy.port).socket.write("x");
    expect(await (await backend.next()).has(1)).toBe("x");
  });

  it("lets onConnection decide before a byte passes", async () => {
    const backend = await startBackend();
    const proxy = await startProxy({
      target: backend.port,
      onConnection: (connection) => {
        if (connection.index === 0) connection.reset();
        if (connection.index === 1) connection.silence();
        if (connection.index === 2) connection.toServer.at(2, () => connection.toServer.set({ corruptAt: [2] }));
      },
    });
    expect(await dial(proxy.port).closed).toBe("ECONNRESET");
    dial(proxy.port).socket.write("nobody");
    const silent = await proxy.connection(1);
    dial(proxy.port).socket.write("abcd");
    const got = await (await backend.next()).has(4);
    expect([got.slice(0, 2), got[2] === "c", got[3]]).toEqual(["ab", false, "d"]);
    expect(silent.toServer.passedBytes).toBe(0);
  });

  it("resets a connection whose handler throws, and says so when it is closed", async () => {
    const backend = await startBackend();
    const proxy = await createFaultProxy({
      target: backend.port,
      onConnection: (connection) =>
        connection.toServer.at(1, () => {
          throw new Error("broken");
        }),
    });
    const client = dial(proxy.port);
    client.socket.write("x");
    expect(await client.closed).toBe("ECONNRESET");
    await expect(proxy.close()).rejects.toMatchObject({ code: "HANDLER_FAILED", cause: { message: "broken" } });
  });

  it("leaves nothing behind when it is closed, whatever its connections do", async () => {
    const { proxy, connection, client, server } = await join({ faults: { toServer: { delayMs: 60_000 } } });
    client.socket.write("held");
    const late = proxy.connection(7);
    const stalled = dial(proxy.port);
    (await proxy.connection(1)).toServer.set({ stalled: true });
    const silent = dial(proxy.port);
    (await proxy.connection(2)).silence();
    await proxy.close();
    await proxy.close();
    await expect(late).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await expect(proxy.accept()).rejects.toMatchObject({ code: "INVALID_STATE" });
    expect(connection.isClosed).toBe(true);
    expect({ open: proxy.counters.open, connections: proxy.connections }).toEqual({ open: 0, connections: [] });
    await Promise.all([client, server, stalled, silent].map((end) => end.closed));
    expect(await dial(proxy.port).closed).toBe("ECONNREFUSED");
  });

  it.each([
    [{}, /^target is of type undefined: expected a whole number from 1 to 65535/],
    [{ target: 0 }, /^target is 0/],
    [{ target: 80, seed: -1 }, /^seed is -1/],
    [{ target: 80, port: 65_536 }, /^port is 65536/],
    [{ target: 80, delay: 1 }, /has no option delay/],
    [{ target: 80, faults: { toSever: {} } }, /did you mean toServer/],
  ])("refuses the options %j", async (options, message) => {
    const call = createFaultProxy(options as unknown as FaultProxyOptions); // a caller without types
    await expect(call).rejects.toThrow(message);
  });

  it("says that it cannot listen where somebody does", async () => {
    const backend = await startBackend();
    await expect(createFaultProxy({ target: backend.port, port: backend.port })).rejects.toMatchObject({
      code: "LISTEN_FAILED",
    });
  });
});
