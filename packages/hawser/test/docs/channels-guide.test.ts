// The programs of docs/guides/channels.md, as they stand there.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { WebSocket } from "ws";
import { afterAll, beforeAll, expect, it } from "vitest";
import { GatewayPeer } from "../support/gateway-peer.js";

// Beside this file, so that the programs find `hawser` as an installed package: they run the built one.
const folder = mkdtempSync(join(import.meta.dirname, "channels-"));
const page = readFileSync(join(import.meta.dirname, "../../../../docs/guides/channels.md"), "utf8");
const ends: (() => unknown)[] = [];

beforeAll(() => {
  for (const { groups } of page.matchAll(/^```js (?<name>\S+)\n(?<code>.*?)^```/gms)) {
    // a port that is free, in place of one that may be in use
    writeFileSync(join(folder, groups?.["name"] ?? ""), (groups?.["code"] ?? "").replaceAll(/808\d/g, "0"));
  }
});

afterAll(() => {
  for (const end of ends) end();
  rmSync(folder, { recursive: true });
});

/** Starts a program of the page; answers with what it says that it listens on. */
async function run(name: string): Promise<string> {
  const child = spawn(process.execPath, [join(folder, name)], { stdio: ["ignore", "pipe", "inherit"] });
  ends.push(() => child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return line.replace("listening on ", "");
}

async function logIn(url: string, data: { user: string; password?: string }): Promise<GatewayPeer> {
  const socket = new WebSocket(url);
  ends.push(() => socket.terminate());
  await once(socket, "open");
  const peer = new GatewayPeer(socket);
  expect(await peer.outcome("login", { data })).toBe("done");
  return peer;
}

it("declares channels, and says who may", async () => {
  const url = await run("deals.mjs");
  const ada = await logIn(url, { user: "ada", password: "demo" });
  const guest = await logIn(url, { user: "guest", password: "demo" });
  for (const peer of [ada, guest]) {
    for (const channel of ["deals:LLG", "room:1"]) expect(await peer.subscribe(channel)).toBe("done");
  }
  expect(await ada.subscribe("orders:ada")).toBe("done");
  expect(await guest.subscribe("orders:ada")).toBe("FORBIDDEN");
  expect(await guest.subscribe("else")).toBe("UNKNOWN_CHANNEL");
  expect(await ada.outcome("publish", { channel: "deals:LLG", data: "mine" })).toBe("FORBIDDEN");
  expect(await guest.outcome("publish", { channel: "room:1", data: "hello" })).toBe("FORBIDDEN");
  expect(await ada.outcome("publish", { channel: "room:1", data: "hello" })).toBe("done");
  const order = await ada.request("addOrder", { data: { symbol: "LLG", volume: "1.0" } });
  expect(order).toMatchObject({ status: 1, data: { done: true } });
  await guest.until(() => guest.publications().length === 2, "the publications");
  expect(guest.publications()).toEqual([
    { actionAck: "message", status: 1, channel: "room:1", data: "hello" },
    { actionAck: "message", status: 1, channel: "deals:LLG", key: "LLG", data: { price: "1989.1" } },
  ]);
  expect(page).toContain(JSON.stringify(guest.publications()[1]));
  expect(ada.publications("orders:ada")).toMatchObject([{ actionAck: "accepted" }]);
});

it("joins two gateways", async () => {
  const ports = (await run("two-doors.mjs")).split(" ");
  const [one, two] = [
    await logIn(`ws://127.0.0.1:${ports[0]}/gateway`, { user: "one" }),
    await logIn(`ws://127.0.0.1:${ports[1]}/gateway`, { user: "two" }),
  ];
  await two.subscribe("room:1");
  await one.request("publish", { channel: "room:1", data: "through" });
  await two.until(() => two.publications().length === 1, "the publication");
  expect(two.data()).toEqual(["through"]);
});

it("has a suite for backplanes", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", join(folder, "my-backplane.test.mjs")]);
  expect(stdout).toMatch(/^# fail 0$|^ℹ fail 0$/m);
  expect(stdout).toMatch(/^# pass [1-9]|^ℹ pass [1-9]/m);
});
