import type { IncomingMessage, ServerResponse } from "node:http";
import { parseHost } from "../../protocol/index.js";
import type { RefusalResponse } from "../../protocol/index.js";
import { readClient } from "./client-address.js";
import type { Client } from "./client-address.js";
import { cutQuery, findService, isHostAllowed, refuseHost, refuseMissing } from "./handshake-check.js";
import type { HandshakeRules, RefusedHandshake } from "./handshake-check.js";
import type { RefusalLog } from "../logs/refusal-log.js";
import type { RequestHandler, ResolvedServerOptions } from "../server-options.js";

/** What a service has to do with plain HTTP at its path. */
interface PlainService {
  readonly onRequest: RequestHandler | null;
}

/** What answers to plain HTTP need of their server. */
export interface PlainHome {
  readonly options: ResolvedServerOptions;
  readonly rules: HandshakeRules<PlainService>;
  readonly refusals: RefusalLog;
  readonly isClosing: () => boolean;
}

/** Answers a request that asks for no upgrade: the `onRequest` of the service at its path, or else the server's. */
export function answerRequest(request: IncomingMessage, response: ServerResponse, home: PlainHome): void {
  if (!answerService(request, response, home)) answer(request, response, home, home.options.onRequest ?? answerMissing);
}

/** Answers a request for the path of a service; false when there is none. */
export function answerService(request: IncomingMessage, response: ServerResponse, home: PlainHome): boolean {
  const service = findService(home.rules.router, request.url ?? "")?.value;
  if (service === undefined) return false;
  answer(request, response, home, service.onRequest ?? answerPlain);
  return true;
}

function answer(request: IncomingMessage, response: ServerResponse, home: PlainHome, onRequest: RequestHandler): void {
  response.on("error", ignore);
  const client = readClient(request, home.options.trustedProxies);
  const refusal = refuse(request, client, home);
  if (refusal !== undefined) {
    home.refusals.note(refusal, { path: cutQuery(request.url ?? ""), remoteAddress: client.remoteAddress });
    send(response, refusal.answer);
    return;
  }
  try {
    const running = onRequest(request, response);
    if (running instanceof Promise) running.catch((error: unknown) => fail(response, error, home));
  } catch (error) {
    fail(response, error, home);
  }
}

/** The same rules, in the same order, as for a handshake, as far as they concern any request. */
function refuse(request: IncomingMessage, client: Client, home: PlainHome): Refused | undefined {
  const { url = "", rawHeaders, headers } = request;
  const { limits, hosts } = home.rules;
  if (home.isClosing()) return { answer: { status: 503, body: "the server is closing" }, rule: "server-closing" };
  if (url.length > limits.maxTargetBytes) return { answer: { status: 414 }, rule: "target-too-long" };
  if (rawHeaders.length > 2 * limits.maxHeaders) return { answer: { status: 431 }, rule: "too-many-headers" };
  if (countBytes(request) > limits.maxHeaderBytes) return { answer: { status: 431 }, rule: "head-too-large" };
  const host = headers.host ?? "";
  // HTTP/1.0 has no Host; such a request cannot come from a browser. Of several Node tells the first.
  const hostCount = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === "host").length;
  if ((request.httpVersion !== "1.0" && parseHost(host) === undefined) || hostCount > 1) {
    return { answer: { status: 400 }, rule: "host-invalid" };
  }
  const asked = client.forwardedHost ?? host;
  return isHostAllowed(asked, hosts) ? undefined : refuseHost(asked);
}

type Refused = Pick<RefusedHandshake, "answer" | "rule" | "unlisted">;

function answerMissing(_request: IncomingMessage, response: ServerResponse): void {
  send(response, refuseMissing().answer);
}

/** The path speaks WebSocket alone (RFC 9110 §15.5.22). */
function answerPlain({ method }: IncomingMessage, response: ServerResponse): void {
  const upgrade = { status: 426, headers: { Upgrade: "websocket" }, body: "this path speaks WebSocket" };
  send(response, method === "GET" || method === "HEAD" ? upgrade : { status: 405, headers: { Allow: "GET" } });
}

/** Bytes of the head: the first line, header fields with ": " and CR LF, the blank line. */
function countBytes({ method = "", url = "", rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length + 2, method.length + url.length + 14);
}

/** Writes our answer through Node's response, which keeps the order of pipelined requests. */
function send(response: ServerResponse, answer: RefusalResponse): void {
  const { status, headers = {}, body = "" } = answer;
  const connection = headers["Upgrade"] === undefined ? "close" : "close, Upgrade";
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status, { Connection: connection, "Content-Type": "text/plain; charset=utf-8" });
  response.end(body);
}

function fail(response: ServerResponse, error: unknown, home: PlainHome): void {
  home.options.log.error({ err: error }, "onRequest failed");
  if (response.headersSent) response.destroy();
  else send(response, { status: 500 });
}

function ignore(): void {}
