import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { expect, it } from "vitest";
import { connect } from "../../src/node/index.js";
import { createServer } from "../../src/server/index.js";
import type { ServerTlsOptions } from "../../src/server/index.js";
import { startServer } from "../support/server-fixture.js";
import { certificates } from "../support/tls-certificates.js";

const { ca, server, encryptedKey, oldEncryptedKey } = certificates;
const { cert, key } = server;
const pin = new X509Certificate(cert).fingerprint256;

// files as openssl writes them; the original systems make theirs with an empty password
it.each<[string, ServerTlsOptions]>([
  ["certificate and key", { cert, key }],
  ["an encrypted key (PKCS #8)", { cert, key: encryptedKey, passphrase: "secret" }],
  ["an encrypted key (as old as PEM)", { cert, key: oldEncryptedKey, passphrase: "secret" }],
  ["a passphrase although the key needs none", { cert, key, passphrase: "secret" }],
  ["a pfx with a passphrase", { pfx: certificates.pfx, passphrase: "secret" }],
  ["a pfx whose passphrase is empty, and none given", { pfx: certificates.emptyPfx }],
  ["a pfx whose passphrase is empty, and an empty one given", { pfx: certificates.emptyPfx, passphrase: "" }],
  ["a pfx without any protection", { pfx: certificates.noMacPfx }],
  ["a pfx with its authority", { pfx: certificates.chainPfx, passphrase: "secret" }],
  ["a pfx as bytes that are no Buffer", { pfx: new Uint8Array(certificates.pfx), passphrase: "secret" }],
])("serves with %s", async (_name, tls) => {
  const { url } = await startServer({ tls });
  const trusting = await connect(`${url}/echo`, { ca });
  const pinning = await connect(`${url}/echo`, { pin });
  await trusting.send("a");
  await pinning.send("b");
  expect([await trusting.receive(), await pinning.receive()]).toEqual(["a", "b"]);
});

it.each<[string, ServerTlsOptions, string, string]>([
  ["an encrypted key and no passphrase", { cert, key: encryptedKey }, "key", "is encrypted: give its passphrase"],
  [
    "an encrypted key and an empty one",
    { cert, key: encryptedKey, passphrase: "" },
    "passphrase",
    "does not open the key",
  ],
  [
    "an encrypted key and a wrong one",
    { cert, key: oldEncryptedKey, passphrase: "no" },
    "passphrase",
    "does not open the key",
  ],
  ["a pfx and no passphrase", { pfx: certificates.pfx }, "pfx", "is encrypted: give its passphrase"],
  ["a pfx and an empty one", { pfx: certificates.pfx, passphrase: "" }, "passphrase", "does not open the pfx"],
  ["a pfx and a wrong one", { pfx: certificates.pfx, passphrase: "no" }, "passphrase", "does not open the pfx"],
  [
    "an empty pfx and a wrong one",
    { pfx: certificates.emptyPfx, passphrase: "no" },
    "passphrase",
    "does not open the pfx",
  ],
  [
    "an old pfx",
    { pfx: certificates.rc2Pfx, passphrase: "secret" },
    "pfx",
    "old way (RC2) that OpenSSL 3 has given up: write it",
  ],
  [
    "an old pfx whose passphrase is empty",
    { pfx: certificates.rc2EmptyPfx },
    "pfx",
    "openssl pkcs12 -legacy -in old.pfx",
  ],
  ["an old pfx and a wrong one", { pfx: certificates.rc2Pfx, passphrase: "no" }, "passphrase", "does not open the pfx"],
  [
    "a pfx without a key",
    { pfx: certificates.noKeyPfx, passphrase: "secret" },
    "pfx",
    "holds no private key: export both",
  ],
  ["a pfx that is PEM", { pfx: cert + key }, "pfx", "is PEM, not PKCS #12: give it as cert and key"],
  ["a pfx cut short", { pfx: certificates.pfx.subarray(0, 500), passphrase: "secret" }, "pfx", "cannot be read"],
])("refuses %s, and names the file", (_name, tls, file, words) => {
  expect(() => createServer({ tls })).toThrow(
    expect.objectContaining({ code: "TLS_INVALID", facts: { file }, message: expect.stringContaining(words) }),
  );
});

it("says to leave out a passphrase that a bare pfx does not need, where OpenSSL minds it", () => {
  const tls = { pfx: certificates.noMacPfx, passphrase: "no" };
  // OpenSSL 3.0 of Node.js 20 does, 3.5 of Node.js 24 takes it
  const isMinded = catchError(() => createSecureContext(tls)) !== null;
  const { message = "" } = catchError(() => createServer({ tls })) ?? {};
  expect(message.includes("leave it out")).toBe(isMinded);
});

function catchError(act: () => unknown): Error | null {
  try {
    act();
    return null;
  } catch (error) {
    return error as Error; // both throw nothing else
  }
}
