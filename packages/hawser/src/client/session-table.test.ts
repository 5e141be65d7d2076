import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ClientState } from "./client-types.js";
import { formatClientDiagram, step } from "./session-table.js";
import type { SessionEffect, SessionEvent } from "./session-table.js";

const states = ["disconnected", "connecting", "logging-in", "open", "waiting", "closing"] as const;
const events = [
  "connect",
  "disconnect",
  "opened",
  "login-due",
  "logged-in",
  "refused",
  "lost",
  "ended",
  "due",
] as const satisfies readonly SessionEvent[];

const rows: readonly (readonly [ClientState, SessionEvent, ClientState, SessionEffect | undefined])[] = [
  ["disconnected", "connect", "connecting", "dial"],
  ["disconnected", "disconnect", "disconnected", "finish"],
  ["connecting", "opened", "open", "welcome"],
  ["connecting", "login-due", "logging-in", "log-in"],
  ["connecting", "lost", "waiting", "wait"],
  ["connecting", "ended", "disconnected", "finish"],
  ["connecting", "disconnect", "closing", "close"],
  ["logging-in", "logged-in", "open", "welcome"],
  ["logging-in", "refused", "closing", "close"],
  ["logging-in", "lost", "waiting", "wait"],
  ["logging-in", "ended", "disconnected", "finish"],
  ["logging-in", "disconnect", "closing", "close"],
  ["open", "lost", "waiting", "wait"],
  ["open", "ended", "disconnected", "finish"],
  ["open", "disconnect", "closing", "close"],
  ["waiting", "due", "connecting", "dial"],
  ["waiting", "disconnect", "disconnected", "finish"],
  ["closing", "lost", "waiting", "wait"],
  ["closing", "ended", "disconnected", "finish"],
  ["closing", "disconnect", "closing", undefined],
];

const others = states.flatMap((state) =>
  events
    .filter((event) => !rows.some(([from, on]) => from === state && on === event))
    .map((event) => [state, event] as const),
);

describe("a client's states", () => {
  it.each(rows)("go from %s on %s to %s, with the effect %s", (from, event, to, effect) => {
    const [next, done] = step(from, event);
    expect([next, done]).toEqual([to, effect]);
  });

  it.each(others)("refuse in %s the event %s, with both as facts", (state, event) => {
    expect(() => step(state, event)).toThrow(
      expect.objectContaining({ name: "UsageError", code: "INVALID_STATE", facts: { state, event } }),
    );
  });

  it("are 6 with 9 events, each pair of them in one of the two lists", () => {
    expect(rows.length + others.length).toBe(54);
  });

  it("are drawn in the docs as the table has them (UPDATE_DIAGRAM=1 rewrites the page)", () => {
    const page = new URL("../../../../docs/client-states.md", import.meta.url);
    const text = [
      "# States of a client",
      "",
      "Drawn from the table in `packages/hawser/src/client/session-table.ts`, which a test compares with this page. An arrow says: event / effect.",
      "",
      "```mermaid",
      `${formatClientDiagram()}\`\`\``,
      "",
      "`connect` and `disconnect` are commands of the application. `opened` or `login-due`: the connection is open, without or with a login to come;",
      "`refused`: that login failed. `lost`: the connection is over and the client comes back, after the wait that ends with `due`; `ended`: it does not.",
      "",
    ].join("\n");
    if (process.env["UPDATE_DIAGRAM"] === "1") writeFileSync(page, text);
    expect(readFileSync(page, "utf8")).toBe(text);
  });
});
