// One self-signed certificate for localhost and 127.0.0.1 with its key, in two PKCS #12 files. For tests alone: the whole world
// knows its key. Valid for 100 years.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** The certificate, for those who connect. */
export const ca = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUGJY5tZJjtOrDCSj28ykdqHU3PhowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA1MDYyNVoYDzIxMjYxMDI4
MDUwNjI1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARdTNNCFcoDAHVEKxVMFY6yNpfcF7UQHMVQizjs2zNyfEkp19FlwdyE
ehTRqEJRKRAkD8qhYJ5H9dhPUQJcbMUko28wbTAdBgNVHQ4EFgQUZo53eHNOXsfT
lUsxk44fLciEMZUwHwYDVR0jBBgwFoAUZo53eHNOXsfTlUsxk44fLciEMZUwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAIp+Vxho9SY7G29/GWFa0VZ+B45lMztZCv1fZdSawcwHAiAW
kSF9Zey9qfFqpdTyZjR3r23E4NBRNpNuKdsTwMcERw==
-----END CERTIFICATE-----
`;

const pfxByPassphrase: ReadonlyMap<string, string> = new Map([
  [
    "",
    "MIIELAIBAzCCA+IGCSqGSIb3DQEHAaCCA9MEggPPMIIDyzCCAoIGCSqGSIb3DQEHBqCCAnMwggJvAgEAMIICaAYJKoZIhvcNAQcB" +
      "MFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjS0Az82O7xlgICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEF2v" +
      "5FBmxLWiip3Oja2PQ8qAggIAi7KlIbdww9bkVIy0R4KzKV2fKPWuQMsBw3w1xktqVGHwSLG914As4SwNiMCq4VIXiemLtCZeGZwG" +
      "WfbfM1FZZNtSd+mL0uFfNJBbXGddgYtDHC6a15FuE0aweVGC3JDou0aKTpAVeBFa4RyNqUtySbsVIkUDW3fFE77VYYVsHID3rqP8" +
      "lykXtGURYOInt6J7lNUPgO/Cv29lrCp4go8m3cAO4Clw66ynd6VDR3N1CnoXoLfVanZEKbkqaIbV9dt74DHu7jGp+k/EW2Ed9TDv" +
      "g4RK2MrXPqGcvzIFp0U1Vindyp3d3J+c2FY3Za2JeHFLYkHh4K88kvnqEhCBf6a9F1IMPI9PipFp//UmrS0lIr4b7mivg/JqbtQl" +
      "NcY9zllhNMlKklngryY00b1XzqmZdbjKQip/RM4CgqkVy+HR9FHY87MA7IR5lJJ5+zv5b/gKC81X9RYPJfVSJAEj4tqqR86zuXLR" +
      "RbF9olt96mbeKn0Z0axyQ5BzMqqPN8jnWwvzx5ilJYRQ8gx8INQtCCW2pZ0aNpI5rpyExRaiIkGDsPRj4gVgYwSG9Jt9w6vy1hu7" +
      "9u6s5Vgn+REuyLFPFUXXxK2wBF5+sBfDigsw6YtdW8eYfjOtuoxW868LkBCIIf4FWwxSeRR2/ysJ6CxkFFVFz0kTa9zIa3yRQydE" +
      "a91Hs4cwggFBBgkqhkiG9w0BBwGgggEyBIIBLjCCASowggEmBgsqhkiG9w0BDAoBAqCB7zCB7DBXBgkqhkiG9w0BBQ0wSjApBgkq" +
      "hkiG9w0BBQwwHAQIIqIbevEY34QCAggAMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBDgPtFVLpkW+CRf5pUZcDYUBIGQG2sa" +
      "CE5SVA7K9FP1w2nbJt7fQd6qWi3THsuq9Vf9YssgM+ismxk+DplapAZ6o2RLYKFgafugqscb6ZeSpmm7Vq5XMOIXSzUIKrNH33eF" +
      "ki6Er2srCtRIbMx2IleyltnEiIQDd2xzyXl+qlsueYsY2p/YbPfkxDvHLd+xR9xkzDzlcuWnSnHKsazM/ZcLaC7cMSUwIwYJKoZI" +
      "hvcNAQkVMRYEFBxYdQyegafLoda4M17IfWlBP91qMEEwMTANBglghkgBZQMEAgEFAAQgaepQhxv/1fz2XMPK+v+2aetnjy0O3Uvg" +
      "muQ47zCnc3kECAdEEzku1vBdAgIIAA==",
  ],
  [
    "secret",
    "MIIELAIBAzCCA+IGCSqGSIb3DQEHAaCCA9MEggPPMIIDyzCCAoIGCSqGSIb3DQEHBqCCAnMwggJvAgEAMIICaAYJKoZIhvcNAQcB" +
      "MFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh4fICMLy1jYAICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEENFr" +
      "7UcRX40NMjrC3gfc9p+AggIAsRxihLXZbMLf+8IRUdOfb+rMsQMTeA/ftabFQdXeDbKkNhxUTcoPlOojH4mN2AtZ5NkbejLPfFej" +
      "oQ4ClkYfHFIzhOUF2L1TeKCys72HAQ37eBLgs+e0G4CTM6/fqH8luguD+eWHDAEPSYirJUl+/qwcTYTRHDLnWDqP+NbiS1qrjNdL" +
      "y1DMnab2ylbC7mEjdx53DEJ7d8vBxiJCVMHMOWnBBPTEPt1+RGBRQTUHh9AMQNE8yEcxaGa6Nin8IfWWlu3llrk8lUoqPxhOBfOn" +
      "6ELaF66uWn/P4i+jTwPy8fPMjlm4Xs79y6qxLzAYHS0bkpCQhJiiZ7lyDgyPvfqdpLn9W+KUE+3F2EX2HRfQNjWlSun+MaIpI5UR" +
      "0lhxoV7RoB0b5CmoOrTB3P6+d+DPZfrMJybDs8unKfbxHYqHIL46ZHhlrI5acaYBz0+92ggs+C/tLMR13NyOrTm5FlFeiDVhtcwl" +
      "4JjBqhbxhGyh6WlFRsSW/T6/JfMkspPw8mMfQ8WTdpwYavoQitwPaCUJnC67okppjqqjZBSqQqC5CXvch/GV8Nu3S2D60XiP7rrw" +
      "RpgJ3OPMmLYr2ZMibjvOoEADWz+XFotycPc4qnjl2JwHpb8iU9IaaETepNglQZgVwk/ns+fHmaZQyBuV27E3x0xRgEfxTWAWRgeV" +
      "sj6aWGYwggFBBgkqhkiG9w0BBwGgggEyBIIBLjCCASowggEmBgsqhkiG9w0BDAoBAqCB7zCB7DBXBgkqhkiG9w0BBQ0wSjApBgkq" +
      "hkiG9w0BBQwwHAQI0G2XSzqk9tICAggAMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBRzPqaK3auoL+yVZvRWT9eBIGQkqQu" +
      "Egp+O3TPYOODg2Z1xEHj46wAC0t1XzaYJIqrHUeuhJlDndBFXxdyx7klVH86zEnSlczrVqZbZmdhfv9GvVyPJchBVLBjzFxSWAb+" +
      "7bhOTxP3OyCNhnau10t/KyYCb5UawLvxDtZbdMrItdpJIlifDbxR3epM/uCI6dYg+TCNvck7SIaK4Y4Y040s3kNEMSUwIwYJKoZI" +
      "hvcNAQkVMRYEFBxYdQyegafLoda4M17IfWlBP91qMEEwMTANBglghkgBZQMEAgEFAAQgaT6YWC/RoBqY5NX+xE2JPJ3faNw29mSK" +
      "xWXv2JSZxiAECJjFWBA2uESaAgIIAA==",
  ],
]);

/** Writes the file that opens with the passphrase; answers its path. Deleted with the test. */
export function writePfx(passphrase: "" | "secret"): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-pfx-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "certificate.pfx");
  writeFileSync(path, Buffer.from(pfxByPassphrase.get(passphrase) ?? "", "base64"));
  return path;
}
