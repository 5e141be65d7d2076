// A subscriber that stops reading among many: what does it cost the gateway, and what the others?
import { withProcesses } from "./process-pair.mjs";

/** The outbox, the soft limit of the socket's own queue, and what the socket's queue may be above it by one message. */
const OUTBOX_BYTES = 1024 * 1024;
const SOFT_QUEUE_BYTES = 65_536;
/** What those who read may hold before nothing more is published. */
const HOLD_BYTES = 512 * 1024;
/** 1,000 messages at most wait, each with its overhead. */
const OVERHEAD_BYTES = 1000 * 64;

/** Everybody gets messages at a rate until those are closed who never read, and `more` after it. Those come back then. */
export function runGatewaySlow({ clients, stalled, everyMs, bytes, more, limitMs, ...limits }) {
  return withProcesses("./gateway-slow-server.mjs", "./gateway-slow-clients.mjs", async (server, others) => {
    const port = await server.call("listen", limits);
    await others.call("open", { port, clients, stalled, asking: Math.min(clients, 20) }, 120_000);
    const before = await server.call("probe");
    const holdBytes = stalledBytes(stalled, bytes) + HOLD_BYTES;
    const rate = { stalled, everyMs, bytes, more, limitMs, holdBytes };
    const sent = await server.call("publishUntilSlowAreGone", rate, limitMs + 60_000);
    const read = await others.call("readUntil", { number: sent.published - 1 }, 120_000);
    const during = await server.call("probe");
    const codes = await others.call("readLate");
    const back = await others.call("comeBack");
    const total = await server.call("publish", { times: 3, bytes });
    const readBack = await others.call("readUntil", { number: total - 1 });
    const stats = await server.call("stats");
    await others.call("close");
    const left = await server.call("close");
    const after = await server.call("probe");
    const clientsAfter = await others.call("probe");
    const result = {
      published: sent.published,
      perSecond: Math.round(sent.perSecond),
      held: sent.held,
      goneAfterMs: sent.goneAfterMs,
      maxLedgerBytes: sent.maxLedgerBytes,
      rssGrowthBytes: during.memory.rss - before.memory.rss,
      ended: sent.ended,
      closedAsSlow: stats.closedAsSlow,
      codesSeen: codes,
      leastReceived: Math.min(...read.map(({ received }) => received)),
      gaps: read.reduce((sum, { gaps }) => sum + gaps, 0),
      readersClosed: read.filter(({ closed }) => closed !== null).length,
      leastReplies: Math.min(...read.slice(0, 20).map(({ replies }) => replies)),
      back,
      receivedBack: readBack.slice(clients).map(({ received, gaps }) => ({ received, gaps })),
      left,
      ledgerBytesAfter: after.ledgerBytes,
      faults: [...after.faults, ...clientsAfter.faults],
    };
    return { ...result, wrong: judge(result, { clients, stalled, bytes }) };
  });
}

/** What those may hold who never read. */
function stalledBytes(stalled, bytes) {
  return stalled * (OUTBOX_BYTES + SOFT_QUEUE_BYTES + OVERHEAD_BYTES + 2 * bytes);
}

/** What is wrong with a result; nothing, if all is well. */
function judge(result, { clients, stalled, bytes }) {
  const wrong = [...result.faults];
  const expect = (condition, text) => condition || wrong.push(text);
  expect(result.ended.length === stalled, `${result.ended.length} of ${stalled} were closed in time`);
  expect(
    result.ended.every((outcome) => outcome === "4008"),
    `they ended with ${result.ended.join(", ")}`,
  );
  expect(result.closedAsSlow === stalled, `${result.closedAsSlow} were counted as slow`);
  expect(
    result.codesSeen.every((code) => code === 4008 || code === 1006),
    `they saw ${result.codesSeen.join(", ")}`,
  );
  // beside that one publication may wait for everybody, and up to three are published at a time
  const bound = stalledBytes(stalled, bytes) + HOLD_BYTES + 4 * clients * (bytes + 256);
  expect(result.maxLedgerBytes <= bound, `${result.maxLedgerBytes} bytes were held, of ${bound}`);
  expect(result.leastReceived === result.published, `${result.leastReceived} of ${result.published} came to a reader`);
  expect(result.gaps === 0, `${result.gaps} gaps`);
  expect(result.readersClosed === 0, `${result.readersClosed} readers were closed`);
  expect(result.leastReplies > 0, "a reader got no reply meanwhile");
  expect(
    result.back.every(({ resumed, channels }) => resumed === true && channels?.join() === "deals"),
    `coming back: ${JSON.stringify(result.back)}`,
  );
  expect(
    result.receivedBack.length === stalled &&
      result.receivedBack.every(({ received, gaps }) => received === 3 && gaps === 0),
    `after coming back: ${JSON.stringify(result.receivedBack)}`,
  );
  const { connections, sessions, channels, subscriptions } = result.left;
  const left = [connections, sessions, channels, subscriptions];
  expect(
    left.every((count) => count === 0),
    `left: ${JSON.stringify(result.left)}`,
  );
  expect(result.ledgerBytesAfter === 0, `${result.ledgerBytesAfter} bytes are left in the ledger`);
  return wrong;
}
