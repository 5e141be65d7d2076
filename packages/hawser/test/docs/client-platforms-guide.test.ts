// The programs of docs/guides/client-platforms.md, as they stand there.
import { expect, it } from "vitest";
import { readPagePrograms } from "./page-programs.js";

const { run } = readPagePrograms("client-platforms");

it.each([
  ["client-node.mjs", /^ahoy\n$/],
  ["client-ws.mjs", /^2\nopen\n$/],
  ["connector.test.mjs", /^# fail 0$/m],
])("%s does what the page says", async (name, expected) => {
  expect(await run(name)).toMatch(expected);
});
