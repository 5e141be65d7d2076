// What the lab is for: 2,000 slow handshakes, 10,000 connections that say nothing, 1,000 bomb senders and 1,000 fragment
// dribblers at once, and some of every other kind beside them.
import { execFileSync } from "node:child_process";

/** So many descriptors a server needs for all of them, with what it has itself. */
const WANTED_FILES = 16_000;

/** The part of the numbers that this machine lets one process have: 1 but where descriptors are few. */
export function readScale() {
  const text = execFileSync("/bin/sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  const files = text === "unlimited" ? Infinity : Number(text);
  return Math.min(1, files / WANTED_FILES);
}

/** The kinds that are always there. */
export function createMainMix(scale = 1) {
  const some = (count) => Math.max(1, Math.floor(count * scale));
  return [
    { kind: "silent", count: some(10_000), first: true, expect: ["http 408"] },
    { kind: "slow", count: some(2000), first: true, expect: ["http 408"] },
    { kind: "dribbler", count: some(980) },
    { kind: "fragment flood", count: some(20), expect: ["close 1008"] },
    { kind: "bomb", count: some(500), expect: ["close 1009"] },
    { kind: "bomb in fragments", count: some(500), expect: ["close 1009"] },
  ];
}

const sides = [
  { kind: "empty fragments", most: 50 },
  { kind: "ping flood", most: 20 },
  { kind: "pong flood", most: 20 },
  { kind: "inflater", most: 4 },
  { kind: "never reads", most: 40 },
  { kind: "vanished", most: 500 },
  { kind: "churn", most: 50 },
  { kind: "unknown path", most: 50 },
  { kind: "no HTTP", most: 50 },
  { kind: "no frames", most: 50 },
  { kind: "endless header", most: 20 },
  { kind: "hoarder", most: 300 },
];

/** Some of the other kinds, each in a number that `random` chooses. */
export function chooseSides(random, count) {
  const left = [...sides];
  const chosen = Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0]);
  return chosen.map(({ kind, most }) => ({ kind, count: 1 + random.below(most) }));
}

/** A few of every other kind. */
export function createSideMix() {
  return sides.map(({ kind, most }) => ({ kind, count: Math.max(2, Math.floor(most / 10)) }));
}
