// 10,000 connections that negotiated compression and used it once: what each costs a server of ours, and one of `ws`, in
// resident memory. The measure is the same at any time, so that `minutes` and `seed` say nothing.
import { runDeflateMemory } from "../endurance/scenarios/deflate-memory.mjs";

const CONNECTIONS = 10_000;
const KINDS = [
  "hawser without",
  "hawser, no takeover",
  "hawser, takeover, in 128 MiB",
  "hawser, takeover",
  "ws without",
  "ws",
];

export async function run({ report }) {
  const counts = { connections: CONNECTIONS };
  const { perConnection, wrong } = await runDeflateMemory({
    connections: CONNECTIONS,
    kinds: KINDS,
    onKind({ kind, bytes }) {
      counts[`bytes for each connection: ${kind}`] = bytes;
      report({ counts });
    },
  });
  const ours = perConnection["hawser, no takeover"];
  const failures = [...wrong];
  if (ours > perConnection["ws"] / 2) failures.push(`${ours} bytes are more than half of ${perConnection["ws"]}`);
  return { counts, state: null, failures };
}
