import { expect, it } from "vitest";
import { checkNewTls, checkTls } from "../../src/server/tls-options.js";
import { certificates } from "../support/tls-certificates.js";

const { ca, server } = certificates;
const { cert, key } = server;

it("asks nobody for a certificate by default", () => {
  expect(checkTls({ cert, key })).toEqual({ cert, key, requestCert: false, rejectUnauthorized: false });
});

it("trusts nobody's certificate but those of the authorities given", () => {
  // undefined would mean all that Node knows
  expect(checkTls({ cert, key, clientCertificates: "request" }).ca).toEqual([]);
  expect(checkTls({ cert, key, ca, clientCertificates: "request" }).ca).toEqual([ca]);
});

it("keeps the mode when files are replaced, and lets it be said again", () => {
  const current = checkTls({ cert, key, ca, clientCertificates: "require" });
  const expected = { requestCert: true, rejectUnauthorized: true };
  expect(checkNewTls({ cert, key, ca }, current)).toMatchObject(expected);
  expect(checkNewTls({ cert, key, ca, clientCertificates: "require" }, current)).toMatchObject(expected);
  expect(() => checkNewTls({ cert, key, ca, clientCertificates: "none" }, current)).toThrow(
    '"require", as at the start',
  );
});
