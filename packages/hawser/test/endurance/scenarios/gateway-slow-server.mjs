// A gateway with one channel, some of whose subscribers never read.
import { setInterval as every } from "node:timers/promises";
import { createGateway } from "hawser/gateway";
import { createServer } from "hawser/server";
import { defaultRuntime } from "../../../dist/node/index.js";
import { answerCalls } from "./answer-calls.mjs";

const CHANNEL = "deals";

let server;
let gateway;
let published = 0;
let maxLedgerBytes = 0;
/** How those ended who never read, by the gateway's own account. */
const ended = [];

answerCalls({
  async listen({ limits, ...options }) {
    server = createServer(options);
    gateway = createGateway({
      authenticate: ({ user }) => ({ id: user }),
      audit: ({ what, user, outcome }) => {
        if (what === "disconnect" && isStalled(user)) ended.push(outcome);
      },
      ...(limits === undefined ? {} : { limits }),
    });
    gateway.channel(CHANNEL);
    server.service("/gateway", gateway);
    return (await server.listen()).port;
  },
  /**
   * Publishes at a rate until those are gone who never read, and then `more` times. Waits while more than `holdBytes` are held: on a machine
   * that has too little time for those who read, they must not look slow.
   */
  async publishUntilSlowAreGone({ stalled, everyMs, bytes, more, limitMs, holdBytes }) {
    const started = performance.now();
    const padding = "x".repeat(bytes);
    let goneAfterMs;
    let left = more;
    let due = 0;
    let held = 0;
    for await (const _ of every(everyMs)) {
      const elapsedMs = performance.now() - started;
      if (goneAfterMs === undefined && ended.length >= stalled) goneAfterMs = elapsedMs;
      if (elapsedMs > limitMs || left <= 0) break;
      if (defaultRuntime().ledger.bytes > holdBytes) {
        held++;
        continue;
      }
      // a timer that came late makes up for it, but not for all at once
      due = Math.min(published + 3, Math.floor(elapsedMs / everyMs));
      for (; published < due; published++) {
        void gateway.publish(CHANNEL, { n: published, padding });
        if (goneAfterMs !== undefined) left--;
      }
      maxLedgerBytes = Math.max(maxLedgerBytes, defaultRuntime().ledger.bytes);
    }
    const seconds = (performance.now() - started) / 1000;
    return { published, goneAfterMs: goneAfterMs ?? null, perSecond: published / seconds, held, maxLedgerBytes, ended };
  },
  async publish({ times, bytes }) {
    const padding = "x".repeat(bytes);
    for (let count = 0; count < times; count++) await gateway.publish(CHANNEL, { n: published++, padding });
    return published;
  },
  stats: () => gateway.stats(),
  async close() {
    await server.close({ timeoutMs: 2000, spreadMs: 0 });
    await gateway.close();
    return gateway.stats();
  },
});

function isStalled(user) {
  return user?.startsWith("stalled") === true;
}
