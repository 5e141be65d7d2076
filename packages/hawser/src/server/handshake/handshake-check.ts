import { checkUpgradeRequest, hostAllowed, originAllowed } from "../../protocol/index.js";
import type { HandshakeLimits, RefusalResponse, RequestHead, UpgradeRequest } from "../../protocol/index.js";
import type { Client } from "./client-address.js";
import type { PathMatch, PathParameters, PathRouter } from "../path-router.js";

/**
 * The checks of an opening handshake that need nothing but the request. Their order:
 *
 * 1. syntax, method, sizes, version and key (`checkUpgradeRequest`): nothing later reads a request that is not sound;
 * 2. Host: a page that points its own name at this machine (DNS rebinding) learns nothing, not even which paths exist;
 * 3. path: which service, and so which rules, are meant;
 * 4. Origin: a page of a foreign site gets no further, so no `admit` ever sees its cookies.
 *
 * Only then does the service's `admit` decide.
 */

export interface HandshakeRules<T> {
  readonly limits: HandshakeLimits;
  readonly router: PathRouter<T>;
  /** Hosts allowed, besides the names of loopback; null when any is. */
  readonly hosts: readonly string[] | null;
  readonly origins: readonly string[] | "*";
}

export interface SoundHandshake<T> {
  readonly kind: "sound";
  readonly request: UpgradeRequest;
  readonly service: T;
  readonly params: PathParameters;
}

export interface RefusedHandshake {
  readonly kind: "refused";
  readonly answer: RefusalResponse;
  /** The rule broken, for the log. */
  readonly rule: string;
  /** The value that an option would have to list; only where that would change the answer. */
  readonly unlisted?: { readonly option: "hosts" | "origins"; readonly value: string };
}

export function checkHandshake<T>(
  head: RequestHead,
  client: Client,
  rules: HandshakeRules<T>,
): SoundHandshake<T> | RefusedHandshake {
  const request = checkUpgradeRequest(head, rules.limits);
  if ("rule" in request) {
    const { status, headers, reason, rule } = request;
    return { kind: "refused", answer: { status, headers, body: reason }, rule };
  }
  const { origin } = request;
  const host = client.forwardedHost ?? request.host;
  if (!isHostAllowed(host, rules.hosts)) return refuseHost(host);
  const match = findService(rules.router, request.target);
  if (match === undefined) return refuseMissing();
  if (!originAllowed(origin, host, client.secure, rules.origins)) return refuseOrigin(origin ?? "");
  return { kind: "sound", request, service: match.value, params: match.params };
}

export function isHostAllowed(host: string, hosts: readonly string[] | null): boolean {
  return hosts === null || hostAllowed(host, hosts);
}

/** What is registered for the path of a request target, also of one in absolute form (`http://host/path`). */
export function findService<T>(router: PathRouter<T>, target: string): PathMatch<T> | undefined {
  return router.match(cutQuery(target.startsWith("/") ? target : target.replace(/^[a-z]+:\/\/[^/?]*/i, "")));
}

export function cutQuery(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

export function refuseHost(host: string): RefusedHandshake {
  const answer = { status: 403, body: "this Host is not served here" };
  return { kind: "refused", answer, rule: "host-not-allowed", unlisted: { option: "hosts", value: host } };
}

export function refuseMissing(): RefusedHandshake {
  return { kind: "refused", answer: { status: 404, body: "nothing is served at this path" }, rule: "path-unknown" };
}

/** For an HTTP server that is not ours, and may be set to drop headers that we would have to see. */
export function refuseTruncated(): RefusedHandshake {
  return { kind: "refused", answer: { status: 431, body: "too many headers" }, rule: "too-many-headers" };
}

function refuseOrigin(origin: string): RefusedHandshake {
  const answer = { status: 403, body: "this Origin is not allowed" };
  return { kind: "refused", answer, rule: "origin-not-allowed", unlisted: { option: "origins", value: origin } };
}
