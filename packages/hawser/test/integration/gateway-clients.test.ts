import { once } from "node:events";
import { expect, it } from "vitest";
import { WebSocket as PackageWebSocket } from "ws";
import { connect } from "../../src/entries/socket.js";
import { startGateway } from "../support/gateway-fixture.js";

/** A client reduced to what the protocol needs: texts out, texts in. */
interface PlainClient {
  send(text: string): void;
  receive(): Promise<string>;
  close(): Promise<number>;
}

const clients: readonly (readonly [string, (url: string) => Promise<PlainClient>])[] = [
  [
    "the ws package",
    async (url) => {
      const socket = new PackageWebSocket(url, "hawser.v1");
      const inbox = queue<string>();
      socket.on("message", (data: Buffer) => inbox.put(data.toString()));
      await once(socket, "open");
      return {
        send: (text) => socket.send(text),
        receive: inbox.take,
        close: async () => {
          socket.close(1000);
          const [code] = (await once(socket, "close")) as [number];
          return code;
        },
      };
    },
  ],
  [
    "our socket",
    async (url) => {
      const socket = await connect(url, { protocols: ["hawser.v1"] });
      return {
        send: (text) => void socket.post(text),
        receive: async () => String(await socket.receive()),
        close: async () => (await socket.close()).code,
      };
    },
  ],
  ...("WebSocket" in globalThis ? [["Node's WebSocket", connectNode] as const] : []),
];

async function connectNode(url: string): Promise<PlainClient> {
  const socket = new WebSocket(url, "hawser.v1");
  const inbox = queue<string>();
  socket.addEventListener("message", ({ data }) => inbox.put(String(data)));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  return {
    send: (text) => socket.send(text),
    receive: inbox.take,
    close: async () => {
      const closed = new Promise<number>((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
      socket.close(1000);
      return closed;
    },
  };
}

it.each(clients)("%s speaks the protocol with nothing but JSON", async (_name, open) => {
  const { server, gateway } = await startGateway({}, (it) => {
    it.channel("deals:*").action("add", {}, (data) => ({
      sum: (data as number[]).reduce((sum, next) => sum + next, 0),
    }));
  });
  const client = await open(`${server.url}/gateway`);
  client.send("Ping");
  expect(await client.receive()).toBe("Pong");
  client.send('{"pid":"1","action":"login","data":{"user":"ann"}}');
  expect(JSON.parse(await client.receive())).toMatchObject({ pid: "1", actionAck: "login", status: 1 });
  client.send('{"pid":"2","action":"add","data":[1,2]}');
  expect(JSON.parse(await client.receive())).toEqual({ pid: "2", actionAck: "add", status: 1, data: { sum: 3 } });
  client.send('{"pid":"3","action":"subscribe","channel":"deals:LLG"}');
  expect(JSON.parse(await client.receive())).toEqual({
    pid: "3",
    actionAck: "subscribe",
    status: 1,
    channel: "deals:LLG",
  });
  await gateway.publish("deals:LLG", { price: "1989.1" });
  expect(JSON.parse(await client.receive())).toEqual({
    actionAck: "message",
    status: 1,
    channel: "deals:LLG",
    data: { price: "1989.1" },
  });
  expect(await client.close()).toBe(1000);
});

/** What came before it was asked for waits. */
function queue<T>(): { put(item: T): void; readonly take: () => Promise<T> } {
  const items: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    put: (item) => {
      const next = waiting.shift();
      if (next === undefined) items.push(item);
      else next(item);
    },
    take: () => {
      const item = items.shift();
      return item === undefined ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve(item);
    },
  };
}
