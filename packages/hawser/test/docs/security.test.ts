import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/node/index.js";
import type { ConnectOptions } from "../../src/node/index.js";
import { createServer } from "../../src/server/index.js";
import type { ServerTlsOptions } from "../../src/server/index.js";
import { startServer } from "../support/server-fixture.js";

const text = readFileSync(join(import.meta.dirname, "../../../../docs/SECURITY.md"), "utf8");
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
/** Some systems have what reads old files in a package of its own. */
const hasLegacy = spawnSync("openssl", ["list", "-providers", "-provider", "legacy"]).status === 0;

/** The commands of a block, as they stand there. */
function readBlock(name: string): string {
  const block = new RegExp(`^\`\`\`sh ${name}\\n(?<commands>.*?)^\`\`\``, "ms").exec(text)?.groups?.["commands"];
  if (block === undefined) throw new Error(`SECURITY.md has no block ${name}`);
  return block;
}

describe.skipIf(!hasOpenssl)("the commands with openssl", () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-security-"));
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  const run = (commands: string): string =>
    execFileSync("sh", ["-ec", commands], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  let fingerprint = "";

  beforeAll(() => {
    fingerprint = run(readBlock("openssl"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function serves(tls: ServerTlsOptions, options: ConnectOptions): Promise<unknown> {
    const { url } = await startServer({ tls });
    const socket = await connect(`${url}/echo`, options);
    await socket.send("hello");
    return socket.receive();
  }

  it("make what a server and its clients can use", async () => {
    const [cert, key, pfx] = [read("cert.pem"), read("key.pem"), read("certificate.pfx")];
    expect(await serves({ cert, key }, { ca: cert })).toBe("hello");
    expect(await serves({ pfx }, { ca: cert })).toBe("hello");
    expect(await serves({ pfx, passphrase: "" }, { ca: cert })).toBe("hello");
  });

  it("print a pin as it can be given", async () => {
    expect(fingerprint).toMatch(/^sha256 fingerprint=/i);
    expect(await serves({ pfx: read("certificate.pfx") }, { pin: fingerprint })).toBe("hello");
    const sha1 = run("openssl x509 -in cert.pem -noout -fingerprint -sha1");
    await expect(connect("wss://127.0.0.1:1/", { pin: sha1 })).rejects.toThrow("is a SHA-1 fingerprint");
  });

  it.skipIf(!hasLegacy)("make an old pfx new", async () => {
    run("openssl pkcs12 -export -legacy -out old.pfx -inkey key.pem -in cert.pem -passout pass:secret");
    const old = { pfx: read("old.pfx"), passphrase: "secret" };
    expect(() => createServer({ tls: old })).toThrow("RC2");
    run(readBlock("openssl-rc2"));
    expect(await serves({ pfx: read("new.pfx"), passphrase: "secret" }, { ca: read("cert.pem") })).toBe("hello");
    expect(() => read("both.pem")).toThrow("ENOENT");
  });

  it("make of a pfx what a server that asks for client certificates can use", async () => {
    run(`${/`(openssl pkcs12 -in certificate\.pfx[^`]*)`/.exec(text)?.[1] ?? "false"} -passin pass:`);
    const [both, ca] = [read("both.pem"), read("cert.pem")];
    const identity = { cert: ca, key: read("key.pem") };
    expect(await serves({ cert: both, key: both, ca, clientCertificates: "require" }, { ca, ...identity })).toBe(
      "hello",
    );
  });
});

it("keeps to one openssl block of each kind", () => {
  expect(text.match(/^```sh openssl/gm)).toHaveLength(2);
});
