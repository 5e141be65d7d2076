import { UsageError } from "../internal/errors.js";
import type { DeflateContext } from "./deflate-port.js";
import { formatExtensions, parseExtensions } from "./extension-header.js";
import type { ExtensionOffer } from "./extension-header.js";
import { createAnswerError } from "./handshake-faults.js";

/**
 * Negotiation of permessage-deflate (RFC 7692 §7.1). The four parameters, on the wire:
 *
 * | parameter                  | in an offer                                  | in an answer                              |
 * | -------------------------- | -------------------------------------------- | ----------------------------------------- |
 * | server_no_context_takeover | the server is to forget its window after     | it will                                   |
 * |                            | each message                                 |                                           |
 * | client_no_context_takeover | a hint: the client will forget its own       | the client must forget its window         |
 * | server_max_window_bits=N   | the server is to use a window of at most N   | it will: at most what was offered         |
 * | client_max_window_bits     | the client can be told the size of its       | (needs a value)                           |
 * |                            | window                                       |                                           |
 * | client_max_window_bits=N   | the same, and it will use at most N anyway   | the client must use at most N; only when  |
 * |                            |                                              | offered                                   |
 *
 * N is 8 to 15 without leading zeros. An offer with any other parameter, value or repetition is declined by a server; such
 * an answer fails a client.
 */
export interface DeflateOptions {
  /** Forget the server's window after each message: worse ratio, but no memory for each connection. @default true */
  readonly serverNoContextTakeover?: boolean;
  /** Forget the client's window after each message. @default true */
  readonly clientNoContextTakeover?: boolean;
  /** The largest window of the server's compressor, 8 to 15. @default 15 */
  readonly serverMaxWindowBits?: number;
  /** The largest window of the client's compressor, 8 to 15. Under 15 a server declines clients that cannot be told. @default 15 */
  readonly clientMaxWindowBits?: number;
}

/** What two sides agreed on. */
export interface DeflateAgreement {
  /** The extension as in the answer's Sec-WebSocket-Extensions. */
  readonly header: string;
  /** What the server compresses with. */
  readonly server: DeflateContext;
  /** What the client compresses with. */
  readonly client: DeflateContext;
}

/** The extension's registered name (RFC 7692 §9.1). */
export const PERMESSAGE_DEFLATE = "permessage-deflate";

const MAX_WINDOW_BITS = 15;

/**
 * A server's answer: to the first offer that it can accept, or null when there is none.
 * @throws UsageError INVALID_ARGUMENT for options out of range
 */
export function acceptDeflateOffer(
  offers: readonly ExtensionOffer[],
  options: DeflateOptions = {},
): DeflateAgreement | null {
  const own = resolveOptions(options);
  for (const offer of offers) {
    const asked = offer.name === PERMESSAGE_DEFLATE ? readParameters(offer) : undefined;
    const agreement = typeof asked === "object" ? agree(asked, own) : null;
    if (agreement !== null) return agreement;
  }
  return null;
}

/**
 * A client's offer, for Sec-WebSocket-Extensions. It always offers client_max_window_bits: servers that want a small window
 * would decline otherwise.
 * @throws UsageError INVALID_ARGUMENT for options out of range
 */
export function offerDeflate(options: DeflateOptions = {}): string {
  const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } =
    resolveOptions(options);
  return formatParameters({
    serverNoContextTakeover,
    clientNoContextTakeover,
    serverMaxWindowBits: serverMaxWindowBits < MAX_WINDOW_BITS ? serverMaxWindowBits : undefined,
    clientMaxWindowBits: clientMaxWindowBits < MAX_WINDOW_BITS ? clientMaxWindowBits : true,
  });
}

/**
 * A client's reading of the answer to `offered`, the text that it sent. A server that does not confirm
 * server_no_context_takeover is let off: an inflater can keep a window whatever was asked.
 * @throws ConnectionError HANDSHAKE_INVALID for an answer that does not fit the offer
 */
export function checkDeflateAnswer(extension: ExtensionOffer, offered: string): DeflateAgreement {
  const offer = parseExtensions(offered)?.find(({ name }) => name === PERMESSAGE_DEFLATE);
  if (offer === undefined || extension.name !== PERMESSAGE_DEFLATE) {
    throw createAnswerError(`the extension ${extension.name} was not offered`);
  }
  const asked = readParameters(offer);
  const answer = readParameters(extension);
  if (typeof asked === "string") throw createAnswerError(asked);
  if (typeof answer === "string") throw createAnswerError(answer);
  const { serverMaxWindowBits = MAX_WINDOW_BITS, clientMaxWindowBits: clientBits } = answer;
  if (serverMaxWindowBits > (asked.serverMaxWindowBits ?? MAX_WINDOW_BITS)) {
    throw createAnswerError("server_max_window_bits is larger than the offer's, or missing");
  }
  const maxClientBits = readBits(asked.clientMaxWindowBits);
  if (clientBits === true) throw createAnswerError("client_max_window_bits has no value");
  if (clientBits !== undefined && asked.clientMaxWindowBits === undefined) {
    throw createAnswerError("client_max_window_bits was not offered");
  }
  if (clientBits !== undefined && clientBits > maxClientBits) {
    throw createAnswerError("client_max_window_bits is larger than the offer's");
  }
  return {
    header: formatExtensions([extension]),
    server: { windowBits: serverMaxWindowBits, takeover: !answer.serverNoContextTakeover },
    client: {
      windowBits: clientBits ?? maxClientBits,
      takeover: !answer.clientNoContextTakeover && !asked.clientNoContextTakeover,
    },
  };
}

/** The parameters of one offer or answer. `true` is client_max_window_bits without a value. */
interface DeflateParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | true | undefined;
}

function agree(asked: DeflateParameters, own: Required<DeflateOptions>): DeflateAgreement | null {
  // without the parameter in the offer the client may use any window, and cannot be told otherwise
  if (asked.clientMaxWindowBits === undefined && own.clientMaxWindowBits < MAX_WINDOW_BITS) return null;
  const serverBits = Math.min(asked.serverMaxWindowBits ?? MAX_WINDOW_BITS, own.serverMaxWindowBits);
  const clientBits = Math.min(readBits(asked.clientMaxWindowBits), own.clientMaxWindowBits);
  const saysServerBits = asked.serverMaxWindowBits !== undefined || serverBits < MAX_WINDOW_BITS;
  const saysClientBits = typeof asked.clientMaxWindowBits === "number" || clientBits < MAX_WINDOW_BITS;
  const answer: DeflateParameters = {
    serverNoContextTakeover: asked.serverNoContextTakeover || own.serverNoContextTakeover,
    clientNoContextTakeover: asked.clientNoContextTakeover || own.clientNoContextTakeover,
    serverMaxWindowBits: saysServerBits ? serverBits : undefined,
    clientMaxWindowBits: saysClientBits ? clientBits : undefined,
  };
  return {
    header: formatParameters(answer),
    server: { windowBits: serverBits, takeover: !answer.serverNoContextTakeover },
    client: { windowBits: clientBits, takeover: !answer.clientNoContextTakeover },
  };
}

function formatParameters(parameters: DeflateParameters): string {
  const { serverMaxWindowBits: serverBits, clientMaxWindowBits: clientBits } = parameters;
  const parts = [PERMESSAGE_DEFLATE];
  if (parameters.serverNoContextTakeover) parts.push("server_no_context_takeover");
  if (parameters.clientNoContextTakeover) parts.push("client_no_context_takeover");
  if (serverBits !== undefined) parts.push(`server_max_window_bits=${serverBits}`);
  if (clientBits === true) parts.push("client_max_window_bits");
  else if (clientBits !== undefined) parts.push(`client_max_window_bits=${clientBits}`);
  return parts.join("; ");
}

/** The parameters, or what is wrong with them. */
function readParameters(extension: ExtensionOffer): DeflateParameters | string {
  let serverNoContextTakeover = false;
  let clientNoContextTakeover = false;
  let serverMaxWindowBits: number | undefined;
  let clientMaxWindowBits: number | true | undefined;
  for (const [name, values] of extension.parameters) {
    const [value] = values;
    if (value === undefined || values.length > 1) return `the parameter ${name} came more than once`;
    const bits = parseBits(value);
    if (name === "server_no_context_takeover" && value === true) serverNoContextTakeover = true;
    else if (name === "client_no_context_takeover" && value === true) clientNoContextTakeover = true;
    else if (name === "server_max_window_bits" && bits !== undefined) serverMaxWindowBits = bits;
    else if (name === "client_max_window_bits" && (value === true || bits !== undefined)) {
      clientMaxWindowBits = bits ?? true;
    } else return `the parameter ${name} is unknown, or its value is not allowed`;
  }
  return { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits };
}

/** A decimal from 8 to 15 without leading zeros (RFC 7692 §7.1.2.1). */
function parseBits(value: string | true): number | undefined {
  return value !== true && /^([89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}

/** The largest window that an offer of client_max_window_bits allows. */
function readBits(offered: number | true | undefined): number {
  return typeof offered === "number" ? offered : MAX_WINDOW_BITS;
}

function resolveOptions(options: DeflateOptions): Required<DeflateOptions> {
  return {
    serverNoContextTakeover: options.serverNoContextTakeover ?? true,
    clientNoContextTakeover: options.clientNoContextTakeover ?? true,
    serverMaxWindowBits: resolveBits("serverMaxWindowBits", options.serverMaxWindowBits),
    clientMaxWindowBits: resolveBits("clientMaxWindowBits", options.clientMaxWindowBits),
  };
}

function resolveBits(option: string, bits: number = MAX_WINDOW_BITS): number {
  if (Number.isInteger(bits) && bits >= 8 && bits <= MAX_WINDOW_BITS) return bits;
  throw new UsageError("INVALID_ARGUMENT", `${option} must be an integer from 8 to 15, got ${bits}`, {
    facts: { option, value: bits },
  });
}
