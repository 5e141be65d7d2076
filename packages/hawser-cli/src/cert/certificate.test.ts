import { readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { readCertificate, readFingerprint } from "./certificate.js";

/** Made with openssl; the tests of the library tell how. */
const files = JSON.parse(
  readFileSync(new URL("../../../hawser/test/support/tls-certificates.json", import.meta.url), "utf8"),
) as Record<"pfx" | "emptyPfx" | "noMacPfx" | "noKeyPfx", string> & Record<"server", { cert: string; key: string }>;

const decode = (base64: string): Buffer => Buffer.from(base64, "base64");
const own = new X509Certificate(files.server.cert).fingerprint256;

it("tells the certificate of PEM and of every kind of pfx", async () => {
  const found = await Promise.all([
    readCertificate(files.server),
    readCertificate({ pfx: decode(files.pfx), passphrase: "secret" }),
    readCertificate({ pfx: decode(files.emptyPfx) }),
    readCertificate({ pfx: decode(files.emptyPfx), passphrase: "" }),
    readCertificate({ pfx: decode(files.noMacPfx) }),
  ]);
  expect(found.map(({ fingerprint256 }) => fingerprint256)).toEqual([own, own, own, own, own]);
  expect(readFingerprint(files.server.cert)).toBe(own);
});

it.each([
  ["a wrong passphrase", { pfx: decode(files.pfx), passphrase: "wrong" }],
  ["no key in it", { pfx: decode(files.noKeyPfx), passphrase: "secret" }],
  ["no certificate", { cert: "" }],
])("rejects %s", async (_name, given) => {
  await expect(readCertificate(given)).rejects.toThrow(Error);
});
