// The program of docs/guides/gateway.md, as it stands there, and the messages that it shows.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { expect, it, onTestFinished } from "vitest";
import { Peer } from "../support/gateway-fixture.js";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/guides/gateway.md"), "utf8");

it("the gateway of the guide answers what the guide says, and ends in order", async () => {
  // beside this file, so that the program finds `hawser` as an installed package: it runs the built one
  const folder = mkdtempSync(join(import.meta.dirname, "gateway-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const code = /^```js orders.mjs\n(?<code>.*?)^```/ms.exec(page)?.groups?.["code"] ?? "";
  writeFileSync(join(folder, "orders.mjs"), code.replace("8080", "0"));
  const child = spawn(process.execPath, [join(folder, "orders.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  const output = createInterface(child.stdout).on("line", (line) => lines.push(line));
  const [line] = (await once(output, "line")) as [string];

  const socket = new WebSocket(line.replace("listening on ", ""));
  const peer = new Peer(socket);
  await once(socket, "open");
  expect(await peer.ask({ action: "time" })).toMatchObject({ data: expect.stringMatching(/^\d{4}-/) as string });
  const conversation = page.split("gets the second:")[1]?.split("## ")[0] ?? "";
  for (const [said] of conversation.matchAll(/^\{.*$/gm)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await (said.includes('"action"') ? peer.send(said) : expectNext(peer, said));
  }
  child.kill("SIGTERM");
  expect(await peer.code()).toBe(1001);
  const [[exitCode]] = await Promise.all([once(child, "exit"), once(output, "close")]);
  expect(exitCode).toBe(0);
  const audit = lines.slice(1).map((text) => JSON.parse(text) as { what: string; outcome: string });
  expect(audit.map(({ what, outcome }) => `${what} ${outcome}`)).toEqual([
    "request done",
    "login done",
    "push done",
    "request done",
    "request LIMIT_EXCEEDED",
    "disconnect 1001",
  ]);
  expect(lines.join("\n")).not.toContain("harbour");
});

/** The secrets differ from run to run. */
async function expectNext(peer: Peer, said: string): Promise<void> {
  const text = await peer.nextText();
  expect(text.replace(/"(?<name>session|resume)":"[^"]+"/g, '"$<name>":"…"')).toBe(said);
}
