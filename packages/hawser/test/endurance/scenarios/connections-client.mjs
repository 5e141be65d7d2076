// Opens many connections, uses each, and ends each in one of many ways that a seed chooses.
import { connect } from "hawser/socket";
import { createSeededRandom } from "hawser/testing";
import { answerCalls } from "./answer-calls.mjs";
import { attempts, rawEnds, socketEnds } from "./connection-ends.mjs";
import { DEFLATE_OFFER, openRaw } from "./raw-peer.mjs";

const AT_ONCE = 200;
const LIMIT_MS = 60_000;
const PATHS = ["/push", "/pull", "/stream"];

answerCalls({
  /** `count` connections: first all are opened, then all are used, then all are ended. */
  async run({ port, badPort, count, seed }) {
    const result = { ends: {}, wrong: [], mostOpen: 0 };
    const plans = Array.from({ length: count }, (_, index) => createPlan(seed, index));
    const held = plans.filter((plan) => plan.group !== "attempt");
    const step = (work) => (plan) =>
      bounded(work(plan, { port, badPort }), plan).catch((error) => result.wrong.push(`${plan.name}: ${error.stack}`));
    await forEach(held, step(open));
    result.mostOpen = held.length;
    await forEach(held, step(use));
    await forEach(plans, step(end));
    for (const plan of plans) {
      result.ends[plan.name] = (result.ends[plan.name] ?? 0) + 1;
      if (plan.client !== undefined) check(plan, result.wrong);
    }
    return result;
  },
});

function createPlan(seed, index) {
  const random = createSeededRandom(seed * 1_000_003 + index);
  const group = pick(["socket", "socket", "socket", "raw", "raw", "attempt"], random);
  const table = { socket: socketEnds, raw: rawEnds, attempt: attempts }[group];
  const name = pick(Object.keys(table), random);
  return { group, name, random, work: table[name], deflate: random.below(4) === 0, path: pick(PATHS, random) };
}

async function open(plan, { port }) {
  if (plan.group === "raw") plan.peer = await openRaw(port, plan.path, plan.deflate ? [DEFLATE_OFFER] : []);
  else plan.client = await openClient(`ws://127.0.0.1:${port}${plan.path}`, plan);
}

/** A client whose messages are pushed or pulled, with what it was told of its end. */
async function openClient(url, { deflate, random }) {
  const client = { socket: null, receive: null, closes: [], clientDeflate: deflate };
  const options = {
    handshakeTimeoutMs: 30_000,
    perMessageDeflate: deflate,
    closeTimeoutMs: 30_000,
    writeTimeoutMs: 30_000,
  };
  if (random.below(2) === 0) {
    client.socket = await connect(url, options);
    client.receive = () => client.socket.receive();
    void client.socket.closed.then((report) => client.closes.push(report));
    return client;
  }
  const inbox = [];
  const waiting = [];
  const message = (_socket, data) => {
    const next = waiting.shift();
    if (next === undefined) inbox.push(data);
    else next(data);
  };
  client.receive = async () => inbox.shift() ?? new Promise((resolve) => waiting.push(resolve));
  const close = (_socket, report) => client.closes.push(report);
  client.socket = await connect(url, { ...options, handlers: { message, close } });
  return client;
}

async function use({ client, random }) {
  if (client === undefined) return;
  const { socket } = client;
  const bytes = new Uint8Array(random.below(3000));
  random.fill(bytes);
  const text = "hawser é ".repeat(1 + random.below(300));
  switch (random.below(5)) {
    case 0:
      await expectEcho(client, text, socket.send(text));
      break;
    case 1:
      await expectEcho(client, bytes, socket.send(bytes));
      break;
    case 2:
      await socket.ping();
      break;
    case 3:
      await expectEcho(client, `${text}${text}end`, socket.sendStream([text, text, "end"]));
      break;
    default:
      await expectEcho(client, bytes, socket.sendStream([bytes.slice(0, 100), bytes.slice(100)], { type: "binary" }));
  }
}

async function expectEcho(client, expected, sent) {
  await sent;
  const received = await client.receive();
  if (Buffer.compare(Buffer.from(received), Buffer.from(expected)) !== 0) throw new Error("another echo than was sent");
}

async function end(plan, ports) {
  if (plan.group === "attempt") await plan.work({ ...ports, random: plan.random });
  else if (plan.group === "raw") await plan.work(plan.peer, plan.random);
  else await plan.work(plan.client.socket, plan.random);
}

/** Told of its end once, of the same as whoever asks, and nothing is left of it. */
function check({ name, client }, wrong) {
  const { socket, closes } = client;
  if (closes.length !== 1) wrong.push(`${name}: told ${closes.length} times of its end`);
  if (socket.bufferedBytes !== 0) wrong.push(`${name}: over, with ${socket.bufferedBytes} bytes`);
  if (socket.state !== "closed" && socket.state !== "aborted") wrong.push(`${name}: over, and ${socket.state}`);
}

async function forEach(items, work) {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function bounded(promise, { name }) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name}: not done after ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function pick(list, random) {
  return list[random.below(list.length)];
}
