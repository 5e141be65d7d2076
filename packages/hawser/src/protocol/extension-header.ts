import { isToken, isTokenCharacter, isWhitespace } from "./header-text.js";

/** One extension of a Sec-WebSocket-Extensions header. */
export interface ExtensionOffer {
  readonly name: string;
  /** By name, each value in the order written; `true` for a parameter without a value. */
  readonly parameters: ReadonlyMap<string, readonly (string | true)[]>;
}

/**
 * Parses Sec-WebSocket-Extensions (RFC 6455 §9.1), reading each character once. Returns undefined for what the grammar
 * does not allow, and for a header without any extension. Empty list elements are skipped (RFC 9110 §5.6.1.2).
 */
export function parseExtensions(value: string): ExtensionOffer[] | undefined {
  const scanner: Scanner = { text: value, position: 0 };
  const offers: ExtensionOffer[] = [];
  do {
    skipWhitespace(scanner);
    if (isAtEnd(scanner) || scanner.text[scanner.position] === ",") continue;
    const offer = readExtension(scanner);
    if (offer === undefined) return undefined;
    offers.push(offer);
  } while (skip(scanner, ","));
  return isAtEnd(scanner) && offers.length > 0 ? offers : undefined;
}

/** The text of a Sec-WebSocket-Extensions header. Names and values must be tokens, as parsed ones are. */
export function formatExtensions(offers: readonly ExtensionOffer[]): string {
  return offers.map(formatExtension).join(", ");
}

function formatExtension(offer: ExtensionOffer): string {
  const parts = [offer.name];
  for (const [name, values] of offer.parameters) {
    for (const value of values) parts.push(value === true ? name : `${name}=${value}`);
  }
  return parts.join("; ");
}

interface Scanner {
  readonly text: string;
  position: number;
}

/** extension = extension-token *( ";" extension-param ) */
function readExtension(scanner: Scanner): ExtensionOffer | undefined {
  const name = readToken(scanner);
  if (name === undefined) return undefined;
  const parameters = new Map<string, (string | true)[]>();
  while (skip(scanner, ";")) {
    skipWhitespace(scanner);
    const parameter = readToken(scanner);
    if (parameter === undefined) return undefined;
    let value: string | true | undefined = true;
    if (skip(scanner, "=")) {
      skipWhitespace(scanner);
      value = scanner.text[scanner.position] === '"' ? readQuoted(scanner) : readToken(scanner);
    }
    if (value === undefined) return undefined;
    const values = parameters.get(parameter);
    if (values === undefined) parameters.set(parameter, [value]);
    else values.push(value);
  }
  return { name, parameters };
}

function readToken(scanner: Scanner): string | undefined {
  const start = scanner.position;
  while (isTokenCharacter(scanner.text.charCodeAt(scanner.position))) scanner.position += 1;
  return scanner.position > start ? scanner.text.slice(start, scanner.position) : undefined;
}

/** A quoted string, whose value must be a token once unescaped (RFC 6455 §9.1). */
function readQuoted(scanner: Scanner): string | undefined {
  let value = "";
  for (scanner.position += 1; !isAtEnd(scanner); scanner.position += 1) {
    const character = scanner.text.charAt(scanner.position);
    if (character === '"') {
      scanner.position += 1;
      return isToken(value) ? value : undefined;
    }
    if (character === "\\") scanner.position += 1;
    value += scanner.text.charAt(scanner.position);
  }
  return undefined;
}

/** Skips whitespace and then `character`; says whether it stood there. */
function skip(scanner: Scanner, character: string): boolean {
  skipWhitespace(scanner);
  if (scanner.text[scanner.position] !== character) return false;
  scanner.position += 1;
  return true;
}

function skipWhitespace(scanner: Scanner): void {
  while (isWhitespace(scanner.text.charCodeAt(scanner.position))) scanner.position += 1;
}

function isAtEnd(scanner: Scanner): boolean {
  return scanner.position >= scanner.text.length;
}
