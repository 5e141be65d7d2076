// One WebSocket's life, with what its user will want to know when it is over: who ended it, how long it was open,
// what went through it and how long echoes took. It knows nothing of the page.

import { countUtf8Bytes, median } from "./format.js";

// Unanswered messages remembered for the round trip. A server that does not echo must not make us keep everything.
const MAX_OUTSTANDING = 1_000;
const MAX_OUTSTANDING_BYTES = 16 * 1024 * 1024;
const MAX_ROUND_TRIPS = 10_000;

export class Connection {
  state = "connecting";
  openedAt = null;
  sent = { messages: 0, bytes: 0, largest: 0 };
  received = { messages: 0, bytes: 0 };
  roundTrips = [];
  #socket;
  #handlers;
  #createdAt = performance.now();
  #outstanding = [];
  #outstandingBytes = 0;
  #asked = null;
  #settle;

  /** Resolves with the report; never rejects. */
  closed = new Promise((resolve) => (this.#settle = resolve));

  /** Handlers: state(state), open(facts), message(data, bytes, rttMs), close(report). Throws as `new WebSocket`. */
  constructor(url, protocols, handlers) {
    this.url = url;
    this.#handlers = handlers;
    this.#socket = new WebSocket(url, protocols);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#onOpen();
    this.#socket.onmessage = (event) => this.#onMessage(event.data);
    this.#socket.onclose = (event) => this.#onClose(event.code, event.reason, event.wasClean);
  }

  get bufferedBytes() {
    return this.#socket.bufferedAmount;
  }

  /** Sends a string or an ArrayBuffer; returns its size on the wire, or null when the connection is not open. */
  send(data) {
    if (this.state !== "open" || this.#socket.readyState !== WebSocket.OPEN) return null;
    const bytes = typeof data === "string" ? countUtf8Bytes(data) : data.byteLength;
    this.#remember(data, bytes);
    this.#socket.send(data);
    this.sent.messages += 1;
    this.sent.bytes += bytes;
    this.sent.largest = Math.max(this.sent.largest, bytes);
    return bytes;
  }

  /** Begins the closing handshake, or gives up an attempt that is still under way. */
  close(code, reason) {
    if (this.state === "closing" || this.state === "closed") return;
    this.#asked = { code, reason, whileConnecting: this.state === "connecting" };
    this.#setState("closing");
    this.#socket.close(code, reason);
  }

  /** Stops listening, for a socket whose server never answers our Close. The browser ends it in its own time. */
  abandon() {
    if (this.state === "closed") return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#onClose(1006, "", false);
  }

  #onOpen() {
    if (this.state !== "connecting") return;
    this.openedAt = performance.now();
    this.#setState("open");
    this.#handlers.open({
      openingMs: this.openedAt - this.#createdAt,
      protocol: this.#socket.protocol,
      extensions: this.#socket.extensions,
    });
  }

  #onMessage(data) {
    const now = performance.now();
    const bytes = typeof data === "string" ? countUtf8Bytes(data) : data.byteLength;
    this.received.messages += 1;
    this.received.bytes += bytes;
    const rttMs = this.#match(data, now);
    if (rttMs !== null) {
      if (this.roundTrips.length >= MAX_ROUND_TRIPS) this.roundTrips.shift();
      this.roundTrips.push(rttMs);
    }
    this.#handlers.message(data, bytes, rttMs);
  }

  #onClose(code, reason, wasClean) {
    if (this.state === "closed") return;
    const report = {
      url: this.url,
      code,
      reason,
      wasClean,
      asked: this.#asked,
      opened: this.openedAt !== null,
      openMs: this.openedAt === null ? 0 : performance.now() - this.openedAt,
      attemptMs: performance.now() - this.#createdAt,
      sent: this.sent,
      received: this.received,
      medianMs: median(this.roundTrips),
    };
    this.#outstanding = [];
    this.#setState("closed");
    this.#handlers.close(report);
    this.#settle(report);
  }

  #setState(state) {
    this.state = state;
    this.#handlers.state(state);
  }

  #remember(data, bytes) {
    this.#outstanding.push({ data, bytes, at: performance.now() });
    this.#outstandingBytes += bytes;
    while (this.#outstanding.length > MAX_OUTSTANDING || this.#outstandingBytes > MAX_OUTSTANDING_BYTES) {
      this.#outstandingBytes -= this.#outstanding.shift().bytes;
    }
  }

  /** The oldest unanswered message that equals this one; a "Pong" also answers a "Ping" (the text heartbeat). */
  #match(data, now) {
    let index = this.#outstanding.findIndex((entry) => isSame(entry.data, data));
    if (index < 0 && data === "Pong") index = this.#outstanding.findIndex((entry) => entry.data === "Ping");
    if (index < 0) return null;
    const [entry] = this.#outstanding.splice(index, 1);
    this.#outstandingBytes -= entry.bytes;
    return now - entry.at;
  }
}

function isSame(a, b) {
  if (typeof a === "string" || typeof b === "string") return a === b;
  if (a.byteLength !== b.byteLength) return false;
  const left = new Uint8Array(a);
  const right = new Uint8Array(b);
  return left.every((byte, index) => byte === right[index]);
}
