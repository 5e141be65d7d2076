import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { WheelTimer } from "../../internal/timer-wheel.js";
import { readClient, readPeerAddress } from "../handshake/client-address.js";
import { cutQuery, findService, refuseMissing, refuseTruncated } from "../handshake/handshake-check.js";
import type { RefusedHandshake } from "../handshake/handshake-check.js";
import { answerAndClose, lookAfter } from "../handshake/last-answer.js";
import { createPlainResponse, isPlain } from "../handshake/plain-upgrade.js";
import { UnansweredRequests } from "../handshake/unanswered-requests.js";
import { handleUpgrade } from "../handshake/upgrade.js";
import type { UpgradeHome } from "../handshake/upgrade.js";

/**
 * The upgrades of an HTTP server that is not ours. One listener decides for all Hawser servers that are attached to it, so
 * that no connection is taken twice:
 *
 * - a path of one of our servers is its own;
 * - any other path is left to those who listen beside us; what nobody has taken by the end of the handshake timeout is
 *   answered 404, as Node leaves such a connection open for ever;
 * - with nobody beside us it is answered 404 at once, by the server attached last.
 */
export class AttachedUpgrades {
  readonly #server: HttpServerLike;
  readonly #guests: UpgradeHome[] = [];
  readonly #unanswered: UnansweredRequests = new UnansweredRequests();
  readonly #onUpgrade: UpgradeListener;
  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // HTTP/2 has its own order of answers, and no upgrade
    if (request.httpVersionMajor < 2) this.#unanswered.add(request.socket, response);
  };

  /** The one that listens to `server`, or a new one. */
  static of(server: NetServer): AttachedUpgrades {
    for (const listener of server.listeners("upgrade")) {
      if ("upgrades" in listener && listener.upgrades instanceof AttachedUpgrades) return listener.upgrades;
    }
    return new AttachedUpgrades(server);
  }

  private constructor(server: HttpServerLike) {
    this.#server = server;
    const listen = (request: IncomingMessage, stream: NetworkStream, head: Uint8Array): void =>
      this.#receive(request, stream, head);
    this.#onUpgrade = Object.assign(listen, { upgrades: this });
  }

  add(guest: UpgradeHome): void {
    this.#guests.push(guest);
    if (this.#guests.length > 1) return;
    this.#server.on("upgrade", this.#onUpgrade);
    // first, as the owner's listener may answer at once
    this.#server.prependListener("request", this.#onRequest);
  }

  remove(guest: UpgradeHome): void {
    const index = this.#guests.indexOf(guest);
    if (index < 0) return;
    this.#guests.splice(index, 1);
    if (this.#guests.length > 0) return;
    this.#server.off("upgrade", this.#onUpgrade);
    this.#server.off("request", this.#onRequest);
  }

  #receive(request: IncomingMessage, stream: NetworkStream, head: Uint8Array): void {
    lookAfter(stream);
    // somebody who listened before us has taken it, or refused it
    if (isTaken(stream)) return;
    const owner = this.#findOwner(request.url ?? "");
    const last = this.#guests.at(-1);
    const isAlone = this.#server.listenerCount("upgrade") === 1;
    const isOffer = isAlone && isPlain(request) && !this.#unanswered.has(request.socket);
    // without us Node would have seen a plain request in it
    if (last === undefined) stream.destroy();
    else if (isOffer) this.#giveBack(request, stream, last);
    else if (owner !== undefined) this.#take(request, stream, head, owner);
    else if (!isAlone) this.#leave(request, stream, last);
    else this.#take(request, stream, head, last);
  }

  /** Of two servers with the same path the first, unless it is closing: then the other takes its place. */
  #findOwner(target: string): UpgradeHome | undefined {
    const owners = this.#guests.filter(({ rules }) => findService(rules.router, target) !== undefined);
    return owners.find((home) => !home.isClosing()) ?? owners[0];
  }

  #giveBack(request: IncomingMessage, stream: Duplex, { options }: UpgradeHome): void {
    this.#server.emit("request", request, createPlainResponse(request, stream, options.runtime));
  }

  #leave(request: IncomingMessage, stream: NetworkStream, home: UpgradeHome): void {
    const { runtime, handshakeTimeoutMs } = home.options;
    const { bytesWritten } = stream;
    const timer = new WheelTimer(() => {
      const isAnswered = isTaken(stream) || stream.bytesWritten !== bytesWritten;
      // who was detached meanwhile has no say any more
      if (!isAnswered && this.#guests.includes(home)) refuse(request, stream, home, refuseMissing());
    });
    stream.once("close", () => runtime.wheel.cancel(timer));
    runtime.wheel.arm(timer, handshakeTimeoutMs);
  }

  #take(request: IncomingMessage, stream: NetworkStream, head: Uint8Array, home: UpgradeHome): void {
    if (this.#unanswered.has(request.socket)) {
      // a 101 now would pass for the answer to the request before
      home.refusals.noteUnreadable("upgrade-before-answer", undefined, readPeerAddress(stream));
      stream.destroy();
    } else if (this.#isTruncated(request)) {
      refuse(request, stream, home, refuseTruncated());
    } else {
      handleUpgrade(request, stream, head, home);
    }
  }

  /** Whether Node may have dropped headers, as it does past `maxHeadersCount` without a word: one of them may announce a body. */
  #isTruncated({ rawHeaders }: IncomingMessage): boolean {
    const { maxHeadersCount } = this.#server;
    const max = maxHeadersCount ?? NODE_MAX_HEADERS;
    return max > 0 && rawHeaders.length >= 2 * max;
  }
}

/** Node's count when none is set: it keeps 2,000 names and values. */
const NODE_MAX_HEADERS = 1000;

/** What a server of node:http has beyond one of node:net; one of node:http2 has not. */
interface HttpServerLike extends NetServer {
  readonly maxHeadersCount?: number | null;
}

/** Tells our listener from others', and leads from it to the object behind it. */
interface UpgradeListener {
  (request: IncomingMessage, stream: Duplex, head: Uint8Array): void;
  readonly upgrades: AttachedUpgrades;
}

interface NetworkStream extends Duplex {
  readonly remoteAddress?: string;
  readonly bytesWritten?: number;
}

/**
 * Whether somebody has begun to read the connection, or has ended it. Node gives it away neither flowing nor paused; that it
 * has listeners alone tells nothing, as those may count bytes since it was accepted.
 */
function isTaken(stream: Duplex): boolean {
  return stream.readableFlowing !== null || stream.destroyed || stream.writableEnded;
}

function refuse(request: IncomingMessage, stream: Duplex, home: UpgradeHome, refusal: RefusedHandshake): void {
  const { remoteAddress } = readClient(request, home.options.trustedProxies);
  home.refusals.note(refusal, { path: cutQuery(request.url ?? ""), remoteAddress });
  answerAndClose(stream, refusal.answer, home.options.runtime);
}
