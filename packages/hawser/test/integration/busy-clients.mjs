// Many busy connections from a process of their own: each sends its next message when one comes. Prints "open" when all are
// open and have had an answer, and as JSON, when all are over, what each has seen.
// node busy-clients.mjs <url, "#" stands for the client's number> <count> <messages in flight> <bytes>
import { WebSocket } from "ws";

const [url = "", count = "", window = "", bytes = ""] = process.argv.slice(2);
const total = Number(count);
const message = Buffer.alloc(Number(bytes), "x");
const results = [];
let answered = 0;
let over = 0;

for (let number = 0; number < total; number++) {
  const result = { number, sent: 0, received: 0, code: 0, faults: [] };
  results.push(result);
  const socket = new WebSocket(url.replace("#", String(number)), { perMessageDeflate: false });
  const send = () => {
    if (socket.readyState !== WebSocket.OPEN) return;
    result.sent += 1;
    socket.send(message);
  };
  socket.on("open", () => {
    for (let sent = 0; sent < Number(window); sent++) send();
  });
  socket.on("message", () => {
    result.received += 1;
    if (result.received === 1 && ++answered === total) process.stdout.write("open\n");
    send();
  });
  socket.on("error", (error) => result.faults.push(error.message));
  socket.on("close", (code) => {
    result.code = code;
    if (++over === total) process.stdout.write(`${JSON.stringify(results)}\n`);
  });
}
