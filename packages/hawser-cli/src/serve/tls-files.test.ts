import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "hawser/server";
import { type Logger, pino } from "pino";
import { afterAll, afterEach, expect, it } from "vitest";
import type { ServeOptions } from "./serve-options.js";
import { createTlsFault, openTls, reloadTls } from "./tls-files.js";

/** Made with openssl; the tests of the library tell how. */
const files = JSON.parse(
  readFileSync(new URL("../../../hawser/test/support/tls-certificates.json", import.meta.url), "utf8"),
) as Record<"ca" | "encryptedKey" | "emptyPfx" | "rc2Pfx" | "pfx", string> &
  Record<"server" | "nextServer" | "expiredServer", { cert: string; key: string }>;

const folder = mkdtempSync(join(tmpdir(), "hawser-cli-"));
const at = (name: string): string => join(folder, name);

function write(name: string, content: string): void {
  writeFileSync(at(name), content, name.endsWith(".pfx") ? "base64" : "utf8");
}

write("cert.pem", files.server.cert);
write("key.pem", files.server.key);
write("encrypted.pem", files.encryptedKey);
write("ca.pem", files.ca);
write("secret.pfx", files.pfx);
write("empty.pfx", files.emptyPfx);
write("old.pfx", files.rc2Pfx);
write("secret.txt", "secret\r\n");
write("wrong.txt", "wrong");

afterEach(() => void delete process.env["HAWSER_TLS_PASSPHRASE"]);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Given = Partial<ServeOptions>;

/** Options as commander gives them, with the files in our folder. */
function choose(given: Given): ServeOptions {
  const inFolder = Object.entries(given).map(([name, value]) => {
    const isFile = ["tlsCert", "tlsKey", "tlsPfx", "tlsPassphraseFile", "tlsClientCa"].includes(name);
    return [name, isFile ? at(String(value)) : value];
  });
  return { host: "127.0.0.1", ...Object.fromEntries(inFolder) } as ServeOptions; // the rest does not matter to TLS
}

const silent = pino({ level: "silent" });

/** What `serve` does with its options. */
async function makeServer(given: Given): Promise<ReturnType<typeof createServer>> {
  const options = choose(given);
  try {
    const tls = await openTls(options, silent);
    return createServer(tls === undefined ? {} : { tls });
  } catch (error) {
    throw createTlsFault(error, options);
  }
}

it.each<[string, Given]>([
  ["no TLS", {}],
  ["a self-signed certificate", { tls: "self-signed" }],
  ["a pair", { tlsCert: "cert.pem", tlsKey: "key.pem" }],
  ["an encrypted key", { tlsCert: "cert.pem", tlsKey: "encrypted.pem", tlsPassphrase: "secret" }],
  ["a pfx, its passphrase in a file", { tlsPfx: "secret.pfx", tlsPassphraseFile: "secret.txt" }],
  ["a pfx with an empty passphrase", { tlsPfx: "empty.pfx", tlsPassphrase: "" }],
  ["a pfx with none", { tlsPfx: "empty.pfx" }],
  ["an authority for clients", { tlsCert: "cert.pem", tlsKey: "key.pem", tlsClientCa: "ca.pem" }],
  ["the same, self-signed", { tls: "self-signed", tlsClientCa: "ca.pem" }],
])("opens %s", async (_name, given) => {
  expect(await makeServer(given)).toHaveProperty("sockets");
});

it("takes a passphrase from the environment, unless an option gives one", async () => {
  process.env["HAWSER_TLS_PASSPHRASE"] = "secret";
  expect(await makeServer({ tlsPfx: "secret.pfx" })).toHaveProperty("sockets");
  process.env["HAWSER_TLS_PASSPHRASE"] = "wrong";
  expect(await makeServer({ tlsPfx: "secret.pfx", tlsPassphraseFile: "secret.txt" })).toHaveProperty("sockets");
  await expect(makeServer({ tlsPfx: "secret.pfx" })).rejects.toThrow("does not open the pfx");
});

it.each<[string, Given, number, RegExp]>([
  ["two ways", { tls: "self-signed", tlsPfx: "empty.pfx" }, 2, /^--tls self-signed and --tls-pfx exclude each other/],
  ["two others", { tlsKey: "key.pem", tlsPfx: "empty.pfx" }, 2, /^--tls-key and --tls-pfx exclude each other/],
  ["a certificate alone", { tlsCert: "cert.pem" }, 2, /^--tls-cert needs its private key: add --tls-key FILE/],
  ["a key alone", { tlsKey: "key.pem" }, 2, /^--tls-key needs its certificate: add --tls-cert FILE/],
  ["a passphrase for nothing", { tlsPassphrase: "x" }, 2, /^a passphrase needs what it opens: add --tls-pfx/],
  [
    "two passphrases",
    { tlsPfx: "secret.pfx", tlsPassphrase: "secret", tlsPassphraseFile: "secret.txt" },
    2,
    /^--tls-passphrase and --tls-passphrase-file exclude each other/,
  ],
  ["clients without TLS", { tlsClientCa: "ca.pem" }, 2, /^--tls-client-ca needs TLS/],
  ["clients and a pfx", { tlsClientCa: "ca.pem", tlsPfx: "empty.pfx" }, 2, /instead of --tls-pfx: openssl pkcs12 -in/],
  [
    "an old pfx",
    { tlsPfx: "old.pfx", tlsPassphrase: "secret" },
    1,
    /^--tls-pfx \S+ cannot.*\(RC2\).*openssl pkcs12 -legacy/,
  ],
  [
    "a wrong passphrase",
    { tlsPfx: "secret.pfx", tlsPassphraseFile: "wrong.txt" },
    1,
    /^--tls-pfx .*not open.*HAWSER_TLS_PASS/,
  ],
  [
    "no passphrase",
    { tlsCert: "cert.pem", tlsKey: "encrypted.pem" },
    1,
    /^--tls-key .*give its passphrase.*HAWSER_TLS_PASS/,
  ],
  [
    "a bad authority",
    { tlsCert: "cert.pem", tlsKey: "key.pem", tlsClientCa: "old.pfx" },
    1,
    /^--tls-client-ca .*is not PEM/,
  ],
  ["a file that is not there", { tlsPfx: "no.pfx" }, 1, /^--tls-pfx \S+no\.pfx does not exist/],
])("refuses %s", async (_name, given, exitCode, message) => {
  const outcome: unknown = await makeServer(given).catch((error: unknown) => error);
  expect(outcome).toMatchObject({ name: "ProgramError", exitCode, message: expect.stringMatching(message) });
  expect(String(outcome)).not.toContain("wrong secret");
});

/** A log that keeps its lines. */
function keepLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  return { log, lines };
}

const pair: Given = { tlsCert: "live.pem", tlsKey: "live-key.pem" };

function writePair({ cert, key }: { readonly cert: string; readonly key: string }): void {
  write("live.pem", cert);
  write("live-key.pem", key);
}

it("reads the files again, and tells what is served from now on", async () => {
  writePair(files.server);
  const server = await makeServer(pair);
  const { log, lines } = keepLog();
  writePair(files.nextServer);
  expect(await reloadTls(choose(pair), server, log)).toBe(true);
  expect(lines).toMatchObject([{ level: 30, msg: expect.stringMatching(/^certificate read again/) }]);
  expect(lines[0]?.["fingerprint"]).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});

it("warns when what it reads again has expired", async () => {
  writePair(files.server);
  const server = await makeServer(pair);
  const { log, lines } = keepLog();
  writePair(files.expiredServer);
  expect(await reloadTls(choose(pair), server, log)).toBe(true);
  expect(lines.map(({ msg }) => msg)).toContain("the certificate has expired: clients will refuse it");
});

it.each<[string, () => void, RegExp]>([
  [
    "a file is broken",
    () => write("live.pem", "half a"),
    /^nothing was changed, the certificate stays as it was: --tls-cert \S+ cannot be used/,
  ],
  [
    "a file is gone",
    () => rmSync(at("live-key.pem")),
    /^nothing was changed, the certificate stays as it was: --tls-key \S+ does not exist/,
  ],
  [
    "only one of two was replaced",
    () => write("live.pem", files.nextServer.cert),
    /--tls-key .* does not belong to the/,
  ],
])("keeps the certificate when %s, and says why", async (_name, spoil, message) => {
  writePair(files.server);
  const server = await makeServer(pair);
  const { log, lines } = keepLog();
  spoil();
  expect(await reloadTls(choose(pair), server, log)).toBe(false);
  expect(lines).toMatchObject([{ level: 50, msg: expect.stringMatching(message) }]);
  // one line, also at a terminal: a slip of the user's needs no stack
  expect(lines[0]).not.toHaveProperty("err");
});

it.each<[string, Given, unknown[]]>([
  ["without TLS", {}, []],
  ["with a certificate made at the start", { tls: "self-signed" }, [{ msg: expect.stringContaining("stays") }]],
])("has nothing to read again %s", async (_name, given, expected) => {
  const server = await makeServer(given);
  const { log, lines } = keepLog();
  expect(await reloadTls(choose(given), server, log)).toBe(false);
  expect(lines).toMatchObject(expected);
});
