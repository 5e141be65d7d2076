// Serves its own page, sends back what the page sends, and tells everybody the server's time every few seconds.
import { createServer } from "hawser/server";

const intervalMs = Number(process.env["INTERVAL_MS"] ?? 5000);

const page = `<!doctype html>
<meta charset="utf-8">
<title>Time</title>
<form><input autofocus> <button>Send</button> <button type="button">Disconnect</button></form>
<pre></pre>
<script>
  const [form, input, , disconnect, log] = document.querySelectorAll("form, input, button, pre");
  const say = (text) => log.append(text + "\\n");
  const socket = new WebSocket(location.href.replace("http", "ws"));
  socket.onopen = () => say("connected");
  socket.onmessage = (event) => say(event.data);
  socket.onclose = (event) => say("closed: " + event.code + " " + event.reason);
  form.onsubmit = (event) => (event.preventDefault(), socket.send(input.value), form.reset());
  disconnect.onclick = () => socket.close(1000);
</script>
`;

// Only pages of this server may connect, and programs that are no browser; more pages go into the option `origins`.
const server = createServer({ port: Number(process.env["PORT"] ?? 8080) });

const time = server.service(
  "/",
  { message: (socket, data) => (socket.post(data) ? undefined : socket.drained()) },
  {
    onRequest: (_request, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8").end(page);
    },
  },
);

const clock = setInterval(() => time.broadcast(`Server time: ${new Date().toISOString()}`), intervalMs);

function end(): void {
  clearInterval(clock);
  void server.close({ reason: "the server stops" });
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);

await server.listen();
console.log(`time on ${server.url.replace("ws", "http")}`);
