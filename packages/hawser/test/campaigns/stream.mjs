// One message of 2 GiB without an end, through stream mode, each way and once compressed: memory has to stand still.
import { judgeStream, runStream } from "../endurance/scenarios/stream.mjs";

const MIB = 1024 * 1024;
const RUNS = [
  { direction: "client-to-server" },
  { direction: "server-to-client" },
  { direction: "client-to-server", deflate: true },
];

export async function run({ seed, minutes, report }) {
  const until = performance.now() + minutes * 60_000;
  const counts = {};
  const failures = [];
  for (const options of RUNS) {
    if (performance.now() > until) break;
    const bytes = (options.deflate ? 512 : 2048) * MIB;
    const result = await runStream({ ...options, bytes, fromBytes: 256 * MIB, sampleEveryBytes: 64 * MIB, seed });
    const name = `${options.direction}${options.deflate ? ", compressed" : ""}`;
    failures.push(...judgeStream(result, bytes).map((failure) => `${name}: ${failure}`));
    Object.assign(counts, {
      [`${name}: MiB`]: result.bytes / MIB,
      [`${name}: samples of memory`]: result.samples,
      [`${name}: writer's growth in KiB`]: Math.round(result.writerGrowthBytes / 1024),
      [`${name}: reader's growth in KiB`]: Math.round(result.readerGrowthBytes / 1024),
      [`${name}: writer's memory in MiB`]: Math.round(result.writerRssBytes / MIB),
      [`${name}: reader's memory in MiB`]: Math.round(result.readerRssBytes / MIB),
    });
    report({ counts });
  }
  return { counts, failures };
}
