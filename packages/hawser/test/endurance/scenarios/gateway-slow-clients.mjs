// Subscribers of one channel, clients of the `ws` package: most read and ask now and then, some never read.
import { once } from "node:events";
import { WebSocket } from "ws";
import { answerCalls } from "./answer-calls.mjs";

const CHANNEL = "deals";
const PING = '{"pid":"p","action":"ping"}';

let url;
const readers = [];
const stalled = [];
let stopping = false;

answerCalls({
  async open({ port, clients, stalled: stalledCount, asking }) {
    url = `ws://127.0.0.1:${port}/gateway`;
    for (let at = 0; at < clients; at++) readers.push(await openReader(`reader-${at}`, at < asking));
    for (let at = 0; at < stalledCount; at++) stalled.push(await openStalled(`stalled-${at}`));
  },
  /** Settles when everybody who reads has got the publication of this number. */
  async readUntil({ number }) {
    await Promise.all(readers.map((reader) => until(reader, () => reader.last >= number)));
    return readers.map(({ received, gaps, replies, closed }) => ({ received, gaps, replies, closed }));
  },
  /** Those who never read take their sessions over; answers what they were told. */
  async comeBack() {
    const answers = [];
    for (const { socket, login } of stalled) {
      socket.terminate();
      const next = await openSocket();
      const { session, resume } = login;
      const answer = await ask(next, { action: "login", data: { user: login.user }, session, resume });
      answers.push({ resumed: answer.resumed, channels: answer.channels });
      readers.push(watch(next));
    }
    return answers;
  },
  /** How those saw the end who never read: what had come before, and the code, when they read at last. */
  async readLate() {
    return Promise.all(
      stalled.map(async ({ socket }) => {
        if (socket.readyState === WebSocket.CLOSED) return 1006;
        socket.resume();
        const [code] = await once(socket, "close");
        return code;
      }),
    );
  },
  async close() {
    stopping = true;
    await Promise.all(
      readers.map(async ({ socket }) => {
        if (socket.readyState === WebSocket.CLOSED) return;
        const closed = once(socket, "close");
        socket.close();
        await closed;
      }),
    );
  },
});

async function openSocket() {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on("error", () => {});
  await once(socket, "open");
  return socket;
}

async function ask(socket, request) {
  socket.send(JSON.stringify({ pid: "1", ...request }));
  for (;;) {
    const [data] = await once(socket, "message");
    const message = JSON.parse(data);
    if (message.pid === "1") return message;
  }
}

async function enter(user) {
  const socket = await openSocket();
  const login = await ask(socket, { action: "login", data: { user } });
  const answer = await ask(socket, { action: "subscribe", channel: CHANNEL });
  if (login.status !== 1 || answer.status !== 1) throw new Error(`${user} was refused`);
  return { socket, login: { user, session: login.session, resume: login.resume } };
}

async function openStalled(user) {
  const { socket, login } = await enter(user);
  socket.pause();
  return { socket, login };
}

async function openReader(user, asks) {
  const { socket } = await enter(user);
  const reader = watch(socket);
  if (asks) socket.send(PING);
  return reader;
}

/** Counts what comes; `gaps`: publications that did not follow the one before. */
function watch(socket) {
  const reader = { socket, received: 0, gaps: 0, last: -1, replies: 0, closed: null, waiting: [] };
  socket.on("message", (data) => {
    const number = numberOf(data);
    if (number === undefined) {
      reader.replies++;
      if (!stopping) setTimeout(() => socket.readyState === WebSocket.OPEN && socket.send(PING), 100);
    } else {
      if (reader.received > 0 && number !== reader.last + 1) reader.gaps++;
      reader.received++;
      reader.last = number;
    }
    wake(reader);
  });
  socket.on("close", (code) => {
    reader.closed = code;
    wake(reader);
  });
  return reader;
}

/** The number of a publication, without reading all of it. undefined: it is a reply. */
function numberOf(data) {
  const head = data.toString("latin1", 0, 120);
  const at = head.indexOf('"n":');
  return at === -1 ? undefined : Number.parseInt(head.slice(at + 4), 10);
}

async function until(reader, test) {
  while (!test() && reader.closed === null) await new Promise((resolve) => reader.waiting.push(resolve));
}

function wake(reader) {
  for (const resolve of reader.waiting.splice(0)) resolve();
}
