import type { RefusalRule } from "./handshake-faults.js";
import { parseHost } from "./host.js";
import type { HostAddress } from "./host.js";

/**
 * Reads the target of a request to `host`: path and query. A target in absolute form is reduced to them, when it names the
 * same host (RFC 9112 §3.2.2): nobody may be led to believe that the request was for another. Answers the broken rule
 * for any other form and for a path that readers could understand differently.
 */
export function readTarget(target: string, host: string): { readonly target: string } | { readonly rule: RefusalRule } {
  // visible ASCII, and no fragment
  if (!/^[\x21\x22\x24-\x7e]+$/.test(target)) return { rule: "target-invalid" };
  const local = target.startsWith("/") ? target : reduceAbsolute(target, host);
  if (local === undefined) return { rule: "target-authority" };
  return isPlainPath(local) ? { target: local } : { rule: "target-invalid" };
}

/** `http://host:80/path?query` to `/path?query`; undefined when it is not absolute, or of another host. */
function reduceAbsolute(target: string, host: string): string | undefined {
  const match = /^(http|https|ws|wss):\/\/([^/?]*)/i.exec(target);
  if (match === null) return undefined;
  const [prefix, scheme = "", authority = ""] = match;
  const defaultPort = /^(https|wss)$/i.test(scheme) ? 443 : 80;
  if (!isSameHost(parseHost(authority), parseHost(host), defaultPort)) return undefined;
  const rest = target.slice(prefix.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function isSameHost(one: HostAddress | undefined, other: HostAddress | undefined, defaultPort: number): boolean {
  if (one === undefined || one.host !== other?.host) return false;
  return (one.port ?? defaultPort) === (other.port ?? defaultPort);
}

/** Whether the path, percent-decoded, is UTF-8 without NUL and without a segment that climbs (`..`). */
function isPlainPath(target: string): boolean {
  const query = target.indexOf("?");
  let path: string;
  try {
    path = decodeURIComponent(query < 0 ? target : target.slice(0, query));
  } catch {
    return false; // a broken escape, or one that is not UTF-8
  }
  return !path.includes("\0") && !path.split(/[/\\]/).includes("..");
}
