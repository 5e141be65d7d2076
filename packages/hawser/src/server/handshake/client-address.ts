import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { parseHost } from "../../protocol/index.js";
import { createAddressSet, unmapAddress } from "../limits/address-set.js";
import type { AddressSet } from "../limits/address-set.js";
import { checkStrings } from "../option-values.js";

/** Who sent a request, and what it asked for, as seen from outside of the proxies that are trusted. */
export interface Client {
  /** Without a port; an IPv4 address is never written as IPv6. undefined: a Unix socket, or a connection that is over. */
  readonly remoteAddress: string | undefined;
  /** Whether the client's own connection uses TLS. */
  readonly secure: boolean;
  /** The host that the client asked a trusted proxy for; undefined: what the Host header says. */
  readonly forwardedHost: string | undefined;
}

/** A chain of proxies that is longer is made up. */
const MAX_PROXIES = 32;

/**
 * Reads the option `trustedProxies`. "unix" stands for whoever connects by a Unix socket, which has no address.
 * @throws UsageError INVALID_ARGUMENT
 */
export function createTrustedProxies(list: unknown): AddressSet {
  const entries = checkStrings("trustedProxies", list, 'an array of IP addresses and networks, or "unix"');
  const addresses = createAddressSet(
    "trustedProxies",
    entries.filter((entry) => entry !== "unix"),
  );
  const trustsUnix = entries.includes("unix");
  return { has: (address) => (address === undefined ? trustsUnix : addresses.has(address)) };
}

/**
 * Looks behind trusted proxies. Each of them adds to X-Forwarded-For whom it had the request from, so the list is read from
 * the right, and only as long as the one who wrote an entry is trusted; what stands further left is the client's own word.
 * Of X-Forwarded-Proto and X-Forwarded-Host the last value is that of the nearest proxy.
 */
export function readClient({ socket, headers }: IncomingMessage, trustedProxies: AddressSet): Client {
  const peer = readPeerAddress(socket);
  const secure = "encrypted" in socket && socket.encrypted === true;
  // a connection that is over has no address either
  if (!trustedProxies.has(peer) || socket.destroyed) return { remoteAddress: peer, secure, forwardedHost: undefined };
  const host = readLast(headers["x-forwarded-host"]);
  return {
    remoteAddress: readAddress(readAll(headers["x-forwarded-for"]), peer, trustedProxies),
    secure: readSecure(readLast(headers["x-forwarded-proto"])) ?? secure,
    forwardedHost: host !== undefined && parseHost(host) !== undefined ? host : undefined,
  };
}

/** The address at the other end of a connection, whoever that is. */
export function readPeerAddress(stream: { readonly remoteAddress?: string | undefined }): string | undefined {
  return stream.remoteAddress === undefined ? undefined : unmapAddress(stream.remoteAddress);
}

function readAddress(list: string, peer: string | undefined, trustedProxies: AddressSet): string | undefined {
  let address = peer;
  let end = list.length;
  for (let count = 0; count < MAX_PROXIES && end > 0 && trustedProxies.has(address); count++) {
    const comma = list.lastIndexOf(",", end - 1);
    const entry = list.slice(comma + 1, end).trim();
    end = comma;
    if (entry === "") continue; // an empty element of a list means nothing (RFC 9110 §5.6.1)
    const next = parseEntry(entry);
    // what cannot be read ("unknown") tells no more than that the request came by this proxy
    if (next === undefined) break;
    address = next;
  }
  return address;
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80` to the address in it. */
function parseEntry(entry: string): string | undefined {
  const { ipv4, ipv6 } = /^(?<ipv4>[\d.]+):\d{1,5}$|^\[(?<ipv6>[^\]]+)\](?::\d{1,5})?$/.exec(entry)?.groups ?? {};
  const address = ipv4 ?? ipv6 ?? entry;
  return isIP(address) === 0 ? undefined : unmapAddress(address);
}

const secureSchemes: ReadonlyMap<string, boolean> = new Map([
  ["http", false],
  ["ws", false],
  ["https", true],
  ["wss", true],
]);

function readSecure(scheme: string | undefined): boolean | undefined {
  return secureSchemes.get(scheme?.toLowerCase() ?? "");
}

/** Node joins repeated headers with ", ", but for those that it does not know by name it may give an array. */
function readAll(value: string | string[] | undefined): string {
  return typeof value === "string" ? value : (value?.join(",") ?? "");
}

function readLast(value: string | string[] | undefined): string | undefined {
  const all = readAll(value);
  return value === undefined ? undefined : all.slice(all.lastIndexOf(",") + 1).trim();
}
