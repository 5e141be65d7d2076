// A chat with a console: what a client says goes to everybody, and so does what is typed here. "exit" ends it.
// It speaks wss when PFX names a file that holds certificate and key, to be opened with PASSPHRASE.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createServer } from "hawser/server";

const pfx = process.env["PFX"];
const passphrase = process.env["PASSPHRASE"] ?? "";

const server = createServer({
  port: Number(process.env["PORT"] ?? 8080),
  ...(pfx !== undefined && { tls: { pfx: readFileSync(pfx), passphrase } }),
});

const chat = server.service("/", {
  open() {
    console.log(`a client came, ${chat.sockets.size} are here`);
  },
  message(socket, data) {
    // a stranger's text could otherwise command the terminal
    console.log(String(data).replaceAll(/\p{Cc}/gu, "?"));
    chat.broadcast(data);
    // who talks faster than he listens is not heard faster
    return socket.drained();
  },
  close(_socket, report) {
    console.log(`a client left (${report.code}), ${chat.sockets.size} are here`);
  },
});

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "exit") end();
  else chat.broadcast(line);
});

function end(): void {
  process.stdin.destroy(); // what is still read would keep the process
  void server.close();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);

await server.listen();
console.log(`chat on ${server.url}`);
