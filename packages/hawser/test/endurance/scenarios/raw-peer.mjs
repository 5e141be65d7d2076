// A TCP peer that speaks WebSocket as badly as it is told to.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { encodeWireFrame } from "hawser/testing";

const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export const DEFLATE_OFFER = "Sec-WebSocket-Extensions: permessage-deflate";

/** The text of an opening handshake, with more header lines if need be. */
export function formatRequest(target, lines = []) {
  const head = [
    `GET ${target} HTTP/1.1`,
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...lines,
  ];
  return `${head.join("\r\n")}\r\n\r\n`;
}

/** The answer to a request that a raw server has read. */
export function formatAnswer(request, lines = []) {
  const key = /sec-websocket-key: (.*)\r\n/i.exec(request)?.[1] ?? "";
  const accept = createHash("sha1")
    .update(key + ACCEPT_GUID)
    .digest("base64");
  const head = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...lines,
  ];
  return `${head.join("\r\n")}\r\n\r\n`;
}

/** A frame as a client sends it. */
export function encodeClientFrame(frame) {
  return encodeWireFrame({ masked: true, ...frame });
}

/** A TCP connection whose errors matter to nobody. */
export async function connectTcp(port) {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** A connection behind its opening handshake; it reads nothing unless it is told to. */
export async function openRaw(port, target, lines = []) {
  const socket = await connectTcp(port);
  socket.write(formatRequest(target, lines));
  let answer = "";
  while (!answer.includes("\r\n\r\n")) {
    const [chunk] = await once(socket, "data");
    answer += chunk.toString("latin1");
  }
  socket.pause();
  return socket;
}
