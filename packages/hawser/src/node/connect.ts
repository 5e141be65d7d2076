import { checkUpgradeResponse, createKey } from "../protocol/index.js";
import { openSocket } from "../socket/index.js";
import type { Handlers, Socket, StreamHandlers } from "../socket/index.js";
import { resolveConnect } from "./connect-options.js";
import type { ConnectOptions, MessageConnectOptions, ResolvedConnect } from "./connect-options.js";
import { setUpDeflate } from "./deflate-settings.js";
import { sha1 } from "./sha1.js";
import { StreamTransport } from "./stream-transport.js";
import { exchangeUpgrade } from "./upgrade-exchange.js";
import type { UpgradeExchange } from "./upgrade-exchange.js";

/**
 * Opens one connection to a WebSocket server; it is not opened again when it is lost. http: and https: mean ws: and wss:.
 * @throws (rejects) UsageError INVALID_ARGUMENT; ConnectionError CONNECT_FAILED, TLS_INVALID, HANDSHAKE_REFUSED (facts
 * `status`, `statusText`, `body`, `retryAfter`, `location`), HANDSHAKE_INVALID, HANDSHAKE_TIMEOUT, ABORTED
 */
export function connect<Data = unknown>(
  url: string | URL,
  options?: MessageConnectOptions<Data>,
): Promise<Socket<Data>>;
export function connect<Data = unknown>(url: string | URL, options: ConnectOptions<Data>): Promise<Socket<Data>>;
export async function connect<Data>(url: string | URL, options: ConnectOptions<Data> = {}): Promise<Socket<Data>> {
  const resolved = resolveConnect(url, options);
  const key = createKey(resolved.runtime.random);
  return exchangeUpgrade(resolved, key, (exchange) => openClient(resolved, key, exchange));
}

/** @throws ConnectionError HANDSHAKE_INVALID */
function openClient<Data>(
  resolved: ResolvedConnect<Data>,
  key: string,
  { response, stream, head }: UpgradeExchange,
): Socket<Data> {
  // first of all, as it looks after the stream's errors
  const transport = new StreamTransport(stream);
  const { given, runtime, target, protocols, extensions, deflate } = resolved;
  const answer = checkUpgradeResponse(
    {
      status: response.statusCode ?? 0,
      reason: response.statusMessage ?? "",
      version: response.httpVersion,
      rawHeaders: response.rawHeaders,
    },
    { key, sha1, protocols, offeredDeflate: extensions },
  );
  return openSocket<Data>({
    role: "client",
    transport,
    runtime,
    options: resolved.socket,
    id: createId(runtime.random),
    url: target.url,
    headers: answer.headers,
    protocol: answer.protocol,
    extensions: answer.extensions,
    deflate: deflate === null || answer.deflate === null ? null : setUpDeflate(deflate, answer.deflate),
    head,
    ...(given.data !== undefined && { data: given.data }),
    ...(given.handlers !== undefined && { handlers: given.handlers as Handlers<Data> | StreamHandlers<Data> }),
  });
}

/** A name, not a secret: 64 random bits, so that clients of many processes can be told apart in one log. */
function createId(random: (target: Uint8Array) => void): string {
  const bytes = Buffer.alloc(8);
  random(bytes);
  return `c${bytes.toString("hex")}`;
}
