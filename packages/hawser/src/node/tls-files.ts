import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import { ConnectionError, UsageError } from "../internal/errors.js";

/** One file's contents, as read: PEM text or its bytes. */
export type TlsFile = string | Uint8Array;

/** What TLS identifies a side with, and whom it trusts. Contents of files, not their paths. */
export interface TlsFiles {
  /** The certificate in PEM, followed by those between it and its authority. */
  readonly cert?: TlsFile;
  /** The certificate's private key in PEM. */
  readonly key?: TlsFile;
  /** The authorities to trust, in PEM, instead of the well-known ones. */
  readonly ca?: TlsFile | readonly TlsFile[];
  /** Certificate and key in one PKCS #12 file, instead of `cert` and `key`. Authorities in it are trusted, too. */
  readonly pfx?: TlsFile;
  /** What `key` or `pfx` is encrypted with. */
  readonly passphrase?: string;
}

/** The names of the fields of TlsFiles. */
export const tlsFileNames: readonly (keyof TlsFiles)[] = ["cert", "key", "ca", "pfx", "passphrase"];

/**
 * Makes of the files what TLS works with. Each is looked at by itself first: OpenSSL says what is wrong, but not where.
 * @throws UsageError INVALID_ARGUMENT for a value of a wrong type; ConnectionError TLS_INVALID, which names the file
 */
export function createTlsContext(files: TlsFiles): SecureContext {
  checkTypes(files);
  const { ca, pfx, passphrase } = files;
  for (const authority of listOf(ca)) checkCertificate("ca", authority);
  if (pfx !== undefined) checkPfx(pfx, passphrase);
  else checkPair(files);
  try {
    return createSecureContext(toNodeTls(files));
  } catch (error) {
    throw invalid("tls", "certificate and key cannot be used together", error);
  }
}

/** TlsFiles in Node's own types. */
export interface NodeTls {
  cert?: string | Buffer;
  key?: string | Buffer;
  ca?: (string | Buffer)[];
  pfx?: string | Buffer;
  passphrase?: string;
}

/** The files as the functions of `node:tls` and `node:https` take them. Check them with `createTlsContext` first. */
export function toNodeTls({ cert, key, ca, pfx, passphrase }: TlsFiles): NodeTls {
  return {
    ...(cert !== undefined && { cert: toNode(cert) }),
    ...(key !== undefined && { key: toNode(key) }),
    ...(ca !== undefined && { ca: listOf(ca).map(toNode) }),
    ...(pfx !== undefined && { pfx: toNode(pfx) }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

function checkTypes(files: TlsFiles): void {
  for (const name of tlsFileNames) {
    for (const value of name === "ca" ? listOf(files.ca) : [files[name]]) {
      const allowed =
        value === undefined || typeof value === "string" || (name !== "passphrase" && value instanceof Uint8Array);
      if (allowed) continue;
      const expected = name === "passphrase" ? "a string" : "the contents of a file, as a string or bytes";
      throw new UsageError("INVALID_ARGUMENT", `${name} is of type ${typeof value}: expected ${expected}`, {
        facts: { name },
      });
    }
  }
}

function checkPair({ cert, key, passphrase }: TlsFiles): void {
  if (cert === undefined && key === undefined) return;
  if (cert === undefined) throw invalid("cert", "is missing: a key needs its certificate");
  if (key === undefined) throw invalid("key", "is missing: a certificate needs its private key");
  const certificate = checkCertificate("cert", cert);
  const privateKey = checkKey(key, passphrase);
  if (certificate.checkPrivateKey(privateKey)) return;
  throw invalid("key", "does not belong to the certificate: give the key that the certificate was made for");
}

function checkCertificate(name: "cert" | "ca", file: TlsFile): X509Certificate {
  const text = toText(file);
  if (!text.includes("-----BEGIN")) throw invalid(name, `is not PEM: ${describeNonPem(text)}`);
  if (!/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(text)) {
    const hint = text.includes("PRIVATE KEY-----") ? " but a private key: were cert and key exchanged?" : "";
    throw invalid(name, `holds no certificate${hint}`);
  }
  try {
    return new X509Certificate(toNode(file));
  } catch (error) {
    throw invalid(name, "holds a certificate that cannot be read: the file may be cut or damaged", error);
  }
}

function checkKey(file: TlsFile, passphrase: string | undefined): KeyObject {
  const text = toText(file);
  if (!text.includes("-----BEGIN")) throw invalid("key", `is not PEM: ${describeNonPem(text)}`);
  if (!text.includes("PRIVATE KEY-----")) {
    const hint = text.includes("CERTIFICATE-----") ? " but a certificate: were cert and key exchanged?" : "";
    throw invalid("key", `holds no private key${hint}`);
  }
  try {
    return createPrivateKey({ key: toNode(file), ...(passphrase !== undefined && { passphrase }) });
  } catch (error) {
    const encrypted = text.includes("ENCRYPTED");
    if (encrypted && passphrase === undefined) throw invalid("key", "is encrypted: give its passphrase", error);
    if (encrypted) throw invalid("passphrase", "does not open the key", error);
    throw invalid("key", "cannot be read: the file may be cut or damaged", error);
  }
}

function checkPfx(pfx: TlsFile, passphrase: string | undefined): void {
  try {
    createSecureContext({ pfx: toNode(pfx), ...(passphrase !== undefined && { passphrase }) });
  } catch (error) {
    throw toText(pfx).includes("-----BEGIN")
      ? invalid("pfx", "is PEM, not PKCS #12: give it as cert and key", error)
      : describePfx(error, passphrase !== undefined);
  }
}

/** Node gives no code for most of these, so this is the one place that reads OpenSSL's words. */
function describePfx(error: unknown, hasPassphrase: boolean): ConnectionError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (/mac verify failure/i.test(message)) {
    return hasPassphrase
      ? invalid("passphrase", "does not open the pfx", error)
      : invalid("pfx", "is encrypted: give its passphrase", error);
  }
  if (/mac absent/i.test(message)) {
    return invalid("passphrase", "is given for a pfx that has none: leave it out", error);
  }
  const missing = /load (private key|certificate) from/i.exec(message)?.[1]?.toLowerCase();
  if (missing !== undefined) return invalid("pfx", `holds no ${missing}: export both, with -inkey and -in`, error);
  if (code === "ERR_CRYPTO_UNSUPPORTED_OPERATION" || /unsupported/i.test(message)) {
    const cure = "write it again with: openssl pkcs12 -legacy -in old.pfx -nodes | openssl pkcs12 -export -out new.pfx";
    return invalid("pfx", `is encrypted in an old way (RC2) that OpenSSL 3 has given up: ${cure}`, error);
  }
  return invalid("pfx", "cannot be read: expected the bytes of a PKCS #12 file", error);
}

function describeNonPem(text: string): string {
  if (text === "") return "it is empty";
  const isPath = text.length < 1000 && /^[\w./\\: -]+$/.test(text);
  return isPath ? "it looks like a path; give what the file contains" : 'expected a text with "-----BEGIN" lines';
}

function invalid(file: keyof TlsFiles | "tls", what: string, cause?: unknown): ConnectionError {
  const details = cause === undefined ? {} : { cause };
  return new ConnectionError("TLS_INVALID", `${file} ${what}`, { facts: { file }, ...details });
}

function listOf(files: TlsFile | readonly TlsFile[] | undefined): readonly TlsFile[] {
  if (files === undefined) return [];
  return typeof files === "string" || files instanceof Uint8Array ? [files] : files;
}

function toNode(file: TlsFile): string | Buffer {
  return typeof file === "string" ? file : Buffer.from(file.buffer, file.byteOffset, file.byteLength);
}

function toText(file: TlsFile): string {
  return typeof file === "string" ? file : Buffer.from(file).toString("latin1");
}
