import type { X509Certificate } from "node:crypto";
import { HawserError, type Server, type ServerTlsOptions } from "hawser/server";
import type { Logger } from "pino";
import { readPassphrase } from "../passphrase.js";
import { createUsageError, ProgramError } from "../program-error.js";
import { readBinaryFile, readTextFile } from "../text-file.js";
import { readCertificate } from "../cert/certificate.js";
import type { ServeOptions } from "./serve-options.js";

/** How long a certificate made at the start is valid. */
const SELF_SIGNED_DAYS = 30;

/** The options that say where the certificate is. */
type TlsChoice = Pick<
  ServeOptions,
  "host" | "tls" | "tlsCert" | "tlsKey" | "tlsPfx" | "tlsPassphrase" | "tlsPassphraseFile" | "tlsClientCa"
>;

/**
 * The certificate that the options ask for, or undefined.
 * @throws ProgramError for options that do not fit together, and for files that cannot be read
 */
export async function openTls(options: TlsChoice, log: Logger): Promise<ServerTlsOptions | undefined> {
  checkChoice(options);
  const { tls, tlsCert, tlsKey, tlsPfx, tlsClientCa } = options;
  const clients: ServerTlsOptions =
    tlsClientCa === undefined
      ? {}
      : { clientCertificates: "require", ca: readTextFile("--tls-client-ca", tlsClientCa) };
  if (tls !== undefined) return { ...clients, ...(await makeSelfSigned(options, log)) };
  const passphrase = readPassphrase("tls-passphrase", { text: options.tlsPassphrase, file: options.tlsPassphraseFile });
  const secret = passphrase === undefined ? clients : { ...clients, passphrase };
  if (tlsPfx !== undefined) return { ...secret, pfx: readBinaryFile("--tls-pfx", tlsPfx) };
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  return { ...secret, cert: readTextFile("--tls-cert", tlsCert), key: readTextFile("--tls-key", tlsKey) };
}

function checkChoice(options: TlsChoice): void {
  const { tls, tlsCert, tlsKey, tlsPfx, tlsPassphrase, tlsPassphraseFile, tlsClientCa } = options;
  const pair = tlsCert !== undefined ? "--tls-cert" : tlsKey !== undefined ? "--tls-key" : undefined;
  const given = [tls && "--tls self-signed", pair, tlsPfx && "--tls-pfx"].filter((option) => option !== undefined);
  if (given.length > 1) throw createUsageError(`${given.join(" and ")} exclude each other: leave one out`);
  if (tlsCert === undefined && pair !== undefined) {
    throw createUsageError("--tls-key needs its certificate: add --tls-cert FILE");
  }
  if (tlsKey === undefined && pair !== undefined) {
    throw createUsageError("--tls-cert needs its private key: add --tls-key FILE");
  }
  if (given.length === 0 && tlsClientCa !== undefined) {
    throw createUsageError("--tls-client-ca needs TLS: add --tls-cert and --tls-key, --tls-pfx or --tls self-signed");
  }
  if (tlsPfx !== undefined && tlsClientCa !== undefined) {
    const how = "openssl pkcs12 -in FILE -nodes -out both.pem, which then is both";
    throw createUsageError(`--tls-client-ca needs --tls-cert and --tls-key instead of --tls-pfx: ${how}`);
  }
  if (tlsPassphrase === undefined && tlsPassphraseFile === undefined) return;
  if (pair !== undefined || tlsPfx !== undefined) return;
  throw createUsageError("a passphrase needs what it opens: add --tls-pfx FILE, or --tls-cert and --tls-key");
}

/**
 * Reads the files once more and serves with what is in them from now on; connections that are there go on. Never rejects: of
 * files that cannot be used the log tells, and the certificate stays as it was. Resolves to whether it was replaced.
 */
export async function reloadTls(options: TlsChoice, server: Pick<Server, "setTls">, log: Logger): Promise<boolean> {
  if (options.tls !== undefined) {
    log.info("the self-signed certificate was made at the start and stays: nothing to read again");
    return false;
  }
  try {
    const tls = await openTls(options, log);
    if (tls === undefined) return false;
    server.setTls(tls);
    const { fingerprint256: fingerprint, validTo } = await readCertificate(tls);
    log.info({ fingerprint, validTo }, "certificate read again: new connections get it");
    await warnOfExpiry(tls, log);
    return true;
  } catch (error) {
    const fault = createTlsFault(error, options);
    const why = fault instanceof Error ? fault.message : String(fault);
    // the user's own slip needs no stack
    const fields = fault instanceof ProgramError ? {} : { err: fault };
    log.error(fields, `nothing was changed, the certificate stays as it was: ${why}`);
    return false;
  }
}

/** A file that the library cannot use, by the option that gave it; any other error as it is. */
export function createTlsFault(error: unknown, options: TlsChoice): unknown {
  if (!(error instanceof HawserError) || error.code !== "TLS_INVALID") return error;
  const { tlsCert, tlsKey, tlsPfx, tlsClientCa } = options;
  const { file } = error.facts;
  const isOpenable = file === "passphrase" || error.message.includes("give its passphrase");
  const hint = isOpenable
    ? "the passphrase comes from --tls-passphrase-file FILE, HAWSER_TLS_PASSPHRASE or --tls-passphrase"
    : "a new pair is made by: hawser cert";
  const option =
    file === "ca"
      ? `--tls-client-ca ${tlsClientCa}`
      : tlsPfx !== undefined
        ? `--tls-pfx ${tlsPfx}`
        : file === "cert" || file === "tls"
          ? `--tls-cert ${tlsCert}`
          : `--tls-key ${tlsKey}`;
  return new ProgramError(`${option} cannot be used: ${error.message}; ${hint}`, { cause: error });
}

/** Clients refuse a certificate out of its time; the server itself would never notice. */
export async function warnOfExpiry(tls: ServerTlsOptions, log: Logger): Promise<void> {
  const { validFrom, validTo }: X509Certificate = await readCertificate(tls);
  const now = Date.now();
  if (Date.parse(validTo) < now) log.warn({ validTo }, "the certificate has expired: clients will refuse it");
  if (Date.parse(validFrom) > now) log.warn({ validFrom }, "the certificate is not valid yet: clients will refuse it");
}

async function makeSelfSigned({ host }: TlsChoice, log: Logger): Promise<{ cert: string; key: string }> {
  const { createCertificate } = await import("../cert/create-certificate.js");
  const isAnyAddress = host === "0.0.0.0" || host === "::";
  const { cert, key, fingerprint } = await createCertificate(isAnyAddress ? [] : [host], SELF_SIGNED_DAYS);
  log.info({ fingerprint }, `made a self-signed certificate, SHA-256 ${fingerprint}`);
  return { cert, key };
}
