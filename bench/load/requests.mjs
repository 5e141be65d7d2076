// `node requests.mjs DIALECT PORT CLIENTS IN_FLIGHT`: keeps so many requests in flight on so many connections. A parent that sends any
// message gets how many answers have come so far.
import { dialects } from "./dialects.mjs";
import { encodeTextFrame, openRawWebSocket } from "./raw-web-socket.mjs";

const [name, port, clients, inFlight] = process.argv.slice(2);
const dialect = dialects[name];
const frames = Array.from({ length: Number(inFlight) }, (_, slot) => encodeTextFrame(dialect.request(slot)));
let answered = 0;

const starts = await Promise.all(Array.from({ length: Number(clients) }, (_, index) => open(index)));
process.on("message", () => process.send({ answered, cpu: process.cpuUsage() }));
process.on("disconnect", () => process.exit());
for (const start of starts) start();
process.send("ready");

/** Opens a connection and greets; settles with what starts the requests. */
async function open(index) {
  let isReady = false;
  let ready;
  const whenReady = new Promise((resolve) => (ready = resolve));
  const next = [];
  const onText = (text) => {
    if (isReady && text !== dialect.ping) {
      next.push(frames[dialect.slotOf(text)]);
      answered++;
    } else if (text === dialect.ping) {
      socket.write(encodeTextFrame(dialect.pong));
    } else if (dialect.isReady(text)) {
      isReady = true;
      ready();
    }
  };
  const onBatch = () => {
    if (next.length > 0) socket.write(next.length === 1 ? next[0] : Buffer.concat(next));
    next.length = 0;
  };
  const onLost = () => fail("a connection was lost");
  const socket = await openRawWebSocket({ port: Number(port), ...dialect, onText, onBatch, onLost });
  socket.on("error", (error) => fail(error.message));
  socket.write(encodeTextFrame(dialect.greet(`user-${index}`)));
  await whenReady;
  return () => socket.write(Buffer.concat(frames));
}

function fail(reason) {
  console.error(`load: ${reason}`);
  process.exit(1);
}
