import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readConfigFile } from "./config-file.js";
import { mergeOptions, serveDefaults } from "./serve-options.js";

function writeConfig(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "hawser.json"), content);
  return join(folder, "hawser.json");
}

it("reads options of every kind, and takes paths from beside the file", () => {
  const file = writeConfig(
    '\uFEFF{"port": 8443, "logLevel": "warn", "rateLimit": "off", "origin": "https://a.example", ' +
      '"exempt": ["10.0.0.0/8", "::1"], "tlsCert": "tls/cert.pem", "root": "/srv/www", "maxMemoryBytes": 8589934592}',
  );
  expect(readConfigFile(file)).toEqual({
    port: 8443,
    logLevel: "warn",
    rateLimit: Infinity,
    origin: ["https://a.example"],
    exempt: ["10.0.0.0/8", "::1"],
    tlsCert: join(file, "../tls/cert.pem"),
    root: "/srv/www",
    maxMemoryBytes: 8_589_934_592,
  });
});

it.each([
  ['{"port": "many"}', /"port" is "many": expected a whole number from 0 to 65535$/],
  ['{"port": 1.5}', /"port" is 1\.5: expected a whole number/],
  ['{"port": null}', /"port" is null: expected a whole number/],
  ['{"logLevel": "loud"}', /"logLevel" is "loud": expected one of debug, info, warn, error, silent$/],
  ['{"maxMemoryBytes": 512}', /"maxMemoryBytes" is 512: expected a whole number from 1048576 to 9007199254740991$/],
  ['{"rateLimit": "none"}', /"rateLimit" is "none": expected a whole number from 1 to 2147483647, or "off"$/],
  ['{"origin": [1]}', /"origin" is \[1\]: expected an origin such as "https:\/\/example\.com", or "\*", or an array/],
  ['{"root": ""}', /"root" is "": expected a path, relative to the file that names it$/],
  ['{"Origins": []}', /"Origins" is unknown: did you mean "origin"\?$/],
  ['{"hosts": ["a.example"]}', /"hosts" is unknown: did you mean "allowedHost"\?$/],
  ['{"trustedProxies": []}', /"trustedProxies" is unknown: did you mean "trustedProxy"\?$/],
  ['{"max-connections": 5}', /"max-connections" is unknown: did you mean "maxConnections"\?$/],
  ['{"constructor": 5}', /"constructor" is unknown: expected the name of an option of hawser serve, in camelCase$/],
  ['{"__proto__": {"port": 5}}', /"__proto__" is unknown/],
  ['{"a\\u001b[2J\\n": 5}', /"a\[2J" is unknown/],
  ['{"tlsPassphrase": 12345}', /"tlsPassphrase" is not usable: expected a text$/],
  ["[]", /expected an object, such as \{"port": 8443\}$/],
  ["null", /expected an object/],
  ['{"port": 8080,\n  "host"}', /it is no JSON: .+$/],
  ["", /it is no JSON: .+$/],
])("refuses %j with one line that says why", (content, message) => {
  const file = writeConfig(content);
  expect(() => readConfigFile(file)).toThrow(message);
  expect(() => readConfigFile(file)).toThrow(/^--config \S+hawser\.json cannot be used: [^\n]+$/);
});

it("says that the file does not exist", () => {
  expect(() => readConfigFile("nowhere.json")).toThrow(/^--config nowhere\.json does not exist: check the path$/);
});

it("lets the command line have the last word, on the place to listen as a whole", () => {
  expect(mergeOptions({ rateLimit: 5, port: 1 }, { rateLimit: 6 })).toEqual({
    ...serveDefaults,
    rateLimit: 6,
    port: 1,
  });
  expect(mergeOptions({ socket: "/s" }, {})).toHaveProperty("socket", "/s");
  expect(mergeOptions({ socket: "/s" }, { port: 5 })).not.toHaveProperty("socket");
});
