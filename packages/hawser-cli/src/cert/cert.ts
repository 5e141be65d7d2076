import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { createUsageError, ProgramError, systemCode } from "../program-error.js";
import type { CertOptions } from "./cert-command.js";
import { readFingerprint } from "./certificate.js";
import { createCertificate } from "./create-certificate.js";

/** Makes a certificate and its key, or tells the fingerprint of the one that is there. */
export async function cert(options: CertOptions): Promise<void> {
  const { out, name: names = [], days, force = false } = options;
  const certFile = join(out, "cert.pem");
  const keyFile = join(out, "key.pem");
  if (options.fingerprint) {
    print(showFingerprint(certFile));
    return;
  }
  for (const name of names) checkName(name);
  const made = await createCertificate(names, days);
  makeFolder(out);
  // The key first: were it refused, no certificate without its key is left behind.
  writeNew(keyFile, made.key, { mode: 0o600, force });
  try {
    writeNew(certFile, made.cert, { mode: 0o644, force });
  } catch (error) {
    rmSync(keyFile, { force: true });
    throw error;
  }
  print(`certificate  ${certFile} (valid ${days} ${days === 1 ? "day" : "days"})
private key  ${keyFile} (only you may read it)
SHA-256      ${made.fingerprint}

next: hawser serve --tls-cert ${quote(certFile)} --tls-key ${quote(keyFile)}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function showFingerprint(file: string): string {
  let pem: Uint8Array;
  try {
    pem = readFileSync(file);
  } catch (cause) {
    throw new ProgramError(
      `cannot read ${file} (${systemCode(cause)}): make it with hawser cert, or name its folder with --out`,
      { cause },
    );
  }
  try {
    return readFingerprint(pem);
  } catch (cause) {
    throw new ProgramError(`${file} is not a certificate in PEM: make another with hawser cert --force`, { cause });
  }
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

/** Never writes into a file that is there: its mode would stay what it was. */
function writeNew(
  file: string,
  text: string,
  { mode, force }: { readonly mode: number; readonly force: boolean },
): void {
  try {
    if (force) rmSync(file, { force: true });
    writeFileSync(file, text, { mode, flag: "wx" });
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
