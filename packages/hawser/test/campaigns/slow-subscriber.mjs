// A subscriber of a gateway that stops reading, among 1,000 who get 1 KiB 100 times a second (or as often as the machine can), with the
// default limits: the buffers of the system may take all of it until the heartbeat fails. And some among 30 who get 32 KiB: there it
// is the outbox that overflows.
import { runGatewaySlow } from "../endurance/scenarios/gateway-slow.mjs";

const LIMIT_MS = 90_000;
const MIB = 1024 * 1024;

export async function run({ report }) {
  const failures = [];
  const counts = {};
  const common = { more: 500, limitMs: LIMIT_MS };
  const runs = {
    "1 KiB to 1,000": { ...common, clients: 1000, stalled: 1, everyMs: 10, bytes: 1024 },
    "32 KiB to 30": { ...common, clients: 30, stalled: 5, everyMs: 20, bytes: 32_768 },
  };
  for (const [name, options] of Object.entries(runs)) {
    const result = await runGatewaySlow(options);
    failures.push(...result.wrong.map((text) => `${name}: ${text}`));
    Object.assign(counts, {
      [`${name}: subscribers that read`]: options.clients,
      [`${name}: that stop`]: options.stalled,
      [`${name}: publications`]: result.published,
      [`${name}: publications a second`]: result.perSecond,
      [`${name}: times that it waited for those who read`]: result.held,
      [`${name}: closed after ms`]: Math.round(result.goneAfterMs ?? Infinity),
      [`${name}: ended with, by the gateway`]: result.ended.join(),
      [`${name}: code that it saw, reading at last`]: result.codesSeen.join(),
      [`${name}: most bytes held, all connections`]: result.maxLedgerBytes,
      [`${name}: growth of memory in MiB`]: Math.round(result.rssGrowthBytes / MIB),
      [`${name}: least publications to another`]: result.leastReceived,
      [`${name}: others closed`]: result.readersClosed,
      [`${name}: sessions taken over by those who came back`]: result.back.filter(({ resumed }) => resumed).length,
    });
    report({ counts });
  }
  return { counts, failures };
}
