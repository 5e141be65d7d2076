import { X509Certificate } from "node:crypto";
import { HawserError } from "hawser/server";
import type { Logger } from "pino";
import { createUsageError, ProgramError } from "../program-error.js";
import { readTextFile } from "../text-file.js";
import type { ServeOptions } from "./serve-options.js";

export interface TlsPair {
  /** Both in PEM. */
  readonly cert: string;
  readonly key: string;
}

/** How long a certificate made at the start is valid. */
const SELF_SIGNED_DAYS = 30;

/**
 * The certificate that the options ask for, or undefined.
 * @throws ProgramError for options that do not fit together, and for files that cannot be read
 */
export async function openTls(options: ServeOptions, log: Logger): Promise<TlsPair | undefined> {
  const { tls, tlsCert, tlsKey } = options;
  if (tls !== undefined) {
    if (tlsCert === undefined && tlsKey === undefined) return makeSelfSigned(options, log);
    throw createUsageError("--tls self-signed and --tls-cert exclude each other: leave one out");
  }
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined) throw createUsageError("--tls-key needs its certificate: add --tls-cert FILE");
  if (tlsKey === undefined) throw createUsageError("--tls-cert needs its private key: add --tls-key FILE");
  return { cert: readTextFile("--tls-cert", tlsCert), key: readTextFile("--tls-key", tlsKey) };
}

/** A certificate or key that the library cannot use, by the option that gave it; any other error as it is. */
export function createTlsFault(error: unknown, { tlsCert, tlsKey }: ServeOptions): unknown {
  if (!(error instanceof HawserError) || error.code !== "TLS_INVALID") return error;
  const { file } = error.facts;
  const option = file === "key" ? `--tls-key ${tlsKey}` : `--tls-cert ${tlsCert}`;
  return new ProgramError(`${option} cannot be used: ${error.message}; a new pair is made by: hawser cert`, {
    cause: error,
  });
}

/** Clients refuse a certificate out of its time; the server itself would never notice. */
export function warnOfExpiry({ cert }: TlsPair, log: Logger): void {
  const { validTo } = new X509Certificate(cert);
  if (Date.parse(validTo) < Date.now()) log.warn({ validTo }, "the certificate has expired: clients will refuse it");
}

async function makeSelfSigned({ host }: ServeOptions, log: Logger): Promise<TlsPair> {
  const { createCertificate } = await import("../cert/certificate.js");
  const isAnyAddress = host === "0.0.0.0" || host === "::";
  const { cert, key, fingerprint } = await createCertificate(isAnyAddress ? [] : [host], SELF_SIGNED_DAYS);
  log.info({ fingerprint }, `made a self-signed certificate, SHA-256 ${fingerprint}`);
  return { cert, key };
}
