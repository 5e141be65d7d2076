// Two gateways on one backplane: for clients they are one.
import { expect, it } from "vitest";
import { createMemoryBackplane } from "../../src/backplanes/memory.js";
import type { Server } from "../../src/server/index.js";
import type { Gateway } from "../../src/entries/gateway.js";
import { eventually, GatewayPeer, startGateway } from "../support/gateway-peer.js";

async function startBoth(): Promise<
  readonly [{ server: Server; gateway: Gateway }, { server: Server; gateway: Gateway }]
> {
  const backplane = createMemoryBackplane();
  const stages = [await startGateway({ backplane }), await startGateway({ backplane })] as const;
  for (const { gateway } of stages) gateway.channel("room:*", { publish: true });
  return stages;
}

it("brings publications from each to the subscribers of both, in one order", async () => {
  const [near, far] = await startBoth();
  const one = await GatewayPeer.logIn(near.server, "one");
  const two = await GatewayPeer.logIn(far.server, "two");
  await Promise.all([one.subscribe("room:1"), two.subscribe("room:1")]);
  for (let at = 0; at < 100; at++) {
    one.send({ action: "publish", channel: "room:1", data: `one ${at}` });
    two.send({ action: "publish", channel: "room:1", data: `two ${at}` });
    if (at % 10 === 0) void near.gateway.publish("room:1", `server ${at}`);
  }
  for (const peer of [one, two]) await peer.until(() => peer.publications().length === 210, "all publications");
  expect(one.data()).toEqual(two.data());
  for (const by of ["one", "two"]) {
    const own = one.data().filter((text) => String(text).startsWith(by));
    expect(own).toEqual(Array.from({ length: 100 }, (_, at) => `${by} ${at}`));
  }
});

it("pushes, takes away and kicks wherever a user is", async () => {
  const [near, far] = await startBoth();
  const one = await GatewayPeer.logIn(near.server, "one");
  const other = await GatewayPeer.logIn(far.server, "one");
  await Promise.all([one.subscribe("room:1"), other.subscribe("room:1")]);
  await near.gateway.send({ user: "one" }, "hello", 1);
  await far.gateway.broadcast("all", 2);
  await near.gateway.unsubscribe({ user: "one" }, "room:1");
  await near.gateway.publish("room:1", "too late");
  for (const peer of [one, other]) {
    await peer.roundTrip();
    const pushes = peer.received.filter(({ pid }) => pid === undefined);
    expect(pushes.map(({ actionAck }) => actionAck)).toEqual(["hello", "all", "unsubscribed"]);
  }
  await near.gateway.kick({ user: "one" });
  expect(await Promise.all([one.closed, other.closed])).toEqual([4403, 4403]);
});

it("goes on when one of them is closed, and the closed one says so", async () => {
  const [near, far] = await startBoth();
  const one = await GatewayPeer.logIn(near.server, "one");
  const two = await GatewayPeer.logIn(far.server, "two");
  await Promise.all([one.subscribe("room:1"), two.subscribe("room:1")]);
  await near.gateway.close();
  await far.gateway.publish("room:1", "to two");
  await two.roundTrip();
  expect(two.data()).toEqual(["to two"]);
  await expect(near.gateway.publish("room:1", "x")).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  await eventually(() => near.gateway.stats().sessions === 0, "the end of the sessions");
  expect(near.gateway.stats()).toMatchObject({ channels: 0, subscriptions: 0 });
  expect(far.gateway.stats()).toMatchObject({ channels: 1, subscriptions: 1 });
});

it("is a node's own business otherwise: two gateways without a shared backplane know nothing of each other", async () => {
  const [near, far] = [await startGateway(), await startGateway()];
  for (const { gateway } of [near, far]) gateway.channel("room:1");
  const one = await GatewayPeer.logIn(near.server, "one");
  await one.subscribe("room:1");
  await far.gateway.publish("room:1", "elsewhere");
  await far.gateway.broadcast("all");
  await one.roundTrip();
  expect(one.received.filter(({ pid }) => pid === undefined)).toEqual([]);
});
