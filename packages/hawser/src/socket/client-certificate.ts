/** The certificate that a client identified itself with in TLS. What it says is the client's word unless `authorized`. */
export interface ClientCertificate {
  /** Whether an authority in the server's `ca` vouches for it, and it is in its time. Look here first. */
  readonly authorized: boolean;
  /** Why it is not, as OpenSSL's code, such as "CERT_HAS_EXPIRED" or "DEPTH_ZERO_SELF_SIGNED_CERT". */
  readonly authorizationError: string | undefined;
  /** SHA-256 of `raw`, as OpenSSL prints it: upper-case pairs with colons. */
  readonly fingerprint256: string;
  /** The distinguished name, a line for each part, escaped as in RFC 2253: "C=DE\nO=Example\\, Inc.\nCN=device 7". */
  readonly subject: string;
  /** The CN of the subject, when it has exactly one. */
  readonly commonName: string | undefined;
  /** Other names, as OpenSSL writes them: "DNS:device-7.example, IP Address:192.0.2.7". */
  readonly subjectAltName: string | undefined;
  /** The authority, in the form of `subject`. */
  readonly issuer: string;
  /** Hexadecimal digits. */
  readonly serialNumber: string;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** The certificate itself, in DER. */
  readonly raw: Uint8Array;
}
