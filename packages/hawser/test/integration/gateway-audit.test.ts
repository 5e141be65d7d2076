import { inspect } from "node:util";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { ActionError } from "../../src/entries/gateway.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { startGateway } from "../support/gateway-fixture.js";
import { createMemoryLog } from "../support/server-fixture.js";

it("the audit tells who did what, and how it came out", async () => {
  const runtime = createVirtualRuntime();
  const { connect, gateway, audit } = await startGateway({ runtime, server: { heartbeat: false } }, (it) => {
    it.channel("c").action("order", {}, () => 1);
    it.action("refuse", {}, () => {
      throw new ActionError("FORBIDDEN", "no");
    });
    it.action("slow", {}, () => new Promise((resolve) => void runtime.clock.schedule(() => resolve(1), 250)));
  });
  const peer = await connect();
  const { session } = await peer.ask({ pid: "1", action: "login", data: { user: "ann", password: "right" } });
  await peer.ask({ pid: "2", action: "order", data: { symbol: "LLG" } });
  await peer.ask({ pid: "3", action: "refuse" });
  await peer.ask({ pid: "4", action: "unknown" });
  await peer.ask({ pid: "5", action: "subscribe", channel: "c" });
  peer.send({ pid: "6", action: "slow" });
  await expect.poll(() => gateway.stats().requestsInFlight).toBe(1);
  await runtime.clock.advance(250);
  await peer.next();
  await gateway.send({ user: "ann" }, "addDeal", { id: 1 });
  await peer.next();
  await peer.ask({ pid: "7", action: "logout" });
  peer.socket.close();
  await peer.closed;
  await expect.poll(() => audit.at(-1)?.what).toBe("disconnect");

  const common = { session, user: "ann", remoteAddress: "127.0.0.1" };
  const request = { what: "request", durationMs: 0, ...common };
  expect(audit).toEqual([
    {
      ...request,
      what: "login",
      action: "login",
      pid: "1",
      outcome: "done",
      data: { user: "ann", password: "[redacted]" },
    },
    { ...request, action: "order", pid: "2", outcome: "done", data: { symbol: "LLG" } },
    { ...request, action: "refuse", pid: "3", outcome: "FORBIDDEN" },
    { what: "request", ...common, action: "unknown", pid: "4", outcome: "UNKNOWN_ACTION" },
    { ...request, action: "subscribe", pid: "5", outcome: "done", data: { channel: "c" } },
    { ...request, action: "slow", pid: "6", outcome: "done", durationMs: 250 },
    { what: "push", action: "addDeal", user: "ann", outcome: "done", data: { id: 1 } },
    { what: "logout", ...common, action: "logout", pid: "7", outcome: "done" },
    { what: "disconnect", outcome: "1005", remoteAddress: "127.0.0.1" },
  ]);
});

it("a refused login is in the audit, a replaced connection, and a lost one", async () => {
  const { connect, audit } = await startGateway();
  const peer = await connect();
  await peer.ask({ action: "login", data: { user: "ann", password: "wrong" } });
  expect(audit.at(-1)).toMatchObject({ what: "login", outcome: "LOGIN_REFUSED", user: undefined });
  const { session, resume } = await peer.ask({ action: "login", data: { user: "ann" } });
  const newer = await connect();
  await newer.ask({ action: "login", data: { user: "ann" }, session, resume });
  expect(audit.slice(-2)).toMatchObject([
    { what: "disconnect", outcome: "4409", user: "ann", session },
    { what: "login", outcome: "done", session },
  ]);
  newer.socket.terminate();
  await expect.poll(() => audit.at(-1)).toMatchObject({ what: "disconnect", outcome: "1006", user: "ann" });
  expect(audit.filter(({ what }) => what === "disconnect")).toHaveLength(2);
});

it("secrets are hidden by their keys, however deep; the names may be others", async () => {
  const { login, audit } = await startGateway({ redact: ["PIN"] }, (gateway) => {
    gateway.action("a", {}, () => 1);
  });
  const peer = await login("ann");
  await peer.ask({ action: "a", data: { list: [{ cardPin: 1, Password: 2 }], ["__proto__"]: { pin: { a: 1 } } } });
  expect(audit.at(-1)?.data).toEqual({
    list: [{ cardPin: "[redacted]", Password: 2 }],
    ["__proto__"]: { pin: "[redacted]" },
  });
});

it("a key named toJSON hides nothing, and what has a toJSON is shown as it is sent", async () => {
  const { connect, gateway, audit } = await startGateway();
  const peer = await connect();
  await peer.ask({ action: "login", data: { user: "ann", password: "right", toJSON: 1 } });
  expect(audit.at(-1)?.data).toEqual({ user: "ann", password: "[redacted]", toJSON: 1 });
  const document = { secret: 1, toJSON: () => ({ id: 1, secret: 2, at: new Date(0) }) };
  await gateway.send({ user: "ann" }, "issued", document);
  expect(audit.at(-1)?.data).toEqual({ id: 1, secret: "[redacted]", at: "1970-01-01T00:00:00.000Z" });
});

it("a request that ends with its session is told with whose it was", async () => {
  const { login, gateway, audit } = await startGateway({}, (it) => {
    it.action("hang", {}, () => new Promise(() => {}));
  });
  const peer = await login("ann");
  peer.send({ pid: "1", action: "hang" }).send({ pid: "2", action: "logout" });
  expect(await peer.next()).toMatchObject({ pid: "1", error: { code: "CANCELLED" } });
  expect(audit.find(({ pid }) => pid === "1")).toMatchObject({ user: "ann", outcome: "CANCELLED" });
  expect(gateway.stats().requestsInFlight).toBe(0);
});

it("an audit that throws harms nobody", async () => {
  const { login } = await startGateway({
    audit: () => {
      throw new Error("the disk is full");
    },
  });
  expect(await (await login("ann")).ask({ action: "ping" })).toMatchObject({ status: 1 });
});

it("REL-E5 a token is in no log, whichever way it came", async () => {
  const canary = "canary-7c1b";
  const { logger, entries } = createMemoryLog();
  const { connect, server, gateway, audit, errors } = await startGateway(
    {
      server: { logger },
      authenticate: (data) => {
        if (data === "broken") throw new Error("the database is away");
        return typeof data === "object" && data !== null && "user" in data ? { id: "ann" } : null;
      },
    },
    (it) => {
      it.action("broken", {}, () => {
        throw new Error("no");
      });
    },
  );
  const headers = { Authorization: `Bearer ${canary}`, Cookie: `session=${canary}`, "X-Token": canary };
  const options = { query: `?token=${canary}`, protocols: ["hawser.v1", canary], headers };
  const peer = await connect(options);
  await peer.ask({ action: "login", data: "broken" });
  await peer.ask({ action: "refresh", data: canary });
  await peer.ask({ action: "login", data: canary });
  await peer.ask({ action: "login", data: [canary] });
  await peer.ask({
    action: "login",
    resume: canary,
    session: canary,
    data: { user: "ann", password: canary, accessToken: canary },
  });
  await peer.ask({ action: "refresh", data: { user: "ann", auth: { refresh_token: [canary] } } });
  await peer.ask({ action: "broken", data: { TOKEN: canary } });
  await peer.ask({ action: "unknown", data: { secret: { a: canary } } });
  await gateway.send({ user: "ann" }, "issued", { token: canary });
  await peer.next();
  for (let count = 0; count < 11; count++) peer.send(`{"token":"${canary}"`);
  expect(await peer.code()).toBe(4400);
  // handshakes that are refused
  await refused(`${server.url}/nowhere?token=${canary}`, headers);
  await refused(`${server.url}/gateway?token=${canary}`, { ...headers, Origin: "http://evil.example" });
  (await connect(options)).socket.terminate();
  await expect.poll(() => gateway.stats().connections).toBe(0);
  await server.close({ spreadMs: 0 });

  expect(audit.length).toBeGreaterThan(8);
  expect(errors.length).toBeGreaterThan(1);
  expect(entries.length).toBeGreaterThan(1);
  const everything = inspect(
    { audit, errors, entries },
    { depth: Infinity, maxStringLength: Infinity, showHidden: true },
  );
  expect(everything).not.toContain(canary);
});

it("REL-E5 who prints a session sees no secret of it", async () => {
  const { connect, gateway } = await startGateway();
  const peer = await connect({ headers: { Authorization: "Bearer canary-7c1b" } });
  const { resume } = await peer.ask({ action: "login", data: { user: "ann" } });
  const printed = inspect([...gateway.sessions.values()], { depth: Infinity, showHidden: true });
  expect(printed).toContain("GatewaySession");
  expect(printed).not.toContain(String(resume));
  expect(printed).not.toContain("canary");
});

function refused(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve) => void new WebSocket(url, { headers }).once("error", () => resolve()));
}
