import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";
import { makeFolder } from "./folder.js";

/** Paths of real proxies. Tests skip themselves without them. */
export const tinyproxyPath: string | undefined = process.env["HAWSER_TINYPROXY"];
export const microsocksPath: string | undefined = process.env["HAWSER_MICROSOCKS"];

export interface HttpProxy {
  readonly host: string;
  /** What was asked for: target and Proxy-Authorization, decoded. */
  readonly asked: (readonly [target: string | undefined, credentials: string])[];
}

/** An HTTP proxy of this process; `refuse` answers instead of leading on. */
export async function startHttpProxy(refuse?: (request: IncomingMessage, socket: Duplex) => void): Promise<HttpProxy> {
  const asked: (readonly [string | undefined, string])[] = [];
  const server = createServer();
  server.on("connect", (request, socket: Duplex, head: Uint8Array) => {
    const given = request.headers["proxy-authorization"]?.replace(/^Basic /, "") ?? "";
    asked.push([request.url, Buffer.from(given, "base64").toString("utf8")]);
    socket.on("error", () => {});
    if (refuse !== undefined) return refuse(request, socket);
    const { hostname, port } = new URL(`http://${request.url ?? ""}`);
    const onward = connect(Number(port), hostname);
    onward.on("error", () => socket.destroy());
    onward.on("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onTestFinished(() => void onward.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A real HTTP proxy that wants this user and password; answers its `host:port`. */
export function startTinyproxy(user: string, password: string): Promise<string> {
  return startOnFreePort((port) => {
    const config = [
      `Port ${port}`,
      "Listen 127.0.0.1",
      "Timeout 60",
      "Allow 127.0.0.1",
      `BasicAuth ${user} ${password}`,
      "LogLevel Error",
    ];
    const folder = makeFolder({ "tinyproxy.conf": `${config.join("\n")}\n` });
    return [tinyproxyPath ?? "", "-d", "-c", `${folder}/tinyproxy.conf`];
  });
}

/** A real SOCKS proxy that wants this user and password; answers its `host:port`. */
export function startMicrosocks(user: string, password: string): Promise<string> {
  return startOnFreePort((port) => [
    microsocksPath ?? "",
    "-i",
    "127.0.0.1",
    "-p",
    String(port),
    "-u",
    user,
    "-P",
    password,
  ]);
}

/** Neither takes port 0. Somebody may take the port in between: then the program ends, and another one is tried. */
async function startOnFreePort(command: (port: number) => readonly string[]): Promise<string> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await findFreePort();
    const [path = "", ...args] = command(port);
    const child = spawn(path, args, { stdio: "ignore" });
    const ended = once(child, "exit").then(() => false);
    onTestFinished(() => void child.kill("SIGKILL"));
    if (await Promise.race([ended, answers(port, () => child.exitCode === null)])) return `127.0.0.1:${port}`;
  }
  throw new Error("the proxy did not start on five ports");
}

async function findFreePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Whether something listens, tried for as long as `mayCome`. */
async function answers(port: number, mayCome: () => boolean): Promise<boolean> {
  while (mayCome()) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (isThere) return true;
  }
  return false;
}
