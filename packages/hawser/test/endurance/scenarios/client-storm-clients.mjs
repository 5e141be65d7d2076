// Many clients with the default options, and when each of them tried to connect.
import { createClient, createNodeConnector } from "hawser/client";
import { answerCalls } from "./answer-calls.mjs";

/** At first; how they come back is their own business. */
const AT_ONCE = 50;

const clients = [];
/** When each attempt began, by the clock that all processes of the machine share. */
const attemptsMs = [];
const opens = [];
const counts = { refused: 0, tooSoon: 0 };

answerCalls({
  async open({ port, first, count }) {
    const url = `ws://127.0.0.1:${port}/gateway`;
    while (clients.length < count) {
      const next = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, (_, index) =>
        createOne(url, first + clients.length + index),
      );
      clients.push(...next);
      await Promise.all(next.map((client) => client.connect()));
    }
  },
  forget() {
    attemptsMs.length = 0;
    opens.fill(0);
    Object.assign(counts, { refused: 0, tooSoon: 0 });
  },
  state: () => ({ open: clients.filter((client) => client.state === "open").length, attemptsMs, opens, ...counts }),
  async close() {
    await Promise.all(clients.map((client) => client.disconnect()));
  },
});

function createOne(url, number) {
  const connector = createNodeConnector();
  const index = opens.push(0) - 1;
  let notBeforeMs = 0;
  const client = createClient(url, {
    login: { name: `user-${number}` },
    // the same connector as without it, with a look at the clock
    connector: {
      capabilities: connector.capabilities,
      open(...args) {
        attemptsMs.push(performance.timeOrigin + performance.now());
        if (performance.now() < notBeforeMs) counts.tooSoon++;
        return connector.open(...args);
      },
    },
  });
  client.on("open", () => opens[index]++);
  client.on("close", ({ httpStatus, retryAfterMs = 0 }) => {
    if (httpStatus === 503) counts.refused++;
    notBeforeMs = performance.now() + retryAfterMs - 2; // a timer counts in milliseconds
  });
  return client;
}
