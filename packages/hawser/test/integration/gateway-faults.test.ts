import { describe, expect, it } from "vitest";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { startGateway } from "../support/gateway-fixture.js";

describe("a malformed message", () => {
  it.each(["hello", "[1]", '"x"', "{"])("that is no object is not answered: %s", async (text) => {
    const { connect } = await startGateway();
    const peer = await connect();
    peer.send(text);
    expect(await peer.ask({ action: "ping" })).toMatchObject({ actionAck: "ping" });
  });

  it.each([
    ["without action and actionAck", { pid: "1" }, { pid: "1", status: 0 }],
    ["with a pid that is a number", { pid: 1, action: "ping" }, { actionAck: "ping", status: 0 }],
    ["REL-E18 with an action that is an object", { pid: "1", action: { a: 1 } }, { pid: "1", status: 0 }],
    ["REL-E18 with an action that is a list", { pid: "1", action: ["ping"] }, { pid: "1", status: 0 }],
    [
      "REL-E18 with a channel that is a placeholder",
      { pid: "1", action: "subscribe", channel: { _placeholder: true, num: 0 } },
      {},
    ],
    ["REL-D10 with 33 levels", `{"pid":"1","action":"ping","data":${"[".repeat(32)}${"]".repeat(32)}}`, {}],
    ["REL-D11 with 1,001 keys", { pid: "1", action: "ping", data: Array.from({ length: 999 }, () => ({ a: 1 })) }, {}],
    ["with a number that would be rounded", '{"pid":"1","action":"ping","data":9007199254740993}', {}],
  ])("%s is answered BAD_REQUEST, with what of it is sound", async (_name, message, expected) => {
    const { login } = await startGateway();
    const peer = await login("ann");
    const answer = await peer.send(message).next();
    expect(answer).toMatchObject({ status: 0, error: { code: "BAD_REQUEST", temporary: false }, ...expected });
    expect(await peer.ask({ action: "ping" })).toMatchObject({ status: 1 });
  });

  it("REL-D10 of 64 KiB of nesting, ten times, is answered like others", async () => {
    const { login } = await startGateway();
    const peer = await login("ann");
    const text = `{"pid":"1","action":"ping","data":${"[".repeat(32_000)}${"]".repeat(32_000)}}`;
    for (let count = 0; count < 10; count++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await peer.send(text).next()).toMatchObject({ pid: "1", error: { code: "BAD_REQUEST" } });
    }
    expect(await peer.send(text).code()).toBe(4400);
  });

  it("is one of ten at most in a minute: the eleventh closes the connection with 4400", async () => {
    const runtime = createVirtualRuntime();
    const { login } = await startGateway({ runtime, server: { heartbeat: false } });
    const peer = await login("ann");
    for (let count = 0; count < 10; count++) peer.send("nonsense");
    expect(await peer.ask({ action: "ping" })).toMatchObject({ status: 1 });
    await runtime.clock.advance(61_000);
    for (let count = 0; count < 10; count++) peer.send("{}");
    for (let count = 0; count < 10; count++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await peer.next()).toMatchObject({ status: 0, error: { code: "BAD_REQUEST" } });
    }
    peer.send("nonsense");
    expect(await peer.closed).toEqual({ code: 4400, reason: "too many malformed messages" });
  });

  it("may come without end where that is allowed", async () => {
    const { connect } = await startGateway({ limits: { maxFaultsPerMinute: Infinity } });
    const peer = await connect();
    for (let count = 0; count < 100; count++) peer.send("nonsense");
    expect(await peer.ask({ action: "ping" })).toMatchObject({ status: 1 });
  });

  it("is none that answers a request which was not made, has unknown keys, or is Ping", async () => {
    const { connect } = await startGateway();
    const peer = await connect();
    for (let count = 0; count < 15; count++) peer.send({ pid: "1", actionAck: "a" }).send({ action: "cancel", x: 1 });
    expect(await peer.ask({ action: "ping" })).toMatchObject({ status: 1 });
  });
});

it("a binary message closes the connection with 1003", async () => {
  const { login } = await startGateway();
  const peer = await login("ann");
  peer.socket.send(Buffer.from('{"action":"ping"}'), { binary: true });
  expect(await peer.code()).toBe(1003);
});

it("a flood of messages is slowed down to 100 a second after 200, and closed with 4029 after 10 s of it", async () => {
  const runtime = createVirtualRuntime();
  const { login } = await startGateway({ runtime, server: { heartbeat: false } });
  const peer = await login("ann");
  for (let count = 0; count < 3000; count++) peer.send("Ping");
  await expect.poll(() => peer.inbox.length).toBeGreaterThan(190);
  expect(peer.inbox.length).toBeLessThan(205);
  await runtime.clock.advance(11_000);
  expect(await peer.code()).toBe(4029);
});

it("a service may have limits of its own: a lower one holds after login, too", async () => {
  const { login } = await startGateway({ service: { maxMessageBytes: 1000 } });
  const peer = await login("ann");
  peer.send({ action: "ping", data: "x".repeat(1000) });
  expect(await peer.code()).toBe(1009);
});

it("what a user may not know is in no answer: neither stacks nor messages of ours", async () => {
  const { login } = await startGateway({}, (gateway) => {
    gateway.action("broken", {}, () => {
      throw Object.assign(new Error("postgres://admin:hunter2@db"), { code: "ECONNREFUSED" });
    });
  });
  const peer = await login("ann");
  peer.send({ pid: "1", action: "broken" });
  expect(await peer.nextText()).toBe(
    '{"pid":"1","actionAck":"broken","status":0,"error":{"code":"INTERNAL","message":"the server failed","temporary":false}}',
  );
});
