/**
 * Header fields as one text: a map of them takes 500 to 1000 bytes, and most sockets are never asked for it. Names and values
 * that came over HTTP contain no line feed.
 */
export function packHeaders(headers: ReadonlyMap<string, string>): string {
  return [...headers].flat().join("\n");
}

export function unpackHeaders(packed: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const fields = packed.split("\n");
  for (let i = 0; i + 1 < fields.length; i += 2) headers.set(fields[i] ?? "", fields[i + 1] ?? "");
  return headers;
}
