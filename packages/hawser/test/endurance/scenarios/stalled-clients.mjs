// Clients that echo without end, beside some that never read.
import { connect } from "hawser/socket";
import { answerCalls } from "./answer-calls.mjs";
import { openRaw } from "./raw-peer.mjs";

const clients = [];
const stalled = [];
let stopping = false;

answerCalls({
  async open({ port, clients: count, stalled: stalledCount }) {
    const url = `ws://127.0.0.1:${port}/room`;
    for (let i = 0; i < count; i++) clients.push(await openClient(url));
    for (let i = 0; i < stalledCount; i++) stalled.push(await openRaw(port, "/room?stalled"));
  },
  start() {
    for (const client of clients) client.socket.post("0");
  },
  counts: () => clients.map(({ echoes, broadcasts, wrong }) => ({ echoes, broadcasts, wrong })),
  async close() {
    stopping = true;
    for (const peer of stalled) peer.destroy();
    const reports = await Promise.all(clients.map(({ socket }) => socket.close()));
    return reports.filter((report) => !report.clean).length;
  },
});

async function openClient(url) {
  const client = { socket: null, echoes: 0, broadcasts: 0, wrong: 0 };
  client.socket = await connect(url, { handlers: { message: (socket, data) => receive(client, socket, data) } });
  return client;
}

function receive(client, socket, data) {
  if (typeof data !== "string") {
    client.broadcasts++;
    return;
  }
  if (data !== String(client.echoes)) client.wrong++;
  client.echoes++;
  if (!stopping && socket.state === "open") socket.post(String(client.echoes));
}
