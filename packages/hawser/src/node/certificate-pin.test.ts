import { expect, it } from "vitest";
import { readPins } from "./certificate-pin.js";

const plain = "0f1e2d3c4b5a69788796a5b4c3d2e1f000112233445566778899aabbccddeeff";
const colons = "0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

it.each([
  ["upper case with colons", colons],
  ["lower case with colons", colons.toLowerCase()],
  ["lower case alone", plain],
  ["upper case alone", plain.toUpperCase()],
  ["spaces, over two lines", `${colons.slice(0, 47).replaceAll(":", " ")}\n${colons.slice(48).replaceAll(":", " ")}`],
  ["what openssl prints", `sha256 Fingerprint=${colons}\n`],
  ["what older versions of openssl print", `SHA256 Fingerprint=${colons}`],
  ["a label", `SHA-256: ${colons}`],
  ["what hawser cert prints", `SHA-256      ${colons}`],
])("reads %s", (_name, text) => {
  expect([...readPins(text)]).toEqual([colons]);
});

it("reads several", () => {
  const other = "ab".repeat(32);
  expect(readPins([plain, other, colons]).size).toBe(2);
});

it.each<[string, unknown, string]>([
  ["SHA-1", colons.slice(0, 59), "is a SHA-1 fingerprint, which can be forged: expected SHA-256"],
  ["SHA-1 as openssl prints it", `SHA1 Fingerprint=${colons.slice(0, 59)}`, "is a SHA-1 fingerprint"],
  ["MD5", plain.slice(0, 32), "is an MD5 fingerprint"],
  ["SHA-512", plain + plain, "is a SHA-512 fingerprint"],
  ["a hash of a key in Base64", "sha256//RkhEhkQwPpkiwfZvJYfqJhQ4jVfpzIj9gDCWFTNKcUs=", "hashes of public keys"],
  ["too few digits", plain.slice(2), "expected a SHA-256 fingerprint, 64 hexadecimal digits"],
  ["a file's name", "cert.pem", '"cert.pem"'],
  ["nothing", "", "expected a SHA-256 fingerprint"],
  ["no pin at all", [], "is an empty list"],
  ["one bad among good ones", [plain, "?"], '"?"'],
  ["no text", 5, "is of type number"],
  ["no text in a list", [null], "is of type object"],
])("refuses %s", (_name, given, words) => {
  expect(() => readPins(given)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      facts: { name: "pin" },
      message: expect.stringContaining(words),
    }),
  );
});
