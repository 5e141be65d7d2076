import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, createServer as createHttpsServer, get } from "node:https";
import type { ServerOptions as HttpsOptions } from "node:https";
import { connect as connectTcp, createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server as NetServer, Socket as NetSocket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { expect, it, onTestFinished } from "vitest";
import type { ConnectionError } from "../../src/internal/errors.js";
import { connect } from "../../src/node/index.js";
import type { ConnectOptions } from "../../src/node/index.js";
import { startServer } from "../support/server-fixture.js";
import { certificates } from "../support/tls-certificates.js";
import { testCertificate } from "../support/test-certificate.js";

const { ca, foreignCa, server: own, wrongHost, expiredServer, futureServer, client } = certificates;

function fingerprint({ cert }: { readonly cert: string }): string {
  return new X509Certificate(cert).fingerprint256;
}

const foreignPin = fingerprint(client);

async function fail(url: string, options: ConnectOptions): Promise<ConnectionError> {
  const outcome: unknown = await connect(`${url}/echo`, options).catch((error: unknown) => error);
  return outcome as ConnectionError;
}

async function canEcho(url: string, options: ConnectOptions): Promise<boolean> {
  const socket = await connect(`${url}/echo`, options);
  await socket.send("x");
  const answer = await socket.receive();
  await socket.close();
  return answer === "x";
}

async function listen(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A TLS server that keeps what it is sent once TLS is made, and answers nothing. */
async function eavesdrop(options: HttpsOptions): Promise<{ url: string; heard: Buffer[]; ended: Promise<unknown> }> {
  const heard: Buffer[] = [];
  const server = createTlsServer(options, (stream) => {
    stream.on("error", () => {}).on("data", (chunk: Buffer) => heard.push(chunk));
  });
  const ended = once(server, "connection").then(([stream]: NetSocket[]) => stream && once(stream, "close"));
  return { url: `wss://127.0.0.1:${await listen(server)}`, heard, ended };
}

it.each<[string, { cert: string; key: string }, ConnectOptions, [reason: string, words: RegExp]]>([
  ["is self-signed", testCertificate, {}, ["DEPTH_ZERO_SELF_SIGNED_CERT", /is self-signed: give that/]],
  ["is from an unknown authority", own, {}, ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /an authority that is not known here/]],
  ["is from another authority", own, { ca: foreignCa }, ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /not known here/]],
  [
    "comes with an unknown authority",
    { ...own, cert: own.cert + ca },
    {},
    ["SELF_SIGNED_CERT_IN_CHAIN", /not known here/],
  ],
  ["is for another host", wrongHost, { ca }, ["ERR_TLS_CERT_ALTNAME_INVALID", /is for other names: connect by one/]],
  ["has expired", expiredServer, { ca }, ["CERT_HAS_EXPIRED", /has expired: the server needs a new one/]],
  ["is not valid yet", futureServer, { ca }, ["CERT_NOT_YET_VALID", /is not valid yet: is the clock right/]],
  ["is for clients", client, { ca }, ["INVALID_PURPOSE", /is not one for servers/]],
])("REL-B25 refuses a server whose certificate %s, and says so", async (_name, tls, options, [reason, words]) => {
  const { url } = await startServer({ tls });
  const error = await fail(url, options);
  expect(error).toMatchObject({
    code: "CONNECT_FAILED",
    message: expect.stringMatching(words),
    facts: { url: `${url}/echo`, reason, fingerprint256: fingerprint(tls) },
    cause: expect.objectContaining({ code: reason }),
  });
  expect(error.message).toContain(`(its SHA-256 fingerprint is ${fingerprint(tls)})`);
});

it("REL-B25 sends nothing to a server that it does not trust", async () => {
  const { url, heard, ended } = await eavesdrop({ ...testCertificate, maxVersion: "TLSv1.2" });
  await fail(url, { headers: { Authorization: "Bearer secret" } });
  await ended;
  expect(heard).toEqual([]);
});

it("REL-B25 checks the name asked for, not the one connected to", async () => {
  const { url } = await startServer({ tls: own });
  expect(await canEcho(url, { ca, servername: "localhost" })).toBe(true);
  expect(await fail(url, { ca, servername: "other.example" })).toMatchObject({
    facts: { reason: "ERR_TLS_CERT_ALTNAME_INVALID" },
  });
});

it.each<[string, { cert: string; key: string }]>([
  ["self-signed", testCertificate],
  ["for another host", wrongHost],
  ["expired", expiredServer],
  ["from an unknown authority", own],
])("trusts the certificate that is pinned, though it is %s", async (_name, tls) => {
  const { url } = await startServer({ tls });
  expect(await canEcho(url, { pin: fingerprint(tls) })).toBe(true);
  expect(await canEcho(url, { pin: fingerprint(tls).toLowerCase().replaceAll(":", "") })).toBe(true);
  expect(await canEcho(url, { pin: [foreignPin, fingerprint(tls)] })).toBe(true);
});

it.each<[string, ConnectOptions]>([
  ["alone", {}],
  ["of several", { pin: [foreignPin, "11".repeat(32)] }],
  ["and a good authority", { ca }],
  ["and verification turned off", { rejectUnauthorized: false }],
])("refuses a certificate that is none of those pinned: %s", async (_name, options) => {
  const { url } = await startServer({ tls: own });
  const error = await fail(url, { pin: foreignPin, ...options });
  expect(error).toMatchObject({
    code: "CONNECT_FAILED",
    facts: { url: `${url}/echo`, reason: "CERTIFICATE_NOT_PINNED", fingerprint256: fingerprint(own) },
  });
  expect(error.message).toContain(`is none of those in \`pin\``);
  expect(error.message).toContain(fingerprint(own));
});

it.each(["TLSv1.2", "TLSv1.3"] as const)("sends nothing over %s when the pin does not fit", async (version) => {
  const { url, heard, ended } = await eavesdrop({ ...own, minVersion: version, maxVersion: version });
  await fail(url, { pin: foreignPin, headers: { Authorization: "Bearer secret" } });
  await ended;
  expect(heard).toEqual([]);
});

it.each<[string, { cert: string; key: string }, ConnectOptions, string]>([
  ["an authority is given, too", testCertificate, { ca }, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ["an authority is given, too, and the host is another", wrongHost, { ca }, "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["verification is asked for", own, { rejectUnauthorized: true }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
])("checks the rest besides the pin when %s", async (_name, tls, options, reason) => {
  const { url } = await startServer({ tls });
  expect(await fail(url, { pin: fingerprint(tls), ...options })).toMatchObject({ facts: { reason } });
});

it("pins over an agent that keeps connections and sessions", async () => {
  const { url } = await startServer({ tls: own });
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const options = { agent, pin: fingerprint(own) };
  expect(await canEcho(url, options)).toBe(true);
  expect(await canEcho(url, options)).toBe(true);
  expect(await fail(url, { agent, pin: foreignPin })).toMatchObject({ facts: { reason: "CERTIFICATE_NOT_PINNED" } });
});

it("pins over a connection that an agent has made and used before", async () => {
  const heard: string[] = [];
  const server = createHttpsServer(own, (_request, response) => void response.end("page"));
  server.on("upgrade", (request, stream) => {
    heard.push(request.url ?? "");
    stream.destroy();
  });
  const port = await listen(server);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const request = get({ port, host: "127.0.0.1", agent, rejectUnauthorized: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  await once(agent, "free");
  expect(await fail(`wss://127.0.0.1:${port}`, { agent, pin: foreignPin })).toMatchObject({
    facts: { reason: "CERTIFICATE_NOT_PINNED" },
  });
  expect(heard).toEqual([]);
});

it("refuses to pin what is no TLS in the end", async () => {
  const heard: Buffer[] = [];
  const port = await listen(
    createTcpServer((stream) => stream.on("data", (chunk) => heard.push(chunk)).on("error", () => {})),
  );
  const agent = new Agent();
  agent.createConnection = () => connectTcp(port, "127.0.0.1");
  expect(await fail(`wss://127.0.0.1:${port}`, { agent, pin: foreignPin })).toMatchObject({
    facts: { reason: "CERTIFICATE_NOT_PINNED" },
  });
  expect(heard).toEqual([]);
});

it.each<[string, string, ConnectOptions, string]>([
  ["a pin without TLS", "ws://127.0.0.1:1/", { pin: foreignPin }, "use wss:"],
  ["a pin of SHA-1", "wss://127.0.0.1:1/", { pin: foreignPin.slice(0, 59) }, "is a SHA-1 fingerprint"],
  ["no pin in a list", "wss://127.0.0.1:1/", { pin: [] }, "is an empty list"],
])("refuses %s at once", async (_name, url, options, words) => {
  expect(await fail(url, options)).toMatchObject({
    code: "INVALID_ARGUMENT",
    facts: { name: "pin" },
    message: expect.stringContaining(words),
  });
});
