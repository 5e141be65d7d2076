import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { WebSocket } from "ws";
import { expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { createServer } from "../../src/server/index.js";
import {
  addEcho,
  connectWs,
  createMemoryLog,
  receiveClose,
  receiveText,
  startServer,
} from "../support/server-fixture.js";

it("makes the handlers of each socket anew when a service is a factory", async () => {
  const seen: string[] = [];
  const server = await startServer({}, (it) => {
    it.service("/count", (socket, info) => {
      let count = 0; // one for each connection, as the fields of a behaviour object are
      const name = info.query.get("name") ?? "nobody";
      return {
        open: () => void seen.push(`${name} opened ${socket.state}`),
        message: () => void socket.post(`${name} ${++count}`),
        close: (_socket, report) => void seen.push(`${name} closed ${report.code}`),
      };
    });
  });
  const anna = await connectWs(server, "/count?name=anna");
  const bert = await connectWs(server, "/count?name=bert");
  anna.send("x");
  expect(await receiveText(anna)).toBe("anna 1");
  anna.send("x");
  expect(await receiveText(anna)).toBe("anna 2");
  bert.send("x");
  expect(await receiveText(bert)).toBe("bert 1");
  for (const client of [anna, bert]) {
    client.close(1000);
    await once(client, "close");
  }
  expect(seen).toEqual(["anna opened open", "bert opened open", "anna closed 1000", "bert closed 1000"]);
});

it("gives the first message, sent with the handshake, to the handlers that a factory returns", async () => {
  const server = await startServer({}, (it) => {
    it.service("/early", () => ({ message: (socket, data) => void socket.post(data) }));
  });
  const client = new WebSocket(`${server.url}/early`);
  client.on("open", () => client.send("at once"));
  expect(await receiveText(client)).toBe("at once");
  client.terminate();
});

it("closes with 1011 when a factory throws, and goes on with others", async () => {
  const server = await startServer({}, (it) => {
    it.service("/broken", () => {
      throw new Error("planted");
    });
    addEcho(it);
  });
  const other = await connectWs(server, "/echo");
  const client = await connectWs(server, "/broken");
  expect(await receiveClose(client)).toEqual({ code: 1011, reason: "" });
  other.send("still here");
  expect(await receiveText(other)).toBe("still here");
});

it("closes with 1011 when a factory returns handlers that are no functions", async () => {
  const server = await startServer({}, (it) => {
    it.service("/broken", (() => ({ message: 42 })) as never);
  });
  const client = await connectWs(server, "/broken");
  expect(await receiveClose(client)).toEqual({ code: 1011, reason: "" });
});

it("asks the option admit before a service that is a function gets the socket", async () => {
  const server = await startServer({}, (it) => {
    it.service("/pull", (socket) => socket.send(`hello ${String(socket.data)}`), {
      admit: (request) => (request.query.has("key") ? { data: request.query.get("key") } : { status: 401 }),
    });
  });
  const refused = new WebSocket(`${server.url}/pull`);
  const [, response] = (await once(refused, "unexpected-response")) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(401);
  refused.on("error", () => {});
  refused.terminate();
  const client = new WebSocket(`${server.url}/pull?key=k`);
  expect(await receiveText(client)).toBe("hello k");
});

it("answers plain HTTP at a service's path by its onRequest, and by 426 without one", async () => {
  const server = await startServer({}, (it) => {
    const onRequest = (_request: IncomingMessage, response: ServerResponse): void => void response.end("a page");
    it.service("/both", () => ({ message: (socket, data) => void socket.post(data) }), { onRequest });
    addEcho(it);
  });
  const base = server.url.replace("ws:", "http:");
  expect(await (await fetch(`${base}/both`)).text()).toBe("a page");
  expect((await fetch(`${base}/echo`)).status).toBe(426);
  const client = await connectWs(server, "/both");
  client.send("a message");
  expect(await receiveText(client)).toBe("a message");
});

it("no longer lists a socket by the time its close handler is called", async () => {
  const counts = new Promise<number[]>((resolve) => {
    void startServer({}, (it) => {
      const service = it.service("/", { close: () => resolve([service.sockets.size, it.sockets.size]) });
    }).then(async (server) => (await connectWs(server, "/")).close());
  });
  expect(await counts).toEqual([0, 0]);
});

it("closes with 1011 when a function gives its handlers by a promise, where they would be lost", async () => {
  const server = await startServer({}, (it) => {
    it.service("/late", (async () => ({ message: () => {} })) as never);
  });
  const client = await connectWs(server, "/late");
  expect(await receiveClose(client)).toEqual({ code: 1011, reason: "" });
});

it("refuses handlers by the names that other libraries give them", () => {
  const server = createServer();
  expect(() => server.service("/", { onMessage: () => {} } as never)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("by the name message") }),
  );
});

it("takes no notice of a function that fails only because its client has left", async () => {
  const log = createMemoryLog();
  const waiting = createDeferred<void>();
  const server = await startServer({ logger: log.logger }, (it) => {
    it.service("/slow", async (socket) => {
      for await (const message of socket) {
        await waiting.promise; // the client leaves meanwhile
        await socket.send(message);
      }
    });
  });
  const client = await connectWs(server, "/slow");
  const gone = Promise.all([...server.sockets].map(({ closed }) => closed));
  client.send("x");
  client.close(1000);
  await once(client, "close");
  waiting.resolve();
  expect(await gone).toMatchObject([{ code: 1000, clean: true }]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(log.entries.filter(({ level }) => level === "error")).toEqual([]);
});
