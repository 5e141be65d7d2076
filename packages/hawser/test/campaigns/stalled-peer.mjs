// Clients that never read, among 100 that do: filled up at once with the default limits, and by broadcasts alone. And
// 100 clients that send as many fragments as they may, of one byte each.
import { runFragments } from "../endurance/scenarios/fragments.mjs";
import { judgeStalled, runStalledPeer, runStalledSubscriber } from "../endurance/scenarios/stalled-peer.mjs";

const CLIENTS = 100;
/** With one more the connection ends. */
const MAX_FRAGMENTS = 131_072;
const MIB = 1024 * 1024;

export async function run({ report }) {
  const failures = [];
  const filled = { clients: CLIENTS, stalled: 20, broadcasts: 500, pieceBytes: 16_384, writeTimeoutMs: 10_000 };
  const full = await runStalledPeer(filled);
  failures.push(...judgeStalled(full, filled).map((failure) => `filled at once: ${failure}`));
  const counts = {
    "filled at once: clients that never read": filled.stalled,
    "filled at once: most bytes waiting for one": full.maxBufferedBytes,
    "filled at once: bytes in the ledger": full.ledgerBytes,
    "filled at once: growth of memory in MiB": Math.round(full.rssGrowthBytes / MIB),
    "filled at once: sends refused QUEUE_FULL": full.queueFull,
    "filled at once: sends pending, then CONNECTION_LOST": full.pendingSends,
    "filled at once: broadcasts": filled.broadcasts,
    "filled at once: error handlers called QUEUE_FULL": full.errors.QUEUE_FULL,
    "filled at once: closed by WRITE_TIMEOUT": full.reports.length,
    "filled at once: least echoes of another client": full.leastEchoes,
    "filled at once: least broadcasts to another client": full.leastBroadcasts,
  };
  report({ counts });
  // without a heartbeat, which would be the first to notice
  const subscribed = { clients: CLIENTS, stalled: 3, limitMs: 400_000, writeTimeoutMs: 10_000, heartbeat: false };
  const slow = await runStalledSubscriber(subscribed);
  failures.push(...judgeStalled(slow, subscribed).map((failure) => `by broadcasts: ${failure}`));
  Object.assign(counts, {
    "by broadcasts of 1 KiB, 100 a second: clients that never read": subscribed.stalled,
    "by broadcasts of 1 KiB, 100 a second: broadcasts until all were closed": slow.broadcasts,
    "by broadcasts of 1 KiB, 100 a second: most bytes waiting for one": slow.maxBufferedBytes,
    "by broadcasts of 1 KiB, 100 a second: closed by WRITE_TIMEOUT": slow.reports.length,
    "by broadcasts of 1 KiB, 100 a second: least broadcasts to another client": slow.leastBroadcasts,
    "by broadcasts of 1 KiB, 100 a second: least echoes of another client": slow.leastEchoes,
  });
  report({ counts });
  const fragmented = await runFragments({ connections: CLIENTS, fragments: MAX_FRAGMENTS });
  failures.push(...fragmented.wrong.map((failure) => `fragments: ${failure}`));
  Object.assign(counts, {
    "fragments of one byte: connections": CLIENTS,
    "fragments of one byte: each": MAX_FRAGMENTS,
    "fragments of one byte: bytes in the ledger": fragmented.ledgerBytes,
    "fragments of one byte: growth of memory in MiB": Math.round(fragmented.rssGrowthBytes / MIB),
  });
  return { counts, failures };
}
