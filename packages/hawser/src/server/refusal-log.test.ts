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
    log.note({ answer: { status: 403 }, rule: "origin-not-allowed", unlisted }, undefined);
  }
  expect(warnings).toHaveLength(100);
});
