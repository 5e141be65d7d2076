import { expect, it } from "vitest";
import { RefusalLog } from "./refusal-log.js";

it("stops to warn when there are too many values: they are made up", () => {
  const warnings: string[] = [];
  const ignore = (): void => {};
  const log = new RefusalLog({
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (_fields, text) => void warnings.push(text),
  });
  for (let index = 0; index < 1000; index++) {
    const unlisted = { option: "origins", value: `http://${index}.example` } as const;
    log.note(
      { answer: { status: 403 }, rule: "origin-not-allowed", unlisted },
      { path: "/", remoteAddress: undefined },
    );
  }
  expect(warnings).toHaveLength(100);
});

it("logs the path that was asked for, and no more of it than a person reads", () => {
  const logged: unknown[] = [];
  const ignore = (): void => {};
  const log = new RefusalLog({
    debug: (fields) => void logged.push(fields),
    info: ignore,
    error: ignore,
    warn: ignore,
  });
  log.note({ answer: { status: 404 }, rule: "path-unknown" }, { path: "/nowhere", remoteAddress: "192.0.2.1" });
  log.note(
    { answer: { status: 404 }, rule: "path-unknown" },
    { path: `/${"x".repeat(4000)}`, remoteAddress: undefined },
  );
  expect(logged).toEqual([
    { rule: "path-unknown", status: 404, path: "/nowhere", remoteAddress: "192.0.2.1" },
    { rule: "path-unknown", status: 404, path: `/${"x".repeat(199)}…`, remoteAddress: undefined },
  ]);
});
