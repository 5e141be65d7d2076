import { createTlsContext, tlsFileNames, toNodeTls } from "../node/index.js";
import type { NodeTls, TlsFiles } from "../node/index.js";
import { checkOptionNames } from "../internal/option-names.js";
import { refuseOption } from "./option-values.js";

/**
 * Finds out now, not at the first connection, that a certificate cannot be used.
 * @throws UsageError INVALID_ARGUMENT; ConnectionError TLS_INVALID
 */
export function checkTls(files: TlsFiles): NodeTls {
  checkOptionNames("tls", files, tlsFileNames);
  // a server without a certificate would refuse every client, each with a riddle
  if (files.cert === undefined && files.key === undefined && files.pfx === undefined) {
    refuseOption("tls", files, "cert and key, or pfx");
  }
  createTlsContext(files);
  return toNodeTls(files);
}
