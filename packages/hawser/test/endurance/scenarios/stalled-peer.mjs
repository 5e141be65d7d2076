// Clients that never read, among others: what do they cost the server, and what the others?
import { withProcesses } from "./process-pair.mjs";

const BROADCAST_BYTES = 1024;

/** Clients that never read get all that is accepted for them; then everybody gets `broadcasts` messages, 100 a second. */
export function runStalledPeer({ clients, stalled, broadcasts, pieceBytes, ...limits }) {
  return withProcesses("./stalled-server.mjs", "./stalled-clients.mjs", async (server, others) => {
    const port = await server.call("listen", limits);
    await others.call("open", { port, clients, stalled });
    await others.call("start");
    const before = await server.call("probe");
    const filled = await server.call("fill", { pieceBytes, lastBytes: BROADCAST_BYTES / 2 });
    const full = await server.call("probe");
    const countsBefore = await others.call("counts");
    const broadcast = await server.call("broadcast", { times: broadcasts, everyMs: 10, bytes: BROADCAST_BYTES });
    const gone = await server.call("stalledGone", { stalled });
    const countsAfter = await others.call("counts");
    const left = await server.call("sockets");
    const unclean = await others.call("close");
    await server.call("allGone");
    const after = await server.call("probe");
    const clientsAfter = await others.call("probe");
    return {
      queueFull: filled.queueFull,
      maxBufferedBytes: filled.maxBufferedBytes,
      pendingSends: filled.pendingSends,
      ledgerBytes: filled.ledgerBytes,
      rssGrowthBytes: full.memory.rss - before.memory.rss,
      broadcastReached: [broadcast.least, broadcast.most],
      broadcastLeftOut: broadcast.leftOut,
      errors: gone.errors,
      reports: gone.reports,
      settledSends: gone.settledSends,
      pendingSendsAfter: gone.pendingSends,
      clientsLeft: left,
      ...summarize(countsBefore, countsAfter),
      unclean,
      ledgerBytesAfter: after.ledgerBytes,
      wheelTimersAfter: after.wheelTimers,
      faults: [...after.faults, ...clientsAfter.faults],
    };
  });
}

/** Everybody gets 1 KiB 100 times a second, until those that never read are gone. */
export function runStalledSubscriber({ clients, stalled, limitMs, ...limits }) {
  return withProcesses("./stalled-server.mjs", "./stalled-clients.mjs", async (server, others) => {
    const port = await server.call("listen", limits);
    await others.call("open", { port, clients, stalled });
    await others.call("start");
    const countsBefore = await others.call("counts");
    const sent = await server.call("broadcastUntilClosed", { stalled, everyMs: 10, bytes: BROADCAST_BYTES }, limitMs);
    const countsAfter = await others.call("counts");
    const unclean = await others.call("close");
    await server.call("allGone");
    const [after, clientsAfter] = [await server.call("probe"), await others.call("probe")];
    return {
      broadcasts: sent.times,
      maxBufferedBytes: sent.maxBufferedBytes,
      errors: sent.errors,
      reports: sent.reports,
      ...summarize(countsBefore, countsAfter),
      unclean,
      ledgerBytesAfter: after.ledgerBytes,
      wheelTimersAfter: after.wheelTimers,
      faults: [...after.faults, ...clientsAfter.faults],
    };
  });
}

/** What the clients that read had meanwhile: the one with the least of it tells. */
function summarize(before, after) {
  const broadcasts = after.map((client) => client.broadcasts);
  return {
    leastEchoes: Math.min(...after.map((client, index) => client.echoes - before[index].echoes)),
    wrongEchoes: after.reduce((sum, client) => sum + client.wrong, 0),
    leastBroadcasts: Math.min(...broadcasts),
    mostBroadcasts: Math.max(...broadcasts),
  };
}

/** The default of the send queue's limit. */
const MAX_QUEUE_BYTES = 1024 * 1024 + 65_536;
const OTHER_MEMORY_BYTES = 48 * 1024 * 1024;

/** What is wrong with a result; nothing, if all is well. */
export function judgeStalled(result, { clients, stalled, broadcasts }) {
  const wrong = [...result.faults];
  const expect = (condition, text) => condition || wrong.push(text);
  expect(result.maxBufferedBytes <= MAX_QUEUE_BYTES, `${result.maxBufferedBytes} bytes waited for one client`);
  expect(result.reports.length === stalled, `${result.reports.length} of ${stalled} were closed`);
  const timedOut = result.reports.every(
    ({ code, clean, error }) => !clean && code === 1006 && error === "WRITE_TIMEOUT",
  );
  expect(timedOut, `reports: ${JSON.stringify(result.reports)}`);
  expect(result.leastEchoes > 0, "a client had no echo meanwhile");
  expect(result.wrongEchoes === 0, `${result.wrongEchoes} echoes were wrong`);
  expect(result.unclean === 0, `${result.unclean} of the others did not end cleanly`);
  expect(result.ledgerBytesAfter === 0, `${result.ledgerBytesAfter} bytes are left in the ledger`);
  expect(result.wheelTimersAfter === 0, `${result.wheelTimersAfter} timers are left`);
  expect(
    Object.keys(result.errors).every((name) => name === "QUEUE_FULL"),
    `errors: ${JSON.stringify(result.errors)}`,
  );
  if (broadcasts === undefined) {
    expect(
      result.leastBroadcasts === result.broadcasts,
      `${result.leastBroadcasts} of ${result.broadcasts} broadcasts`,
    );
    return wrong;
  }
  const memory = stalled * MAX_QUEUE_BYTES;
  expect(result.ledgerBytes <= memory + clients * 1024, `the ledger has ${result.ledgerBytes} bytes`);
  expect(result.ledgerBytes >= memory * 0.9, `the ledger has only ${result.ledgerBytes} bytes: were the queues full?`);
  expect(result.rssGrowthBytes < memory * 2 + OTHER_MEMORY_BYTES, `memory grew by ${result.rssGrowthBytes} bytes`);
  expect(result.queueFull > 0 && result.pendingSends > 0, "no send was refused, or none was left pending");
  expect(result.pendingSendsAfter === 0, `${result.pendingSendsAfter} sends never settled`);
  expect(result.settledSends.CONNECTION_LOST === result.pendingSends, JSON.stringify(result.settledSends));
  const [least, most] = result.broadcastReached;
  expect(least === clients && most === clients, `broadcasts reached ${least} to ${most} of ${clients}`);
  const told = result.errors.QUEUE_FULL;
  expect(
    told >= stalled && told === result.broadcastLeftOut,
    `${result.broadcastLeftOut} left out, error handlers: ${JSON.stringify(result.errors)}`,
  );
  const all = result.leastBroadcasts === broadcasts && result.mostBroadcasts === broadcasts;
  expect(all, `${result.leastBroadcasts} to ${result.mostBroadcasts} broadcasts came of ${broadcasts}`);
  expect(result.clientsLeft === clients, `${result.clientsLeft} sockets are left of ${clients}`);
  return wrong;
}
