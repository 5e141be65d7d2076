/** Whether two values that JSON.parse made are the same, whatever the order of their keys: a text that is equal then. */
export function fingerprint(value: unknown): string {
  const text = format(value);
  return text.length <= MAX_PLAIN ? text : `${text.length}:${hash(text, 0x9e3779b9)}:${hash(text, 0x85ebca6b)}`;
}

/** What is longer is kept as a hash of 106 bits. Who finds two values with one hash only fools himself. */
const MAX_PLAIN = 64;

function format(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  if (Array.isArray(value)) return `[${value.map(format).join(",")}]`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${format(item)}`).join(",")}}`;
}

/** cyrb53 by bryc, public domain: 53 bits of good spread from two multiplications for each unit. */
function hash(text: string, seed: number): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
