// One side of connections whose other side falls silent: a server or clients, and how their connections ended.
import { execFileSync } from "node:child_process";
import { connect as connectTcp, createServer as createTcpServer } from "node:net";
import { setInterval as every } from "node:timers/promises";
import { connect } from "hawser";
import { createServer } from "hawser/server";
import { answerCalls } from "./answer-calls.mjs";

const ends = { server: [], client: [] };
const clients = [];
const stalls = [];
const relayed = [];

answerCalls({
  async listen({ heartbeat }) {
    const ignore = () => {};
    const warn = (fields) => void (fields.stalledMs !== undefined && stalls.push(fields.stalledMs));
    const server = createServer({ heartbeat, logger: { debug: ignore, info: ignore, warn, error: ignore } });
    server.service("/", {
      message: (socket, data) => void socket.post(data),
      close: (_socket, report) => void ends.server.push(describe(report)),
    });
    return (await server.listen()).port;
  },
  async open({ port, count, heartbeat }) {
    for (let i = 0; i < count; i++) {
      const socket = await connect(`ws://127.0.0.1:${port}/`, { heartbeat });
      void socket.closed.then((report) => ends.client.push(describe(report)));
      clients.push(socket);
    }
  },
  /** How many connections bring a message back. */
  async echo() {
    const answers = clients.map(async (socket) => {
      await socket.send("hello");
      return (await socket.receive({ timeoutMs: 5000 })) === "hello";
    });
    const settled = await Promise.allSettled(answers);
    return settled.filter(({ value }) => value === true).length;
  },
  /** A way to the port that can be cut without a network of our own. */
  async relay({ port }) {
    const relay = createTcpServer((left) => {
      const right = connectTcp({ port, host: "127.0.0.1" });
      left.pipe(right).pipe(left);
      for (const socket of [left, right]) relayed.push(socket.on("error", () => {}));
    });
    await new Promise((resolve) => void relay.listen(0, "127.0.0.1", resolve));
    return relay.address().port;
  },
  /** From now on nothing arrives any more, and nobody is told. */
  cut({ ownNetwork }) {
    if (ownNetwork) execFileSync("ip", ["link", "set", "lo", "down"]);
    for (const socket of relayed) socket.unpipe().pause();
  },
  /** Settles when so many connections have ended on each side that is here, or after `limitMs`. */
  async ended({ server = 0, client = 0, limitMs }) {
    const until = performance.now() + limitMs;
    for await (const _ of every(20)) {
      const all = ends.server.length >= server && ends.client.length >= client;
      if (all || performance.now() > until) return ends;
    }
  },
  stalls: () => stalls,
});

function describe({ code, error }) {
  return `${code} ${error?.code}`;
}
