import type { ClientCertificate, Socket } from "../socket/index.js";
import type { HandshakeInfo } from "../socket/service.js";

/** What of the handshake the socket does not know itself. */
export interface Arrival {
  readonly secure: boolean;
  readonly clientCertificate: ClientCertificate | undefined;
}

/** The handshake of a connection that is open. Made for those who ask, as it would be the larger part of an idle connection. */
export function createConnectionInfo(socket: Socket, { secure, clientCertificate }: Arrival): HandshakeInfo {
  const { url, params, remoteAddress } = socket;
  const headers = withoutLooseCookies(socket.headers);
  const end = url.indexOf("?");
  const path = end === -1 ? url : url.slice(0, end);
  return Object.freeze({
    url,
    path: decodePath(path),
    query: new URLSearchParams(end === -1 ? "" : url.slice(end)),
    params,
    headers,
    origin: headers.get("origin"),
    protocols: (headers.get("sec-websocket-protocol") ?? "").split(",").flatMap((name) => name.trim() || []),
    remoteAddress,
    secure,
    clientCertificate,
    // the handshake is over: nothing is left to give up
    signal: new AbortController().signal,
  });
}

/** The handshake as `authenticate` may see it while it is decided. */
export function guardHandshake(info: HandshakeInfo): HandshakeInfo {
  const headers = withoutLooseCookies(info.headers);
  return headers === info.headers ? info : Object.freeze({ ...info, headers });
}

/**
 * Cookies prove who is asking only together with an Origin, which the server has checked: a page cannot leave it out, but whatever
 * else sends a browser's cookies can. Without one nobody sees them, so that nobody is let in by them.
 */
function withoutLooseCookies(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (headers.has("origin") || !headers.has("cookie")) return headers;
  const kept = new Map(headers);
  kept.delete("cookie");
  return kept;
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
