// Clients that log in, each as a user of its own, and then only answer pings.
import { once } from "node:events";
import { connect } from "node:net";
import { answerCalls } from "./answer-calls.mjs";
import { encodeClientFrame, formatRequest } from "./raw-peer.mjs";

const AT_ONCE = 50;
const OPCODE_PING = 9;

const sockets = [];
let lost = 0;

answerCalls({
  async open({ port, count, login }) {
    for (let opened = 0; opened < count; opened += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, () => openOne(port, login)));
    }
  },
  lost: () => lost,
});

async function openOne(port, login) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const index = sockets.push(socket);
  await once(socket, "connect");
  socket.on("error", () => {}).once("close", () => lost++);
  socket.write(formatRequest("/gateway"));
  const [answer] = await once(socket, "data");
  if (!answer.toString("latin1").startsWith("HTTP/1.1 101 ")) throw new Error(`not as asked: ${answer}`);
  if (login) {
    const request = { pid: "login", action: "login", data: { name: `user-${index}` } };
    socket.write(encodeClientFrame({ opcode: 1, payload: JSON.stringify(request) }));
    const [response] = await once(socket, "data");
    if (!response.includes('"status":1')) throw new Error(`not logged in: ${response}`);
  }
  // an idle server sends nothing but pings, each in a piece of its own
  socket.on("data", (frame) => {
    if ((frame[0] & 15) === OPCODE_PING) socket.write(encodeClientFrame({ opcode: 10, payload: frame.subarray(2) }));
  });
}
