import type { UpgradeRequest } from "../../protocol/index.js";
import type { ClientCertificate, HandshakeInfo } from "../../socket/index.js";
import { cutQuery } from "./handshake-check.js";
import { decodePath } from "../path-router.js";
import type { PathParameters } from "../path-router.js";

export interface HandshakePeer {
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  readonly clientCertificate: ClientCertificate | undefined;
}

/** What a service learns of a request that passed the checks. Made only for services that ask. */
export function createHandshakeInfo(
  request: UpgradeRequest,
  params: PathParameters,
  peer: HandshakePeer,
  signal: AbortSignal,
): HandshakeInfo {
  const { target, headers, origin, protocols } = request;
  const path = cutQuery(target);
  return Object.freeze({
    url: target,
    path: decodePath(path) ?? path,
    query: new URLSearchParams(target.slice(path.length)),
    params,
    headers,
    origin,
    protocols,
    remoteAddress: peer.remoteAddress,
    secure: peer.secure,
    clientCertificate: peer.clientCertificate,
    signal,
  });
}
