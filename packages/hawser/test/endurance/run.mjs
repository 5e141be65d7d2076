// `node run.mjs NAME OPTIONS`: runs one scenario from the built package and prints its result, and what is wrong with it.
import { runClientStorm } from "./scenarios/client-storm.mjs";
import { runConnections } from "./scenarios/connections.mjs";
import { runDeflateMemory } from "./scenarios/deflate-memory.mjs";
import { runDescriptors } from "./scenarios/descriptors.mjs";
import { runFragments } from "./scenarios/fragments.mjs";
import { runGatewayMemory } from "./scenarios/gateway-memory.mjs";
import { runGatewaySlow } from "./scenarios/gateway-slow.mjs";
import { runHalfOpen, runStandstill } from "./scenarios/silence.mjs";
import { judgeStalled, runStalledPeer } from "./scenarios/stalled-peer.mjs";
import { judgeStream, runStream } from "./scenarios/stream.mjs";

const scenarios = {
  stream: async (options) => {
    const result = await runStream(options);
    return { ...result, wrong: judgeStream(result, options.bytes) };
  },
  "stalled-peer": async (options) => {
    const result = await runStalledPeer(options);
    return { ...result, wrong: judgeStalled(result, options) };
  },
  "client-storm": runClientStorm,
  connections: runConnections,
  "deflate-memory": runDeflateMemory,
  descriptors: runDescriptors,
  fragments: runFragments,
  "gateway-memory": runGatewayMemory,
  "gateway-slow": runGatewaySlow,
  "half-open": runHalfOpen,
  standstill: runStandstill,
};

const [name, options] = process.argv.slice(2);
console.log(JSON.stringify(await scenarios[name](JSON.parse(options))));
