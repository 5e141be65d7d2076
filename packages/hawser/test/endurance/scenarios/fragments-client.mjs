// Raw clients that send fragments of one byte, and never the last.
import { once } from "node:events";
import { answerCalls } from "./answer-calls.mjs";
import { encodeClientFrame, openRaw } from "./raw-peer.mjs";

const BATCH = 1000;
const BINARY = 2;
const CONTINUATION = 0;

const peers = [];

answerCalls({
  async open({ port, connections }) {
    for (let i = 0; i < connections; i++) peers.push(await openRaw(port, "/"));
  },
  async write({ fragments }) {
    const first = encodeClientFrame({ opcode: BINARY, fin: false, payload: "x" });
    const next = encodeClientFrame({ opcode: CONTINUATION, fin: false, payload: "x" });
    const batch = Buffer.concat(Array.from({ length: BATCH }, () => next));
    await Promise.all(peers.map((peer) => writeAll(peer, { first, batch, fragments })));
  },
  destroy() {
    for (const peer of peers) peer.destroy();
  },
});

async function writeAll(peer, { first, batch, fragments }) {
  peer.write(first);
  const bytes = first.length;
  for (let left = fragments - 1; left > 0; left -= BATCH) {
    if (!peer.write(batch.subarray(0, left * bytes))) await once(peer, "drain");
  }
}
