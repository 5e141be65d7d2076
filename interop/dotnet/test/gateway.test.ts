import { ActionError, createGateway } from "hawser/gateway";
import type { Gateway } from "hawser/gateway";
import { describe, expect, it, onTestFinished } from "vitest";
import { startTrading } from "../../../examples/test/trading/trading-client.js";
import { timeout } from "../../../packages/hawser/test/interop/patience.js";
import { dotnet } from "./build.js";
import { startServer } from "./pairs.js";
import { type Answer, usePeer } from "./peer.js";

const user = { userName: "mft", password: "mF123456" };

/** A gateway at / for the user of the original samples. */
async function start(prepare: (gateway: Gateway) => unknown = () => {}): Promise<{ url: string; gateway: Gateway }> {
  const gateway = createGateway({
    authenticate: (data) => {
      const { username, password } = data as { username: string; password: string };
      return username === user.userName && password === user.password ? { id: username } : null;
    },
  });
  prepare(gateway);
  const server = await startServer({}, (it) => it.service("/", gateway));
  onTestFinished(() => gateway.close());
  return { url: `${server.url}/`, gateway };
}

describe.skipIf(dotnet === undefined)("the original gateway client and our gateway", { timeout }, () => {
  const peer = usePeer();

  const request = (id: number, action: string, data: unknown, pid = `pid-of-${action}`): Promise<Answer> =>
    peer().run("gatewayRequest", { id, action, text: JSON.stringify(data), pid });

  it.each([
    ["camelCase", false],
    ["PascalCase", true],
  ])("logs in, asks by pid, gets pushes and closes, with a serializer of %s", async (_name, pascalCase) => {
    const { url, gateway } = await start((it) =>
      it
        .action("addOrder", {}, (order) => ({ order_id: "860", order }))
        .action("getOrder", {}, () => {
          throw new ActionError("UNKNOWN_ORDER", "there is no such order");
        }),
    );
    const { id, loggedIn } = await peer().run("startGatewayClient", { url, pascalCase, ...user });
    expect(loggedIn).toBe(true);
    expect([...gateway.sessions.values()].map((session) => session.user.id)).toEqual(["mft"]);

    await request(id, "addOrder", { symbol: "LLG", volume: "100.0" }, "p-1");
    const added = await peer().next("addOrder");
    expect(added).toMatchObject({ pid: "p-1", status: 1 });
    expect(JSON.parse(added.text)).toEqual({
      pid: "p-1",
      actionAck: "addOrder",
      status: 1,
      data: { order_id: "860", order: { symbol: "LLG", volume: "100.0" } },
    });
    await request(id, "getOrder", { order_id: "1" }, "p-2");
    expect(await peer().next("getOrder")).toMatchObject({ pid: "p-2", status: 0 });

    const deal = { external_order_id: "860", external_volume: "100.0", external_price: "1989.1" };
    await gateway.send({ user: "mft" }, "addDeal", deal);
    expect(JSON.parse((await peer().next("addDeal")).text)).toEqual({ actionAck: "addDeal", status: 1, data: deal });

    expect(await peer().run("gatewayClose", { id })).toMatchObject({ loggedIn: false, state: "Closed", code: 1000 });
  });

  it("learns at once that its password is wrong, and may stay and close", async () => {
    const { url, gateway } = await start();
    const { id, loggedIn } = await peer().run("startGatewayClient", { url, ...user, password: "wrong" });
    expect([loggedIn, gateway.sessions.size]).toEqual([false, 0]);
    expect(await peer().run("gatewayClose", { id })).toMatchObject({ state: "Closed", code: 1000 });
  });

  it("gives the login up when the server never answers", async () => {
    const server = await startServer({}, (it) => it.service("/", { message: () => {} }));
    const fields = { url: `${server.url}/`, ...user, loginTimeoutMs: 200 };
    const { id, loggedIn } = await peer().run("startGatewayClient", fields);
    await peer().next("loginTimeout");
    expect(loggedIn).toBe(false);
    expect(await peer().run("gatewayClose", { id })).toMatchObject({ state: "Closed" });
  });

  it("is told by the Close when it is sent away", async () => {
    const { url, gateway } = await start();
    const { loggedIn } = await peer().run("startGatewayClient", { url, ...user });
    expect(loggedIn).toBe(true);
    await gateway.kick({ user: "mft" });
    expect(await peer().next("closed")).toMatchObject({ code: 4403 });
  });

  it("trades with the example: login, order, its deal, history, close", async () => {
    const { wsUrl } = await startTrading();
    const fields = { url: `${wsUrl}/`, userName: "ann", password: "ann" };
    const { id, loggedIn } = await peer().run("startGatewayClient", fields);
    expect(loggedIn).toBe(true);
    await request(id, "addOrder", { symbol: "LLG", side: "buy", volume: "100.0" });
    // a deal may come before or after the response: either is an event
    const deal = JSON.parse((await peer().next("addDeal")).text) as { data: { external_symbol: string } };
    expect(deal.data).toMatchObject({ external_volume: "100.0", external_symbol: "LLG" });
    await request(id, "get_historical_deals", { Login: 2, Symbol: "LLG" });
    const history = JSON.parse((await peer().next("get_historical_deals")).text) as { status: number; data: unknown };
    expect(history).toMatchObject({ status: 1, data: [deal.data] });
    expect(await peer().run("gatewayClose", { id })).toMatchObject({ state: "Closed", code: 1000 });
  });
});
