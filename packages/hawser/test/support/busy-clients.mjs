// Many busy connections, from a process of their own, to a server that sends a client its messages back, and perhaps
// others'. Prints "open" when all are open and have had a message, and as JSON, when all are over, what each has seen.
// node busy-clients.mjs <url, "#" stands for the client's number> <count> <messages on their way> <ms before the next one>
import { WebSocket } from "ws";

const [url = "", count = "", window = "", pauseMs = ""] = process.argv.slice(2);
const total = Number(count);
const padding = "x".repeat(200);
const results = [];
let answered = 0;
let over = 0;

for (let number = 0; number < total; number++) {
  const result = { number, sent: 0, received: 0, code: 0, faults: [] };
  results.push(result);
  const socket = new WebSocket(url.replace("#", String(number)), { perMessageDeflate: false });
  const own = `${number} `;
  let back = 0;
  const send = () => {
    if (socket.readyState !== WebSocket.OPEN) return;
    result.sent += 1;
    socket.send(`${own}${result.sent} ${padding}`);
  };
  socket.on("open", () => {
    for (let sent = 0; sent < Number(window); sent++) send();
  });
  socket.on("message", (/** @type {Buffer} */ data) => {
    const text = data.toString();
    result.received += 1;
    if (result.received === 1 && ++answered === total) process.stdout.write("open\n");
    if (!text.startsWith(own)) return;
    back += 1;
    if (!text.startsWith(`${own}${back} `)) result.faults.push(`not its message ${back}: ${text.slice(0, 20)}`);
    // as fast as the server is, but never faster than the machine
    setTimeout(send, Number(pauseMs));
  });
  socket.on("error", (error) => result.faults.push(error.message));
  socket.on("close", (code) => {
    result.code = code;
    if (answered < total) process.stdout.write(`client ${number} ended with ${code} (${result.faults.join(", ")})\n`);
    if (++over === total) process.stdout.write(`${JSON.stringify(results)}\n`);
  });
}
