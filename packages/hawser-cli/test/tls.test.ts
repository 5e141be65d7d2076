import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { createServer } from "hawser/server";
import { connect } from "hawser/socket";
import { expect, it, onTestFinished } from "vitest";
import { openClient } from "./support/client.js";
import { runProgram, startServing } from "./support/program.js";

/** Made with openssl; the tests of the library tell how. */
const files = JSON.parse(
  readFileSync(new URL("../../hawser/test/support/tls-certificates.json", import.meta.url), "utf8"),
) as Record<"ca" | "encryptedKey" | "emptyPfx" | "rc2Pfx" | "clientPfx", string> &
  Record<"server" | "expiredServer" | "wrongHost" | "client" | "foreignClient", { cert: string; key: string }>;

/** A folder with these files; what is binary comes in Base64. */
function writeFiles(contents: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(folder, name), content, name.endsWith(".pfx") ? "base64" : "utf8");
  }
  return (name) => join(folder, name);
}

const { cert, key } = files.server;

it("makes a pfx that serve opens", async () => {
  const at = writeFiles({ "secret.txt": "open sesame\n" });
  const secret = ["--pfx", "--passphrase-file", at("secret.txt"), "--out", at("")];
  const made = await runProgram(["cert", ...secret]);
  const { fingerprint256 } = new X509Certificate(readFileSync(at("cert.pem")));
  expect(made.code).toBe(0);
  expect(made.stdout).toContain(`next: hawser serve --tls-pfx ${at("cert.pfx")} --tls-passphrase-file FILE`);
  expect(statSync(at("cert.pfx")).mode & 0o777).toBe(0o600);
  const serving = await startServing("--tls-pfx", at("cert.pfx"), "--tls-passphrase-file", at("secret.txt"));
  const socket = await connect(`${serving.wsUrl}/echo`, { pin: fingerprint256 });
  expect(socket.state).toBe("open");
  await socket.close();
});

it("makes a pfx without a passphrase, as the original systems do, when none is given", async () => {
  const at = writeFiles({});
  const made = await runProgram(["cert", "--pfx", "--out", at("")]);
  expect(made.stdout).toContain(`(without a passphrase)`);
  const pfx = readFileSync(at("cert.pfx"));
  expect(createSecureContext({ pfx })).toHaveProperty("context");
  expect(createSecureContext({ pfx, passphrase: "" })).toHaveProperty("context");
});

it.each([
  [["--fingerprint", "--pfx"], 1, /cert\.pfx cannot be used: pfx is encrypted: give its passphrase.*--passphrase-file/],
  [["--pfx"], 1, /cert\.pfx is there already: replace it with --force/],
])("refuses hawser cert %j beside a pfx that is there", async (args, exitCode, message) => {
  const at = writeFiles({ "cert.pfx": files.clientPfx });
  const { code, stderr } = await runProgram(["cert", ...args, "--out", at("")]);
  expect(stderr).toMatch(message);
  expect(code).toBe(exitCode);
  expect(readFileSync(at("cert.pfx"), "base64")).toBe(files.clientPfx);
  expect(() => statSync(at("key.pem"))).toThrow("ENOENT");
});

it("serves with a key that is encrypted, its passphrase on the command line", async () => {
  const at = writeFiles({ "cert.pem": cert, "key.pem": files.encryptedKey });
  const given = ["--tls-cert", at("cert.pem"), "--tls-key", at("key.pem"), "--tls-passphrase", "secret"];
  const client = await openClient(`${(await startServing(...given)).wsUrl}/echo`, { ca: files.ca });
  client.ws.send("hi");
  expect(await client.receive()).toBe("hi");
});

it("lets in only clients of an authority, and logs who was not", async () => {
  const at = writeFiles({
    "cert.pem": cert,
    "key.pem": key,
    "ca.pem": files.ca,
    "client.pfx": files.clientPfx,
  });
  const pair = ["--tls-cert", at("cert.pem"), "--tls-key", at("key.pem")];
  const serving = await startServing(...pair, "--tls-client-ca", at("ca.pem"));
  const url = `${serving.wsUrl}/echo`;
  const known = ["--ca", at("ca.pem"), "--pfx", at("client.pfx"), "--passphrase", "secret", "--linger-ms", "300"];
  expect(await runProgram(["connect", ...known, url], { input: "hello" })).toMatchObject({
    code: 0,
    stdout: "hello\n",
  });
  await expect(connect(url, { ca: files.ca })).rejects.toThrow("the server wants a client certificate");
  await expect(connect(url, { ca: files.ca, ...files.foreignClient })).rejects.toThrow(
    "client certificate, or another",
  );
  await serving.program.waitFor(
    "stderr",
    /"remoteAddress":"127\.0\.0\.1","msg":".*no TLS: the client has shown no cert/,
  );
  await serving.program.waitFor("stderr", /no TLS: the client's certificate is not accepted: UNABLE_TO_VERIFY/);
});

it.each([
  ["an authority is unknown", "server", [], /from an authority that is not known here.*--ca FILE/],
  ["it has expired", "expiredServer", ["--ca", "ca.pem"], /its certificate has expired/],
  ["it is for another host", "wrongHost", ["--ca", "ca.pem"], /its certificate is for another host/],
  ["it is not the one pinned", "server", ["--pin", "00".repeat(32)], /is not the one of --pin.*somebody is in between/],
] as const)("says that %s, which fingerprint it saw and how to pin it", async (_name, which, args, words) => {
  const server = createServer({ tls: files[which] });
  onTestFinished(() => server.close());
  server.service("/echo", {});
  await server.listen();
  const at = writeFiles({ "ca.pem": files.ca });
  const seen = new X509Certificate(files[which].cert).fingerprint256;
  const trust = args.map((arg) => (arg === "ca.pem" ? at(arg) : arg));
  const { code, stderr } = await runProgram(["connect", ...trust, `${server.url}/echo`]);
  expect(stderr).toMatch(words);
  expect(stderr).toContain(`. If you know that it is the right one: --pin ${seen}\n`);
  expect(code).toBe(13);
});

it("warns when it serves with a certificate that has expired", async () => {
  const at = writeFiles({ "cert.pem": files.expiredServer.cert, "key.pem": files.expiredServer.key });
  const { program } = await startServing("--tls-cert", at("cert.pem"), "--tls-key", at("key.pem"));
  const [line] = await program.waitFor("stderr", /"msg":"the certificate has expired: clients will refuse it"/);
  expect(line).toBeDefined();
});

it("says in one line why an old pfx cannot be used", async () => {
  const at = writeFiles({ "old.pfx": files.rc2Pfx });
  const given = ["--tls-pfx", at("old.pfx"), "--tls-passphrase", "secret"];
  const { code, stderr } = await runProgram(["serve", "--log-level", "error", ...given]);
  expect(stderr).toMatch(
    /^hawser: --tls-pfx .*old\.pfx cannot be used: .*old way \(RC2\).*openssl pkcs12 -legacy.*\n$/,
  );
  expect(code).toBe(1);
});
