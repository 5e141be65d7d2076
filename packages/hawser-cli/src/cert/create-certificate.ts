import { isIP } from "node:net";
import { generate } from "selfsigned";
import { readFingerprint } from "./certificate.js";

export interface DevelopmentCertificate {
  /** Both in PEM. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256, as browsers and OpenSSL write it. */
  readonly fingerprint: string;
}

const DAY_MS = 86_400_000;

/** The names under which a development server is reached on its own machine. */
const ownNames: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/** Makes a self-signed certificate for this machine and the `names` besides. */
export async function createCertificate(names: readonly string[], days: number): Promise<DevelopmentCertificate> {
  const all = [...new Set([...ownNames, ...names])];
  const now = Date.now();
  const made = await generate([{ name: "commonName", value: names[0] ?? "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    // a peer whose clock is behind shall not take it for one of tomorrow
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + days * DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: all.map(toAltName) },
    ],
  });
  return { cert: made.cert, key: made.private, fingerprint: readFingerprint(made.cert) };
}

function toAltName(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name };
}
