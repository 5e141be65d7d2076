// 10 million inputs for everything that reads what a peer wrote; see test/fuzz/.
import { loadHarness } from "./bundle.mjs";

const INPUTS = 10_000_000;
const BATCH = 20_000;

export async function run({ seed, minutes, resume, report }) {
  const { runFuzz, corpus, remove } = await loadHarness("fuzz");
  const deadline = performance.now() + minutes * 60_000;
  const counts = { ...resume?.counts };
  const failures = [];
  let next = resume?.next ?? 0;
  while (next < INPUTS && performance.now() < deadline && failures.length === 0) {
    const result = runFuzz({ seed, first: next, count: Math.min(BATCH, INPUTS - next), corpus });
    for (const [target, count] of Object.entries(result.counts)) counts[target] = (counts[target] ?? 0) + count;
    failures.push(...result.failures);
    next += BATCH;
    report({ counts: { inputs: next, ...counts }, state: { next, counts } });
  }
  remove();
  return { counts: { inputs: next, ...counts }, state: { next, counts }, failures };
}
