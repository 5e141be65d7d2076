// `hawser connect` through proxies: one of this process, and real ones.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, type Server, type ServerTlsOptions } from "hawser/server";
import { beforeAll, describe, expect, it } from "vitest";
import { makeFolder } from "./support/folder.js";
import { runProgram } from "./support/program.js";
import { microsocksPath, startHttpProxy, startMicrosocks, startTinyproxy, tinyproxyPath } from "./support/proxies.js";

/** Made with openssl; the tests of the library tell how. */
const certificates = JSON.parse(
  readFileSync(new URL("../../hawser/test/support/tls-certificates.json", import.meta.url), "utf8"),
) as Record<"ca", string> & Record<"server" | "client", { cert: string; key: string }>;

let plain: Server;
let secure: Server;
let misnamed: Server;

async function startEcho(tls?: ServerTlsOptions, host = "127.0.0.1"): Promise<Server> {
  const server = createServer(tls === undefined ? { host } : { host, tls });
  server.service("/echo", { message: (socket, data) => void socket.post(data) });
  await server.listen();
  return server;
}

beforeAll(async () => {
  plain = await startEcho();
  secure = await startEcho(certificates.server);
  // its certificate is for the name of this machine, and that of the proxy, but not for the address it is connected by
  misnamed = await startEcho(certificates.server, "127.0.0.2");
  return () => Promise.all([plain.close(), secure.close(), misnamed.close()]);
});

const echo = ["--linger-ms", "300", "--log-level", "silent"];
const echoed = { code: 0, stdout: "hello\n", stderr: "" };

async function trust(): Promise<readonly string[]> {
  return ["--ca", join(makeFolder({ "ca.pem": certificates.ca }), "ca.pem")];
}

it("goes through an HTTP proxy, by CONNECT, and tells it user and password", async () => {
  const { host, asked } = await startHttpProxy();
  const args = ["connect", ...echo, "--proxy", `http://me:a%40b%3A@${host}`, `${plain.url}/echo`];
  expect(await runProgram(args, { input: "hello" })).toMatchObject(echoed);
  expect(asked).toEqual([[new URL(plain.url ?? "").host, "me:a@b:"]]);
});

it("makes TLS with the server through an HTTP proxy, and compares the certificate with the server's address", async () => {
  const { host } = await startHttpProxy();
  const through = ["connect", ...echo, ...(await trust()), "--proxy", host];
  expect(await runProgram([...through, `${secure.url}/echo`], { input: "hello" })).toMatchObject(echoed);
  const refused = await runProgram([...through, `${misnamed.url}/echo`], { input: "hello" });
  expect(refused).toMatchObject({ code: 13, stdout: "" });
  expect(refused.stderr).toMatch(/its certificate is for another host/);
});

it("holds --pin through an HTTP proxy", async () => {
  const { host } = await startHttpProxy();
  const pin = new X509Certificate(certificates.server.cert).fingerprint256;
  const args = ["connect", ...echo, "--proxy", host, "--pin"];
  expect(await runProgram([...args, pin, `${secure.url}/echo`], { input: "hello" })).toMatchObject(echoed);
  const otherPin = new X509Certificate(certificates.client.cert).fingerprint256;
  const other = await runProgram([...args, otherPin, `${secure.url}/echo`], { input: "hello" });
  expect(other).toMatchObject({ code: 13, stdout: "" });
  expect(other.stderr).toMatch(/is not the one of --pin/);
});

it.each([
  ["HTTP_PROXY", "ws", {}],
  ["http_proxy", "ws", {}],
  ["HTTPS_PROXY", "wss", {}],
  ["ALL_PROXY", "ws", {}],
  ["all_proxy", "wss", { HTTP_PROXY: "http://127.0.0.1:1" }],
])("takes the proxy of %s for %s:", async (name, scheme, others) => {
  const { host, asked } = await startHttpProxy();
  const server = scheme === "ws" ? plain : secure;
  const given = scheme === "ws" ? [] : await trust();
  const args = ["connect", ...echo, ...given, `${server.url}/echo`];
  expect(await runProgram(args, { input: "hello", env: { ...others, [name]: host } })).toMatchObject(echoed);
  expect(asked).toHaveLength(1);
});

it.each([
  ["NO_PROXY", [], { HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: "example.com,127.0.0.1" }],
  ["--no-proxy", ["--no-proxy"], { ALL_PROXY: "http://127.0.0.1:1" }],
  ["HTTPS_PROXY, for ws:", [], { HTTPS_PROXY: "http://127.0.0.1:1" }],
])("goes directly with %s", async (_name, given, env) => {
  const args = ["connect", ...echo, ...given, `${plain.url}/echo`];
  expect(await runProgram(args, { input: "hello", env })).toMatchObject(echoed);
});

it("says where a proxy comes from that nobody has asked for", async () => {
  const { host } = await startHttpProxy();
  const url = `${plain.url}/echo`;
  const { code, stderr } = await runProgram(["connect", url], { env: { HTTP_PROXY: "127.0.0.1:1" } });
  expect(stderr).toMatch(
    /the proxy http:\/\/127\.0\.0\.1:1 cannot be used: .*; the environment names it, --no-proxy goes without\n$/,
  );
  expect(code).toBe(15);
  const through = await runProgram(["connect", "--linger-ms", "0", "--proxy", `http://me:hunter2@${host}`, url]);
  expect(through.stderr).toMatch(new RegExp(`^connected to ${url} through http://${host}; "exit"`));
});

it("prefers --proxy to the environment", async () => {
  const { host, asked } = await startHttpProxy();
  const args = ["connect", ...echo, "--proxy", host, `${plain.url}/echo`];
  expect(await runProgram(args, { input: "hello", env: { HTTP_PROXY: "http://127.0.0.1:1" } })).toMatchObject(echoed);
  expect(asked).toHaveLength(1);
});

it.each([
  ["407 Proxy Authentication Required", "", /answered 407 Proxy Authentication Required: it wants to know a user/],
  ["407 No", "me:hunter2@", /answered 407 No: it does not accept this user and password/],
  ["401 Unauthorized", "me:hunter2@", /answered 401 Unauthorized: it does not accept/],
  ["403 \u001b[2JFiltered", "", /answered 403 \[2JFiltered when asked for 127\.0\.0\.1:\d+\n$/],
  ["502 Bad Gateway", "", /answered 502 Bad Gateway when asked for/],
])("says that the proxy refused with %s, and exits with 16", async (status, credentials, words) => {
  const { host } = await startHttpProxy((_request, socket) => socket.end(`HTTP/1.1 ${status}\r\n\r\n`));
  const args = ["connect", "--proxy", `http://${credentials}${host}`, `${plain.url}/echo`];
  const { code, stdout, stderr } = await runProgram(args);
  expect(stderr).toMatch(words);
  expect(stderr).not.toContain("hunter2");
  expect(stderr).not.toContain("\u001b");
  expect({ code, stdout }).toEqual({ code: 16, stdout: "" });
});

it("never shows the proxy's password, whatever is wrong and however much is told", async () => {
  const { host } = await startHttpProxy((_request, socket) => socket.destroy());
  const addresses = [`http://me:hunter2@${host}`, `http://me:hunter2@127.0.0.1:1`, `socks5h://me:hunter2@127.0.0.1:1`];
  const bad = [
    "http://me:hunter2@",
    "ftp://me:hunter2@127.0.0.1",
    `http://me:hunter2%zz@${host}`,
    "http://me:hunter2@h:x",
  ];
  const ends = await Promise.all(
    [...addresses, ...bad].map((proxy) =>
      runProgram(["connect", "--log-level", "debug", "--proxy", proxy, `${plain.url}/echo`], { env: { DEBUG: "*" } }),
    ),
  );
  expect(ends.map(({ code }) => code)).toEqual([15, 15, 15, 2, 2, 2, 2]);
  for (const { stdout, stderr } of ends) expect(stdout + stderr).not.toContain("hunter2");
});

it("says that the proxy does not answer, and exits with 15", async () => {
  const { host } = await startHttpProxy(() => {});
  const url = `${plain.url}/echo`;
  const silent = await runProgram(["connect", "--handshake-timeout-ms", "200", "--proxy", host, url]);
  expect(silent.stderr).toMatch(/the proxy http:\/\/127\.0\.0\.1:\d+ did not lead to the server in 200 ms/);
  expect(silent.code).toBe(15);
  // a server of another protocol: it waits for a request's head for ever
  const socks = ["connect", "--handshake-timeout-ms", "200", "--proxy", `socks5h://${host}`, url];
  expect(await runProgram(socks)).toMatchObject({ code: expect.toBeOneOf([15, 16]) as number, stdout: "" });
});

describe.skipIf(tinyproxyPath === undefined)("a real HTTP proxy", () => {
  it("leads to ws: and wss: with the right password alone", async () => {
    const host = await startTinyproxy("me", "hunter2");
    const proxy = ["connect", ...echo, "--proxy", `http://me:hunter2@${host}`];
    const given = await trust();
    expect(await runProgram([...proxy, `${plain.url}/echo`], { input: "hello" })).toMatchObject(echoed);
    expect(await runProgram([...proxy, ...given, `${secure.url}/echo`], { input: "hello" })).toMatchObject(echoed);
    const wrong = await runProgram(["connect", "--proxy", `http://me:hunter3@${host}`, `${plain.url}/echo`]);
    expect(wrong.stderr).toMatch(/answered 40[17] .*: it does not accept this user and password/);
    expect(wrong.code).toBe(16);
    const none = await runProgram(["connect", "--proxy", host, `${plain.url}/echo`]);
    expect(none.stderr).toMatch(/answered 407 .*: it wants to know a user and password/);
    expect(none.code).toBe(16);
  });
});

describe.skipIf(microsocksPath === undefined)("a real SOCKS proxy", () => {
  it("leads to ws: and wss: with the right password alone", async () => {
    const host = await startMicrosocks("me", "hunter2");
    const proxy = ["connect", ...echo, "--proxy", `socks5h://me:hunter2@${host}`];
    const given = await trust();
    expect(await runProgram([...proxy, `${plain.url}/echo`], { input: "hello" })).toMatchObject(echoed);
    expect(await runProgram([...proxy, ...given, `${secure.url}/echo`], { input: "hello" })).toMatchObject(echoed);
    const misnamedUrl = `${misnamed.url}/echo`;
    expect((await runProgram([...proxy, ...given, misnamedUrl])).stderr).toMatch(/its certificate is for another host/);
    for (const address of [`socks5h://me:hunter3@${host}`, `socks5h://${host}`]) {
      const refused = await runProgram(["connect", "--proxy", address, `${plain.url}/echo`]);
      expect(refused.stderr).toMatch(/the proxy socks5h:\/\/127\.0\.0\.1:\d+ did not lead to/);
      expect(refused.code).toBe(16);
    }
    const nobody = await runProgram(["connect", "--proxy", `socks5h://me:hunter2@${host}`, "ws://127.0.0.1:1/"]);
    expect(nobody.stderr).toMatch(/did not lead to 127\.0\.0\.1:1: .*ConnectionRefused/);
    expect(nobody.code).toBe(16);
  });

  it("keeps a connection that is silent for longer than connecting may take", async () => {
    const host = await startMicrosocks("me", "hunter2");
    const limits = ["--handshake-timeout-ms", "400", "--linger-ms", "1200", "--log-level", "info"];
    const args = ["connect", ...limits, "--proxy", `socks5h://me:hunter2@${host}`, `${plain.url}/echo`];
    const { code, stdout, stderr } = await runProgram(args, { input: "hello" });
    expect(stderr).toMatch(/closed 1000 normal closure; by this side/);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "hello\n" });
  });
});
