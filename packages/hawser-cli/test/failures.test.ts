// Each way in which a connection can fail, seen from the outside: its exit code, and a line that says what to do. Certificates are in
// tls.test.ts, proxies in proxy.test.ts, refusals of a gateway in gateway.test.ts.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { exitCodes } from "../src/exit-codes.js";
import { runProgram } from "./support/program.js";

/** A server that says this to whoever connects, and no more. */
async function startRaw(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A gateway that does what `onMessage` does with each request. */
async function startGateway(
  onMessage: (ws: WebSocket, request: { pid: string; action: string }) => void,
): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => server.close());
  server.on("connection", (ws) => {
    ws.on("message", (data: Buffer) => {
      const request: unknown = JSON.parse(data.toString("utf8"));
      onMessage(ws, request as { pid: string; action: string }); // as our own client writes them
    });
  });
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it.each([
  [["connect"], []],
  [["call"], ["ping"]],
  [["subscribe"], ["news"]],
  [["publish"], ["news", "1"]],
])("hawser %j says that nothing listens", async (command, args) => {
  const { code, stdout, stderr } = await runProgram([...command, "ws://127.0.0.1:1/", ...args]);
  expect(stderr).toMatch(/^hawser: no connection to ws:\/\/127\.0\.0\.1:1\/ could be made: nothing listens there/);
  expect({ code, stdout }).toEqual({ code: exitCodes.connectFailed, stdout: "" });
});

it.each([
  ["a name that is not known", "ws://a..b/", exitCodes.nameUnknown, /the name is not known: check its spelling\n$/],
  ["no address at all", "ws://", exitCodes.usage, /ws:\/\/ is not a URL/],
])("says what is wrong with %s", async (_what, url, exitCode, words) => {
  const { code, stderr } = await runProgram(["call", url, "ping"]);
  expect(stderr).toMatch(words);
  expect(code).toBe(exitCode);
});

it.each([
  ["SSH-2.0-OpenSSH_9.6\r\n", exitCodes.handshakeInvalid, /not HTTP\/1\.1, or too long; is it the right port\?\n$/],
  ["HTTP/1.1 101 Yes\r\n\r\n", exitCodes.handshakeInvalid, /Upgrade is not websocket; it is no WebSocket server, or/],
  [
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<h1>\u202Ehi",
    exitCodes.handshakeRefused,
    /200 OK instead of 101; there is a web page at this path, but no WebSocket; it says: <h1>hi\n$/,
  ],
  [
    "HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n",
    exitCodes.handshakeRefused,
    /401 Who instead of 101; it wants to know who you are: --header "Authorization: …"\n$/,
  ],
  ["", exitCodes.connectFailed, /the server closed the connection before it answered/],
])("says what answers with %j", async (answer, exitCode, words) => {
  const host = await startRaw((socket) => socket.once("data", () => socket.end(answer)));
  const { code, stdout, stderr } = await runProgram(["call", `ws://${host}/`, "ping"]);
  expect(stderr).toMatch(words);
  expect(stderr).not.toContain("\u202E");
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
});

it("says that the server speaks no TLS", async () => {
  const host = await startRaw((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
  const { code, stderr } = await runProgram(["call", `wss://${host}/`, "ping"]);
  expect(stderr).toMatch(/does the server expect ws: there|does not speak TLS there: use ws:/);
  expect(code).toBe(exitCodes.tlsFailed);
});

it("says that a server does not answer the handshake", async () => {
  const host = await startRaw(() => {});
  const { code, stderr } = await runProgram([
    "call",
    "--handshake-timeout-ms",
    "100",
    `ws://${host}/?token=abc`,
    "ping",
  ]);
  expect(stderr).toMatch(/^hawser: ws:\/\/127\.0\.0\.1:\d+\/\?… did not answer in 100 ms; use --handshake-timeout-ms/);
  expect(code).toBe(exitCodes.unreachable);
});

it("says that a request is not answered, and how to ask again", async () => {
  const url = await startGateway(() => {});
  const { code, stderr } = await runProgram(["call", url, "pay", "1", "--timeout-ms", "100"]);
  expect(stderr).toMatch(/^hawser: pay was not answered in 100 ms: .* may be asked again with --pid [0-9a-f-]{36}\n$/);
  expect(code).toBe(exitCodes.requestTimeout);
});

it.each([
  [1001, exitCodes.connectionLost],
  [1011, exitCodes.closedWithError],
  [4403, exitCodes.closedForGood],
])("says that the server closed with %i instead of an answer", async (closeCode, exitCode) => {
  const url = await startGateway((ws) => ws.close(closeCode, "that is why\u001b[2J"));
  const { code, stderr } = await runProgram(["call", url, "pay"]);
  expect(stderr).toBe(
    `hawser: the server closed the connection with ${closeCode} "that is why[2J" before it answered\n`,
  );
  expect(code).toBe(exitCode);
});

it("says that the connection was lost instead of an answer", async () => {
  const url = await startGateway((ws) => ws.terminate());
  const { code, stderr } = await runProgram(["call", url, "pay"]);
  expect(stderr).toMatch(/^hawser: the connection was lost/);
  expect(code).toBe(exitCodes.connectionLost);
});

it("comes back by itself to subscribe again, and ends when it may not", async () => {
  let subscribed = 0;
  const url = await startGateway((ws, { pid, action }) => {
    if (action !== "subscribe") return;
    subscribed += 1;
    ws.send(JSON.stringify({ pid, actionAck: action, status: 1, channel: "news" }));
    ws.send(JSON.stringify({ actionAck: "message", status: 1, channel: "news", data: subscribed }));
    ws.close(subscribed < 3 ? 1012 : 4403, "kicked");
  });
  const { code, stdout, stderr } = await runProgram(["subscribe", url, "news"]);
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([1, 2, 3].map((data) => ({ channel: "news", event: "message", data })));
  expect(stderr.match(/closed with 1012 "kicked"; the next attempt in [\d.]+ s\nconnected again\n/g)).toHaveLength(2);
  expect(stderr).toMatch(/hawser: the server closed the connection with 4403 "kicked"/);
  expect(code).toBe(exitCodes.closedForGood);
});

it("ends when a subscription is taken away", async () => {
  const url = await startGateway((ws, { pid, action }) => {
    ws.send(JSON.stringify({ pid, actionAck: action, status: 1, channel: "news" }));
    const error = { code: "FORBIDDEN", message: "no more\u001b[2J", temporary: false };
    ws.send(JSON.stringify({ actionAck: "unsubscribed", status: 0, channel: "news", error }));
  });
  const { code, stderr } = await runProgram(["subscribe", url, "news"]);
  expect(stderr).toMatch(/hawser: refused: FORBIDDEN, no more\[2J\n$/);
  expect(code).toBe(exitCodes.requestRefused);
});

it("says that a login is not answered", async () => {
  const silent = await startGateway(() => {});
  const login = ["--login", '{"username":"a"}', "--timeout-ms", "100"];
  const unanswered = await runProgram(["call", silent, "ping", ...login]);
  expect(unanswered.stderr).toBe(
    "hawser: the login was not answered in 100 ms; use --timeout-ms if the server is that slow\n",
  );
  expect(unanswered.code).toBe(exitCodes.requestTimeout);
});
