import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { createServer, type TlsFiles } from "hawser/server";
import { readPassphrase } from "../passphrase.js";
import { createUsageError, ProgramError, systemCode } from "../program-error.js";
import type { CertOptions } from "./cert-options.js";
import { readCertificate, readFingerprint } from "./certificate.js";
import { createCertificate, type DevelopmentCertificate } from "./create-certificate.js";

/** Makes a certificate and its key, or tells the fingerprint of the one that is there. */
export async function cert(options: CertOptions): Promise<void> {
  const { out, name: names = [], days, force = false } = options;
  const certFile = join(out, "cert.pem");
  const keyFile = join(out, "key.pem");
  const pfxFile = join(out, "cert.pfx");
  const passphrase = openPassphrase(options);
  if (options.fingerprint) {
    print(options.pfx ? await showPfxFingerprint(pfxFile, passphrase) : showFingerprint(certFile));
    return;
  }
  for (const name of names) checkName(name);
  const made = await createCertificate(names, days);
  const pfx = options.pfx ? await createPfxOf(made, passphrase ?? "") : undefined;
  makeFolder(out);
  // The keys first: were they refused, no certificate without its key is left behind.
  writeAll(
    [
      ...(pfx === undefined ? [] : [{ file: pfxFile, content: pfx, mode: 0o600 }]),
      { file: keyFile, content: made.key, mode: 0o600 },
      { file: certFile, content: made.cert, mode: 0o644 },
    ],
    force,
  );
  const lines = [
    `certificate  ${certFile} (valid ${days} ${days === 1 ? "day" : "days"})`,
    `private key  ${keyFile} (only you may read it)`,
    ...(pfx === undefined ? [] : [`both         ${pfxFile} (${passphrase ? "with your" : "without a"} passphrase)`]),
    `SHA-256      ${made.fingerprint}`,
  ];
  const next =
    pfx === undefined
      ? `--tls-cert ${quote(certFile)} --tls-key ${quote(keyFile)}`
      : `--tls-pfx ${quote(pfxFile)}${passphrase ? " --tls-passphrase-file FILE" : ""}`;
  print(`${lines.join("\n")}\n\nnext: hawser serve ${next}`);
}

function openPassphrase({ pfx, passphrase: text, passphraseFile: file }: CertOptions): string | undefined {
  if (pfx) return readPassphrase("passphrase", { text, file });
  if (text === undefined && file === undefined) return undefined;
  throw createUsageError("a passphrase is for cert.pfx alone: add --pfx");
}

async function createPfxOf(made: DevelopmentCertificate, passphrase: string): Promise<Uint8Array> {
  const { createPfx } = await import("./pfx.js");
  return createPfx(made, passphrase);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function showFingerprint(file: string): string {
  const pem = readMade(file);
  try {
    return readFingerprint(pem);
  } catch (cause) {
    throw new ProgramError(`${file} is not a certificate in PEM: make another with hawser cert --force`, { cause });
  }
}

async function showPfxFingerprint(file: string, passphrase: string | undefined): Promise<string> {
  const pfx = readMade(file);
  const secret = passphrase === undefined ? {} : { passphrase };
  try {
    checkPfx({ pfx, ...secret });
    const { fingerprint256 } = await readCertificate({ pfx, ...secret });
    return fingerprint256;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const how = "the passphrase comes from --passphrase-file FILE, HAWSER_TLS_PASSPHRASE or --passphrase";
    throw new ProgramError(`${file} cannot be used: ${why}; ${how}`, { cause });
  }
}

function readMade(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ProgramError(
      `cannot read ${file} (${systemCode(cause)}): make it with hawser cert, or name its folder with --out`,
      { cause },
    );
  }
}

/** Makes a server that never listens: the library says best what is wrong with a file. */
function checkPfx(tls: TlsFiles): void {
  createServer({ tls });
}

/** A host name as it may stand in a certificate: labels of letters, digits and "-", "*" for the first, or an address. */
function checkName(name: string): void {
  const isName =
    name.length <= 253 &&
    /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(name);
  if (isIP(name) !== 0 || isName) return;
  throw createUsageError(`--name ${name} is not a host name: expected one like dev.example.com, or an IP address`);
}

/** One level: `recursive` of Node 20 never returns where the system answers ENOENT below a folder that is there, as /proc. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "EEXIST") return;
    const advice = code === "ENOENT" ? "make the folder above it first, or choose" : "choose";
    throw new ProgramError(`cannot make the folder ${folder} (${code}): ${advice} another with --out`, { cause });
  }
}

interface NewFile {
  readonly file: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/** All of them, or none. */
function writeAll(files: readonly NewFile[], force: boolean): void {
  const written: string[] = [];
  try {
    for (const file of files) {
      writeNew(file, force);
      written.push(file.file);
    }
  } catch (error) {
    for (const file of written) rmSync(file, { force: true });
    throw error;
  }
}

/** Never writes into a file that is there: its mode would stay what it was. */
function writeNew({ file, content, mode }: NewFile, force: boolean): void {
  try {
    if (force) rmSync(file, { force: true });
    writeFileSync(file, content, { mode, flag: "wx" });
  } catch (cause) {
    const code = systemCode(cause);
    const fault = code === "EEXIST" ? "is there already: replace it with --force, or" : `cannot be written (${code}):`;
    throw new ProgramError(`${file} ${fault} choose another folder with --out`, { cause });
  }
}

/** As a shell wants it. */
function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
