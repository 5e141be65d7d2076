// A WebSocket client that does the least work possible, so that a load generator costs less than any server.
import { connect } from "node:net";

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** A masked text frame, to be sent as often as one likes. */
export function encodeTextFrame(text) {
  const payload = Buffer.from(text);
  const length = payload.length;
  const header =
    length < 126 ? Buffer.from([0x81, 0x80 | length]) : Buffer.from([0x81, 0xfe, length >> 8, length & 0xff]);
  for (let at = 0; at < length; at++) payload[at] ^= MASK[at & 3];
  return Buffer.concat([header, MASK, payload]);
}

/**
 * Connects, and settles behind the server's 101. `onText(text)` gets each text message; `onBatch()` comes behind all messages of a
 * read. Pings are answered.
 */
export function openRawWebSocket({ port, path, protocol, localAddress, onText, onBatch = () => {}, onLost }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, ...(localAddress && { localAddress }) });
    let rest = Buffer.alloc(0);
    let open = false;
    socket.on("error", reject).on("close", () => {
      reject(new Error("closed before it was open"));
      if (open) onLost?.();
    });
    socket.on("connect", () =>
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n` +
          `${protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`,
      ),
    );
    socket.on("data", (data) => {
      rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
      if (!open) {
        const end = rest.indexOf("\r\n\r\n");
        if (end < 0) return;
        if (!rest.subarray(0, 12).equals(Buffer.from("HTTP/1.1 101"))) {
          reject(new Error(rest.toString("latin1").split("\r\n", 1)[0]));
          socket.destroy();
          return;
        }
        open = true;
        rest = rest.subarray(end + 4);
        resolve(socket);
      }
      rest = readFrames(rest, socket, onText);
      onBatch();
    });
  });
}

/** Reads whole frames and returns what is left. */
function readFrames(bytes, socket, onText) {
  let at = 0;
  while (bytes.length - at >= 2) {
    const opcode = bytes[at] & 15;
    let length = bytes[at + 1] & 127;
    let start = at + 2;
    if (length === 126) {
      if (bytes.length - at < 4) break;
      length = bytes.readUInt16BE(start);
      start += 2;
    } else if (length === 127) throw new Error("an answer of more than 64 KiB");
    if (bytes.length - start < length) break;
    if (opcode === 1) onText(bytes.latin1Slice(start, start + length));
    else if (opcode === 9) socket.write(encodePong(bytes.subarray(start, start + length)));
    else if (opcode === 8) socket.end();
    at = start + length;
  }
  return bytes.subarray(at);
}

function encodePong(data) {
  return Buffer.concat([Buffer.from([0x8a, 0x80 | data.length]), MASK, data.map((byte, at) => byte ^ MASK[at & 3])]);
}
