import { isToken, splitList } from "./header-text.js";

/**
 * Parses Sec-WebSocket-Protocol: sub-protocols in the order of preference. Returns undefined unless all are tokens and
 * differ (RFC 6455 §4.1); an empty element is refused too.
 */
export function parseProtocols(value: string): string[] | undefined {
  const protocols = splitList(value);
  return areProtocols(protocols) ? protocols : undefined;
}

/** Whether sub-protocols can be offered together: all are tokens, none comes twice. They are case-sensitive. */
export function areProtocols(protocols: readonly string[]): boolean {
  return protocols.every(isToken) && new Set(protocols).size === protocols.length;
}
