// 10,000 idle sessions of distinct users, logged in, with the default options: at most 10 KiB of resident memory each. Beside them bare
// connections of ours and of `ws`. The measure is the same at any time, so that `minutes` and `seed` say nothing.
import { runGatewayMemory } from "../endurance/scenarios/gateway-memory.mjs";

const SESSIONS = 10_000;
const MAX_BYTES = 10 * 1024;
const KINDS = ["hawser sessions", "hawser connections", "ws connections"];

export async function run({ report }) {
  const counts = { sessions: SESSIONS };
  const { each, wrong } = await runGatewayMemory({
    sessions: SESSIONS,
    kinds: KINDS,
    onKind({ kind, bytes }) {
      for (const [name, value] of Object.entries(bytes)) counts[`${kind}: ${name} for each`] = value;
      report({ counts });
    },
  });
  const failures = [...wrong];
  const { rssBytes, rssBytesFromEmpty } = each["hawser sessions"];
  const most = Math.max(rssBytes, rssBytesFromEmpty);
  if (most > MAX_BYTES) failures.push(`a session takes ${most} bytes, more than ${MAX_BYTES}`);
  return { counts, state: null, failures };
}
