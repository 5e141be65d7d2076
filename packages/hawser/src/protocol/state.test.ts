import { readFileSync, writeFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { canReceive, canSend, formatStateDiagram, isOver, transition } from "./state.js";

describe("a socket's states", () => {
  it.each([
    ["connecting", "opened", "open"],
    ["connecting", "aborted", "aborted"],
    ["open", "close-sent", "close-sent"],
    ["open", "close-received", "close-received"],
    ["open", "aborted", "aborted"],
    ["close-sent", "close-received", "closed"],
    ["close-sent", "aborted", "aborted"],
    ["close-received", "close-sent", "closed"],
    ["close-received", "aborted", "aborted"],
  ] as const)("go from %s on the event %s to %s", (from, event, to) => {
    expect(transition(from, event)).toBe(to);
  });

  it.each([
    ["connecting", "close-sent"],
    ["connecting", "close-received"],
    ["open", "opened"],
    ["close-sent", "opened"],
    ["close-sent", "close-sent"],
    ["close-received", "opened"],
    ["close-received", "close-received"],
    ["closed", "opened"],
    ["closed", "close-sent"],
    ["closed", "close-received"],
    ["closed", "aborted"],
    ["aborted", "opened"],
    ["aborted", "close-sent"],
    ["aborted", "close-received"],
    ["aborted", "aborted"],
  ] as const)("refuse in %s the event %s, with both as facts", (from, event) => {
    expect(() => transition(from, event)).toThrow(
      expect.objectContaining({ name: "UsageError", code: "INVALID_STATE", facts: { from, event } }),
    );
  });

  it.each([
    ["connecting", false, false, false],
    ["open", true, true, false],
    ["close-sent", false, true, false],
    ["close-received", true, true, false],
    ["closed", false, true, true],
    ["aborted", false, true, true],
  ] as const)("say for %s: can send %s, can receive %s, over %s", (state, send, receive, over) => {
    expect([canSend(state), canReceive(state), isOver(state)]).toEqual([send, receive, over]);
  });

  it("are drawn in the docs as the table has them (UPDATE_DIAGRAM=1 rewrites the page)", () => {
    const page = new URL("../../../../docs/state-diagram.md", import.meta.url);
    const text = [
      "# States of a socket",
      "",
      "Drawn from the transition table in `packages/hawser/src/protocol/state.ts`, which a test compares with this page.",
      "",
      "```mermaid",
      `${formatStateDiagram()}\`\`\``,
      "",
    ].join("\n");
    if (process.env["UPDATE_DIAGRAM"] === "1") writeFileSync(page, text);
    expect(readFileSync(page, "utf8")).toBe(text);
  });
});
