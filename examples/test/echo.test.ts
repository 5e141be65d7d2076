import { connect } from "hawser/socket";
import { expect, it } from "vitest";
import { openClient } from "./support/client.js";
import { start } from "./support/example.js";

it("sends back text as text and bytes as bytes, and says 1001 at Ctrl-C", async () => {
  const { example, url } = await start("echo");
  const ours = await connect(url);
  const theirs = await openClient(url);

  await ours.send("grüße");
  await ours.send(new Uint8Array([1, 2, 3]));
  expect(await ours.receive()).toBe("grüße");
  expect(await ours.receive()).toEqual(new Uint8Array([1, 2, 3]));
  theirs.ws.send("ahoy");
  expect(await theirs.receive()).toBe("ahoy");

  example.interrupt();
  expect(await ours.closed).toMatchObject({ code: 1001, clean: true, initiator: "remote" });
  expect(await theirs.closed).toEqual([1001, ""]);
  expect(await example.ended).toEqual({ code: 0, signal: null });
  expect(example.stderr).toBe("");
});
