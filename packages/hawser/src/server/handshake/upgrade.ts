import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { sha1, StreamTransport } from "../../node/index.js";
import { acceptKey, formatUpgradeResponse } from "../../protocol/index.js";
import type { RefusalResponse } from "../../protocol/index.js";
import { packHeaders, TransportSocket } from "../../socket/index.js";
import type { Admission, Handlers, HandshakeInfo } from "../../socket/index.js";
import { runAdmission } from "./admission.js";
import type { AdmissionOutcome, PendingAdmission } from "./admission.js";
import { readClient } from "./client-address.js";
import type { Client } from "./client-address.js";
import { readClientCertificate } from "./client-certificate.js";
import type { ConnectionLimits } from "../limits/connection-limits.js";
import { checkHandshake, cutQuery } from "./handshake-check.js";
import type { HandshakeRules, SoundHandshake } from "./handshake-check.js";
import { agreeDeflate } from "../deflate-options.js";
import { createHandshakeInfo } from "./handshake-info.js";
import { answerAndClose, handOver, lookAfter } from "./last-answer.js";
import type { NotedRefusal, RefusalLog, RefusalOrigin } from "../logs/refusal-log.js";
import type { ResolvedServerOptions } from "../server-options.js";
import type { ServiceEntry } from "../service-entry.js";

/** What the upgrade path needs of its server. */
export interface UpgradeHome {
  readonly options: ResolvedServerOptions;
  readonly rules: HandshakeRules<ServiceEntry>;
  readonly refusals: RefusalLog;
  readonly limits: ConnectionLimits;
  /** The admissions that wait. */
  readonly pending: Set<PendingAdmission>;
  readonly nextId: () => string;
  readonly isClosing: () => boolean;
  /** Called when a socket is open, before any of its handlers. */
  readonly onOpen: (socket: TransportSocket, service: ServiceEntry) => void;
}

/** A request on its way to a WebSocket. */
interface Upgrade extends SoundHandshake<ServiceEntry> {
  readonly from: RefusalOrigin;
  readonly client: Client;
  readonly stream: NetworkStream;
  readonly home: UpgradeHome;
}

const closing = { answer: { status: 503, body: "the server is closing" }, rule: "server-closing" };
const failed: RefusalResponse = { status: 500, body: "the server failed" };

/** What a `net.Socket` has beyond a Duplex; `encrypted` marks a TLS socket. */
interface NetworkStream extends Duplex {
  readonly remoteAddress?: string;
  readonly encrypted?: boolean;
}

/**
 * Takes the connection of an upgrade request from Node's HTTP server and makes a WebSocket of it, or refuses it and closes
 * it: what came behind a refused request is never read as another one. Never throws.
 */
export function handleUpgrade(
  request: IncomingMessage,
  stream: NetworkStream,
  head: Uint8Array,
  home: UpgradeHome,
): void {
  lookAfter(stream);
  const { method = "", url = "", httpVersion, rawHeaders } = request;
  const client = readClient(request, home.options.trustedProxies);
  const from = { path: cutQuery(url), remoteAddress: client.remoteAddress };
  try {
    if (home.isClosing()) {
      refuse(stream, closing, from, home);
      return;
    }
    const check = checkHandshake({ method, target: url, version: httpVersion, rawHeaders }, client, home.rules);
    if (check.kind === "refused") {
      refuse(stream, check, from, home);
      return;
    }
    const excess = home.limits.admit(stream, client.remoteAddress);
    if (excess !== undefined) refuse(stream, excess, from, home);
    else admit({ ...check, from, client, stream, home }, head);
  } catch (error) {
    fail(stream, error, from, home);
  }
}

function admit(upgrade: Upgrade, head: Uint8Array): void {
  const { service, stream, home } = upgrade;
  const { admit: ask } = service;
  if (ask === undefined) {
    finish(upgrade, { kind: "admitted", admission: {}, head });
    return;
  }
  const { runtime, handshakeTimeoutMs: timeoutMs } = home.options;
  const outcome = runAdmission((signal) => ask(createInfo(upgrade, signal)), {
    stream,
    head,
    runtime,
    timeoutMs,
    pending: home.pending,
  });
  if (outcome instanceof Promise) void finishLater(upgrade, outcome);
  else finish(upgrade, outcome);
}

async function finishLater(upgrade: Upgrade, outcome: Promise<AdmissionOutcome>): Promise<void> {
  try {
    finish(upgrade, await outcome);
  } catch (error) {
    fail(upgrade.stream, error, upgrade.from, upgrade.home);
  }
}

function finish(upgrade: Upgrade, outcome: AdmissionOutcome): void {
  const { stream, home } = upgrade;
  switch (outcome.kind) {
    case "gone":
      stream.destroy();
      return;
    case "failed":
      fail(stream, outcome.error, upgrade.from, home);
      return;
    case "refused":
      refuse(stream, outcome, upgrade.from, home);
      return;
    case "admitted":
      if (stream.destroyed) return;
      if (home.isClosing()) refuse(stream, closing, upgrade.from, home);
      else open(upgrade, outcome.admission, outcome.head);
  }
}

/** Writes the 101 and lets the socket begin. */
function open(upgrade: Upgrade, admission: Admission, head: Uint8Array): void {
  const { request, service, params, stream, home } = upgrade;
  const protocol = admission.protocol ?? chooseProtocol(request.protocols, service.protocols);
  if (protocol !== "" && !request.protocols.includes(protocol)) {
    // RFC 6455 §4.2.2: a client would fail the connection
    throw new TypeError(`admit chose the sub-protocol ${protocol}, which the client did not offer`);
  }
  const deflate = agreeDeflate(request.extensions, home.options.deflate);
  const extensions = deflate?.agreement.header ?? "";
  const accept = acceptKey(request.key, sha1);
  const answer = formatUpgradeResponse({ accept, protocol, extensions, headers: admission.headers ?? {} });

  try {
    const transport = new StreamTransport(stream, upgrade.client.remoteAddress);
    handOver(stream);
    // By the transport, as all that follows: it tells when the answer is taken, and what waits behind it may go.
    transport.write([Buffer.from(answer, "latin1")]);
    const socket = new TransportSocket(service.kind, {
      transport,
      id: home.nextId(),
      data: admission.data,
      url: request.target,
      params,
      headers: packHeaders(request.headers),
      protocol,
      extensions,
      deflate,
    });
    // before its `open` handler, which may broadcast
    home.onOpen(socket, service);
    const choose = (): Handlers | undefined => service.start(socket, createInfo(upgrade, new AbortController().signal));
    socket.open(head, service.run === null ? undefined : choose);
  } catch (error) {
    // behind a 101 there is no HTTP answer any more
    home.refusals.noteFailure(error, "a connection could not be opened", upgrade.from);
    stream.destroy();
  }
}

function chooseProtocol(offered: readonly string[], spoken: readonly string[]): string {
  return offered.find((protocol) => spoken.includes(protocol)) ?? "";
}

function createInfo(upgrade: Upgrade, signal: AbortSignal): HandshakeInfo {
  const { client, stream } = upgrade;
  const peer = { ...client, clientCertificate: readClientCertificate(stream) };
  return createHandshakeInfo(upgrade.request, upgrade.params, peer, signal);
}

function refuse(
  stream: Duplex,
  refusal: NotedRefusal & { readonly answer: RefusalResponse },
  from: RefusalOrigin,
  home: UpgradeHome,
): void {
  home.refusals.note(refusal, from);
  answerAndClose(stream, refusal.answer, home.options.runtime);
}

/** A fault on our side: the peer is told no more than that. */
function fail(stream: Duplex, error: unknown, from: RefusalOrigin, home: UpgradeHome): void {
  home.refusals.noteFailure(error, "a connection could not be accepted: it is answered 500", from);
  answerAndClose(stream, failed, home.options.runtime);
}
