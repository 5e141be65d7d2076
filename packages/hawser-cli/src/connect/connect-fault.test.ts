import { ConnectionError } from "hawser/socket";
import { expect, it } from "vitest";
import { createConnectFault } from "./connect-fault.js";

const url = "wss://h/";

function failed(reason: string, message: string, facts: object = {}): ConnectionError {
  return new ConnectionError("CONNECT_FAILED", message, { facts: { url, reason, ...facts } });
}

it.each([
  [
    failed("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "the server wants one: give `cert` and `key`, or `pfx`"),
    "the server wants one: give --cert FILE and --key FILE, or --pfx FILE",
  ],
  [failed("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "not the one in `cert` or `pfx`"), "not the one in --cert or --pfx"],
  [failed("ECONNREFUSED", "nothing listens there"), "nothing listens there"],
  [
    failed("DEPTH_ZERO_SELF_SIGNED_CERT", "-", { fingerprint256: "AB:CD" }),
    "no connection to wss://h/ could be made: its certificate is self-signed: give that certificate with --ca FILE. If you know that it is the right one: --pin AB:CD",
  ],
  [
    failed("CERT_NOT_YET_VALID", "-"),
    "no connection to wss://h/ could be made: its certificate is not valid yet: is the clock right?",
  ],
])("says in the words of the options: %s", (error, message) => {
  expect(createConnectFault(error, {})).toMatchObject({ name: "ProgramError", exitCode: 3, message });
});

it.each([
  ["ca", { ca: "ca.pem" }, /^--ca ca\.pem cannot be used: /],
  ["cert", { cert: "c.pem", key: "k.pem" }, /^--cert c\.pem cannot be used: /],
  ["key", { cert: "c.pem", key: "k.pem" }, /^--key k\.pem cannot be used: /],
  ["passphrase", { cert: "c.pem", key: "k.pem" }, /^--key k\.pem cannot be used: .*HAWSER_TLS_PASSPHRASE/],
  ["pfx", { pfx: "c.pfx" }, /^--pfx c\.pfx cannot be used: /],
])("names the option of a bad %s", (file, options, message) => {
  const error = new ConnectionError("TLS_INVALID", `${file} is bad`, { facts: { file } });
  expect(createConnectFault(error, options)).toMatchObject({ exitCode: 1, message: expect.stringMatching(message) });
});
