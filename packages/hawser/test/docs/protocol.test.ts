// The tables of docs/PROTOCOL.md, held equal to what the code goes by.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { gatewayDefaults } from "../../src/gateway/index.js";
import { closeCodes, RESERVED_ACTIONS, wireErrors } from "../../src/messages/index.js";

const page = readFileSync(new URL("../../../../docs/PROTOCOL.md", import.meta.url), "utf8");

/** The rows of the tables of a section, by their cells. */
function readTables(section: number): string[][] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}. `)) ?? "";
  const rows = text.split("\n").filter((line) => line.startsWith("|") && !/^\|[-|]+\|$/.test(line));
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

it("section 6 lists the wire's errors", () => {
  const temporary = new Map([
    [true, "yes"],
    [false, "no"],
    [undefined, "by case"],
  ]);
  const expected = Object.entries(wireErrors).map(([code, row]) => [
    `\`${code}\``,
    temporary.get(row.temporary),
    row.meaning,
  ]);
  expect(readTables(6).slice(1)).toEqual(expected);
});

it("section 7 lists the close codes", () => {
  const expected = [...closeCodes].map(([code, { reaction, meaning }]) => [
    String(code),
    reaction === "backoff" ? "back off" : reaction,
    meaning,
  ]);
  expect(readTables(7).slice(1)).toEqual(expected);
});

it("sections 3 to 5 name the actions that are the gateway's own", () => {
  const named = [...readTables(4), ...readTables(5)].flatMap(([cell = ""]) => cell.match(/(?<=`)[a-z]+(?=`)/g) ?? []);
  expect(new Set([...named, "cancel"])).toEqual(RESERVED_ACTIONS);
});

it("section 8 lists the gateway's limits", () => {
  const { maxOutboxMessages, maxOutboxBytes, maxRequestsInFlight, maxSessionsPerUser } = gatewayDefaults;
  const { maxMessageBytes, maxMessageBytesBeforeLogin, loginTimeoutMs, maxLoginAttempts } = gatewayDefaults;
  const { maxChannelsPerSession, storedResponseMs, maxStoredResponseBytes, resumeWindowMs } = gatewayDefaults;
  const rows = new Map(readTables(8).map(([name = "", value = ""]) => [name, value]));
  expect(Object.fromEntries(rows)).toMatchObject({
    message: `${maxMessageBytes / 1024} KiB; ${maxMessageBytesBeforeLogin / 1024} KiB before login`,
    "outbox of a connection": `${maxOutboxMessages.toLocaleString("en")} messages and ${maxOutboxBytes / 2 ** 20} MiB, then 4008`,
    "requests in flight, a session": String(maxRequestsInFlight),
    login: `${loginTimeoutMs / 1000} s, ${maxLoginAttempts} attempts`,
    "sessions of a user": String(maxSessionsPerUser),
    "channels of a session": String(maxChannelsPerSession),
    "stored responses of idempotent actions": `${storedResponseMs / 60_000} minutes, ${maxStoredResponseBytes / 2 ** 20} MiB`,
    "resume window": `${resumeWindowMs / 1000} s`,
  });
});
