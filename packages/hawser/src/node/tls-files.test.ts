import { expect, it } from "vitest";
import files from "./certificates.test.json" with { type: "json" };
import { createTlsContext } from "./tls-files.js";
import type { TlsFiles } from "./tls-files.js";

const { ca, cert, key, encryptedKey, otherKey } = files;
const pfx = Buffer.from(files.pfxBase64, "base64");
const oldPfx = Buffer.from(files.oldPfxBase64, "base64");

it.each<[string, TlsFiles]>([
  ["nothing at all", {}],
  ["certificate and key", { cert, key }],
  ["bytes as well as text", { cert: Buffer.from(cert), key: new Uint8Array(Buffer.from(key)) }],
  ["an encrypted key with its passphrase", { cert, key: encryptedKey, passphrase: "secret" }],
  ["a pfx", { pfx, passphrase: "secret" }],
  ["one authority", { ca }],
  ["several authorities", { ca: [ca, Buffer.from(cert)] }],
])("takes %s", (_name, given) => {
  expect(createTlsContext(given)).toHaveProperty("context");
});

it.each<[string, TlsFiles, string, string]>([
  ["a certificate that is not PEM", { cert: "\u0000garbage!", key }, "cert", "is not PEM"],
  ["a path instead of a certificate", { cert: "/etc/hawser/server.crt", key }, "cert", "looks like a path"],
  ["an empty certificate", { cert: "", key }, "cert", "is empty"],
  ["a certificate cut short", { cert: cert.slice(0, 200), key }, "cert", "cut or damaged"],
  ["certificate and key exchanged", { cert: key, key: cert }, "cert", "were cert and key exchanged"],
  ["a certificate for a key", { cert, key: cert }, "key", "were cert and key exchanged"],
  ["a key that is not PEM", { cert, key: "?" }, "key", "is not PEM"],
  ["a key cut short", { cert, key: key.slice(0, 80) }, "key", "cut or damaged"],
  ["another certificate's key", { cert, key: otherKey }, "key", "does not belong to the certificate"],
  ["a key alone", { key }, "cert", "is missing"],
  ["a certificate alone", { cert }, "key", "is missing"],
  ["an encrypted key without passphrase", { cert, key: encryptedKey }, "key", "is encrypted: give its passphrase"],
  ["a wrong passphrase", { cert, key: encryptedKey, passphrase: "x" }, "passphrase", "does not open the key"],
  ["a pfx without passphrase", { pfx }, "pfx", "is encrypted: give its passphrase"],
  ["a wrong passphrase of a pfx", { pfx, passphrase: "x" }, "passphrase", "does not open the pfx"],
  ["a pfx in the old RC2", { pfx: oldPfx, passphrase: "secret" }, "pfx", "openssl pkcs12 -legacy"],
  ["a pfx that is none", { pfx: "garbage" }, "pfx", "expected the bytes of a PKCS #12 file"],
  ["an authority that is none", { ca: [ca, "garbage"] }, "ca", "looks like a path"],
  ["an authority that is a key", { ca: key }, "ca", "holds no certificate"],
])("names the file for %s", (_name, given, file, words) => {
  expect(() => createTlsContext(given)).toThrow(
    expect.objectContaining({ code: "TLS_INVALID", facts: { file }, message: expect.stringContaining(words) }),
  );
});

it("never shows a key or passphrase in an error", () => {
  const catchError = (given: TlsFiles): string => {
    try {
      createTlsContext(given);
      return "";
    } catch (error) {
      return String(error);
    }
  };

  expect(catchError({ cert, key: encryptedKey, passphrase: "wrong-secret" })).not.toContain("wrong-secret");
  expect(catchError({ cert: key, key: cert })).not.toContain(key.slice(30, 60));
});

it.each<[string, object]>([
  ["cert", { cert: 5 }],
  ["ca", { ca: [{}] }],
  ["passphrase", { passphrase: Buffer.from("secret") }],
])("refuses %s of a wrong type", (name, given) => {
  expect(() => createTlsContext(given)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", facts: { name } }));
});
