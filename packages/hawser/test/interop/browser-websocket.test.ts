import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Server } from "../../src/server/index.js";
import { createMemoryLog, startServer } from "../support/server-fixture.js";
import { Inbox } from "./inbox.js";
import { timeout } from "./patience.js";
import { answerPage, createPairs, receiveClose, webSocketContract } from "./web-socket-contract.js";
import type { WebPeer } from "./web-socket-contract.js";
import type { PeerReport } from "./web-socket-peer.mjs";

const executablePath = process.env["HAWSER_CHROMIUM"];

/** Nothing but what a test does goes over the network. */
const quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

describe.skipIf(executablePath === undefined)("Chromium's WebSocket, and our server", { timeout }, () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let reports: Inbox<PeerReport>;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: quiet });
    context = await browser.newContext();
    page = await context.newPage();
    await page.exposeFunction("report", (report: PeerReport) => reports.push(report));
  });

  afterAll(() => browser.close());

  /** Shows the page of a server, which ends what the page before it had open. */
  const openPage = async (server: Server): Promise<WebPeer> => {
    await page.goto(toHttp(server.url));
    reports = new Inbox();
    return { reports, run: (command) => page.evaluate(`run(${JSON.stringify(command)})`) };
  };
  const openPair = createPairs(openPage);

  webSocketContract(openPage, { compresses: true });

  it("sees 1006 when its page's origin is refused with 403, and the log says how to allow it", async () => {
    const home = await startServer({ onRequest: answerPage });
    const { logger, entries } = createMemoryLog();
    const other = await startServer({ logger });
    const peer = await openPage(home);
    await peer.run({ run: "open", url: `${other.url}/echo` });
    expect(await receiveClose(peer)).toEqual({ event: "close", code: 1006, reason: "", wasClean: false });
    const refusal = { rule: "origin-not-allowed", value: toHttp(home.url) };
    expect(entries).toContainEqual(
      expect.objectContaining({ level: "warn", fields: expect.objectContaining(refusal) }),
    );
    expect(entries).toContainEqual(expect.objectContaining({ fields: expect.objectContaining({ status: 403 }) }));
  });

  it("connects from an origin that is listed", async () => {
    const home = await startServer({ onRequest: answerPage });
    const other = await startServer({ origins: [toHttp(home.url)] });
    const peer = await openPage(home);
    await peer.run({ run: "open", url: `${other.url}/echo` });
    expect(await peer.reports.next()).toMatchObject({ event: "open" });
    await peer.run({ run: "send", text: "across" });
    expect(await peer.reports.next()).toMatchObject({ text: "across" });
  });

  it("is found gone by the heartbeat when its network falls silent", async () => {
    const { ours } = await openPair({ heartbeat: { intervalMs: 100, timeoutMs: 200 } });
    await context.setOffline(true);
    // an offline Chromium answers pings until the first message, which it leaves unread with all that follows it
    ours.post("unheard");
    const report = await ours.closed;
    await context.setOffline(false);
    expect(report).toMatchObject({ code: 1006, clean: false, initiator: "error", received: null });
    expect(report.error?.code).toBe("HEARTBEAT_TIMEOUT");
  });

  it("says 1001 when its page is left", async () => {
    const { ours } = await openPair();
    await page.goto("about:blank");
    expect(await ours.closed).toMatchObject({ code: 1001, initiator: "remote", error: null });
  });
});

function toHttp(url: string): string {
  return url.replace("ws:", "http:");
}
