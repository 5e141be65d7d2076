import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openClient } from "./support/client.js";
import { runProgram, startServing } from "./support/program.js";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it("makes a certificate for this machine, and a key that only its user may read", async () => {
  const folder = join(makeFolder(), "certs");
  const { code, stdout } = await runProgram([
    "cert",
    "--out",
    folder,
    "--name",
    "dev.example.com",
    "--name",
    "192.0.2.7",
  ]);
  const certificate = new X509Certificate(readFileSync(join(folder, "cert.pem")));
  expect(code).toBe(0);
  expect(certificate.subjectAltName).toBe(
    "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:dev.example.com, IP Address:192.0.2.7",
  );
  expect(stdout).toContain(certificate.fingerprint256);
  expect(stdout).toContain(`hawser serve --tls-cert ${join(folder, "cert.pem")} --tls-key ${join(folder, "key.pem")}`);
  expect(statSync(join(folder, "key.pem")).mode & 0o777).toBe(0o600);
});

it("makes a pair that serve and connect can use", async () => {
  const folder = makeFolder();
  await runProgram(["cert", "--out", folder]);
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const { wsUrl } = await startServing("--tls-cert", cert, "--tls-key", key);
  const client = await openClient(`${wsUrl}/echo`, { ca: readFileSync(cert) });
  client.ws.send("trusted");
  expect(await client.receive()).toBe("trusted");
  const args = ["connect", "--ca", cert, "--linger-ms", "300", `${wsUrl}/echo`];
  expect(await runProgram(args, { input: "trusted" })).toMatchObject({ code: 0, stdout: "trusted\n" });
});

it("replaces nothing without --force", async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "key.pem"), "mine", { mode: 0o644 });
  const refused = await runProgram(["cert", "--out", folder]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^hawser: .*key\.pem is there already: replace it with --force.*\n$/);
  expect(readFileSync(join(folder, "key.pem"), "utf8")).toBe("mine");

  const forced = await runProgram(["cert", "--out", folder, "--force"]);
  expect(forced.code).toBe(0);
  expect(statSync(join(folder, "key.pem")).mode & 0o777).toBe(0o600);
});

it.each(["/proc/hawser", "no/such/folder"])("says that it cannot make the folder %s", async (folder) => {
  const { code, stderr } = await runProgram(["cert", "--out", folder], { cwd: makeFolder() });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^hawser: cannot make the folder .* \(E\w+\): .*--out\n$/);
});

it("leaves no key behind when the certificate is there already", async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "cert.pem"), "mine");
  expect((await runProgram(["cert", "--out", folder])).code).toBe(1);
  expect(() => statSync(join(folder, "key.pem"))).toThrow("ENOENT");
});

it("tells the fingerprint of a certificate that is there", async () => {
  const folder = makeFolder();
  await runProgram(["cert", "--out", folder]);
  const { fingerprint256 } = new X509Certificate(readFileSync(join(folder, "cert.pem")));
  expect(await runProgram(["cert", "--out", folder, "--fingerprint"])).toMatchObject({
    code: 0,
    stdout: `${fingerprint256}\n`,
  });
});

it("refuses a key that belongs to another certificate", async () => {
  const [one, other] = [makeFolder(), makeFolder()];
  await Promise.all([runProgram(["cert", "--out", one]), runProgram(["cert", "--out", other])]);
  const args = ["serve", "--tls-cert", join(one, "cert.pem"), "--tls-key", join(other, "key.pem")];
  const { code, stderr } = await runProgram(args);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^hawser: --tls-key .*key\.pem cannot be used: .*\n$/);
});

it.each([
  [["cert", "--days", "0"], /--days <n>.*'0'/],
  [["cert", "--name", "a b"], /--name a b is not a host name/],
])("refuses hawser %j with exit code 2", async (args, message) => {
  const { code, stderr } = await runProgram(args, { cwd: makeFolder() });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
