// docs/ERRORS.md and the registry say the same.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorCodes } from "../../src/internal/error-codes.js";
import * as frameFaults from "../../src/protocol/frame-faults.js";
import type { ProtocolError } from "../../src/internal/errors.js";

const page = readFileSync(new URL("../../../../docs/ERRORS.md", import.meta.url), "utf8");

interface Section {
  readonly code: string;
  readonly errorClass: string;
  readonly text: string;
}

const sections: readonly Section[] = page
  .split(/^## /m)
  .slice(1)
  .flatMap((part) => {
    const [head = "", ...entries] = part.split(/^### /m);
    const errorClass = head.split("\n")[0] ?? "";
    return entries.map((entry) => ({ errorClass, code: entry.split("\n")[0] ?? "", text: entry }));
  });

const textOf = (code: string): string => sections.find((section) => section.code === code)?.text ?? "";
const closeCodeOf = (text: string): number => Number(/^- Close code: (\d{4})\.$/m.exec(text)?.[1]);

describe("docs/ERRORS.md", () => {
  it("has a heading for every code of the registry, and no other, in its order", () => {
    expect(sections.map(({ code }) => code)).toEqual(Object.keys(errorCodes));
  });

  it("groups the codes by class", () => {
    expect([...new Set(sections.map(({ errorClass }) => errorClass))]).toEqual([
      "UsageError",
      "ConnectionError",
      "RequestError",
      "ProtocolError",
    ]);
  });

  it.each(Object.entries(errorCodes))("explains %s with its meaning, facts and what to do", (code, meaning) => {
    const [, , sentence = ""] = textOf(code).split("\n");
    expect(sentence.slice(1)).toBe(`${meaning.slice(1)}.`);
    expect(sentence[0]?.toLowerCase()).toBe(meaning[0]);
    expect(textOf(code)).toMatch(/^- Facts: .+/m);
    expect(textOf(code)).toMatch(/^- What to do: .+/m);
  });

  it("gives every ProtocolError the close code that answers it", () => {
    const codes = sections
      .filter(({ errorClass }) => errorClass === "ProtocolError")
      .map(({ text }) => closeCodeOf(text));
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.filter((code) => ![1002, 1003, 1007, 1008, 1009].includes(code))).toEqual([]);
  });
});

const faults = Object.entries(frameFaults).map(([name, create]) => {
  const error = (create as (first: number, second: number) => ProtocolError)(1, 2);
  return [name, error] as const;
});

it.each(faults)("the fault %s has the documented close code and facts", (_name, error) => {
  const text = textOf(error.code);
  expect(closeCodeOf(text)).toBe(error.closeCode);
  expect(Object.keys(error.facts).filter((fact) => !text.includes(`\`${fact}\``))).toEqual([]);
});
