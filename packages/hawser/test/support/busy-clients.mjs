// Many busy connections, from a process of their own. Prints "open" when all are open and have had a message, and as JSON,
// when all are over, what each has seen.
// node busy-clients.mjs <url, "#" stands for the client's number> <count> <messages in flight> [ms between messages]
// Without the last one a client sends its next message when one comes, and expects its own back, in order.
import { WebSocket } from "ws";

const [url = "", count = "", window = "", paceMs] = process.argv.slice(2);
const total = Number(count);
const padding = "x".repeat(200);
const results = [];
let answered = 0;
let over = 0;

for (let number = 0; number < total; number++) {
  const result = { number, sent: 0, received: 0, code: 0, faults: [] };
  results.push(result);
  const socket = new WebSocket(url.replace("#", String(number)), { perMessageDeflate: false });
  let timer;
  const send = () => {
    if (socket.readyState !== WebSocket.OPEN) return;
    result.sent += 1;
    socket.send(`${number} ${result.sent} ${padding}`);
  };
  socket.on("open", () => {
    for (let sent = 0; sent < Number(window); sent++) send();
    if (paceMs !== undefined) timer = setInterval(send, Number(paceMs));
  });
  socket.on("message", (data) => {
    result.received += 1;
    if (result.received === 1 && ++answered === total) process.stdout.write("open\n");
    if (paceMs !== undefined) return;
    const expected = `${number} ${result.received} `;
    if (data.subarray(0, expected.length).toString() !== expected) result.faults.push(`no ${expected}`);
    send();
  });
  socket.on("error", (error) => result.faults.push(error.message));
  socket.on("close", (code) => {
    clearInterval(timer);
    result.code = code;
    if (++over === total) process.stdout.write(`${JSON.stringify(results)}\n`);
  });
}
