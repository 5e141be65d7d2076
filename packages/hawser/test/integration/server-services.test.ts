import { once } from "node:events";
import { WebSocket } from "ws";
import { expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import type { CloseReport, HandshakeInfo, Socket } from "../../src/socket/index.js";
import { formatHandshake } from "../support/raw-client.js";
import {
  addEcho,
  connectRaw,
  connectWs,
  createMemoryLog,
  receiveClose,
  receiveText,
  startServer,
} from "../support/server-fixture.js";

it("serves text and bytes to a ws client", async () => {
  const server = await startServer();
  const client = await connectWs(server, "/echo");
  client.send("hello");
  expect(await receiveText(client)).toBe("hello");
  client.send(Buffer.from([1, 2, 3]));
  const [data, isBinary] = (await once(client, "message")) as [Buffer, boolean];
  expect([...data]).toEqual([1, 2, 3]);
  expect(isBinary).toBe(true);
});

it("gives services their parameters, typed by the path", async () => {
  const server = await startServer({}, (it) => {
    it.service("/chat/:room/:user", {
      open: (socket) => {
        const room: string = socket.params.room;
        socket.post(`${socket.params.user} in ${room}`);
      },
    });
  });
  const client = new WebSocket(`${server.url}/chat/lobby/a%2Fb`);
  expect(await receiveText(client)).toBe("a/b in lobby");
  client.terminate();
});

it("runs a function on each socket, and closes with 1000 when it is done", async () => {
  const server = await startServer({}, (it) => {
    it.service("/sum/:count", async (socket, info) => {
      let sum = 0;
      for (let left = Number(info.params.count); left > 0; left--) sum += Number(await socket.receive());
      await socket.send(`${sum}`);
    });
  });
  const client = await connectWs(server, "/sum/3");
  const [message, close] = [receiveText(client), receiveClose(client)];
  for (const number of ["1", "2", "3"]) client.send(number);
  expect(await message).toBe("6");
  expect(await close).toEqual({ code: 1000, reason: "" });
});

it("gives a function what came with the handshake, even a Close", async () => {
  const received = createDeferred<unknown[]>();
  const server = await startServer({}, (it) => {
    it.service("/pull", async (socket) => {
      const messages: unknown[] = [];
      for await (const message of socket) messages.push(message);
      received.resolve(messages);
    });
  });
  const client = await connectRaw(server);
  const frames = Buffer.from("8182000000006869" + "888200000000" + "03e8", "hex");
  client.send(Buffer.concat([Buffer.from(formatHandshake({ target: "/pull" })), frames]));
  expect(await received.promise).toEqual(["hi"]);
});

it.each<[string, (socket: Socket) => void | Promise<void>]>([
  ["rejects", () => Promise.reject(new Error("broken"))],
  [
    "throws",
    () => {
      throw new Error("broken");
    },
  ],
])("REL-A32 closes with 1011, and logs, when a function %s", async (_name, run) => {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger }, (it) => it.service("/bad", run));
  const client = await connectWs(server, "/bad");
  expect(await receiveClose(client)).toEqual({ code: 1011, reason: "" });
  expect(entries.filter(({ level }) => level === "error")).toMatchObject([
    { fields: { path: "/bad", err: { message: "broken" } } },
  ]);
});

it("does not log a function that ends with its lost connection as a failure", async () => {
  const { logger, entries } = createMemoryLog();
  const ended = createDeferred<void>();
  const server = await startServer({ logger }, (it) => {
    it.service("/pull", async (socket) => {
      try {
        await socket.receive();
      } finally {
        ended.resolve();
      }
    });
  });
  const client = await connectWs(server, "/pull");
  client.terminate();
  await ended.promise;
  await server.close();
  expect(entries.filter(({ level }) => level === "error")).toEqual([]);
});

it.each(["open", "message"])(
  "REL-A32 a throwing %s handler costs its own connection alone, with 1011",
  async (name) => {
    const { logger, entries } = createMemoryLog();
    const server = await startServer({ logger }, (it) => {
      addEcho(it);
      it.service("/bad", {
        [name]: () => {
          throw new Error("broken");
        },
      });
    });
    const bystander = await connectWs(server, "/echo");
    const client = await connectWs(server, "/bad");
    const close = receiveClose(client);
    client.send("go");
    expect(await close).toEqual({ code: 1011, reason: "" });
    bystander.send("still here");
    expect(await receiveText(bystander)).toBe("still here");
    expect(entries.filter(({ level }) => level === "error")).toHaveLength(1);
  },
);

it("REL-A32 throwing close and error handlers and loggers end nothing else", async () => {
  const fail = (): never => {
    throw new Error("broken");
  };
  const closed = createDeferred<CloseReport>();
  const logger = { debug: fail, info: fail, warn: fail, error: fail };
  const server = await startServer({ logger }, (it) => {
    addEcho(it);
    it.service("/bad", {
      message: fail,
      error: fail,
      close: (_socket, report) => {
        closed.resolve(report);
        fail();
      },
    });
  });
  const client = await connectWs(server, "/bad");
  client.send("go");
  expect((await closed.promise).code).toBe(1011);
  const bystander = await connectWs(server, "/echo");
  bystander.send("still here");
  expect(await receiveText(bystander)).toBe("still here");
});

it("gives handlers their own `this`", async () => {
  class Counter {
    #count = 0;
    message(socket: Socket): void {
      socket.post(`${++this.#count}`);
    }
  }
  const server = await startServer({}, (it) => it.service("/count", new Counter()));
  const client = await connectWs(server, "/count");
  client.send("x");
  expect(await receiveText(client)).toBe("1");
});

it("reads messages as they arrive in stream mode", async () => {
  const server = await startServer({}, (it) => {
    it.service(
      "/upload",
      { message: async (socket, stream) => void socket.post(`${(await stream.collect()).length}`) },
      { mode: "stream" },
    );
  });
  const client = await connectWs(server, "/upload");
  client.send("x".repeat(100_000));
  expect(await receiveText(client)).toBe("100000");
});

it("uses the limits of the server unless the service has its own", async () => {
  const server = await startServer({ maxMessageBytes: 10 }, (it) => {
    addEcho(it);
    it.service("/large", { message: (socket, data) => void socket.post(data) }, { maxMessageBytes: 100 });
  });
  const large = await connectWs(server, "/large");
  large.send("x".repeat(50));
  expect(await receiveText(large)).toBe("x".repeat(50));
  const small = await connectWs(server, "/echo");
  small.send("x".repeat(50));
  expect((await receiveClose(small)).code).toBe(1009);
});

it("knows its sockets, each with an id of its own", async () => {
  const server = await startServer();
  const echo = server.service("/other", {});
  await connectWs(server, "/echo");
  const client = await connectWs(server, "/other");
  expect(server.sockets.size).toBe(2);
  expect(echo.sockets.size).toBe(1);
  expect(new Set([...server.sockets].map(({ id }) => id)).size).toBe(2);
  const [socket] = echo.sockets;
  client.terminate();
  await socket?.closed;
  expect(echo.sockets.size).toBe(0);
});

it("takes a service away: 404 for new ones, while those that are open go on", async () => {
  const server = await startServer({}, () => {});
  const echo = server.service("/echo", { message: (socket, data) => void socket.post(data) });
  const client = await connectWs(server, "/echo");
  echo.remove();
  const late = await connectRaw(server);
  expect((await late.send(formatHandshake()).lastAnswer()).status).toBe(404);
  client.send("still here");
  expect(await receiveText(client)).toBe("still here");
  expect(server.broadcast("to all")).toBe(1);
  server.service("/echo", {});
  await connectWs(server, "/echo");
});

it("answers a plain GET on a WebSocket path by 426, and other methods by 405", async () => {
  const server = await startServer({ onRequest: (_request, response) => void response.end("page") });
  const get = await connectRaw(server);
  const answer = await get.send("GET /echo?a HTTP/1.1\r\nHost: localhost\r\n\r\n").lastAnswer();
  expect(answer.status).toBe(426);
  expect(answer.headers.get("upgrade")).toBe("websocket");
  const post = await connectRaw(server);
  post.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi");
  expect((await post.lastAnswer()).status).toBe(405);
  expect(await (await fetch(`${server.url.replace("ws", "http")}/page`)).text()).toBe("page");
});

it("answers a request that offers another upgrade as a plain one, and ends the connection", async () => {
  const server = await startServer({ onRequest: (request, response) => void response.end(`page ${request.url}`) });
  const client = await connectRaw(server);
  const lines = ["Host: localhost", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"];
  client.send(`GET /page HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\nGET /next HTTP/1.1\r\n\r\n`);

  const { status, headers, rest } = await client.lastAnswer();

  expect({ status, connection: headers.get("connection") }).toEqual({ status: 200, connection: "close" });
  expect(rest.toString()).toBe("page /page");
});

it("does not take a body for a plain request when another upgrade is offered", async () => {
  const server = await startServer({ onRequest: (_request, response) => void response.end("page") });
  const client = await connectRaw(server);
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na");
  expect((await client.lastAnswer()).status).toBe(400);
});

it("answers plain requests by 404 without onRequest", async () => {
  const server = await startServer();
  expect((await fetch(`${server.url.replace("ws", "http")}/page`)).status).toBe(404);
});

it.each<[string, () => void | Promise<void>]>([
  [
    "throws",
    () => {
      throw new Error("broken");
    },
  ],
  ["rejects", () => Promise.reject(new Error("broken"))],
])("answers 500 when onRequest %s", async (_name, onRequest) => {
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger, onRequest });
  expect((await fetch(`${server.url.replace("ws", "http")}/page`)).status).toBe(500);
  expect(entries.filter(({ level }) => level === "error")).toHaveLength(1);
});

it.each([
  ["a head that is too large", 431, `GET / HTTP/1.1\r\nHost: localhost\r\nA: ${"a".repeat(9000)}\r\n\r\n`],
  ["a target that is too long", 414, `GET /${"a".repeat(5000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
  ["no Host", 400, "GET / HTTP/1.1\r\n\r\n"],
])("answers a plain request with %s by %i", async (_name, status, text) => {
  const server = await startServer({ onRequest: (_request, response) => void response.end("page") });
  const client = await connectRaw(server);
  expect((await client.send(text).lastAnswer()).status).toBe(status);
});

it("types socket.data by what admit answers, and params by the path", async () => {
  interface User {
    readonly name: string;
  }
  const seen = createDeferred<string>();
  const server = await startServer({}, (it) => {
    it.service("/a/:room", {
      admit: async (request) => (request.query.has("x") ? { status: 401 } : { data: { room: request.params.room } }),
      open: (socket) => {
        const room: string = socket.data.room;
        const same: Socket = socket;
        seen.resolve(`${room} ${same.params["room"]}`);
      },
    });
    const admit = ({ query }: HandshakeInfo): { data: User } => ({ data: { name: query.get("name") ?? "" } });
    it.service("/b", (socket) => void socket.data.name, { admit });
    it.service<User, "/c/:room">("/c/:room", (socket) => void `${socket.data.name} ${socket.params.room}`, {
      admit: ({ params }) => ({ data: { name: params.room } }),
    });
    it.service<User>("/d/:room", { open: (socket) => void `${socket.data.name} ${socket.params["room"]}` });
    // @ts-expect-error -- the path names no `rom`
    it.service("/e/:room", { open: (socket) => void socket.params.rom });
    // @ts-expect-error -- nor does this one
    it.service("/f", { admit: ({ params }) => ({ data: params.room }) });
    // @ts-expect-error -- without admit nothing is known of data
    it.service("/g", { open: (socket) => void socket.data.name });
    // @ts-expect-error -- admit answers another type than is named
    it.service<User, "/h">("/h", () => {}, { admit: () => ({ data: { name: 1 } }) });
  });
  await connectWs(server, "/a/lobby");
  expect(await seen.promise).toBe("lobby lobby");
});
