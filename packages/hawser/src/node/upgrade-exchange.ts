import http from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import { checkServerIdentity } from "node:tls";
import type { ScheduledCall } from "../internal/clock.js";
import { createDeferred } from "../internal/deferred.js";
import type { HawserError } from "../internal/errors.js";
import { UsageError } from "../internal/errors.js";
import {
  describeAbort,
  describeFailure,
  describeRefusal,
  describeTimeout,
  describeUnpinned,
} from "./connect-errors.js";
import type { ResolvedConnect } from "./connect-options.js";
import { ServerCertificate } from "./server-certificate.js";
import { toNodeTls } from "./tls-files.js";

/** How much of a refusal's body goes into the error. */
const MAX_BODY_BYTES = 1024;
/** As much head as an answer may have, Node's own default: here whatever the process was started with. */
const MAX_HEADER_BYTES = 16_384;

/** An answer that may be a 101, and the connection, which is the caller's from now on. */
export interface UpgradeExchange {
  readonly response: IncomingMessage;
  readonly stream: Duplex;
  /** What came right behind the head. */
  readonly head: Uint8Array;
}

/**
 * Sends the request and waits for the answer. `accept` gets it in the turn in which it came, so that no byte behind it is
 * lost; what it returns or throws is the outcome. Whatever the outcome is otherwise, the connection is ended.
 */
export function exchangeUpgrade<Data, Result>(
  options: ResolvedConnect<Data>,
  key: string,
  accept: (exchange: UpgradeExchange) => Result,
): Promise<Result> {
  const outcome = createDeferred<Result>();
  let settled = false;
  const { given, runtime, target, handshakeTimeoutMs, pins } = options;
  const { signal } = given;
  if (signal?.aborted) return Promise.reject(describeAbort(signal));

  const certificate = new ServerCertificate();
  const request = createRequest(options, key);
  let timer: ScheduledCall | null = null;
  let refusal: RefusalBody | null = null;
  const settle = (): void => {
    settled = true;
    timer?.cancel();
    signal?.removeEventListener("abort", onAbort);
  };
  const fail = (error: HawserError): void => {
    settle();
    outcome.reject(error);
    request.destroy();
  };
  const onAbort = (): void => fail(describeAbort(signal as AbortSignal)); // listened to only where there is one
  const onTimeout = (): void => fail(refusal?.describe() ?? describeTimeout(target, handshakeTimeoutMs));

  signal?.addEventListener("abort", onAbort, { once: true });
  if (handshakeTimeoutMs !== Infinity) timer = runtime.clock.schedule(onTimeout, handshakeTimeoutMs);
  // also after the outcome: a destroyed request may still fail
  request.on("error", (error) => fail(refusal?.describe() ?? describeFailure(error, target, certificate)));
  if (target.secure) certificate.watch(request, pins, () => fail(describeUnpinned(target, certificate)));
  request.on("response", (response) => {
    refusal = new RefusalBody(response, fail);
    if (response.statusCode === 101) fail(refusal.describe());
  });
  request.on("upgrade", (response, stream, head) => {
    stream.on("error", () => {});
    if (settled) {
      stream.destroy();
      return;
    }
    settle();
    try {
      outcome.resolve(accept({ response, stream, head }));
    } catch (error) {
      stream.destroy();
      outcome.reject(error);
    }
  });
  request.end();
  // making the request has called the application's `lookup` or agent, which may have aborted it
  if (signal?.aborted) onAbort();
  return outcome.promise;
}

/** The beginning of the body of a refusal: there the server says why. */
class RefusalBody {
  readonly #response: IncomingMessage;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(response: IncomingMessage, onRefused: (error: HawserError) => void) {
    this.#response = response;
    const finish = (): void => onRefused(this.describe());
    response.on("data", (chunk: Uint8Array) => {
      this.#parts.push(chunk.subarray(0, MAX_BODY_BYTES - this.#bytes));
      this.#bytes += chunk.length;
      if (this.#bytes >= MAX_BODY_BYTES) finish();
    });
    response.on("end", finish).on("error", finish).on("close", finish);
  }

  describe(): HawserError {
    return describeRefusal(this.#response, Buffer.concat(this.#parts).toString("utf8"));
  }
}

function createRequest<Data>(options: ResolvedConnect<Data>, key: string): ClientRequest {
  const { given, target, pins } = options;
  const settings: RequestOptions & https.RequestOptions = {
    host: target.hostname,
    port: target.port,
    path: target.path,
    headers: createHeaders(options, key),
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    // one of its own for this request: a kept connection could be half dead
    agent: given.agent ?? false,
    ...pick(given, ["socketPath", "lookup", "family", "localAddress"]),
    // said outright, so that the environment cannot turn it off
    ...(target.secure && {
      rejectUnauthorized: options.rejectUnauthorized,
      // nothing else that a port of several protocols could take us for
      ALPNProtocols: ["http/1.1"],
      // an agent would resume one, in which the server does not show its certificate again
      ...(pins !== null && { session: undefined }),
      ...pick(given, ["servername"]),
      ...toNodeTls(given),
      // an agent of a proxy may leave the host out of what it gives to TLS, which then compares with "localhost"
      checkServerIdentity: (_name, shown) => checkServerIdentity(given.servername ?? target.hostname, shown),
    }),
  };
  try {
    return target.secure ? https.request(settings) : http.request(settings);
  } catch (error) {
    throw new UsageError("INVALID_ARGUMENT", `the request cannot be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function createHeaders<Data>(
  { given, target, protocols, extensions, headers }: ResolvedConnect<Data>,
  key: string,
): Record<string, string> {
  return {
    ...headers,
    Host: target.host,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": key,
    "Sec-WebSocket-Version": "13",
    ...(protocols.length > 0 && { "Sec-WebSocket-Protocol": protocols.join(", ") }),
    ...(extensions !== "" && { "Sec-WebSocket-Extensions": extensions }),
    ...(given.origin !== undefined && { Origin: given.origin }),
  };
}

/** The fields that are there: Node takes `undefined` for a value in some of its options. */
function pick<T extends object, Name extends keyof T>(from: T, names: readonly Name[]): Pick<T, Name> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]])) as Pick<
    T,
    Name
  >;
}
