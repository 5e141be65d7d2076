import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGateway } from "../../src/entries/gateway.js";
import type { Gateway } from "../../src/entries/gateway.js";
import { createServer } from "../../src/server/index.js";
import type { Server } from "../../src/server/index.js";
import { createFaultProxy, startConnectorServer } from "../../src/testing/index.js";
import type { ConnectorServer, FaultProxy } from "../../src/testing/index.js";
import { timeout } from "../interop/patience.js";
import { bundle } from "./bundle.js";
import { connectorRules } from "./connector-rules.js";

const executablePath = process.env["HAWSER_CHROMIUM"];

/** Nothing but what a test does goes over the network. */
const quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

describe.skipIf(executablePath === undefined)("in Chromium", { timeout }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: quiet });
  });

  afterAll(() => browser.close());

  describe("the contract of connectors", () => {
    let server: ConnectorServer;
    let page: Page;

    beforeAll(async () => {
      server = await startConnectorServer();
      page = await browser.newPage();
      const file = new URL("contract-runner.ts", import.meta.url);
      const { code } = await bundle(file, { globalName: "contract" });
      await page.addScriptTag({ content: code });
    });

    afterAll(() => server.close());

    it.each(connectorRules)("%s", async (rule) => {
      const urls = { url: server.url, rawUrl: server.rawUrl };
      expect(await page.evaluate(`contract.runCase(${JSON.stringify(rule)}, ${JSON.stringify(urls)})`)).toBeUndefined();
    });
  });

  describe("a client in a page", () => {
    let script: string;
    let context: BrowserContext;
    let page: Page;
    let gateway: Gateway;
    let server: Server;
    let proxy: FaultProxy;

    beforeAll(async () => {
      const file = new URL("page-client.ts", import.meta.url);
      ({ code: script } = await bundle(file, { globalName: "app" }));
    });

    /** A gateway behind a proxy, and a page whose client is connected to it. */
    beforeEach(async () => {
      gateway = startGateway();
      server = await startServer(gateway);
      proxy = await createFaultProxy({ target: server.address().port });
      context = await browser.newContext();
      page = await context.newPage();
      await page.goto(`http://127.0.0.1:${proxy.port}/`);
      await page.addScriptTag({ content: script });
      await page.evaluate(`app.start("ws://127.0.0.1:${proxy.port}/gateway")`);
    });

    afterEach(async () => {
      await context.close();
      await proxy.close();
      await server.close({ spreadMs: 0, timeoutMs: 1000 });
      await gateway.close();
    });

    const request = (action: string, data: unknown): Promise<unknown> =>
      page.evaluate(`app.request(${JSON.stringify(action)}, ${JSON.stringify(data)})`);

    const events = (): Promise<string[]> => page.evaluate("app.events");

    /** What the page has noted, once `event` is there `count` times. */
    const until = async (event: string, count = 1): Promise<string[]> => {
      const test = `app.events.filter((one) => one.startsWith(${JSON.stringify(event)})).length >= ${count}`;
      await page.waitForFunction(test, undefined, { timeout });
      return events();
    };

    it("logs in, asks, is told, and hears of its channel", async () => {
      expect(await request("echo", { price: "1989.1" })).toEqual({ price: "1989.1" });
      expect(await request("nothing", {})).toBe("REQUEST_REFUSED");
      await gateway.send({ user: "demo" }, "notice", { deal: 860 });
      await gateway.publish("news", { headline: "ahoy" });
      expect(await until("news")).toEqual([
        "state connecting",
        "state logging-in",
        "state open",
        "open new",
        'notice {"deal":860}',
        'news {"headline":"ahoy"}',
      ]);
      expect(await page.textContent("#state")).toBe("open");
    });

    it("comes back after the server has restarted, to its subscription", async () => {
      await server.close({ spreadMs: 0 });
      const asked = request("echo", "while it was away");
      await gateway.close();
      gateway = startGateway();
      server = await startServer(gateway);
      proxy.target = server.address().port;
      expect(await asked).toBe("while it was away");
      expect(await until("open", 2)).toEqual(expect.arrayContaining(["close 1001 soon"]));
      await gateway.publish("news", "again");
      await until('news "again"');
    });

    it("takes its session over when only the connection was lost", async () => {
      proxy.resetAll();
      expect(await until("open", 2)).toEqual(expect.arrayContaining(["close 1006 backoff", "open resumed"]));
      expect(await request("echo", 1)).toBe(1);
      expect(gateway.stats().sessions).toBe(1);
    });

    it("comes back when nobody told it that its connection is gone", async () => {
      proxy.set({ toServer: { silent: true }, toClient: { silent: true } });
      await until("close");
      proxy.set({});
      await until("open", 2);
      expect(await request("echo", 2)).toBe(2);
    });

    it("goes offline and online", async () => {
      await context.setOffline(true);
      // an open WebSocket may live on; a new one cannot be made
      proxy.resetAll();
      await until("close", 2);
      await context.setOffline(false);
      await until("open", 2);
      expect(await request("echo", 3)).toBe(3);
    });

    it("stays away once it was disconnected, in whatever state it is", async () => {
      proxy.refuse();
      proxy.resetAll();
      await until("close", 2);
      await page.evaluate("app.disconnect()");
      const before = await events();
      await proxy.accept();
      // the network's return is a reason to come back, for others
      await context.setOffline(true);
      await context.setOffline(false);
      expect(await page.evaluate("app.state()")).toBe("disconnected");
      expect(await request("echo", 4)).toBe("NOT_CONNECTED");
      expect(await events()).toEqual(before);
      expect(before.at(-1)).toBe("state disconnected");
    });
  });
});

function startGateway(): Gateway {
  const gateway = createGateway({ authenticate: () => ({ id: "demo" }) });
  gateway.channel("news");
  gateway.action("echo", {}, (data) => data);
  return gateway;
}

const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>A client</title>
<style>body { font: 16px sans-serif } dt { font-weight: bold }</style>
<dl><dt>state<dd id="state"><dt>last close<dd id="close"><dt>news<dd id="news"><dt>notice<dd id="notice"></dl>`;

/** The page comes by the proxy, so its origin is that of the gateway for the browser, and another for the server. */
async function startServer(gateway: Gateway): Promise<Server> {
  const server = createServer({
    host: "127.0.0.1",
    origins: "*",
    onRequest: (_request, response) => void response.writeHead(200, { "Content-Type": "text/html" }).end(PAGE),
  });
  server.service("/gateway", gateway);
  await server.listen();
  return server;
}
