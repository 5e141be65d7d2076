import { pino } from "pino";
import { expect, it } from "vitest";
import { createNews } from "./news.js";

it("logs twenty events a second, and the others of that second at debug", () => {
  const levels: unknown[] = [];
  const log = pino(
    { level: "debug" },
    { write: (line) => void levels.push((JSON.parse(line) as { level: number }).level) },
  );
  let nowMs = 5500;
  const news = createNews(log, () => nowMs);
  for (let count = 0; count < 25; count++) news("info", {}, "joined");
  expect(levels).toEqual([...Array<number>(20).fill(30), ...Array<number>(5).fill(20)]);
  nowMs = 6000;
  news("warn", {}, "reads too slowly");
  expect(levels.at(-1)).toBe(40);
});
