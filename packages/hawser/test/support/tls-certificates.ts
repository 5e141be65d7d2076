import files from "./tls-certificates.json" with { type: "json" };

/** Certificates by an authority of the tests, and PKCS #12 files as OpenSSL writes them. The JSON tells how they were made. */
export const certificates = {
  ...files,
  pfx: decode(files.pfx),
  emptyPfx: decode(files.emptyPfx),
  noMacPfx: decode(files.noMacPfx),
  rc2Pfx: decode(files.rc2Pfx),
  rc2EmptyPfx: decode(files.rc2EmptyPfx),
  chainPfx: decode(files.chainPfx),
  noKeyPfx: decode(files.noKeyPfx),
  clientPfx: decode(files.clientPfx),
} as const;

function decode(base64: string): Buffer {
  return Buffer.from(base64, "base64");
}
