import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { expect, it } from "vitest";
import { connect } from "../../src/node/index.js";
import type { Socket } from "../../src/socket/index.js";
import type { Server, ServerTlsOptions } from "../../src/server/index.js";
import { startServer } from "../support/server-fixture.js";
import { certificates } from "../support/tls-certificates.js";

const { ca, foreignCa, server: first, nextServer: second, client, foreignClient } = certificates;
const pins = [first, second].map(({ cert }) => new X509Certificate(cert).fingerprint256);

/** The fingerprint that a new connection sees. */
async function look({ url }: Server): Promise<string> {
  const error = await connect(`${url}/echo`, { pin: "00".repeat(32) }).catch((reason: unknown) => reason);
  return (error as { facts: { fingerprint256: string } }).facts.fingerprint256;
}

async function echo(socket: Socket, text: string): Promise<boolean> {
  await socket.send(text);
  return (await socket.receive()) === text;
}

it("gives new connections another certificate, again and again, and leaves those that are there alone", async () => {
  const server = await startServer({ tls: first });
  const sockets = await Promise.all(Array.from({ length: 50 }, () => connect(`${server.url}/echo`, { ca })));
  const seen: string[] = [];
  const expected: string[] = [];
  let echoes = 0;

  for (let round = 1; round <= 20; round++) {
    // messages are under way while the certificate changes
    const talk = sockets.map((socket, at) => echo(socket, `${round} ${at}`));
    server.setTls(round % 2 === 0 ? first : second);
    const [fingerprint, ...answers] = await Promise.all([look(server), ...talk]);
    seen.push(fingerprint);
    expected.push(pins[round % 2] ?? "");
    echoes += answers.filter(Boolean).length;
  }

  expect(seen).toEqual(expected);
  expect(echoes).toBe(1000);
  expect(sockets.filter(({ state }) => state === "open")).toHaveLength(50);
  // and each of them still ends as it should
  const reports = await Promise.all(sockets.map((socket) => socket.close()));
  expect(reports.filter(({ clean }) => clean)).toHaveLength(50);
});

it("replaces a pair by a pfx", async () => {
  const server = await startServer({ tls: second });
  server.setTls({ pfx: certificates.pfx, passphrase: "secret" });
  expect(await look(server)).toBe(pins[0]);
});

it("may be called before listen", async () => {
  const server = await startServer({ tls: first }, (it) => {
    it.service("/echo", {});
    it.setTls(second);
  });
  expect(await look(server)).toBe(pins[1]);
});

it.each<[string, ServerTlsOptions, string]>([
  ["a file that is none", { cert: "garbage", key: second.key }, "TLS_INVALID"],
  ["a key of another certificate", { cert: second.cert, key: first.key }, "TLS_INVALID"],
  ["a wrong passphrase", { pfx: certificates.pfx, passphrase: "wrong" }, "TLS_INVALID"],
  ["nothing", {}, "INVALID_ARGUMENT"],
  ["an unknown name", { ...second, certificate: "x" } as object, "INVALID_ARGUMENT"],
  ["another mode for clients", { ...second, ca, clientCertificates: "require" }, "INVALID_ARGUMENT"],
])("keeps the certificate when it is given %s", async (_name, files, code) => {
  const server = await startServer({ tls: first });
  expect(() => server.setTls(files)).toThrow(expect.objectContaining({ code }));
  expect(await look(server)).toBe(pins[0]);
});

it("refuses to make a server secure that is not", async () => {
  const server = await startServer();
  expect(() => server.setTls(first)).toThrow(
    expect.objectContaining({ code: "INVALID_STATE", message: expect.stringContaining("option tls") }),
  );
  const socket = await connect(`${server.url}/echo`);
  expect(await echo(socket, "still plain")).toBe(true);
});

it("changes the authorities of clients, whose mode stays", async () => {
  const server = await startServer({ tls: { ...first, ca, clientCertificates: "require" } });
  const known = await connect(`${server.url}/echo`, { ca, ...client });

  // without the authorities there would be nobody left who gets in
  expect(() => server.setTls(second)).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ name: "tls.ca" }) }),
  );
  server.setTls({ ...second, ca: foreignCa, clientCertificates: "require" });

  await expect(connect(`${server.url}/echo`, { ca, ...client })).rejects.toThrow("client certificate");
  await expect(connect(`${server.url}/echo`, { ca })).rejects.toThrow("client certificate");
  const stranger = await connect(`${server.url}/echo`, { ca, ...foreignClient });
  expect(await echo(stranger, "new")).toBe(true);
  expect(await echo(known, "old")).toBe(true);
});

// A session that outlived the change would keep out of the new rules: its client shows no certificate again.
it.each(["TLSv1.2", "TLSv1.3"] as const)("resumes no session of %s that was made before", async (version) => {
  const server = await startServer({ tls: first });
  const sessions: Buffer[] = [];
  const options = { port: server.address().port, host: "127.0.0.1", minVersion: version, maxVersion: version, ca };
  const visit = async (resumed: ConnectionOptions): Promise<boolean> => {
    const stream = connectTls({ ...options, ...resumed });
    stream.on("session", (session) => sessions.push(session));
    stream.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(stream, "data");
    const isReused = stream.isSessionReused();
    stream.destroy();
    return isReused;
  };
  await visit({});
  const session = sessions[0] ?? Buffer.alloc(0);

  expect(await visit({ session })).toBe(true);
  server.setTls(second);
  expect(await visit({ session })).toBe(false);
});
