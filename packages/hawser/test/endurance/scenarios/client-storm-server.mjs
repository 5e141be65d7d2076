// The gateway that a thousand clients come back to.
import { createServer } from "hawser/server";
import { createGateway } from "hawser/gateway";
import { answerCalls } from "./answer-calls.mjs";

let server;
let gateway;

answerCalls({
  async listen({ port, openingsPerSecond }) {
    server = createServer({
      port,
      exempt: [],
      ...(openingsPerSecond === undefined ? {} : { maxOpeningsPerSecond: openingsPerSecond }),
    });
    gateway = createGateway({ authenticate: ({ name }) => ({ id: name }) });
    server.service("/gateway", gateway);
    const listeningMs = performance.timeOrigin + performance.now();
    const { port: ownPort } = await server.listen();
    return { port: ownPort, listeningMs };
  },
  counts: () => ({ sockets: server.sockets.size, ...gateway.stats() }),
});
