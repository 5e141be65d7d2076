import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { connect } from "../../src/node/index.js";
import type { Server } from "../../src/server/index.js";
import type { Socket } from "../../src/socket/index.js";
import { timeout } from "../interop/patience.js";
import { testCertificate } from "../support/test-certificate.js";

const root = join(import.meta.dirname, "../../../..");
const guide = readFileSync(join(root, "docs/guides/from-dotnet.md"), "utf8");

const dotnetNames =
  `ClientWebSocket WebSocket ServerWebSocket ConnectAsync SendAsync ReceiveAsync CloseAsync CloseOutputAsync Abort Dispose
  ArraySegment EndOfMessage MemoryStream RecyclableMemoryStream WebSocketState None Connecting Open CloseSent
  CloseReceived Closed Aborted WebSocketReceiveResult MessageType WebSocketMessageType.Text WebSocketMessageType.Close
  CloseStatus CloseStatusDescription Count WebSocketCloseStatus.NormalClosure CancellationToken CancellationTokenSource
  OperationCanceledException WebSocketException WebSocketErrorCode WebSocketError InvalidOperationException
  WebSocketContext HttpListener HttpListenerContext HttpListenerWebSocketContext GetContextAsync Prefixes.Add
  Request.IsWebSocketRequest AcceptWebSocketAsync Response.StatusCode Response.Close AcceptTypes ContentType OutputStream
  IsListening Stop ProcessWebSocket BroadcastQueues BlockingCollection WatchForBroadcasts ConcurrentDictionary
  Interlocked Task.Run SemaphoreSlim WebApplication.CreateBuilder RunAsync UseRouting UseWebSockets app.Use
  HttpContext.WebSockets.IsWebSocketRequest InvokeAsync UserWebSocketByUserConnID UserWebSocket AddOrUpdate TryRemove
  Guid.NewGuid Channel.CreateUnbounded Writer.TryWrite Writer.TryComplete Reader.ReadAllAsync Reader.Count
  JsonSerializer.Deserialize JsonSerializer.Serialize TaskCompletionSource Task.WhenAny NLog
  HttpContext.AcceptWebSocketRequest .ashx CallbackContract netHttpBinding WebSocketHandler WebSocketHost
  Microsoft.WebSockets.dll ServicePointManager.ServerCertificateValidationCallback X509Certificate2 X509KeyStorageFlags
  netsh openssl HeartbeatAsync HeartbeatInterval PingMessage PongMessage ReconnectDelay StartAsync ActionBlock OnOpened
  OnClosed OnError OnMessage Fleck FleckLog.Level IWebSocketConnection WebSocketServer OnOpen OnClose allSockets
  server.Certificate WebSocket4Net Opened MessageReceived MessageReceivedEventArgs websocket-sharp Connect SetProxy Send
  Frame PayloadData HttpServer HttpRequest RootPath OnGet OnDelete AddWebSocketService WebSocketBehavior
  Sessions.Broadcast MessageWebSocket StreamWebSocket MessageWebSocketControl Control ProxyCredential ServerCredential
  DataWriter InputStream`.split(/\s+/);

// Beside this file, so that the examples find `hawser` as an installed package: they are compiled against the built one.
const folder = mkdtempSync(join(import.meta.dirname, "from-dotnet-"));
const compileTimeoutMs = 60_000;
const children: ChildProcess[] = [];
vi.setConfig({ testTimeout: timeout });
let port = 0;
let compiled = { status: null as number | null, output: "" };

beforeAll(async () => {
  port = await findFreePort();
  const sources = join(folder, "src");
  mkdirSync(sources);
  for (const { groups } of guide.matchAll(/^```ts (?<name>\S+)\n(?<code>.*?)^```/gms)) {
    writeFileSync(join(sources, groups?.["name"] ?? ""), (groups?.["code"] ?? "").replaceAll("8181", String(port)));
  }
  const compilerOptions = {
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    sourceMap: false,
    lib: ["ES2023", "ESNext.Disposable"],
    types: ["node"],
    skipLibCheck: true,
    rootDir: "src",
    outDir: "dist",
  };
  const config = { extends: join(root, "tsconfig.base.json"), include: ["src"], compilerOptions };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
  compiled = { status, output: stdout };
}, compileTimeoutMs);

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port: free } = probe.address() as AddressInfo;
  probe.close();
  return free;
}

interface Example {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  type(line: string): void;
  nextLine(): Promise<string>;
}

function run(name: string): Example {
  const child = spawn(process.execPath, [join(folder, "dist", name)], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    exit,
    type: (line) => void child.stdin.write(`${line}\n`),
    nextLine: async () => String((await lines.next()).value),
  };
}

/** Runs a server of the guide; settles when it listens. */
async function serve(name: string): Promise<Example> {
  const server = run(name);
  while (!(await isListening())) {
    if (server.child.exitCode !== null) throw new Error(`${name} ended before it listened`);
  }
  return server;
}

function isListening(): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(port, "127.0.0.1");
    probe.once("error", () => resolve(false));
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
  });
}

it("compiles every example", () => {
  expect(compiled).toEqual({ status: 0, output: "" });
});

it("runs the echo server and the client", async () => {
  await serve("echo.js");
  const client = run("client.js");
  client.type("hello");
  expect(await client.nextLine()).toBe("hello");
  client.type("exit");
  expect(await client.nextLine()).toBe("closed with 1000, clean: true");
  expect(await client.exit).toBe(0);
});

it("runs the chat with its console", async () => {
  const server = await serve("chat.js");
  const client = run("client.js");
  expect(await server.nextLine()).toBe("clients: 1");
  client.type("ahoy");
  expect(await server.nextLine()).toBe("ahoy");
  expect(await client.nextLine()).toBe("ahoy");
  server.type("from the console");
  expect(await client.nextLine()).toBe("from the console");
  server.type("exit");
  expect(await server.nextLine()).toBe("clients: 0");
  expect(await server.exit).toBe(0);
});

it("runs the server of the time, and ends it", async () => {
  const server = await serve("time.js");
  const client = run("client.js");
  expect(await client.nextLine()).toMatch(/^Server time: \d{4}-/);
  server.child.kill("SIGTERM");
  expect(await server.exit).toBe(0);
});

it("runs the gateway and the request that waits for its answer", async () => {
  await serve("gateway.js");
  const client = run("request.js");
  expect(await client.nextLine()).toBe("login: 1");
  expect(await client.exit).toBe(0);
  await expect(connect(`ws://127.0.0.1:${port}/`)).rejects.toMatchObject({ facts: { status: 401 } });
});

it("runs the service that is made for each connection", async () => {
  await serve("behavior.js");
  const first = await connect(`ws://127.0.0.1:${port}/Chat`);
  await first.send("a");
  expect(await first.receive()).toBe("guest 1: a");
  const second = await connect(`ws://127.0.0.1:${port}/Chat`);
  await second.send("b");
  expect([await first.receive(), await second.receive()]).toEqual(["guest 2: b", "guest 2: b"]);
  await Promise.all([first.close(), second.close()]);
});

it("runs the loop that stays connected", async () => {
  const { stayConnected } = (await import(join(folder, "dist/reconnect.js"))) as {
    readonly stayConnected: (url: string, signal: AbortSignal, delayMs: number) => Promise<void>;
  };
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  const stop = new AbortController();
  const staying = stayConnected(`ws://127.0.0.1:${port}/`, stop.signal, 10); // nobody listens there yet
  const server = await serve("chat.js");
  expect(await server.nextLine()).toBe("clients: 1");
  server.type("ahoy");
  await vi.waitFor(() => expect(said).toHaveBeenCalledWith("ahoy"), timeout);
  stop.abort();
  await staying;
  expect(await server.nextLine()).toBe("clients: 0");
  expect(said.mock.calls[0]?.[0]).toContain("nothing listens there");
  said.mockRestore();
});

it("runs the functions for messages in pieces and for wss", async () => {
  const { copyOneMessage } = (await import(join(folder, "dist/pieces.js"))) as {
    readonly copyOneMessage: (url: string) => Promise<number>;
  };
  const { startSecure, connectSecure, connectPinned } = (await import(join(folder, "dist/secure.js"))) as {
    readonly startSecure: (pfxFile: string, passphrase: string) => Promise<Server>;
    readonly connectSecure: (url: string, certFile: string) => Promise<Socket>;
    readonly connectPinned: (url: string, fingerprint: string) => Promise<Socket>;
  };
  const cert = join(folder, "cert.pem");
  const pfx = join(folder, "certificate.pfx");
  writeFileSync(cert, testCertificate.cert);
  const input = testCertificate.key + testCertificate.cert;
  const made = spawnSync("openssl", ["pkcs12", "-export", "-out", pfx, "-passout", "pass:secret"], { input });
  expect(made.stderr.toString()).toBe("");

  await using server = await startSecure(pfx, "secret");
  await using trusting = await connectSecure(server.url, cert);
  await trusting.send("a");
  expect(await trusting.receive()).toBe("a");
  const printed = spawnSync("openssl", ["x509", "-in", cert, "-noout", "-fingerprint", "-sha256"], {
    encoding: "utf8",
  });
  await using pinned = await connectPinned(server.url, printed.stdout.split("=")[1]?.trim() ?? "");
  await pinned.send("b");
  expect(await pinned.receive()).toBe("b");

  const echo = await serve("time.js"); // sends first, and takes what it gets back
  expect(await copyOneMessage(`ws://127.0.0.1:${port}/`)).toBe("Server time: 2026-11-21T00:00:00.000Z".length);
  echo.child.kill("SIGTERM");
  expect(await echo.exit).toBe(0);
});

it("names everything that the original systems use of .NET and its libraries", () => {
  const missing = dotnetNames.filter((name) => {
    const escaped = name.replaceAll(".", "\\.");
    return !new RegExp(`(^|[^A-Za-z])${escaped}($|[^A-Za-z0-9])`, "m").test(guide);
  });
  expect(missing).toEqual([]);
});
