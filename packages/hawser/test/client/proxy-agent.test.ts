import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { connect as connectTcp } from "node:net";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { afterEach, expect, it } from "vitest";
import { createNodeConnector } from "../../src/client/index-node.js";
import type { ConnectionEnd, NodeConnectionOptions } from "../../src/client/index-node.js";
import { createDeferred } from "../../src/internal/deferred.js";
import { connect } from "../../src/node/index.js";
import { startServer } from "../support/server-fixture.js";
import { testCertificate } from "../support/test-certificate.js";

// Agents of programs make connections by CONNECT and hand them over later, by the callback: so do these.

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

interface Proxy {
  readonly port: number;
  /** What was asked for: "host:port", with the credentials. */
  readonly asked: string[];
}

/** A proxy of HTTP that wants credentials. */
async function startProxy(): Promise<Proxy> {
  const asked: string[] = [];
  const open = new Set<Duplex>();
  const server = http.createServer((_request, response) => void response.writeHead(405).end());
  server.on("connect", (request: http.IncomingMessage, client: Duplex) => {
    open.add(client);
    client.on("error", () => {});
    asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
    if (request.headers["proxy-authorization"] !== "Basic dXNlcjpwYXNz") {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const [host = "", port = ""] = (request.url ?? "").split(":");
    const target = connectTcp(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      client.pipe(target).pipe(client);
    });
    open.add(target);
    target.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("close", () => target.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
    for (const stream of open) stream.destroy();
  });
  return { port: (server.address() as AddressInfo).port, asked }; // it listens on TCP
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly servername?: string;
}

type Done = (error: Error | null, stream?: Duplex) => void;

function tunnel(proxyPort: number, credentials: string, { host, port }: Target, done: Done): void {
  const headers = { "Proxy-Authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
  http
    .request({ host: "127.0.0.1", port: proxyPort, method: "CONNECT", path: `${host}:${port}`, headers, agent: false })
    .on("connect", (answer, stream: TcpSocket) => {
      if (answer.statusCode === 200) return done(null, stream);
      stream.destroy();
      done(new Error(`the proxy answered ${answer.statusCode}`));
    })
    .on("error", done)
    .end();
}

/** An agent for ws: by the proxy. */
function plainAgent(port: number, credentials = "user:pass"): http.Agent {
  return Object.assign(new http.Agent(), {
    createConnection: (target: Target, done: Done) => tunnel(port, credentials, target, done),
  });
}

/** An agent for wss: by the proxy: TLS is within the tunnel. Like those of published packages it does not tell TLS the host. */
function secureAgent(port: number): https.Agent {
  return Object.assign(new https.Agent(), {
    createConnection: (target: Target, done: Done) =>
      tunnel(port, "user:pass", target, (error, socket) => {
        if (error !== null) return done(error);
        const { host: _host, port: _port, ...settings } = target;
        const tls = connectTls({ ...settings, socket: socket as TcpSocket });
        tls.once("secureConnect", () => done(null, tls));
        tls.once("error", done);
      }),
  });
}

it("connect goes through an agent's proxy, with its credentials", async () => {
  const proxy = await startProxy();
  const server = await startServer();
  const socket = await connect(`${server.url}/echo`, { agent: plainAgent(proxy.port) });
  await socket.send("by the proxy");
  expect(await socket.receive()).toBe("by the proxy");
  expect((await socket.close()).clean).toBe(true);
  expect(proxy.asked).toEqual([`127.0.0.1:${server.address().port} Basic dXNlcjpwYXNz`]);
});

it("connect checks the certificate of the server behind the proxy", async () => {
  const proxy = await startProxy();
  const server = await startServer({ tls: testCertificate });
  const options = { agent: secureAgent(proxy.port) };
  await expect(connect(`${server.url}/echo`, options)).rejects.toMatchObject({
    code: "CONNECT_FAILED",
    facts: { reason: "DEPTH_ZERO_SELF_SIGNED_CERT" },
  });
  const socket = await connect(`${server.url}/echo`, { ...options, ca: testCertificate.cert });
  await socket.send("in TLS");
  expect(await socket.receive()).toBe("in TLS");
  await socket.close();
});

it("connect compares the certificate behind an agent's proxy with the server's own address", async () => {
  const proxy = await startProxy();
  const server = await startServer({ tls: testCertificate, host: "127.0.0.2" });
  const connecting = connect(`${server.url}/echo`, { agent: secureAgent(proxy.port), ca: testCertificate.cert });
  await expect(connecting).rejects.toMatchObject({
    code: "CONNECT_FAILED",
    facts: { reason: "ERR_TLS_CERT_ALTNAME_INVALID" },
  });
});

it("the connector of Node.js goes through it, too, and tells why the proxy refuses", async () => {
  const proxy = await startProxy();
  const server = await startServer();
  const url = `${server.url}/echo`;
  expect(await exchange(url, { agent: plainAgent(proxy.port) })).toBe("echo");
  expect(await exchange(url, { agent: plainAgent(proxy.port, "user:wrong") })).toMatchObject({
    code: 1006,
    error: { code: "CONNECT_FAILED", cause: { message: "the proxy answered 407" } },
  });
});

it("the connector of Node.js makes its options anew for every connection", async () => {
  const seen: unknown[] = [];
  const server = await startServer({}, (it) => {
    it.service("/echo", {
      admit: ({ headers }) => void seen.push(headers.get("authorization")),
      message: (socket, data) => void socket.post(data),
    });
  });
  let token = 0;
  const source = async (): Promise<NodeConnectionOptions> => {
    await Promise.resolve();
    token++;
    return { headers: { Authorization: `Bearer ${token}` } };
  };
  expect(await exchange(`${server.url}/echo`, source)).toBe("echo");
  expect(await exchange(`${server.url}/echo`, source)).toBe("echo");
  expect(seen).toEqual(["Bearer 1", "Bearer 2"]);
});

it.each<[string, object, string]>([
  ["a wrong name", { agnt: 1 }, "agent"],
  ["a wrong value", { rejectUnauthorized: 1 }, "rejectUnauthorized is 1"],
  ["what is the client's own", { protocols: ["a"] }, "protocols is given"],
])("the connector of Node.js refuses %s at once", (_name, options, message) => {
  expect(() => createNodeConnector(options)).toThrow(message);
});

it("the connector of Node.js tells of options that cannot be made, or are wrong", async () => {
  const thrown = new Error("no token");
  expect(await exchange("ws://127.0.0.1:1", () => Promise.reject(thrown))).toMatchObject({ code: 1006, error: thrown });
  const wrong = (): object => ({ handlers: {} });
  expect(await exchange("ws://127.0.0.1:1", wrong)).toMatchObject({ error: { name: "UsageError" } });
});

/** The echo of one message, or how the connection ended without. */
async function exchange(
  url: string,
  options: Parameters<typeof createNodeConnector>[0],
): Promise<string | Uint8Array | ConnectionEnd> {
  const outcome = createDeferred<string | Uint8Array | ConnectionEnd>();
  const connection = createNodeConnector(options).open(url, [], {
    onOpen: () => connection.send("echo"),
    onMessage: (message) => outcome.resolve(message),
    onClosed: (end) => outcome.resolve(end),
  });
  const result = await outcome.promise;
  connection.abort();
  return result;
}
