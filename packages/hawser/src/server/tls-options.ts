import { createSecureContext } from "node:tls";
import { ConnectionError } from "../internal/errors.js";
import { checkOptionNames } from "./option-names.js";
import { refuseOption } from "./option-values.js";

type Material = string | Uint8Array;

/** The server's certificate: `cert` with `key`, or `pfx`. Contents, not names of files. */
export interface TlsOptions {
  /** The certificate with those that lead to its root, in PEM. */
  readonly cert?: Material | readonly Material[];
  /** Its private key, in PEM. */
  readonly key?: Material | readonly Material[];
  /** Certificates of the authorities to trust instead of the system's. */
  readonly ca?: Material | readonly Material[];
  /** Certificate and key in one, in PKCS#12. */
  readonly pfx?: Material;
  /** Opens the key or the pfx. */
  readonly passphrase?: string;
}

/** What Node takes. */
export interface TlsMaterial {
  cert?: Buffer[];
  key?: Buffer[];
  ca?: Buffer[];
  pfx?: Buffer;
  passphrase?: string;
}

const names = ["cert", "key", "ca", "pfx", "passphrase"] as const satisfies readonly (keyof TlsOptions)[];

/**
 * Finds out now, not at the first connection, that a certificate cannot be used.
 * @throws UsageError INVALID_ARGUMENT; ConnectionError TLS_INVALID
 */
export function checkTls(options: TlsOptions): TlsMaterial {
  checkOptionNames("tls", options, names);
  const { cert, key, ca, pfx, passphrase } = options;
  if (pfx === undefined && (cert === undefined || key === undefined)) {
    refuseOption("tls", options, "cert and key, or pfx");
  }
  const material: TlsMaterial = {};
  if (cert !== undefined) material.cert = toBuffers("tls.cert", cert);
  if (key !== undefined) material.key = toBuffers("tls.key", key);
  if (ca !== undefined) material.ca = toBuffers("tls.ca", ca);
  if (pfx !== undefined) material.pfx = toBuffer("tls.pfx", pfx);
  if (passphrase !== undefined) material.passphrase = passphrase;
  try {
    createSecureContext(material);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectionError("TLS_INVALID", `the certificate, key or passphrase cannot be used: ${message}`, { cause });
  }
  return material;
}

function toBuffers(name: string, value: Material | readonly Material[]): Buffer[] {
  const list: readonly Material[] = Array.isArray(value) ? value : [value as Material];
  return list.map((item) => toBuffer(name, item));
}

function toBuffer(name: string, value: Material): Buffer {
  if (typeof value === "string") return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return refuseOption(name, value, "PEM text or bytes");
}
