import { X509Certificate } from "node:crypto";
import { duplexPair } from "node:stream";
import { connect, createSecureContext, TLSSocket } from "node:tls";
import type { TlsFile, TlsFiles } from "hawser/socket";

/** SHA-256, as browsers and OpenSSL write it. @throws what node:crypto throws when `cert` is not a certificate in PEM */
export function readFingerprint(cert: string | Uint8Array): string {
  return new X509Certificate(cert).fingerprint256;
}

/** The certificate that a side with these files shows. @throws (rejects) what node:tls throws for files it cannot use */
export async function readCertificate({ cert, pfx, passphrase }: TlsFiles): Promise<X509Certificate> {
  if (pfx === undefined) return new X509Certificate(toNode(cert ?? ""));
  return readPfxCertificate(toNode(pfx), passphrase);
}

/** Node cannot look into a PKCS #12 file, only use it: so it is shown to a client, in memory. */
async function readPfxCertificate(pfx: string | Buffer, passphrase: string | undefined): Promise<X509Certificate> {
  const secureContext = createSecureContext({ pfx, ...(passphrase !== undefined && { passphrase }) });
  const [near, far] = duplexPair();
  const server = new TLSSocket(far, { isServer: true, secureContext });
  // nothing is sent over this connection, which never leaves the process
  const client = connect({ socket: near, rejectUnauthorized: false });
  try {
    return await new Promise((resolve, reject) => {
      server.on("error", reject);
      client.on("error", reject);
      client.on("secureConnect", () => {
        const certificate = client.getPeerX509Certificate();
        if (certificate === undefined) reject(new Error("the file holds no certificate with its key"));
        else resolve(certificate);
      });
    });
  } finally {
    client.destroy();
    server.destroy();
  }
}

function toNode(file: TlsFile): string | Buffer {
  return typeof file === "string" ? file : Buffer.from(file);
}
