// Honest clients that ask for an echo all the time, and miss none.
import { connect } from "hawser/socket";
import { createSeededRandom } from "hawser/testing";
import { answerCalls } from "../../endurance/scenarios/answer-calls.mjs";

const PAUSE_MS = 20;
const MAX_CHARACTERS = 4000;

const sockets = [];
const running = [];
const latencies = [];
const wrong = [];
let stopped = false;

answerCalls({
  async start({ port, count, limitMs, seed }) {
    for (let index = 0; index < count; index++) {
      sockets.push(await connect(`ws://127.0.0.1:${port}/echo`, { perMessageDeflate: index % 2 === 0 }));
    }
    for (const [index, socket] of sockets.entries()) running.push(echo(socket, seed + index, limitMs));
  },
  counts: () => summarize(),
  /** Whether a new client may come in now, and how long it takes. */
  async tryNew({ port }) {
    const started = performance.now();
    const socket = await connect(`ws://127.0.0.1:${port}/echo`).catch((error) => error);
    if (socket instanceof Error) return {};
    await socket.close();
    return { ms: performance.now() - started };
  },
  async stop() {
    stopped = true;
    await Promise.all(running);
    for (const socket of sockets) {
      const report = await socket.close();
      if (!report.clean) wrong.push(`a canary ended with ${report.error?.code ?? report.code}`);
    }
    return summarize();
  },
});

async function echo(socket, seed, limitMs) {
  const random = createSeededRandom(seed);
  for (let round = 0; !stopped; round++) {
    const text = `${round} ${"canary ".repeat(random.below(MAX_CHARACTERS / 7))}`;
    const started = performance.now();
    try {
      await socket.send(text);
      const answer = await socket.receive({ signal: AbortSignal.timeout(limitMs) });
      if (answer !== text) throw new Error(answer === null ? "it was closed" : "the echo is another");
    } catch (error) {
      const { code, closeCode } = await settledWithin(socket.closed, 100);
      wrong.push(
        `a canary lost its echo ${round}: ${error.code ?? error.message}, ${code ?? "open"} ${closeCode ?? ""}`,
      );
      return;
    }
    latencies.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, random.below(2 * PAUSE_MS)));
  }
}

/** How a socket ended, if it does so soon. */
function settledWithin(closed, ms) {
  const waited = new Promise((resolve) => setTimeout(() => resolve({}), ms));
  const ended = closed.then((report) => ({ code: report.error?.code ?? "closed", closeCode: report.code }));
  return Promise.race([ended, waited]);
}

function summarize() {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share) => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10;
  return { echoes: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), wrong };
}
