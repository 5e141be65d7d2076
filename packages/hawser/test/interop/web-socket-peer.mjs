// A driver for a WebSocket that is not ours: the global one of a page or of Node.js. It is told what to do by commands
// and tells what happened by reports, both plain objects, so it runs wherever JSON can be passed. It imports nothing,
// as pages load it, too. The functions that make and measure contents are the same on both sides of a test.

/** @typedef {Record<string, unknown>} Json */

/** Bytes that a size and a seed repeat. */
export function makeBytes(size, seed) {
  const bytes = new Uint8Array(size);
  let state = (seed ^ size) | 1;
  for (let at = 0; at < size; at++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Message number `index` of a series: text and bytes in turn, of mixed lengths. */
export function makeMessage(index, seed) {
  const size = index % 100 === 0 ? (index * 7) % 70_000 : (index * 31) % 300;
  return index % 2 === 0 ? `${index} ${"⛵x".repeat(size / 2)}` : makeBytes(size, seed + index);
}

/** FNV-1a over a message and its type, going on from an earlier `hash`: a difference in content or order shows. */
export function digest(message, hash = 0x811c9dc5) {
  const units = typeof message === "string" ? message.length : message.byteLength;
  let result = Math.imul(hash ^ (typeof message === "string" ? 1 : 2), 0x01000193);
  for (let at = 0; at < units; at++) {
    const unit = typeof message === "string" ? message.charCodeAt(at) : message[at];
    result = Math.imul(result ^ unit, 0x01000193);
  }
  return result >>> 0;
}

/**
 * Answers the function that runs commands: `{ run: "open", url, protocols }`, `{ run: "send", text }`,
 * `{ run: "sendBytes", size, seed }`, `{ run: "sendSeries", count, seed }`, `{ run: "collect", count }`,
 * `{ run: "close", code?, reason? }`, `{ run: "forget" }`. One socket at a time.
 * @param {(report: Json) => void} report
 */
export function createPeer(report) {
  let socket;
  let collecting = null;

  const commands = {
    open({ url, protocols }) {
      socket = new WebSocket(url, protocols);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => report({ event: "open", protocol: socket.protocol, extensions: socket.extensions });
      socket.onerror = () => report({ event: "error" });
      socket.onclose = ({ code, reason, wasClean }) => report({ event: "close", code, reason, wasClean });
      socket.onmessage = ({ data }) => receive(typeof data === "string" ? data : new Uint8Array(data));
    },
    /** Nothing is told of the connection any more; then that is told. */
    forget() {
      if (socket !== undefined) socket.onopen = socket.onerror = socket.onclose = socket.onmessage = null;
      collecting = null;
      report({ event: "forgotten" });
    },
    send: ({ text }) => socket.send(text),
    sendBytes: ({ size, seed }) => socket.send(makeBytes(size, seed)),
    sendSeries({ count, seed }) {
      for (let index = 0; index < count; index++) socket.send(makeMessage(index, seed));
    },
    /** Instead of a report for each message, one for so many of them. That it has begun is told, too. */
    collect({ count }) {
      collecting = { left: count, hash: undefined };
      report({ event: "collecting" });
    },
    close({ code, reason }) {
      try {
        socket.close(code, reason);
      } catch (error) {
        report({ event: "refused", name: error.name });
      }
    },
  };

  function receive(message) {
    if (collecting === null) {
      const isText = typeof message === "string";
      const size = isText ? message.length : message.byteLength;
      report({
        event: "message",
        isText,
        size,
        hash: digest(message),
        ...(isText && size < 2000 && { text: message }),
      });
      return;
    }
    collecting.hash = digest(message, collecting.hash);
    collecting.left -= 1;
    if (collecting.left > 0) return;
    report({ event: "collected", hash: collecting.hash });
    collecting = null;
  }

  return (command) => commands[command.run](command);
}
