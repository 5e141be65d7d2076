import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/node/index.js";
import type { ConnectOptions } from "../../src/node/index.js";
import { createServer } from "../../src/server/index.js";
import type { Server, ServerTlsOptions } from "../../src/server/index.js";
import type { ClientCertificate, HandshakeInfo } from "../../src/socket/index.js";
import { createMemoryLog, startServer } from "../support/server-fixture.js";
import type { LogEntry } from "../support/server-fixture.js";
import { formatHandshake } from "../support/raw-client.js";
import { certificates } from "../support/tls-certificates.js";

const { ca, foreignCa, server: own, client, foreignClient, expiredClient } = certificates;
const identity = new X509Certificate(client.cert);

const requiring: ServerTlsOptions = { clientCertificates: "require", ca };

interface Watched {
  readonly server: Server;
  /** What `admit` saw, in order. */
  readonly seen: (ClientCertificate | undefined)[];
  readonly entries: readonly LogEntry[];
}

async function startWatched(tls: ServerTlsOptions | undefined): Promise<Watched> {
  const seen: (ClientCertificate | undefined)[] = [];
  const { logger, entries } = createMemoryLog();
  const server = await startServer({ logger, ...(tls && { tls: { ...own, ...tls } }) }, (it) => {
    it.service("/who", {
      admit: ({ clientCertificate }) => {
        seen.push(clientCertificate);
      },
      message: (socket, data) => void socket.post(data),
    });
  });
  return { server, seen, entries };
}

/** Whether a client gets in: "open", or the words of its error. */
async function tryConnect({ url }: Server, options: ConnectOptions): Promise<string> {
  try {
    const socket = await connect(`${url}/who`, { ca, ...options });
    await socket.send("x");
    await socket.receive();
    await socket.close();
    return "open";
  } catch (error) {
    return String(error);
  }
}

const refusals = (entries: readonly LogEntry[]): readonly LogEntry[] =>
  entries.filter(({ message }) => message.startsWith("connection refused"));

it("shows admit who the client is", async () => {
  const { server, seen } = await startWatched(requiring);

  expect(await tryConnect(server, client)).toBe("open");

  expect(seen).toEqual([
    {
      authorized: true,
      authorizationError: undefined,
      fingerprint256: identity.fingerprint256,
      subject: "C=DE\nO=Hawser\\, test\nCN=device 7",
      commonName: "device 7",
      subjectAltName: "DNS:device-7.example",
      issuer: "CN=Hawser test authority",
      serialNumber: identity.serialNumber,
      validFrom: new Date("2025-01-01T00:00:00Z"),
      validTo: new Date("2126-01-01T00:00:00Z"),
      raw: identity.raw,
    },
  ]);
  expect(Object.isFrozen(seen[0])).toBe(true);
});

it("takes a client's identity from a pfx, too", async () => {
  const { server, seen } = await startWatched(requiring);
  expect(await tryConnect(server, { pfx: certificates.clientPfx, passphrase: "secret" })).toBe("open");
  expect(seen).toMatchObject([{ commonName: "device 7", authorized: true }]);
});

it("shows the same to a service that is a function, after admit", async () => {
  const seen: (string | undefined)[] = [];
  const note = ({ clientCertificate }: HandshakeInfo): void => void seen.push(clientCertificate?.fingerprint256);
  const server = await startServer({ tls: { ...own, ca, clientCertificates: "require" } }, (it) => {
    it.service("/who", (_socket, info) => note(info), { admit: note });
  });
  await connect(`${server.url}/who`, { ca, ...client });
  expect(seen).toEqual([identity.fingerprint256, identity.fingerprint256]);
});

it.each<[string, ConnectOptions, string, RegExp]>([
  ["none", {}, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", /the client has shown no certificate/],
  ["a foreign authority's", foreignClient, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", /not accepted: UNABLE_TO_VERIFY_LEAF/],
  ["an expired one", expiredClient, "CERT_HAS_EXPIRED", /not accepted: CERT_HAS_EXPIRED/],
  ["a server's", own, "INVALID_PURPOSE", /not accepted: INVALID_PURPOSE/],
])("refuses a client with %s in TLS, with one line in the log", async (_name, options, code, words) => {
  const { server, seen, entries } = await startWatched(requiring);

  expect(await tryConnect(server, options)).toMatch(/ConnectionError: .*client certificate/);
  expect(await tryConnect(server, client)).toBe("open");

  expect(seen).toHaveLength(1);
  expect(refusals(entries)).toEqual([
    {
      level: "info",
      fields: { rule: "tls", error: code, remoteAddress: "127.0.0.1" },
      message: expect.stringMatching(words),
    },
  ]);
});

it.each<[string, ConnectOptions, Partial<ClientCertificate> | undefined]>([
  ["none", {}, undefined],
  ["a foreign one", foreignClient, { authorized: false, authorizationError: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }],
  ["an expired one", expiredClient, { authorized: false, authorizationError: "CERT_HAS_EXPIRED" }],
  ["a good one", client, { authorized: true, authorizationError: undefined }],
])("asks for a certificate and leaves the decision to admit: %s", async (_name, options, expected) => {
  const { server, seen, entries } = await startWatched({ clientCertificates: "request", ca });
  expect(await tryConnect(server, options)).toBe("open");
  expect(seen).toMatchObject([expected]);
  expect(refusals(entries)).toEqual([]);
});

it("vouches for nobody without an authority of its own", async () => {
  const { server, seen } = await startWatched({ clientCertificates: "request" });
  expect(await tryConnect(server, client)).toBe("open");
  expect(seen).toMatchObject([{ authorized: false, fingerprint256: identity.fingerprint256 }]);
});

it("asks for no certificate unless told to", async () => {
  const { server, seen } = await startWatched({});
  expect(await tryConnect(server, client)).toBe("open");
  expect(seen).toEqual([undefined]);
});

it("sees no certificate where there is no TLS", async () => {
  const { server, seen } = await startWatched(undefined);
  expect(await tryConnect(server, {})).toBe("open");
  expect(seen).toEqual([undefined]);
});

it.each(["TLSv1.2", "TLSv1.3"] as const)("knows a client that resumes its session over %s", async (version) => {
  const { server, seen } = await startWatched(requiring);
  const sessions: Buffer[] = [];
  const options: ConnectionOptions = {
    port: server.address().port,
    host: "127.0.0.1",
    minVersion: version,
    maxVersion: version,
    secureContext: createSecureContext({ ca, ...client }),
  };
  const upgrade = async (resumed: ConnectionOptions): Promise<boolean> => {
    const stream = connectTls({ ...options, ...resumed });
    stream.on("session", (session) => sessions.push(session));
    stream.write(formatHandshake({ target: "/who", headers: { Host: `127.0.0.1:${server.address().port}` } }));
    await once(stream, "data");
    const isReused = stream.isSessionReused();
    stream.destroy();
    return isReused;
  };
  const first = await upgrade({});
  // of TLS 1.3 a ticket comes behind the handshake, and before what the server sends
  const second = await upgrade({ session: sessions[0] ?? Buffer.alloc(0) });
  expect([first, second]).toEqual([false, true]);
  expect(seen.map((certificate) => certificate?.commonName)).toEqual(["device 7", "device 7"]);
  expect(seen.map((certificate) => certificate?.authorized)).toEqual([true, true]);
});

it.each<[string, object, string]>([
  ["a mode that is none", { ...own, ca, clientCertificates: "always" }, "tls.clientCertificates"],
  ["true instead of a mode", { ...own, ca, clientCertificates: true }, "tls.clientCertificates"],
  // Node trusts what is in a pfx as it trusts `ca`: whoever has a certificate of the server's own authority would get in
  [
    "a pfx",
    { pfx: certificates.chainPfx, passphrase: "secret", ca: foreignCa, clientCertificates: "require" },
    "tls.pfx",
  ],
  ["to require certificates of nobody's", { ...own, clientCertificates: "require" }, "tls.ca"],
])("refuses %s at once", (_name, tls, name) => {
  expect(() => createServer({ tls })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", facts: expect.objectContaining({ name }) }),
  );
});

it("takes several authorities for clients", async () => {
  const { server } = await startWatched({ clientCertificates: "require", ca: [ca, foreignCa] });
  expect(await tryConnect(server, foreignClient)).toBe("open");
  expect(await tryConnect(server, client)).toBe("open");
});

it("reads certificates of an HTTP server that it is attached to", async () => {
  const seen: (ClientCertificate | undefined)[] = [];
  const server = createServer();
  onTestFinished(() => server.close());
  server.service("/who", { admit: ({ clientCertificate }) => void seen.push(clientCertificate) });
  const owner = createHttpsServer({ ...own, ca, requestCert: true });
  server.attach(owner);
  owner.listen(0, "127.0.0.1");
  onTestFinished(() => void owner.close());
  await once(owner, "listening");
  const { port } = owner.address() as AddressInfo;
  const socket = await connect(`wss://127.0.0.1:${port}/who`, { ca, ...client });
  expect(seen).toMatchObject([{ commonName: "device 7", authorized: true }]);
  expect(() => server.setTls(own)).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
  await socket.close();
});
