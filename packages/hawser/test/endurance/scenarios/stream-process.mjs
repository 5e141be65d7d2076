// One end of a message that never ends: a server or a client, either of which writes or reads.
import { createServer } from "hawser/server";
import { connect } from "hawser/socket";
import { answerCalls, measureMemory } from "./answer-calls.mjs";
import { createContent } from "./stream-content.mjs";

let settings;
let socket;
let server;
/** Memory in use when so many bytes had passed. */
const samples = [];
const outcome = { bytes: 0, matching: true, end: null, type: null };
/** What the leaky reader has instead of nothing. */
const kept = [];
let reading;
let writing;

answerCalls({
  async listen(options) {
    settings = options;
    server = createServer({ perMessageDeflate: settings.deflate });
    server.service("/", { open: begin, message: (_socket, stream) => (reading = read(stream)) }, { mode: "stream" });
    return (await server.listen()).port;
  },
  async connect(options) {
    settings = options;
    const { port, deflate } = options;
    const client = await connect(`ws://127.0.0.1:${port}/`, { mode: "stream", perMessageDeflate: deflate });
    begin(client);
    if (!settings.writes) reading = client.receiveStream().then(read);
  },
  // the last byte has passed; the message still has no end
  async passed() {
    await (settings.writes ? allWritten.promise : allRead.promise);
    return { samples, ...outcome };
  },
  async close() {
    const report = await socket.close();
    await writing?.catch((error) => (outcome.end = error.code));
    return { code: report.code, clean: report.clean };
  },
  async end() {
    await writing?.catch((error) => (outcome.end = error.code));
    await reading;
    await server?.close();
    return { ...outcome };
  },
});

const allWritten = createResolvers();
const allRead = createResolvers();

function createResolvers() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

function begin(opened) {
  socket = opened;
  if (settings.writes) writing = socket.sendStream(pieces());
}

async function* pieces() {
  const content = createContent(settings.seed);
  while (outcome.bytes < settings.bytes) {
    const piece = content.nextPiece(outcome.bytes, settings.bytes - outcome.bytes);
    yield piece;
    count(piece.length);
  }
  allWritten.resolve();
  await new Promise(() => {}); // no end ever comes
}

async function read(stream) {
  const content = createContent(settings.seed);
  outcome.type = stream.type;
  try {
    for await (const piece of stream) {
      if (!content.matches(piece, outcome.bytes)) outcome.matching = false;
      if (settings.leaky) kept.push(piece);
      count(piece.length);
      if (outcome.bytes >= settings.bytes) allRead.resolve();
    }
    outcome.end = "complete";
  } catch (error) {
    outcome.end = error.code;
  }
}

function count(bytes) {
  outcome.bytes += bytes;
  if (outcome.bytes < (samples.length + 1) * settings.sampleEveryBytes) return;
  samples.push(measureMemory());
}
