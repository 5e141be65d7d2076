// A server that is sent messages without an end, in fragments.
import { setInterval as every } from "node:timers/promises";
import { createServer } from "hawser/server";
import { defaultRuntime } from "../../../dist/node/index.js";
import { answerCalls } from "./answer-calls.mjs";

let server;

answerCalls({
  async listen() {
    server = createServer();
    server.service("/", {});
    return (await server.listen()).port;
  },
  /** Settles when the messages that are not complete have so many bytes. */
  async received({ bytes }) {
    for await (const _ of every(20)) if (defaultRuntime().ledger.bytes >= bytes) break;
  },
  async allGone() {
    for await (const _ of every(20)) if (server.sockets.size === 0) break;
  },
});
