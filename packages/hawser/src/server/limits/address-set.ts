import { BlockList, isIP } from "node:net";
import { checkStrings, refuseOption } from "../option-values.js";

/** IP addresses and networks, as an option lists them. */
export interface AddressSet {
  /** Whether the address is listed or in a network listed; an IPv4 address may be written as IPv6 (`::ffff:192.0.2.1`). */
  has(address: string | undefined): boolean;
}

const EXPECTED = 'an array of IP addresses and networks, like "192.0.2.7", "10.0.0.0/8" or "fd00::/8"';

/**
 * Makes a set of the addresses and networks of an option. Unix sockets have no address and are in no set.
 * @throws UsageError INVALID_ARGUMENT, naming the option, its value and what was expected
 */
export function createAddressSet(optionName: string, list: unknown): AddressSet {
  const blocks = new BlockList();
  for (const entry of checkStrings(optionName, list, EXPECTED)) addEntry(blocks, optionName, entry);
  return {
    has(address) {
      if (address === undefined) return false;
      const bare = unmapAddress(address);
      const version = isIP(bare);
      return version !== 0 && blocks.check(bare, version === 4 ? "ipv4" : "ipv6");
    },
  };
}

/** An address as it is compared: an IPv4 one out of its IPv6 form, and without the zone of the machine's own interface. */
export function unmapAddress(address: string): string {
  const bare = address.split("%", 1)[0] ?? "";
  const mapped = /^::ffff:(?<ipv4>\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  return mapped?.groups?.["ipv4"] ?? bare;
}

function addEntry(blocks: BlockList, optionName: string, entry: string): void {
  const [address = "", prefix, ...rest] = entry.split("/");
  const bare = unmapAddress(address);
  const version = isIP(bare);
  // a zone names an interface of one machine: the rule would mean something else on another
  if (version === 0 || address.includes("%") || rest.length > 0) refuseOption(optionName, entry, EXPECTED);
  const family = version === 4 ? "ipv4" : "ipv6";
  if (prefix === undefined) {
    blocks.addAddress(bare, family);
    return;
  }
  const isMapped = bare !== address;
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) - (isMapped ? 96 : 0) : -1;
  if (bits < 0 || bits > (version === 4 ? 32 : 128)) refuseOption(optionName, entry, EXPECTED);
  blocks.addSubnet(bare, bits, family);
}
