// One connection of an attacker: it sends what it is told and tells how the server ended it.
import { connect } from "node:net";

const HEAD_END = "\r\n\r\n";

/**
 * Its `outcome` is "http 408" when the server refused it, "close 1009" when it sent a Close, "end" when it just went,
 * "reset", or "left" when it was ours to leave.
 */
export class AttackPeer {
  /** What a kind of attack remembers of it. */
  data = {};
  isUpgraded = false;
  outcome;
  #socket;
  #head = "";
  #status = 0;
  #closeCode = 0;
  #resetBy;
  #frames = new FrameSkipper((code) => (this.#closeCode = code));
  #onUpgraded;

  constructor({ port, localAddress, onConnect, onUpgraded }) {
    this.#onUpgraded = onUpgraded;
    this.#socket = connect({ port, host: "127.0.0.1", localAddress, noDelay: true });
    this.#socket.on("connect", () => onConnect(this));
    this.#socket.on("data", (chunk) => this.#read(chunk));
    this.#socket.on("error", (error) => (this.#resetBy ??= error.code));
    this.outcome = new Promise((resolve) => this.#socket.on("close", () => resolve(this.#judge())));
  }

  /** Whether there is room for more: an attacker's own memory is not what is tried here. */
  get isFlooded() {
    return this.#socket.writableLength > 262_144;
  }

  get isConnected() {
    return !this.#socket.connecting && this.#socket.writable;
  }

  send(data) {
    if (this.#socket.writable) this.#socket.write(data);
  }

  stopReading() {
    this.#socket.pause();
  }

  /** FIN. */
  end() {
    this.#resetBy ??= "left";
    this.#socket.end();
  }

  /** RST. */
  reset() {
    this.#resetBy ??= "left";
    // Node would wait until it is connected; and a reset of one that has begun to end it fails, without a close event
    const canReset = !this.#socket.connecting && !this.#socket.writableEnded;
    if (canReset) this.#socket.resetAndDestroy();
    // alone a reset waits until all is written
    this.#socket.destroy();
  }

  #read(chunk) {
    if (this.isUpgraded) {
      this.#frames.push(chunk);
      return;
    }
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    this.#status = Number(this.#head.slice(9, 12));
    if (this.#status !== 101) return;
    this.isUpgraded = true;
    const rest = this.#head.slice(end + HEAD_END.length);
    this.#head = "";
    if (rest !== "") this.#frames.push(Buffer.from(rest, "latin1"));
    this.#onUpgraded?.(this);
  }

  #judge() {
    if (this.#closeCode !== 0) return `close ${this.#closeCode}`;
    if (this.#status !== 0 && this.#status !== 101) return `http ${this.#status}`;
    if (this.#resetBy === "left") return "left";
    const when = this.isUpgraded ? "" : " before an answer";
    return (this.#resetBy === undefined ? "end" : this.#resetBy) + when;
  }
}

const CLOSE = 8;

/** Finds the Close among a server's frames, and looks at nothing else. */
class FrameSkipper {
  #rest = Buffer.alloc(0);
  #skip = 0;
  #onClose;

  constructor(onClose) {
    this.#onClose = onClose;
  }

  push(chunk) {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      const header = this.#skip > 0 ? undefined : readHeader(bytes);
      if (header === undefined) break;
      if (header.opcode === CLOSE) this.#onClose(header.length < 2 ? 1005 : bytes.readUInt16BE(header.size));
      this.#skip = header.size + header.length;
    }
    this.#rest = bytes;
  }
}

function readHeader(bytes) {
  if (bytes.length < 2) return undefined;
  const short = bytes[1] & 0x7f;
  const size = short < 126 ? 2 : short === 126 ? 4 : 10;
  const opcode = bytes[0] & 0x0f;
  if (bytes.length < size + (opcode === CLOSE ? Math.min(short, 2) : 0)) return undefined;
  const length = size === 2 ? short : size === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { opcode, size, length };
}
