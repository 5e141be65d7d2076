import type { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { ClientCertificate } from "../../socket/index.js";

/** The certificate of a TLS client, if it has shown one. */
export function readClientCertificate(stream: Duplex): ClientCertificate | undefined {
  if (!(stream instanceof TLSSocket)) return undefined;
  const certificate = stream.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const { subject, issuer, subjectAltName, fingerprint256, serialNumber, validFrom, validTo, raw } = certificate;
  return Object.freeze({
    authorized: stream.authorized,
    authorizationError: stream.authorized ? undefined : toCode(stream.authorizationError),
    fingerprint256,
    subject,
    commonName: readCommonName(certificate),
    subjectAltName,
    issuer,
    serialNumber,
    validFrom: new Date(validFrom),
    validTo: new Date(validTo),
    raw,
  });
}

/** By the parsed form: in the text a value may hold anything, also what looks like another part. */
function readCommonName(certificate: X509Certificate): string | undefined {
  const { subject } = certificate.toLegacyObject();
  // Node's types say one string; for several of the same name it is an array
  const name: unknown = subject?.CN;
  return typeof name === "string" ? name : undefined;
}

/** Node's types say Error, and it is OpenSSL's code. */
function toCode(reason: unknown): string {
  return typeof reason === "string" ? reason : "UNVERIFIED";
}
