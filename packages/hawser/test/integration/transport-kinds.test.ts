// A socket over a stream that is not TCP.
import http from "node:http";
import net from "node:net";
import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { createDeferred } from "../../src/internal/deferred.js";
import { connect } from "../../src/node/index.js";
import type { Server } from "../../src/server/index.js";
import { startServer } from "../support/server-fixture.js";

/** Calls back at once and writes later, as tunnels and pairs in memory do. */
function createKeepingAgent(server: Server): http.Agent {
  const { port } = server.address();
  return Object.assign(new http.Agent(), {
    createConnection: () => {
      const tcp = net.connect(port, "127.0.0.1");
      const stream = new Duplex({
        read() {},
        write(chunk: Uint8Array, _encoding, done) {
          setTimeout(() => tcp.write(chunk), 5);
          done();
        },
        destroy(error, done) {
          tcp.destroy();
          done(error);
        },
      });
      tcp.on("data", (chunk) => stream.push(chunk));
      tcp.on("error", () => stream.destroy());
      tcp.on("close", () => stream.destroy());
      return stream;
    },
  });
}

it("leaves bytes alone that a stream keeps after it has called back", async () => {
  const seen: unknown[] = [];
  const all = createDeferred<void>();
  const server = await startServer({ heartbeat: false }, (made) => {
    made.service("/", {
      message: (_socket, data) => void (seen.push(data) === 5 && all.resolve()),
      close: () => all.resolve(),
    });
  });
  const client = await connect(`${server.url}/`, { agent: createKeepingAgent(server), heartbeat: false });

  for (let count = 0; count < 5; count++) await client.send(`message number ${count}`);
  await all.promise;

  expect(seen).toEqual([0, 1, 2, 3, 4].map((count) => `message number ${count}`));
  client.abort();
});
