import { createTlsContext, tlsFileNames, toNodeTls } from "../node/index.js";
import type { NodeTls, TlsFiles } from "../node/index.js";
import { checkOptionNames } from "../internal/option-names.js";
import { refuseOption } from "./option-values.js";

/** How a server identifies itself, and whether it wants to know who its clients are. */
export interface ServerTlsOptions extends TlsFiles {
  /**
   * Whether clients show a certificate, too. "require": one that an authority in `ca` vouches for, or TLS is refused; `ca` must
   * be given, and a pfx cannot. "request": they are asked for one, and `admit` decides by `HandshakeInfo.clientCertificate`; browsers then ask
   * their users. @default "none"
   */
  readonly clientCertificates?: ClientCertificateMode;
}

export type ClientCertificateMode = "none" | "request" | "require";

const modes: ReadonlySet<unknown> = new Set(["none", "request", "require"] satisfies ClientCertificateMode[]);

/** What `node:https` takes. */
export interface NodeServerTls extends NodeTls {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/**
 * Finds out now, not at the first connection, that a certificate cannot be used.
 * @throws UsageError INVALID_ARGUMENT; ConnectionError TLS_INVALID
 */
export function checkTls(options: ServerTlsOptions): NodeServerTls {
  checkOptionNames("tls", options, [...tlsFileNames, "clientCertificates"]);
  const { clientCertificates: mode = "none", ...files } = options;
  if (!modes.has(mode)) refuseOption("tls.clientCertificates", mode, '"none", "request" or "require"');
  // a server without a certificate would refuse every client, each with a riddle
  if (files.cert === undefined && files.key === undefined && files.pfx === undefined) {
    refuseOption("tls", options, "cert and key, or pfx");
  }
  if (mode !== "none" && files.pfx !== undefined) {
    // they would be trusted as those in `ca` are, and there is no telling whether there are any
    refuseOption(
      "tls.pfx",
      files.pfx,
      "cert and key with clientCertificates, as a pfx may hold authorities of its own",
    );
  }
  if (mode === "require" && files.ca === undefined) {
    refuseOption("tls.ca", undefined, "the authorities of the clients' certificates");
  }
  createTlsContext(files);
  return {
    ...toNodeTls(files),
    // Node would trust everybody to whom any of the well-known authorities ever gave a certificate
    ...(mode === "request" && files.ca === undefined && { ca: [] }),
    requestCert: mode !== "none",
    rejectUnauthorized: mode === "require",
  };
}

/**
 * The same for files that take the place of others while the server runs. Whether clients show certificates is settled when
 * connections begin to come: it may be said again, but not changed.
 * @throws UsageError INVALID_ARGUMENT; ConnectionError TLS_INVALID
 */
export function checkNewTls(options: ServerTlsOptions, current: NodeServerTls): NodeServerTls {
  const mode: ClientCertificateMode = current.rejectUnauthorized ? "require" : current.requestCert ? "request" : "none";
  if ((options.clientCertificates ?? mode) !== mode) {
    refuseOption("tls.clientCertificates", options.clientCertificates, `"${mode}", as at the start, or nothing`);
  }
  return checkTls({ ...options, clientCertificates: mode });
}
