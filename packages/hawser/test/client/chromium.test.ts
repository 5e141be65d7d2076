import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startConnectorServer } from "../../src/testing/index.js";
import type { ConnectorServer } from "../../src/testing/index.js";
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
});
