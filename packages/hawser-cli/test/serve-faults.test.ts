import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { runProgram } from "./support/program.js";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it("says that a port is in use, and what to do", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { code, stdout, stderr } = await runProgram(["serve", "--log-level", "error", "--port", String(port)]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(
    new RegExp(`^hawser: port ${port} on 127\\.0\\.0\\.1 is in use; stop the other program or use --port N.*\n$`),
  );
});

it.each([
  [["serve", "--port", "many"], /--port <n>.*'many'.*whole number from 0 to 65535/],
  [["serve", "--port", "65536"], /--port <n>.*'65536'/],
  [["serve", "--prot", "1"], /unknown option '--prot' \(Did you mean --port\?\)$/m],
  [["serve", "--time-interval-ms", "0"], /--time-interval-ms <n>.*'0'/],
  [["serve", "--log-level", "loud"], /'loud'.*debug, info, warn, error, silent/],
  [["serve", "--tls", "yes"], /'yes'.*self-signed/],
  [["serve", "--tls-cert", "cert.pem"], /--tls-key/],
  [["serve", "--origin", "example.com"], /--origin.*https:\/\/example\.com/],
  [["serve", "--allowed-host", "a b"], /^hawser: --allowed-host is "a b": expected/],
  [["serve", "--trusted-proxy", "proxy"], /^hawser: --trusted-proxy is "proxy": expected .*"10\.0\.0\.0\/8"/],
  [["serve", "--max-memory-bytes", "512"], /--max-memory-bytes <n>.*'512'.*from 1048576 to/],
  [["serve", "--root", ""], /--root <folder>.*'' is invalid.*not empty/],
  [["serve", "--socket", "s.sock", "--port", "0"], /--socket and --port exclude each other: leave one out/],
  [["serve", "--socket", "s".repeat(200)], /^hawser: --socket is "s+": expected at most \d+ bytes/],
  [["serve", "somewhere"], /too many arguments.* got 1: see hawser help serve$/m],
  [["xyzzy"], /unknown command 'xyzzy': see hawser help$/m],
  [["sevre"], /unknown command 'sevre' \(Did you mean serve\?\)/],
])("refuses hawser %j with one line and exit code 2", async (args, message) => {
  const { code, stdout, stderr } = await runProgram(args);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});

it("says that the folder of a Unix socket does not exist", async () => {
  const { code, stderr } = await runProgram(["serve", "--socket", join(makeFolder(), "nowhere", "s.sock")]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^hawser: --socket .*s\.sock cannot be made: its folder does not exist; make it first\n$/);
});

it("says which certificate file does not exist", async () => {
  const { code, stderr } = await runProgram(["serve", "--tls-cert", "no-cert.pem", "--tls-key", "no-key.pem"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^hawser: --tls-cert no-cert\.pem does not exist.*\n$/);
});

it("says which file is no certificate", async () => {
  const file = join(makeFolder(), "cert.pem");
  writeFileSync(file, "not a certificate");
  const { code, stderr } = await runProgram(["serve", "--tls-cert", file, "--tls-key", file]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^hawser: --tls-cert .*cert\.pem cannot be used: .*PEM.*\n$/);
});

it("shows its help, with examples and exit codes, and its version", async () => {
  const help = await runProgram(["--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toMatch(/Examples:\n {2}hawser serve/);
  expect(help.stdout).toMatch(/Exit codes:/);
  expect(await runProgram(["--version"])).toMatchObject({ code: 0, stdout: "0.1.0\n" });
});

it("shows the stack of a failure at --log-level debug alone", async () => {
  const args = ["serve", "--host", "192.0.2.1", "--port", "0", "--log-level"];
  const [quiet, loud] = await Promise.all([runProgram([...args, "info"]), runProgram([...args, "debug"])]);
  expect(quiet.stderr).toMatch(/^hawser: 192\.0\.2\.1 is no address of this machine.*\n$/);
  expect(loud.stderr).toMatch(/\n {4}at /);
});
