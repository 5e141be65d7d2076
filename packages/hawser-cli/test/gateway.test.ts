// `hawser serve --demo`, and `hawser call`, `subscribe` and `publish` against it: what the original systems do, from the outside.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { openClient } from "./support/client.js";
import { makeFolder } from "./support/folder.js";
import { Program, runProgram, type Serving, shareServing, startServing } from "./support/program.js";

const login = '{"username":"demo","password":"demo","type":1}';
const env = { HAWSER_LOGIN: login };

let serving: Serving;
let url = "";

beforeAll(async () => {
  serving = await shareServing("--demo", "--log-level", "debug");
  url = `${serving.wsUrl}/gateway`;
  return () => serving.program.kill("SIGKILL");
});

async function ask(client: Awaited<ReturnType<typeof openClient>>, message: object): Promise<unknown> {
  client.ws.send(JSON.stringify(message));
  return JSON.parse(String(await client.receive()));
}

it("answers the original systems' messages, to a client that is not ours", async () => {
  const client = await openClient(url);
  expect(await ask(client, { pid: "1", action: "login", data: JSON.parse(login) as unknown })).toMatchObject({
    pid: "1",
    actionAck: "login",
    status: 1,
    data: { user: "demo" },
  });
  const data = { symbol: "LLG", side: "sell", volume: "100" };
  const order = await ask(client, { pid: "2", action: "addOrder", data });
  expect(order).toMatchObject({
    pid: "2",
    actionAck: "addOrder",
    status: 1,
    data: { symbol: "LLG", status: "accepted" },
  });
  const { order_id } = (order as { data: { order_id: string } }).data;
  expect(await ask(client, { pid: "3", action: "getOrder", data: { order_id } })).toMatchObject({ data: { order_id } });
  const deal = {
    external_order_id: order_id,
    external_volume: "100.0",
    external_price: expect.stringMatching(/^\d+\.\d$/) as string,
    external_symbol: "LLG",
  };
  // Only the four strings, as the original systems have them.
  expect(await ask(client, { pid: "4", action: "addDeal", data: { order_id } })).toStrictEqual({
    pid: "4",
    actionAck: "addDeal",
    status: 1,
    data: deal,
  });
  expect(await ask(client, { pid: "5", action: "addDeal", data: { order_id } })).toMatchObject({
    status: 0,
    error: { code: "CONFLICT" },
  });
  expect(await ask(client, { pid: "6", action: "get_historical_deals" })).toMatchObject({
    data: { deals: expect.arrayContaining([deal]) as unknown },
  });
});

it("publishes prices that move, only to whom subscribed, and pushes nothing else", async () => {
  const [reader, other] = [await openClient(url), await openClient(url)];
  const request = { pid: "1", action: "login", data: JSON.parse(login) as unknown };
  await Promise.all([ask(reader, request), ask(other, request)]);
  expect(await ask(reader, { pid: "2", action: "subscribe", channel: "ticks:XAUUSD" })).toMatchObject({ status: 1 });
  const prices = new Set<unknown>();
  while (prices.size < 3) {
    const tick = JSON.parse(String(await reader.receive())) as { channel: string; data: { price: string } };
    expect(tick).toMatchObject({ actionAck: "tick", status: 1, channel: "ticks:XAUUSD", data: { symbol: "XAUUSD" } });
    prices.add(tick.data.price);
  }
  // whatever had been pushed to the other one would come before this answer
  expect(await ask(other, { pid: "3", action: "ping" })).toMatchObject({ pid: "3", actionAck: "ping", status: 1 });
});

it("is not there without --demo", async () => {
  const { wsUrl } = await startServing();
  const { code, stderr } = await runProgram(["call", `${wsUrl}/gateway`, "ping"]);
  expect(stderr).toMatch(/answered the opening handshake with 404 Not Found instead of 101; check the path/);
  expect(code).toBe(4);
});

it("refuses the demo login where others could use it, and says so at once in the log", async () => {
  const { program, url: address } = await startServing("--demo", "--host", "0.0.0.0");
  await program.waitFor(
    "stderr",
    /--demo: the login of the demo user is refused, as 0\.0\.0\.0 is no loopback address/,
  );
  const gateway = `ws://127.0.0.1:${new URL(address).port}/gateway`;
  const { code, stderr } = await runProgram(["call", gateway, "ping"], { env });
  expect(stderr).toMatch(
    /the login was refused: LOGIN_REFUSED, the demo user may log in only on a server that this machine/,
  );
  expect(code).toBe(10);
  await program.waitFor("stderr", /"msg":"login refused: the demo user may log in only/);
});

it("prints the data of a response as JSON, and answers a repeated pid as before", async () => {
  const args = ["call", url, "addOrder", '{"symbol":"LLS","volume":"2.5"}', "--pid", "order-1"];
  const [first, second] = [await runProgram(args, { env }), await runProgram(args, { env })];
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(first.stdout)).toMatchObject({ symbol: "LLS", side: "buy", volume: "2.5" });
  expect(second.stdout).toBe(first.stdout);
});

it("reads data from standard input, and the login from options", async () => {
  const password = join(makeFolder(), "password");
  writeFileSync(password, "demo\n");
  const given = ["call", url, "addDeal", "-", "--user", "demo", "--password-file", password];
  const { code, stdout } = await runProgram(given, { input: '{"symbol":"LLG",\n "volume":7}' });
  expect(JSON.parse(stdout)).toMatchObject({ external_volume: "7.0", external_symbol: "LLG" });
  expect(code).toBe(0);
});

it.each([
  [
    ["addOrder", '{"symbol":"LLG","volume":"x"}'],
    8,
    /^hawser: refused: INVALID_DATA, .*; volume: expected a decimal such as/,
  ],
  [["addOrder", '{"symbol":"LLG"}'], 8, /INVALID_DATA, .*; volume: expected a decimal such as "100\.0", or a number/],
  [["addDeal", '{"symbol":"LLG"}'], 8, /INVALID_DATA, .*; expected order_id, or symbol and volume/],
  [["addDeal", '{"symbol":"LLG","volume":"x"}'], 8, /INVALID_DATA, .*; volume: expected a decimal such as/],
  [["addOrder", '{"symbol":"NONE","volume":"1"}'], 8, /^hawser: refused: UNKNOWN_SYMBOL, NONE is not traded here/],
  [["nothing"], 8, /^hawser: refused: UNKNOWN_ACTION/],
  [
    ["getOrder", '{"order_id":}'],
    2,
    /^hawser: DATA is not usable as JSON: expected a JSON value at line 1, column 13, but/,
  ],
  [["subscribe"], 2, /^hawser: subscribe is not called: use hawser subscribe URL CHANNEL/],
  [
    ["ping", "--login", '{"username":"demo","password":"hunter2"}'],
    10,
    /^hawser: the login was refused: LOGIN_REFUSED/,
  ],
  [["ping", "--login", "hunter2"], 2, /^hawser: --login is no JSON/],
])("says in one line why hawser call %j failed, and exits with %i", async (args, exitCode, words) => {
  const { code, stdout, stderr } = await runProgram(["call", url, ...args], { env });
  expect(stderr).toMatch(words);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).not.toContain("hunter2");
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
});

it.each([[{}], [env]])("says where there is no gateway: an echo, with %j", async (environment) => {
  const { stderr } = await runProgram(["call", url.replace("/gateway", "/echo"), "ping"], { env: environment });
  expect(stderr).toMatch(/refused: UNKNOWN_ACTION; .* hawser\.v1: is there a gateway at this path\?$/m);
});

it("asks for a login where one is needed", async () => {
  const { code, stderr } = await runProgram(["call", url, "getOrder", '{"order_id":"1"}']);
  expect(stderr).toMatch(/refused: UNAUTHENTICATED, .*; log in with --login JSON, or --user NAME --password-file FILE/);
  expect(code).toBe(8);
});

it("prints a line of JSON for each publication, so many of them", async () => {
  const { code, stdout } = await runProgram(["subscribe", url, "ticks:LLG", "ticks:EURUSD", "--count", "3"], { env });
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { channel: string });
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatchObject({ event: "tick", key: "LLG", data: { symbol: "LLG" } });
  expect(new Set(lines.map(({ channel }) => channel))).toEqual(new Set(["ticks:LLG", "ticks:EURUSD"]));
  expect(code).toBe(0);
});

it("carries what hawser publish publishes, with event and key, and ends on Ctrl-C", async () => {
  const reader = new Program(["subscribe", url, "room:quay", "room:quay"], { env });
  await reader.waitFor("stderr", /subscribing to room:quay;/);
  // subscribed at the latest when its own publications come back
  let isThere = false;
  void reader.waitFor("stdout", /\n/).then(() => (isThere = true));
  const args = ["publish", url, "room:quay", '{"text":"ahoy\\u202e"}', "--event", "call", "--key", "k"];
  while (!isThere) expect(await runProgram(args, { env })).toMatchObject({ code: 0, stdout: "", stderr: "" });
  reader.kill("SIGINT");
  const { code, stdout } = await reader.ended;
  expect(stdout.split("\n")[0]).toBe(
    String.raw`{"channel":"room:quay","event":"call","key":"k","data":{"text":"ahoy\u202e"}}`,
  );
  expect(code).toBe(0);
});

it.each([
  [["subscribe", "nowhere"], 8, /refused: UNKNOWN_CHANNEL/],
  [["subscribe", "a b"], 2, /"a b" is no channel's name/],
  [["publish", "ticks:LLG", "1"], 8, /refused: FORBIDDEN/],
])("says why hawser %j is refused, and exits with %i", async ([command = "", ...args], exitCode, words) => {
  const { code, stdout, stderr } = await runProgram([command, url, ...args], { env });
  expect(stderr).toMatch(words);
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
});

it("stops when nobody reads its output any more", async () => {
  const program = new Program(["subscribe", url, "ticks:LLG"], { env });
  await program.waitFor("stdout", /ticks:LLG/);
  program.stopReading();
  expect(await program.ended).toMatchObject({ code: 0 });
});
