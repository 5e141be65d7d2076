// Clients that negotiate compression as browsers do, send one compressed message, wait for its echo, and stay.
import { once } from "node:events";
import { connect } from "node:net";
import { constants, deflateRawSync } from "node:zlib";
import { answerCalls } from "./answer-calls.mjs";
import { encodeClientFrame, formatRequest } from "./raw-peer.mjs";

const AT_ONCE = 50;
const OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";

/** 2 KiB of JSON: above the thresholds of both servers. */
const message = Buffer.from(
  JSON.stringify(Array.from({ length: 40 }, (_, id) => ({ id, name: `customer ${id % 7}`, price: id * 1.25 }))),
);

const sockets = [];

answerCalls({
  async open({ port, count, deflate }) {
    const frame = encodeClientFrame(deflate ? compressed() : { opcode: 1, payload: message });
    const openOne = async () => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      sockets.push(socket);
      await once(socket, "connect");
      socket.write(formatRequest("/echo", deflate ? [OFFER] : []));
      const answer = await readUntil(socket, (bytes) => bytes.includes("\r\n\r\n"));
      if (answer.includes("permessage-deflate") !== deflate) throw new Error(`not as offered: ${answer.toString()}`);
      socket.write(frame);
      // a text message, compressed where that was agreed on
      const first = await readUntil(socket, (bytes) => bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt16BE(2));
      if (first[0] !== (deflate ? 0xc1 : 0x81)) throw new Error(`not as sent: ${first.subarray(0, 4).toString("hex")}`);
      // what is left idles
      socket.pause();
    };
    for (let opened = 0; opened < count; opened += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, openOne));
    }
    return { messageBytes: message.length };
  },
});

function compressed() {
  const payload = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  return { opcode: 1, rsv1: true, payload };
}

function readUntil(socket, isDone) {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isDone(bytes)) return;
      socket.off("data", onData).off("close", onClose);
      resolve(bytes);
    };
    const onClose = () => reject(new Error(`the server has closed after ${bytes.toString("hex")}`));
    socket.on("data", onData).on("close", onClose);
  });
}
