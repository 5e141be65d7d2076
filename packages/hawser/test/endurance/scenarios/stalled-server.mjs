// A server of which some clients never read.
import { setImmediate as nextTurn, setInterval as every } from "node:timers/promises";
import { createServer } from "hawser/server";
import { defaultRuntime } from "../../../dist/node/index.js";
import { answerCalls } from "./answer-calls.mjs";

/** So many turns without a byte taken, and the operating system has no room left. */
const QUIET_TURNS = 50;

/** How long what the server does by itself may go on when the last client is gone. */
const SETTLE_MS = 5000;

let service;
const errors = {};
const reports = [];
const sends = { accepted: 0, settled: {} };
let queueFull = 0;
let maxBufferedBytes = 0;

answerCalls({
  async listen(options) {
    const server = createServer(options);
    service = server.service("/room", {
      message: (socket, data) => (socket.post(data) ? undefined : socket.drained()),
      error: (socket, { code }) => {
        const name = isStalled(socket) ? code : `${code} of a client that reads`;
        errors[name] = (errors[name] ?? 0) + 1;
      },
      close: (socket, { code, error, clean }) => {
        if (isStalled(socket)) reports.push({ code, clean, error: error?.code });
      },
    });
    return (await server.listen()).port;
  },
  /** Sends to each client that does not read until nothing more is accepted. */
  async fill({ pieceBytes, lastBytes }) {
    const stalled = [...service.sockets].filter(isStalled);
    await Promise.all(stalled.map((socket) => fill(socket, new Uint8Array(pieceBytes))));
    // what is left is less than a piece: now it is less than any message of a broadcast
    for (const socket of stalled) pour(socket, new Uint8Array(lastBytes));
    noteBuffered();
    await nextTurn(); // until then those that were refused look pending
    const ledgerBytes = defaultRuntime().ledger.bytes;
    return { queueFull, maxBufferedBytes, ledgerBytes, pendingSends: sends.accepted - countSettled() };
  },
  /** Sends a message to everybody, so many times. */
  async broadcast({ times, everyMs, bytes }) {
    const reached = [];
    let left = 0;
    for await (const _ of every(everyMs)) {
      // on a slow machine some may be gone before the last
      left += [...service.sockets].filter(isStalled).length;
      reached.push(service.broadcast(new Uint8Array(bytes)));
      if (reached.length === times) break;
    }
    return { least: Math.min(...reached), most: Math.max(...reached), leftOut: left };
  },
  /** Sends a message to everybody until those are gone who do not read. */
  async broadcastUntilClosed({ stalled, everyMs, bytes }) {
    let times = 0;
    for await (const _ of every(everyMs)) {
      if (reports.length === stalled) break;
      service.broadcast(new Uint8Array(bytes));
      times++;
      noteBuffered();
    }
    return { times, maxBufferedBytes, reports, errors };
  },
  /** Settles when those are gone who do not read. */
  async stalledGone({ stalled }) {
    for await (const _ of every(20)) if (reports.length === stalled) break;
    await nextTurn();
    return { reports, errors, settledSends: sends.settled, pendingSends: sends.accepted - countSettled() };
  },
  sockets: () => service.sockets.size,
  /** Settles when nobody is left. */
  /** And the server's own look after descriptors has seen it, which it does once a second. */
  async allGone() {
    const { wheel } = defaultRuntime();
    const deadline = performance.now() + SETTLE_MS;
    for await (const _ of every(20)) {
      if (service.sockets.size === 0 && (wheel.size === 0 || performance.now() > deadline)) break;
    }
  },
});

function isStalled(socket) {
  return socket.url.includes("stalled");
}

async function fill(socket, piece) {
  for (let quiet = 0, before = 0; quiet < QUIET_TURNS; quiet++) {
    if (socket.bufferedBytes < before) quiet = 0;
    pour(socket, piece);
    before = socket.bufferedBytes;
    noteBuffered();
    await nextTurn();
  }
}

/** Until the queue is full, by `send` and `post` in turn. */
function pour(socket, piece) {
  for (;;) {
    try {
      socket.post(piece);
    } catch (error) {
      if (error.code !== "QUEUE_FULL") throw error;
      queueFull++;
      return;
    }
    sends.accepted++;
    socket.send(piece).then(
      () => noteSettled("taken"),
      (error) => noteSettled(error.code),
    );
  }
}

function noteSettled(name) {
  sends.settled[name] = (sends.settled[name] ?? 0) + 1;
}

function countSettled() {
  return Object.values(sends.settled).reduce((sum, count) => sum + count, 0);
}

function noteBuffered() {
  for (const socket of service.sockets) {
    if (isStalled(socket)) maxBufferedBytes = Math.max(maxBufferedBytes, socket.bufferedBytes);
  }
}
