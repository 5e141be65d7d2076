import { join } from "node:path";
import { expect, it } from "vitest";
import { openClient } from "./support/client.js";
import { makeFolder } from "./support/folder.js";
import { Program, runProgram, startServing } from "./support/program.js";

it("takes its options from a file, and those of the command line before them", async () => {
  const folder = makeFolder({
    "hawser.json": JSON.stringify({ port: 1, maxMessageBytes: 10, timeIntervalMs: 20, root: "site" }),
    "site/hello.txt": "hello",
  });
  const { url, wsUrl } = await startServing("--config", join(folder, "hawser.json"), "--max-message-bytes", "20");
  const time = await openClient(`${wsUrl}/time`);
  expect(await time.receive()).toMatch(/^Server time: /);
  const echo = await openClient(`${wsUrl}/echo`);
  echo.ws.send("x".repeat(20));
  expect(await echo.receive()).toHaveLength(20);
  echo.ws.send("x".repeat(21));
  expect((await echo.closed)[0]).toBe(1009);
  // the path is the file's neighbour, wherever the program was started
  expect(await (await fetch(`${url}/hello.txt`)).text()).toBe("hello");
});

it("takes the place to listen from the file", async () => {
  const folder = makeFolder({ "hawser.json": JSON.stringify({ host: "127.0.0.1", port: 0, logLevel: "error" }) });
  const program = new Program(["serve", "--config", "hawser.json"], { cwd: folder });
  await program.waitFor("stdout", /^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
  program.kill("SIGTERM");
  expect(await program.ended).toMatchObject({ code: 0, stderr: "" });
});

it("tells all that is wrong with a file at once, in one line", async () => {
  const folder = makeFolder({ "hawser.json": '{"port": -1, "hots": "x", "timeIntervalMs": 0}' });
  const { code, stdout, stderr } = await runProgram(["serve", "--config", "hawser.json"], { cwd: folder });
  expect(stderr).toMatch(
    /^hawser: --config hawser\.json cannot be used: "port" is -1: .*; "timeIntervalMs" is 0: .*; "hots" is unknown: .*\n$/,
  );
  expect([code, stdout]).toEqual([1, ""]);
});

it("names the option that the library refuses", async () => {
  const folder = makeFolder({ "hawser.json": '{"exempt": "10.0.0.0/99"}' });
  const { code, stderr } = await runProgram(["serve", "--config", "hawser.json"], { cwd: folder });
  expect(stderr).toMatch(/^hawser: --exempt is "10\.0\.0\.0\/99": expected .*\n$/);
  expect(code).toBe(2);
});
