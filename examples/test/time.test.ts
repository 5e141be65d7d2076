import { expect, it } from "vitest";
import { openClient, refusedWith } from "./support/client.js";
import { start } from "./support/example.js";

const told = /^Server time: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

it("tells everybody the time again and again", async () => {
  const { wsUrl } = await start("time", { INTERVAL_MS: "50" });
  const ann = await openClient(wsUrl);
  const ben = await openClient(wsUrl);

  expect(await ann.receive()).toMatch(told);
  expect(await ann.receive()).toMatch(told);
  expect(await ben.receive()).toMatch(told);
});

it("sends back what comes", async () => {
  const { wsUrl } = await start("time");
  const client = await openClient(wsUrl);
  client.ws.send("ahoy");
  expect(await client.receive()).toBe("ahoy");
});

it("serves its page, whose own WebSocket may connect and that of another site may not", async () => {
  const { url, wsUrl } = await start("time");
  const response = await fetch(url);
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await response.text()).toContain("new WebSocket(");

  const page = await openClient(wsUrl, { origin: url });
  page.ws.send("from the page");
  expect(await page.receive()).toBe("from the page");
  expect(await refusedWith(wsUrl, { origin: "https://evil.example" })).toBe(403);
});

it("stops cleanly at Ctrl-C", async () => {
  const { example, wsUrl } = await start("time", { INTERVAL_MS: "50" });
  const client = await openClient(wsUrl);
  example.interrupt();
  expect(await client.closed).toEqual([1001, "the server stops"]);
  expect(await example.ended).toEqual({ code: 0, signal: null });
  expect(example.stderr).toBe("");
});
