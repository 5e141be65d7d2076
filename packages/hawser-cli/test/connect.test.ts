import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { Program, runProgram, startServing } from "./support/program.js";

/** A server that is not ours; `onOpen` gets each connection. */
async function startPeer(onOpen: (ws: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => server.close());
  server.on("connection", onOpen);
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startHttp(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it("sends each line of piped input and prints what comes back, then closes with 1000", async () => {
  const { wsUrl } = await startServing();
  const args = ["connect", "--linger-ms", "300", `${wsUrl}/echo`];
  const { code, stdout, stderr } = await runProgram(args, { input: "one\n\ntwo ⚓\n/ping\n" });
  expect(stdout).toBe("one\n\ntwo ⚓\n/ping\n");
  expect(stderr).toMatch(
    /closed 1000 normal closure; by this side; open .*; 4 messages sent \(\d+ B\), 4 received \(\d+ B\)/,
  );
  expect(code).toBe(0);
});

it("closes with 1000 on the line exit", async () => {
  const codes: number[] = [];
  const url = await startPeer((ws) => ws.on("close", (code) => codes.push(code)));
  const program = new Program(["connect", url]);
  await program.waitFor("stderr", /connected/);
  program.type("exit");
  expect(await program.ended).toMatchObject({ code: 0, stdout: "" });
  expect(codes).toEqual([1000]);
});

it("closes with 1000 on Ctrl-C", async () => {
  const { wsUrl } = await startServing();
  const program = new Program(["connect", `${wsUrl}/echo`]);
  await program.waitFor("stderr", /connected/);
  program.kill("SIGINT");
  const { code, stderr } = await program.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/closed 1000 normal closure; by this side/);
});

it("closes when the server closes, although more could be typed", async () => {
  const url = await startPeer((ws) => ws.on("message", () => ws.close(1001)));
  const program = new Program(["connect", url]);
  await program.waitFor("stderr", /connected/);
  program.type("go");
  expect(await program.ended).toMatchObject({ code: 0 });
});

it("closes with 1000 when nobody reads its output any more", async () => {
  const { wsUrl } = await startServing("--time-interval-ms", "20");
  const program = new Program(["connect", `${wsUrl}/time`]);
  await program.waitFor("stdout", /Server time/);
  program.stopReading();
  const { code, stderr } = await program.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/closed 1000 .*; by this side/);
});

it("aborts on a second signal, when the server does not answer the first", async () => {
  const url = await startPeer((ws) => ws.pause());
  const program = new Program(["connect", url]);
  await program.waitFor("stderr", /connected/);
  program.kill("SIGINT");
  program.kill("SIGTERM");
  // which of the two comes first is the system's choice
  expect([130, 143]).toContain((await program.ended).code);
});

it("strips what would steer the terminal, and shows binary by its bytes", async () => {
  const url = await startPeer((ws) => {
    ws.send("\u001b]0;title\u0007a\u009b31mb\tc\r\nd");
    ws.send(Buffer.from("Hello, world ahoy!"));
    ws.close(1000);
  });
  const { stdout } = await runProgram(["connect", url]);
  expect(stdout).toBe("]0;titlea31mb\tc\nd\n<binary 18 bytes> 48 65 6c 6c 6f 2c 20 77 6f 72 6c 64 20 61 68 6f …\n");
});

it("prints messages as they are with --raw", async () => {
  const url = await startPeer((ws) => {
    ws.send("\u001b[31mred");
    ws.close(1000);
  });
  expect((await runProgram(["connect", "--raw", url])).stdout).toBe("\u001b[31mred\n");
});

it.each([
  [1000, 0],
  [1001, 0],
  [1008, 7],
  [1011, 6],
  [4001, 6],
])("says how the server closed with %i, and exits with %i", async (closeCode, exitCode) => {
  const url = await startPeer((ws) => ws.close(closeCode, "that is why"));
  const { code, stderr } = await runProgram(["connect", url]);
  expect(stderr).toMatch(new RegExp(`closed ${closeCode} .*"that is why"; by the server`));
  expect(code).toBe(exitCode);
});

it("exits with 5 when the connection is lost", async () => {
  const url = await startPeer((ws) => ws.terminate());
  const { code, stderr } = await runProgram(["connect", url]);
  expect(stderr).toMatch(/closed 1006/);
  expect(code).toBe(5);
});

it("sends sub-protocols, headers and an origin", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "b" });
  onTestFinished(() => server.close());
  await once(server, "listening");
  const headers: unknown[] = [];
  server.on("connection", (ws, request) => {
    headers.push(request.headers);
    ws.close(1000);
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const given = [
    "--subprotocol",
    "a",
    "--subprotocol",
    "b",
    "--header",
    "X-One: 1: 2",
    "--origin",
    "https://example.com",
  ];
  const { stderr } = await runProgram(["connect", ...given, url]);
  expect(headers).toMatchObject([
    {
      "x-one": "1: 2",
      origin: "https://example.com",
      "sec-websocket-protocol": expect.stringMatching(/^a, ?b$/) as string,
    },
  ]);
  expect(stderr).toMatch(/sub-protocol b/);
});

it("answers a text heartbeat without printing it", async () => {
  const heard: string[] = [];
  const url = await startPeer((ws) => {
    ws.on("message", (data: Buffer) => {
      heard.push(data.toString("utf8"));
      ws.close(1000);
    });
    ws.send("Ping");
  });
  expect(await runProgram(["connect", "--text-heartbeat", url])).toMatchObject({ code: 0, stdout: "" });
  expect(heard).toEqual(["Pong"]);
});

it("says that nothing listens, and exits with 3", async () => {
  const { code, stderr } = await runProgram(["connect", "ws://127.0.0.1:1/"]);
  expect(stderr).toMatch(/^hawser: no connection to ws:\/\/127\.0\.0\.1:1\/ could be made: nothing listens there.*\n$/);
  expect(code).toBe(3);
});

it("says that a certificate is not trusted, and exits with 13", async () => {
  const { wsUrl } = await startServing("--tls", "self-signed");
  const { code, stderr } = await runProgram(["connect", wsUrl]);
  expect(stderr).toMatch(/self-signed: give that certificate with --ca FILE/);
  expect(code).toBe(13);
});

it("accepts any certificate with --insecure, and warns of it", async () => {
  const { wsUrl } = await startServing("--tls", "self-signed");
  const { code, stdout, stderr } = await runProgram(["connect", "--insecure", "--linger-ms", "300", wsUrl], {
    input: "hi",
  });
  expect(stderr).toMatch(/warning: --insecure/);
  expect(stdout).toBe("hi\n");
  expect(code).toBe(0);
});

it("tells the status and the body of a refusal, and exits with 4", async () => {
  const { wsUrl } = await startServing();
  const { code, stderr } = await runProgram(["connect", `${wsUrl}/nowhere`]);
  expect(stderr).toMatch(/^hawser: .*404 Not Found.*nothing is served at this path\n$/);
  expect(code).toBe(4);
});

it("does not print what a refusal's body would do to the terminal", async () => {
  const server = createServer();
  server.on("upgrade", (_request, socket) =>
    socket.end("HTTP/1.1 403 No\r\nConnection: close\r\n\r\n\u001b[2Jgo\naway"),
  );
  const { code, stderr } = await runProgram(["connect", await startHttp(server)]);
  expect(stderr).toMatch(/403 No.*\[2Jgo away\n$/);
  expect(stderr).not.toContain("\u001b");
  expect(code).toBe(4);
});

it("refuses an answer with a wrong accept key, and exits with 14", async () => {
  const server = createServer();
  const head =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n";
  server.on("upgrade", (_request, socket) => socket.write(head));
  const { code, stderr } = await runProgram(["connect", await startHttp(server)]);
  expect(stderr).toMatch(/^hawser: .*Sec-WebSocket-Accept.*\n$/i);
  expect(code).toBe(14);
});

it("gives up on a server that does not answer, and exits with 12", async () => {
  const server = createServer();
  server.on("upgrade", (_request, socket) => socket.on("error", () => {}));
  const { code, stderr } = await runProgram(["connect", "--handshake-timeout-ms", "100", await startHttp(server)]);
  expect(stderr).toMatch(/did not answer in 100 ms; use --handshake-timeout-ms/);
  expect(code).toBe(12);
});

it.each([
  [["connect"], /missing required argument 'url': see hawser help connect$/m],
  [["connect", "127.0.0.1:8080/echo"], /did you mean ws:\/\/127\.0\.0\.1:8080\/echo\?/],
  [["connect", "ftp://127.0.0.1/"], /expected ws:\/\/ or wss:\/\/, not ftp:\/\//],
  [["connect", "ws://127.0.0.1/#x"], /no # part/],
  [["connect", "ws://me:secret@127.0.0.1/"], /use wss:/],
  [["connect", "--header", "Host", "ws://127.0.0.1/"], /"X-Token: abc"/],
  [["connect", "--header", "Upgrade: x", "ws://127.0.0.1/"], /Upgrade/],
  [["connect", "--subprotocol", "a b", "ws://127.0.0.1/"], /a b/],
])("refuses hawser %j with one line and exit code 2", async (args, message) => {
  const { code, stdout, stderr } = await runProgram(args);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).not.toContain("secret");
  expect(stdout).toBe("");
  expect(code).toBe(2);
});

it("comes back with --reconnect, and sends then what was typed meanwhile", async () => {
  const heard: string[] = [];
  const sockets: WebSocket[] = [];
  const url = await startPeer((ws) => {
    sockets.push(ws);
    ws.on("message", (data: Buffer) => {
      heard.push(data.toString("utf8"));
      ws.send(`echo ${data.toString("utf8")}`);
    });
  });
  const program = new Program(["connect", "--reconnect-delay-ms", "300", url]);
  program.type("one");
  await program.waitFor("stdout", /^echo one\n/);
  sockets[0]?.terminate();
  await program.waitFor("stderr", /closed 1006 .*; the next attempt in 0\.3 s\n/);
  program.type("two");
  await program.waitFor("stdout", /\necho two\n/);
  sockets[1]?.close(1001);
  await program.waitFor("stderr", /closed 1001 .*; by the server; .*; the next attempt in 0\.3 s\n/);
  await program.waitFor("stderr", /(?:connected to [^]*){3}/);
  program.type("exit");
  const { code, stderr } = await program.ended;
  expect(stderr).toMatch(/closed 1000 normal closure; by this side; [^;]*; [^;]*\n$/);
  expect(code).toBe(0);
  expect(heard).toEqual(["one", "two"]);
});

it("waits with --reconnect for a server that is not there yet, and sends piped input then", async () => {
  const server = createServer();
  const url = await startHttp(server);
  server.close();
  await once(server, "close");
  const program = new Program(["connect", "--reconnect-delay-ms", "100", "--linger-ms", "300", url]);
  program.type("hello");
  program.endInput();
  await program.waitFor("stderr", /nothing listens there.*; the next attempt in 0\.1 s\n/);
  const late = new WebSocketServer({ port: Number(new URL(url).port), host: "127.0.0.1" });
  onTestFinished(() => late.close());
  late.on("connection", (ws) => ws.on("message", (data: Buffer) => ws.send(`echo ${data.toString("utf8")}`)));
  expect(await program.ended).toMatchObject({ code: 0, stdout: "echo hello\n" });
});

it.each([
  ["a server that sends it away for good", 4403, 7],
  ["a policy that it breaks", 1008, 7],
])("does not come back to %s", async (_name, closeCode, exitCode) => {
  const url = await startPeer((ws) => ws.close(closeCode, "go"));
  const { code, stderr } = await runProgram(["connect", "--reconnect", url]);
  expect(stderr).toMatch(new RegExp(`closed ${closeCode} .*"go"; by the server; [^]*received \\(\\d+ B\\)\\n$`));
  expect(code).toBe(exitCode);
});

it("stops at once on Ctrl-C, connected or waiting for the next attempt", async () => {
  const program = new Program(["connect", "--reconnect-delay-ms", "60000", "ws://127.0.0.1:1/"]);
  await program.waitFor("stderr", /the next attempt in 60\.0 s/);
  program.kill("SIGINT");
  expect(await program.ended).toMatchObject({ code: 130 });
  const url = await startPeer((ws) => ws.close(1001));
  const other = new Program(["connect", "--reconnect-delay-ms", "60000", url]);
  await other.waitFor("stderr", /the next attempt in 60\.0 s/);
  other.kill("SIGINT");
  expect(await other.ended).toMatchObject({ code: 0 });
});

it("gives up with --reconnect what no later attempt would mend", async () => {
  const { code, stderr } = await runProgram(["connect", "--reconnect", "--header", "Upgrade: x", "ws://127.0.0.1/"]);
  expect(stderr).toMatch(/^hawser: .*Upgrade.*\n$/);
  expect(code).toBe(2);
});
