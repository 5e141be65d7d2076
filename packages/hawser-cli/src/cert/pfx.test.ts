import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { readCertificate } from "./certificate.js";
import { createCertificate } from "./create-certificate.js";
import { createPfx } from "./pfx.js";

const made = await createCertificate(["dev.example.com"], 1);
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

it.each(["", "secret", "gr\u00fc\u00dfe \u2693", "x".repeat(500)])(
  "is opened by Node with the passphrase %j alone",
  async (passphrase) => {
    const pfx = await createPfx(made, passphrase);
    expect((await readCertificate({ pfx, passphrase })).fingerprint256).toBe(made.fingerprint);
    await expect(readCertificate({ pfx, passphrase: "another" })).rejects.toThrow("mac verify failure");
  },
);

it("shows neither the key nor the certificate without it", async () => {
  const pfx = Buffer.from(await createPfx(made, "secret"));
  const { raw, publicKey } = new X509Certificate(made.cert);
  expect(pfx.includes(raw.subarray(20, 60))).toBe(false);
  expect(pfx.includes(publicKey.export({ type: "spki", format: "der" }).subarray(-32))).toBe(false);
});

it("is another one each time", async () => {
  const [one, other] = await Promise.all([createPfx(made, "secret"), createPfx(made, "secret")]);
  expect(Buffer.compare(one, other)).not.toBe(0);
});

it.skipIf(!hasOpenssl)(
  "is opened by OpenSSL, encrypted as OpenSSL 3 does it, with key and certificate tied together",
  async () => {
    const input = Buffer.from(await createPfx(made, "secret"));
    const args = ["pkcs12", "-info", "-nodes", "-passin", "pass:secret"];
    const { stdout, stderr } = spawnSync("openssl", args, { input, encoding: "utf8" });
    expect(stderr).toContain("MAC: sha256, Iteration 2048");
    expect(stderr.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256/g)).toHaveLength(2);
    expect(stdout).toContain(made.cert.trim());
    const ids = stdout.match(/localKeyID: .*/g);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    const key = execFileSync("openssl", [...args, "-nocerts"], {
      input,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "ignore"],
    });
    expect(key).toContain("-----BEGIN PRIVATE KEY-----");
    expect(new X509Certificate(made.cert).checkPrivateKey(createPrivateKey(key))).toBe(true);
  },
);
