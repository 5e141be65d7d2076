import { isIPv4, isIPv6 } from "node:net";
import { unmapAddress } from "./address-set.js";

/**
 * What addresses are counted by: an IPv4 address itself, the /64 network of an IPv6 one, as a single line is given at least
 * that much. undefined for what is no address, such as the peer of a Unix socket.
 */
export function formatAddressKey(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const bare = unmapAddress(address);
  if (isIPv4(bare)) return bare;
  return isIPv6(bare) ? formatNetwork(bare) : undefined;
}

/** The first four of eight groups. "::" stands for as many groups of zero as are missing. */
function formatNetwork(address: string): string {
  const [front = "", back] = address.split("::");
  const head = splitGroups(front);
  // an IPv4 address at the end stands for two groups, neither of which can be among the first four of a front
  const tail = back === undefined ? [] : splitGroups(back);
  const tailGroups = tail.length + (tail.at(-1)?.includes(".") === true ? 1 : 0);
  const missing = back === undefined ? 0 : 8 - head.length - tailGroups;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

function splitGroups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
