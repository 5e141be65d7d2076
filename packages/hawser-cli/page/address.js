// The address field: what can be said about a URL and sub-protocols before the browser is asked.
// `new WebSocket` throws on these; a person should read a sentence beside the field instead.

/** Returns `{ url }` (ws: or wss:) or `{ error }`. */
export function parseAddress(text, page = location) {
  const trimmed = text.trim();
  if (trimmed === "") return { error: "Enter an address, such as ws://127.0.0.1:8080/echo." };
  let url;
  try {
    url = new URL(completeAddress(trimmed, page));
  } catch {
    return { error: "This is not an address. It should look like ws://127.0.0.1:8080/echo." };
  }
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    return { error: `A WebSocket address begins with ws:// or wss://, not ${url.protocol}//.` };
  }
  if (url.hash !== "" || trimmed.endsWith("#")) {
    return { error: "A WebSocket address has no # part. Remove it (or write %23)." };
  }
  if (page.protocol === "https:" && url.protocol === "ws:" && !isLoopback(url.hostname)) {
    return { error: "This page came over https, so the browser allows only encrypted connections. Use wss:// here." };
  }
  return { url: url.href };
}

/** Returns `{ protocols }` or `{ error }`. The grammar is RFC 9110's token (RFC 6455 §4.1, item 10). */
export function parseProtocols(text) {
  const protocols = text.split(/[\s,]+/).filter((name) => name !== "");
  const wrong = protocols.find((name) => !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name));
  if (wrong !== undefined) return { error: `“${wrong}” has a character that a sub-protocol's name may not have.` };
  if (new Set(protocols).size < protocols.length) return { error: "Each sub-protocol may be named only once." };
  return { protocols };
}

/** The WebSocket address of a path on the server that this page came from. */
export function addressOf(path, page = location) {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}${path}`;
}

/** A path alone means this server; a host alone gets the page's own scheme. */
function completeAddress(text, page) {
  if (text.startsWith("/")) return addressOf(text, page);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  if (/^(localhost|[\w.-]+|\[[0-9a-f:]+\])(:\d+)?([/?].*)?$/i.test(text)) {
    return `${page.protocol === "https:" ? "wss:" : "ws:"}//${text}`;
  }
  return text;
}

function isLoopback(hostname) {
  return (
    hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.") || hostname.endsWith(".localhost")
  );
}
