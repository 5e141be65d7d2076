import { UsageError } from "../internal/errors.js";

/** SHA-256 fingerprints in the form in which Node tells them: upper-case pairs with colons. */
export type Pins = ReadonlySet<string>;

/** What OpenSSL, browsers and our own messages put before the digits. */
const label = /^\s*(md5|sha-?\d+)(\s+fingerprint)?\s*[=: ]\s*/i;

const byHexLength: ReadonlyMap<number, string> = new Map([
  [32, "an MD5 fingerprint"],
  [40, "a SHA-1 fingerprint, which can be forged"],
  [128, "a SHA-512 fingerprint"],
]);

/**
 * Reads fingerprints of certificates as OpenSSL, browsers and this library print them: with or without colons or spaces, in
 * upper or lower case, with or without the words before them.
 * @throws UsageError INVALID_ARGUMENT
 */
export function readPins(given: unknown): Pins {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) throw refuse("is an empty list: no certificate could be right");
  return new Set(list.map(readPin));
}

function readPin(text: unknown): string {
  if (typeof text !== "string") throw refuse(`is of type ${typeof text}: expected a SHA-256 fingerprint as text`);
  const digits = text.replace(label, "").replaceAll(/[:\s-]/g, "");
  if (/^[0-9a-f]{64}$/i.test(digits)) {
    return (digits.toUpperCase().match(/../g) ?? []).join(":");
  }
  const how = "print it with: openssl x509 -in cert.pem -noout -fingerprint -sha256";
  const other = /^[0-9a-f]+$/i.test(digits) ? byHexLength.get(digits.length) : undefined;
  if (other !== undefined) throw refuse(`is ${other}: expected SHA-256, 64 hexadecimal digits; ${how}`);
  // the pins of curl and HPKP: of the key, not of the certificate
  if (/^(sha256\/+)?[0-9a-z+/]{43}=?$/i.test(digits)) {
    throw refuse(`is in Base64, as hashes of public keys are: expected the certificate's fingerprint; ${how}`);
  }
  throw refuse(
    `is ${JSON.stringify(text.slice(0, 100))}: expected a SHA-256 fingerprint, 64 hexadecimal digits; ${how}`,
  );
}

function refuse(what: string): UsageError {
  return new UsageError("INVALID_ARGUMENT", `pin ${what}`, { facts: { name: "pin" } });
}
