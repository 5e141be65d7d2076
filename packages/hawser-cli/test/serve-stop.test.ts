import { expect, it } from "vitest";
import { openClient } from "./support/client.js";
import { type Program, startServing } from "./support/program.js";

it.each<[string, (program: Program) => void]>([
  ["SIGTERM", (program) => program.kill("SIGTERM")],
  ["SIGINT", (program) => program.kill("SIGINT")],
  ["the line exit", (program) => program.type("exit")],
])("tells every connection 1001 on %s, and ends with 0", async (_name, stop) => {
  const { program, wsUrl } = await startServing();
  const [echo, chat] = await Promise.all([openClient(wsUrl), openClient(`${wsUrl}/chat`)]);
  stop(program);
  expect(await echo.closed).toEqual([1001, ""]);
  expect(await chat.closed).toEqual([1001, ""]);
  expect(await program.ended).toMatchObject({ code: 0, signal: null });
});

it("takes a signal that comes twice at once for one", async () => {
  const { program, wsUrl } = await startServing();
  const client = await openClient(wsUrl);
  program.kill("SIGTERM");
  program.kill("SIGTERM");
  expect(await client.closed).toEqual([1001, ""]);
  expect(await program.ended).toMatchObject({ code: 0 });
});

it("ends at once on a second signal, while a client keeps it waiting", async () => {
  const { program, wsUrl } = await startServing();
  const client = await openClient(wsUrl);
  client.ws.pause();
  program.kill("SIGTERM");
  await program.waitFor("stderr", /stopping/);
  program.kill("SIGINT");
  expect(await program.ended).toMatchObject({ code: 130 });
});

it("goes on when standard input ends", async () => {
  const { program, url, wsUrl } = await startServing();
  program.endInput();
  const client = await openClient(`${wsUrl}/echo`);
  client.ws.send("still here");
  expect(await client.receive()).toBe("still here");
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  program.kill("SIGTERM");
  expect(await program.ended).toMatchObject({ code: 0 });
});
