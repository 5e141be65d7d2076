import type { Server as HttpsServer } from "node:https";
import type { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/** A connection that never came to a request. */
export interface TlsFailure {
  /** Node's or OpenSSL's code. */
  readonly code: string;
  /** The same for people. */
  readonly what: string;
  readonly remoteAddress: string | undefined;
}

const whats: ReadonlyMap<string, string> = new Map([
  ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", "the client has shown no certificate"],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", "it was not made in time"],
  ["ERR_SSL_HTTP_REQUEST", "the client speaks plain HTTP (ws: instead of wss:)"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "what the client sent is no TLS"],
  ["ERR_SSL_NO_APPLICATION_PROTOCOL", "the client does not want HTTP/1.1"],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", "the client's version of TLS is too old"],
  ["ERR_SSL_NO_SHARED_CIPHER", "the client knows none of our ciphers"],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "the client does not trust our certificate's authority"],
  ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN", "the client does not accept our certificate"],
  ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "the client does not accept our certificate"],
  ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "the client finds our certificate expired"],
  ["ECONNRESET", "the client went away before it was made"],
]);

/** What Node's HTTP server does not know of the connections over which TLS is being made. */
export interface TlsHandshakes {
  /** Whether TLS was not made over it: for `clientError`, which is told, too. */
  hasFailed(stream: Duplex): boolean;
  /** Ends those over which TLS is not made yet. */
  destroyUnfinished(): void;
}

/** Looks on while TLS is made, and tells when it is not. */
export function watchTlsHandshakes(server: HttpsServer, onFailure: (failure: TlsFailure) => void): TlsHandshakes {
  const failed = new WeakSet<Duplex>();
  const unfinished = new Set<Duplex | undefined>();
  server.on("connection", (socket: NetSocket) => {
    // A socket that is over tells its address only if it was asked before.
    void socket.remoteAddress;
    unfinished.add(socket);
    socket.once("close", () => unfinished.delete(socket));
  });
  server.on("secureConnection", (stream) => unfinished.delete(getUnderlying(stream)));
  // Before Node's own listener, which makes a `clientError` of it.
  server.prependListener("tlsClientError", (error: NodeJS.ErrnoException, stream) => {
    failed.add(stream);
    const under = getUnderlying(stream);
    // who connects and leaves without a word looks whether the port is open, as load balancers do every second
    if (error.code === "ECONNRESET" && under?.bytesRead === 0) return;
    onFailure({ ...describe(error, stream), remoteAddress: stream.remoteAddress ?? under?.remoteAddress });
  });
  return {
    hasFailed: (stream) => failed.has(stream),
    destroyUnfinished: () => {
      for (const socket of unfinished) socket?.destroy();
    },
  };
}

function describe(error: NodeJS.ErrnoException, stream: TLSSocket): Omit<TlsFailure, "remoteAddress"> {
  // Node's types say Error, and it is the code of the check that failed; the error then only says that the socket is gone
  const refused: unknown = stream.authorizationError;
  if (typeof refused === "string") {
    return { code: refused, what: `the client's certificate is not accepted: ${refused}` };
  }
  const code = error.code ?? "UNKNOWN";
  return { code, what: whats.get(code) ?? code };
}

/**
 * By a field that Node does not document: without it a line of the log would lack an address, and refused clients might not
 * read why when the server closes.
 */
function getUnderlying(stream: TLSSocket): NetSocket | undefined {
  const { _parent: under } = stream as { readonly _parent?: NetSocket };
  return under;
}
