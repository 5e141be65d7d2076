// The server of many connections that end in every way, and beside it a server that does everything wrong to its clients.
import { createServer as createTcpServer } from "node:net";
import { createServer } from "hawser/server";
import { createSeededRandom, encodeWireFrame } from "hawser/testing";
import { answerCalls } from "./answer-calls.mjs";
import { formatAnswer } from "./raw-peer.mjs";

const FLOOD_PIECE = new Uint8Array(65_536);
const MAX_FLOOD_PIECES = 200;

let server;
const services = [];
/** How often each socket was told to be over, by its id; those told once are taken out. */
const closes = new Map();
const counts = { opened: 0, closed: 0, errors: {}, ends: {} };
const wrong = [];
let badServer;
const badPeers = new Set();

answerCalls({
  async listen({ seed, ...options }) {
    server = createServer(options);
    services.push(
      server.service("/push", { open: noteOpen, message: obey, close: noteClose, error: noteError }),
      server.service("/pull", async (socket) => {
        noteOpen(socket);
        void socket.closed.then((report) => noteClose(socket, report));
        for await (const message of socket) await obey(socket, message);
      }),
      server.service(
        "/stream",
        { open: noteOpen, message: echoStream, close: noteClose, error: noteError },
        { mode: "stream" },
      ),
    );
    const { port } = await server.listen();
    return { port, badPort: await listenBadly(seed) };
  },
  counts: () => ({
    ...counts,
    wrong,
    notClosed: closes.size,
    sockets: server.sockets.size,
    serviceSockets: services.reduce((sum, service) => sum + service.sockets.size, 0),
    broadcastReached: server.broadcast("is anybody there?"),
    badPeers: badPeers.size,
  }),
  async close() {
    await server.close({ timeoutMs: 5000 });
    for (const peer of badPeers) peer.destroy();
    await new Promise((resolve) => badServer.close(resolve));
  },
});

function noteOpen(socket) {
  counts.opened++;
  if (closes.has(socket.id)) wrong.push(`${socket.id} was opened twice`);
  closes.set(socket.id, 0);
}

function noteClose(socket, report) {
  counts.closed++;
  if (!closes.delete(socket.id)) wrong.push(`${socket.id} was closed twice, or before it was opened`);
  const end = report.error?.code ?? report.code;
  counts.ends[end] = (counts.ends[end] ?? 0) + 1;
  if (socket.state !== "closed" && socket.state !== "aborted") wrong.push(`${socket.id} is over, and ${socket.state}`);
  if (socket.bufferedBytes !== 0) wrong.push(`${socket.id} is over, with ${socket.bufferedBytes} bytes`);
  if (report.clean && (report.sent === null || report.received === null)) wrong.push(`${socket.id}: clean, one Close`);
}

function noteError(_socket, error) {
  counts.errors[error.code] = (counts.errors[error.code] ?? 0) + 1;
}

/** What a client asks for by its text; everything else is an echo. */
function obey(socket, message) {
  if (message === "close") void socket.close(4000, "as asked");
  else if (message === "close output") void socket.closeOutput(4001);
  else if (message === "abort") socket.abort("as asked");
  else if (message === "flood") flood(socket);
  else if (message === "flood and close") {
    flood(socket);
    void socket.close(4002);
  } else return socket.send(message);
  return undefined;
}

function flood(socket) {
  for (let i = 0; i < MAX_FLOOD_PIECES && socket.post(FLOOD_PIECE); i++);
}

async function echoStream(socket, stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  const message = stream.type === "text" ? pieces.join("") : Buffer.concat(pieces);
  await obey(socket, message);
}

// The other server

async function listenBadly(seed) {
  const random = createSeededRandom(seed);
  badServer = createTcpServer({ allowHalfOpen: true }, (peer) => {
    badPeers.add(peer);
    // whatever the client does, its connection does not stay half open here
    peer.on("error", () => {}).on("end", () => peer.end());
    peer.on("close", () => badPeers.delete(peer));
    peer.once("data", (request) => misbehave(peer, request.toString("latin1"), random));
  });
  await new Promise((resolve) => badServer.listen(0, "127.0.0.1", 4096, resolve));
  return badServer.address().port;
}

function misbehave(peer, request, random) {
  const manner = /^GET \/(\S*) /.exec(request)?.[1];
  const answer = formatAnswer(request);
  const text = Buffer.from(encodeWireFrame({ opcode: 1, payload: "hello from a bad server" }));
  peer.resume();
  if (manner === "rst-before-answer") peer.resetAndDestroy();
  else if (manner === "rst-in-answer") peer.write(answer.slice(0, 40), () => peer.resetAndDestroy());
  else if (manner === "rst-behind-answer") peer.write(answer, () => peer.resetAndDestroy());
  else if (manner === "rst-in-frame") writeAll(peer, [answer, text.subarray(0, 9)], () => peer.resetAndDestroy());
  else if (manner === "fin-in-answer") peer.end(answer.slice(0, 40));
  else if (manner === "fin-behind-answer") peer.end(answer);
  else if (manner === "fin-in-frame") writeAll(peer, [answer, text.subarray(0, 9)], () => peer.end());
  else if (manner === "wrong-accept") peer.write(answer.replace("Accept: ", "Accept: x"));
  else if (manner === "refusal") peer.end("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
  else if (manner === "never-close") peer.write(answer);
  else if (manner === "garbage") {
    const garbage = Buffer.alloc(1 + random.below(500));
    random.fill(garbage);
    writeAll(peer, [answer, garbage], () => peer.end());
  } else if (manner !== "silence") peer.destroy();
}

function writeAll(peer, chunks, done) {
  peer.write(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))), done);
}
