import { expect, it } from "vitest";
import { createVirtualRuntime } from "../../testing/index.js";
import type { Logger } from "./logger.js";
import { MAX_LINES_PER_SECOND } from "./log-budget.js";
import { RefusalLog } from "./refusal-log.js";

type Line = readonly [level: keyof Logger, message: string, fields: object];

function open(): { runtime: ReturnType<typeof createVirtualRuntime>; lines: Line[]; log: RefusalLog } {
  const lines: Line[] = [];
  const keep =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      void lines.push([level, message, fields]);
  const runtime = createVirtualRuntime();
  const logger = { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
  return { runtime, lines, log: new RefusalLog(logger, runtime) };
}

function refuseOrigin(value: string): Parameters<RefusalLog["note"]>[0] {
  return { answer: { status: 403 }, rule: "origin-not-allowed", unlisted: { option: "origins", value } };
}

const somewhere = { path: "/", remoteAddress: undefined };

it("stops to warn when there are too many values: they are made up", () => {
  const { lines, log } = open();
  for (let index = 0; index < 1000; index++) log.note(refuseOrigin(`http://${index}.example`), somewhere);
  expect(lines.filter(([level]) => level === "warn")).toHaveLength(100);
});

it("warns once of a value that an option would let in, and says how", () => {
  const { lines, log } = open();
  log.note(refuseOrigin('http://a.example/"\u001b[2J\n'), somewhere);
  log.note(refuseOrigin('http://a.example/"\u001b[2J\n'), somewhere);
  expect(lines.map(([level, message]) => [level, message])).toEqual([
    [
      "warn",
      String.raw`origin-not-allowed: "http://a.example/\" [2J " was refused; to allow it, add "http://a.example/\" [2J " to the option origins`,
    ],
    ["info", "connection refused: origin-not-allowed, answered 403"],
  ]);
});

it("logs who asked for which path, and no more of it than a person reads", () => {
  const { lines, log } = open();
  log.note({ answer: { status: 404 }, rule: "path-unknown" }, { path: "/nowhere", remoteAddress: "192.0.2.1" });
  log.note({ answer: { status: 404 }, rule: "path-unknown" }, { path: `/${"x".repeat(4000)}`, remoteAddress: "::1" });
  log.noteUnreadable("HPE_INVALID_METHOD", 400, "192.0.2.1");
  expect(lines).toEqual([
    [
      "info",
      "connection refused: path-unknown, answered 404",
      { rule: "path-unknown", status: 404, path: "/nowhere", remoteAddress: "192.0.2.1" },
    ],
    [
      "info",
      "connection refused: path-unknown, answered 404",
      { rule: "path-unknown", status: 404, path: `/${"x".repeat(199)}…`, remoteAddress: "::1" },
    ],
    [
      "info",
      "connection refused: HPE_INVALID_METHOD, answered 400",
      { rule: "HPE_INVALID_METHOD", status: 400, remoteAddress: "192.0.2.1" },
    ],
  ]);
});

it("tells the number of those that came too fast (REL-E24)", async () => {
  const { runtime, lines, log } = open();
  for (let index = 0; index < 5000; index++) log.note({ answer: { status: 404 }, rule: "path-unknown" }, somewhere);
  expect(lines).toHaveLength(MAX_LINES_PER_SECOND);
  await runtime.clock.advance(1000);
  const suppressed = 5000 - MAX_LINES_PER_SECOND;
  expect(lines.slice(MAX_LINES_PER_SECOND)).toEqual([
    ["info", `connections refused: ${suppressed} more, not logged one by one`, { suppressed }],
  ]);
});
