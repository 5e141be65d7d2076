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
    13,
  ],
  [failed("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "not the one in `cert` or `pfx`"), "not the one in --cert or --pfx", 13],
  [failed("ECONNREFUSED", "nothing listens there"), "nothing listens there", 3],
  [failed("ENOTFOUND", "unknown"), "unknown", 11],
  [failed("EAI_AGAIN", "not now"), "not now", 11],
  [failed("EHOSTUNREACH", "no way"), "no way", 12],
  [failed("ETIMEDOUT", "no answer"), "no answer", 12],
  [failed("ECONNRESET", "cut"), "cut", 3],
  [failed("ECONNRESET", "it may want a client certificate"), "it may want a client certificate", 13],
  [
    failed("DEPTH_ZERO_SELF_SIGNED_CERT", "-", { fingerprint256: "AB:CD" }),
    "no connection to wss://h/ could be made: its certificate is self-signed: give that certificate with --ca FILE. If you know that it is the right one: --pin AB:CD",
    13,
  ],
  [
    failed("CERT_NOT_YET_VALID", "-"),
    "no connection to wss://h/ could be made: its certificate is not valid yet: is the clock right?",
    13,
  ],
])("says in the words of the options: %s", (error, message, exitCode) => {
  expect(createConnectFault(error, {})).toMatchObject({ name: "ProgramError", exitCode, message });
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

it("does not show the query, which may hold a token", () => {
  const target = "ws://h/?token=abc";
  const facts = { url: target, reason: "ECONNREFUSED" };
  const error = new ConnectionError("CONNECT_FAILED", `no connection to ${target} could be made`, { facts });
  expect(createConnectFault(error, {})).toMatchObject({ message: "no connection to ws://h/?… could be made" });
});
