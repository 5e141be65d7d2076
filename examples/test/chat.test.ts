import { expect, it } from "vitest";
import { openClient } from "./support/client.js";
import { type Example, start } from "./support/example.js";
import { ca, writePfx } from "./support/pfx.js";

it("tells everybody what one says, and what is typed", async () => {
  const { example, url } = await start("chat");
  const ann = await openClient(url);
  const ben = await openClient(url);
  await example.waitFor(/a client came, 2 are here\n/);

  ann.ws.send("hi\u001B[2J");
  expect(await ann.receive()).toBe("hi\u001B[2J");
  expect(await ben.receive()).toBe("hi\u001B[2J");
  await example.waitFor(/^hi\?\[2J\n/m);

  example.type("from the console");
  expect(await ann.receive()).toBe("from the console");
  expect(await ben.receive()).toBe("from the console");

  ann.ws.close(1000);
  await example.waitFor(/a client left \(1000\), 1 are here\n/);
  ben.ws.send("alone");
  expect(await ben.receive()).toBe("alone");
});

it.each<[string, (example: Example) => void]>([
  ["exit", (example) => example.type("exit")],
  ["Ctrl-C", (example) => example.interrupt()],
])("ends at %s, with 1001 for everybody", async (_name, end) => {
  const { example, url } = await start("chat");
  const ann = await openClient(url);
  const ben = await openClient(url);

  end(example);
  expect(await ann.closed).toEqual([1001, ""]);
  expect(await ben.closed).toEqual([1001, ""]);
  expect(await example.ended).toEqual({ code: 0, signal: null });
  expect(example.stderr).toBe("");
});

it.each<[string, "" | "secret"]>([
  ["without a passphrase", ""],
  ["with a passphrase", "secret"],
])("speaks wss with a PFX %s", async (_name, passphrase) => {
  const { example, url } = await start("chat", { PFX: writePfx(passphrase), PASSPHRASE: passphrase });
  expect(url).toMatch(/^wss:/);
  const client = await openClient(url, { ca });

  example.type("over TLS");
  expect(await client.receive()).toBe("over TLS");
  example.interrupt();
  expect(await client.closed).toEqual([1001, ""]);
  expect(await example.ended).toEqual({ code: 0, signal: null });
});
