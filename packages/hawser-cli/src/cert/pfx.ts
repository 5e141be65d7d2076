import { createHash, createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import {
  Attribute,
  AuthenticatedSafe,
  CertBag,
  Certificate,
  CryptoEngine,
  PFX,
  PKCS8ShroudedKeyBag,
  PrivateKeyInfo,
  SafeBag,
  SafeContents,
} from "pkijs";

/** As many as OpenSSL takes by default. */
const ITERATIONS = 2048;

/** RFC 7292 appendix D: the kinds of bags. */
const KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3";

/**
 * A certificate and its key, both in PEM, as one PKCS #12 file (RFC 7292) in the form that OpenSSL 3 writes, so that Node,
 * OpenSSL, .NET, Java and browsers read it: AES-256-CBC with PBKDF2 and SHA-256, and a MAC with SHA-256.
 */
export async function createPfx(
  { cert, key }: { readonly cert: string; readonly key: string },
  passphrase: string,
): Promise<Uint8Array> {
  // Node's types of WebCrypto are not those of the DOM, which the library wants; the objects are the same
  const engine = new CryptoEngine({ name: "node", crypto: webcrypto as never });
  const password = toBytes(new TextEncoder().encode(passphrase));
  const encryption = {
    password,
    contentEncryptionAlgorithm: { name: "AES-CBC", length: 256 } as never,
    hmacHashAlgorithm: "SHA-256",
    iterationCount: ITERATIONS,
  };

  const keyBag = new PKCS8ShroudedKeyBag({ parsedValue: PrivateKeyInfo.fromBER(readKey(key)) });
  await keyBag.makeInternalValues(encryption, engine);
  const { raw } = new X509Certificate(cert);
  const certBag = new CertBag({ parsedValue: Certificate.fromBER(toBytes(raw)) });
  const bagAttributes = [createLocalKeyId(raw)];
  const pfx = new PFX({
    parsedValue: {
      integrityMode: 0,
      authenticatedSafe: new AuthenticatedSafe({
        parsedValue: {
          safeContents: [
            wrap(new SafeBag({ bagId: KEY_BAG, bagValue: keyBag, bagAttributes }), 0),
            wrap(new SafeBag({ bagId: CERTIFICATE_BAG, bagValue: certBag, bagAttributes }), 1),
          ],
        },
      }),
    },
  });
  const safe = pfx.parsedValue?.authenticatedSafe;
  await safe?.makeInternalValues({ safeContents: [{}, encryption] }, engine);
  const mac = { password, iterations: ITERATIONS, pbkdf2HashAlgorithm: "SHA-256", hmacHashAlgorithm: "SHA-256" };
  await pfx.makeInternalValues(mac, engine);
  return new Uint8Array(pfx.toSchema().toBER(false));
}

/** RFC 2985 §5.5.2: what tells readers that key and certificate belong together; like OpenSSL the SHA-1 of the certificate. */
function createLocalKeyId(certificate: Uint8Array): Attribute {
  const id = createHash("sha1").update(certificate).digest();
  // SEQUENCE { OBJECT IDENTIFIER 1.2.840.113549.1.9.21, SET { OCTET STRING } }
  const head = Buffer.from("302306092a864886f70d01091531160414", "hex");
  return Attribute.fromBER(toBytes(Buffer.concat([head, id])));
}

/** `privacyMode`: 0 as it is, 1 encrypted. */
function wrap(bag: SafeBag, privacyMode: 0 | 1): { privacyMode: number; value: SafeContents } {
  return { privacyMode, value: new SafeContents({ safeBags: [bag] }) };
}

function readKey(pem: string): ArrayBuffer {
  return toBytes(createPrivateKey(pem).export({ type: "pkcs8", format: "der" }));
}

/** The bytes alone, without the pool that they may lie in. */
function toBytes(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
