// Orders flow, and the gateway is killed again and again, at every step of an order and in between. After each kill the database is
// compared with the client's books; at the end every order has to be there once, and filled once.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { compare, readBooks } from "./books.mjs";
import { order, OrderBook } from "./order-client.mjs";

const program = fileURLToPath(new URL("killed-trading.mjs", import.meta.url));

/** Of one life: it is a hang that is told, not a slow machine. */
const RUN_LIMIT_MS = 60_000 * Number(process.env.HAWSER_TEST_TIMEOUT_FACTOR ?? 1);
const NEW_ORDERS = 14;

/** Where it is killed. The first ones it does itself; the next ones when the client sees it; the last two at any moment. */
const steps = [
  "order received",
  "order stored",
  "order matched",
  "deal stored",
  "restart begun",
  "orders recovered",
  "answered",
  "pushed",
  "published",
  "while ordering",
  "while starting",
];
const ownSteps = new Set(steps.slice(0, 6));

/** `place`: { url } or { file } of an empty database. Settles with { counts, wrong }. */
export async function runKills({ place, kills, seed, onKill = () => true }) {
  const random = createRandom(seed);
  const book = new OrderBook({ random, username: "ann" });
  const counts = {
    kills: 0,
    withoutItsStep: 0,
    orders: 0,
    acknowledged: 0,
    unansweredButStored: 0,
    repeated: 0,
    deals: 0,
  };
  const wrong = [];

  for (let kill = 0; kill < kills && wrong.length === 0; kill++) {
    const step = steps[kill % steps.length];
    const { code, signal, isLate, errors } = await runOnce({ place, book, random, step, maxNew: NEW_ORDERS });
    if (signal !== "SIGKILL") {
      wrong.push(`kill ${kill}, ${step}: the gateway ended by itself, with ${code ?? signal}: ${errors}`);
    }
    counts.kills++;
    if (isLate) counts.withoutItsStep++;
    const rows = await readBooks(place).catch((error) => {
      // killed before it had made its tables
      if (kill < steps.length && /no such table|does not exist/.test(String(error))) return { orders: [], deals: [] };
      throw error;
    });
    const unanswered = new Set(book.unanswered);
    counts.unansweredButStored += rows.orders.filter(({ pid }) => unanswered.has(pid)).length;
    wrong.push(
      ...[...book.wrong, ...compare(book, rows, { isOver: false })].map((what) => `kill ${kill}, ${step}: ${what}`),
    );
    if (!onKill(counts)) break;
  }

  // the last one lives until everything is answered and filled
  const { code, errors } = await runOnce({ place, book, random, step: "none", maxNew: 1 });
  if (code !== 0) wrong.push(`the last process ended with ${code}: ${errors}`);
  const rows = await readBooks(place);
  wrong.push(...[...book.wrong, ...compare(book, rows, { isOver: true })].map((what) => `at the end: ${what}`));
  Object.assign(counts, {
    orders: book.orders.size,
    acknowledged: book.acknowledged,
    repeated: book.repeated,
    deals: rows.deals.length,
  });
  return { counts, wrong: [...new Set(wrong)] };
}

/** One life of the gateway. */
async function runOnce({ place, book, random, step, maxNew }) {
  const count =
    1 + Math.floor(random() * (step.startsWith("restart") || step.startsWith("orders") ? 1 : NEW_ORDERS - 2));
  const settings = { ...place, step: ownSteps.has(step) ? step : "", count };
  const child = spawn(process.execPath, [program], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, KILL_SETTINGS: JSON.stringify(settings) },
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  const limit = setTimeout(() => child.kill("SIGABRT"), RUN_LIMIT_MS);
  if (step === "while starting") setTimeout(() => child.kill("SIGKILL"), random() * 600);

  let isLate = false;
  const url = await Promise.race([
    new Promise((resolve) =>
      createInterface({ input: child.stdout }).on("line", (line) => resolve(line.split(" ").at(-1))),
    ),
    ended.then(() => undefined),
  ]);
  if (url !== undefined) {
    let seen = 0;
    const on = (what) => {
      if (what === step && ++seen === count) child.kill("SIGKILL");
      if (what === "ordered" && step === "while ordering" && ++seen === 1) {
        setTimeout(() => child.kill("SIGKILL"), random() * 120);
      }
    };
    const socket = await order(url, book, { maxNew, on });
    // everything is answered, and the process still lives: what is stored is filled yet, and its owner told
    await waitUntilFilled(place, ended);
    await Promise.race([ended, waitUntilTold(book)]);
    isLate = child.exitCode === null && child.signalCode === null;
    if (step === "none") socket.close(1000);
    child.kill(step === "none" ? "SIGTERM" : "SIGKILL");
  }
  const end = await ended;
  clearTimeout(limit);
  return { ...end, isLate, errors };
}

async function waitUntilFilled(place, ended) {
  let isOver = false;
  void ended.then(() => (isOver = true));
  while (!isOver) {
    const { orders, deals } = await readBooks(place);
    if (orders.length === deals.length) return;
    await pause(50);
  }
}

/** Until no push has come for a while: those of a life before are never told. */
async function waitUntilTold(book) {
  for (let told = -1; told !== book.pushes.size;) {
    told = book.pushes.size;
    await pause(100);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** mulberry32 */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(await runKills(JSON.parse(process.argv[2]))));
}
