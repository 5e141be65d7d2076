import { expect, it } from "vitest";
import { readTlsSettings, type TlsChoice } from "./tls-settings.js";

const wss = "wss://127.0.0.1:1/";

it.each<[string, string, TlsChoice, RegExp]>([
  ["a pin without TLS", "ws://h/", { pin: ["x"] }, /^--pin needs TLS: use wss:/],
  ["a pin without TLS, by http", "HTTP://h/", { pin: ["x"] }, /^--pin needs TLS/],
  ["--ca without TLS", "ws://h/", { ca: "x" }, /^--ca needs TLS/],
  ["--insecure without TLS", "ws://h/", { insecure: true }, /^--insecure needs TLS/],
  ["trust in all and in one", wss, { insecure: true, pin: ["x"] }, /^--insecure and --pin exclude each other/],
  ["trust in all and in some", wss, { insecure: true, ca: "x" }, /^--insecure and --ca exclude each other/],
  ["a certificate alone", wss, { cert: "x" }, /^--cert needs its private key: add --key FILE/],
  ["a key alone", wss, { key: "x" }, /^--key needs its certificate: add --cert FILE/],
  ["a pfx and a certificate", wss, { pfx: "x", cert: "y" }, /^--pfx holds certificate and key/],
  ["a passphrase for nothing", wss, { passphrase: "x" }, /^a passphrase needs what it opens/],
  [
    "two passphrases",
    wss,
    { pfx: "x", passphrase: "x", passphraseFile: "y" },
    /^--passphrase and --passphrase-file excl/,
  ],
])("refuses %s", (_name, url, choice, message) => {
  expect(() => readTlsSettings(url, choice)).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }),
  );
});

it("asks for nothing when nothing was said", () => {
  expect(readTlsSettings("ws://h/", {})).toEqual({});
  expect(readTlsSettings(wss, { pin: ["a", "b"] })).toEqual({ pin: ["a", "b"] });
  expect(readTlsSettings(wss, { insecure: true })).toEqual({ rejectUnauthorized: false });
});
