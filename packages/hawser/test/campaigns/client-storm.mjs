// 1,000 clients of a server that is down for 20 s and then admits 100 a second: never over 200 attempts in any second from its
// return, all are back within 60 s. Again and again, as time allows.
import { runClientStorm } from "../endurance/scenarios/client-storm.mjs";

const STORM = { clients: 1000, downMs: 20_000, openingsPerSecond: 100, backLimitMs: 60_000, maxAttemptsPerSecond: 200 };

export async function run({ minutes, resume, report }) {
  const until = performance.now() + minutes * 60_000;
  const counts = resume ?? {
    storms: 0,
    clients: STORM.clients,
    mostAttemptsPerSecond: 0,
    longestReturnMs: 0,
    attempts: 0,
    refused: 0,
    attemptsWhileDown: 0,
  };
  const failures = [];
  do {
    const result = await runClientStorm(STORM);
    counts.storms++;
    counts.mostAttemptsPerSecond = Math.max(counts.mostAttemptsPerSecond, result.mostAttemptsPerSecond);
    counts.longestReturnMs = Math.max(counts.longestReturnMs, result.lastAttemptAfterMs);
    counts.attempts += result.attempts;
    counts.refused += result.refused;
    counts.attemptsWhileDown += result.downAttempts;
    failures.push(...result.wrong);
    report({ counts, state: counts });
  } while (performance.now() < until);
  return { counts, state: counts, failures };
}
