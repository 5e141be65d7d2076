import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createFolder, startTrading } from "./trading-client.js";

const chromiumPath = process.env["HAWSER_CHROMIUM"];
const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

// beside other tests a Chromium takes seconds for a page, and a process as many to start
const timeout = 60_000 * factor;

/** What Chromium itself writes to the console when a connection fails; a page cannot prevent it. */
const ownLines = /^(WebSocket connection to '[^']+' failed|Failed to load resource: net::ERR_CONNECTION)/;

describe.skipIf(chromiumPath === undefined)("the page of trading in Chromium", { timeout }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox"] });
    return () => browser.close();
  });

  /** Opens the page, and fails the test that ends with a complaint of it. */
  async function open(url: string, options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await browser.newPage(options);
    page.setDefaultTimeout(20_000 * factor);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (line) => {
      if (["error", "warning"].includes(line.type()) && !ownLines.test(line.text())) complaints.push(line.text());
    });
    onTestFinished(async () => {
      await page.close();
      expect(complaints).toEqual([]);
    });
    await page.goto(url);
    return page;
  }

  async function logIn(page: Page, password = "ann"): Promise<void> {
    await page.fill("[name=username]", "ann");
    await page.fill("[name=password]", password);
    await page.click("#login .primary");
  }

  async function placeOrder(page: Page, volume: string): Promise<void> {
    await page.fill("[name=volume]", volume);
    await page.click("#ticket .primary");
  }

  /** Waits for a row with these words. */
  async function waitForRow(page: Page, table: "orders" | "deals", ...words: readonly string[]): Promise<void> {
    const rows = words.reduce((found, hasText) => found.filter({ hasText }), page.locator(`#${table} tbody tr`));
    await rows.first().waitFor();
  }

  /** Settles when price and picture of the chart have changed. The page's policy forbids what Playwright itself would wait with. */
  async function waitForMovement(page: Page): Promise<void> {
    const readPrice = (): Promise<string> => page.locator("#last").innerText();
    const readPicture = (): Promise<string> => page.evaluate("document.querySelector('#chart').toDataURL()");
    await expect.poll(readPrice).toMatch(/^\d+\.\d+$/);
    const [price, picture] = [await readPrice(), await readPicture()];
    await expect.poll(readPrice).not.toBe(price);
    await expect.poll(readPicture).not.toBe(picture);
  }

  it("logs in, moves its chart, places an order and shows its deal", async () => {
    const { url } = await startTrading();
    const page = await open(url);
    await logIn(page, "wrong");
    await page.locator("#login .note", { hasText: "refused" }).waitFor();
    await logIn(page);
    await page.locator("#user", { hasText: "ann" }).waitFor();
    await waitForMovement(page);

    await placeOrder(page, "100.0");
    await page.locator("#ticket .note", { hasText: "order 1 was accepted" }).waitFor();
    await waitForRow(page, "orders", "LLG", "buy", "100.0", "filled at");
    await waitForRow(page, "deals", "LLG", "buy", "100.0");

    await page.click("[data-symbol=LLS]");
    await page.fill("[name=price]", "0.001");
    await page.locator("#ticket .primary", { hasText: "Buy LLS" }).waitFor();
    await placeOrder(page, "2.5");
    await waitForRow(page, "orders", "LLS", "2.5", "0.001", "open");
    await waitForMovement(page);

    await page.click("#user button");
    await page.locator("#login").waitFor();
    expect(await page.locator("main").isVisible()).toBe(false);
  });

  it("comes back after the server was killed, with the order on its way then and the one that was placed meanwhile", async () => {
    const settings = { TRADING_DB: join(createFolder(), "trading.db") };
    const before = await startTrading(settings);
    const page = await open(before.url);
    await logIn(page);
    await placeOrder(page, "1.0");
    await waitForRow(page, "deals", "1.0");

    before.example.pause();
    await placeOrder(page, "2.0");
    await waitForRow(page, "orders", "2.0", "sending");
    before.example.kill();
    await page.locator("#state[data-state=waiting], #state[data-state=connecting]").first().waitFor();
    await placeOrder(page, "3.0");
    await waitForRow(page, "orders", "3.0", "sending");

    const after = await startTrading({ ...settings, PORT: new URL(before.url).port });
    await page.locator("#state[data-state=open]").waitFor();
    await waitForRow(page, "orders", "2.0", "filled at");
    await waitForRow(page, "orders", "3.0", "filled at");
    await waitForRow(page, "deals", "2.0");
    await waitForRow(page, "deals", "3.0");
    await waitForMovement(page);
    expect(await page.locator("#orders tbody tr").count()).toBe(3);
    after.example.interrupt();
    expect(await after.example.ended).toEqual({ code: 0, signal: null });
  });

  it("fits a phone, in light colours and dark, with nothing outside of its width", async () => {
    const { url } = await startTrading();
    const page = await open(url, { viewport: { width: 360, height: 740 }, colorScheme: "light" });
    const readColour = (): Promise<string> =>
      page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    await logIn(page);
    await placeOrder(page, "100.0");
    await waitForRow(page, "deals", "100.0");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await readColour()).toBe("rgb(244, 245, 247)");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await readColour()).toBe("rgb(15, 19, 24)");
  });
});
