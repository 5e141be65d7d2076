import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { startServing } from "../support/program.js";
import { chromiumPath, launchChromium, Tab, timeout } from "./tab.js";

/** Where the README's pictures are. They are written with UPDATE_SCREENSHOTS=1, and only taken otherwise. */
const folder = fileURLToPath(new URL("../../../../docs/images/", import.meta.url));
const mayWrite = process.env["UPDATE_SCREENSHOTS"] === "1";

const viewport = { width: 1280, height: 800 };

describe.skipIf(chromiumPath === undefined)("pictures of the page", { timeout }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
    return () => browser.close();
  });

  it("shows prices that move in light colours", async () => {
    const { url } = await startServing("--demo");
    const tab = await Tab.open(browser, url, { viewport, colorScheme: "light" });
    await tab.waitForState("open");
    await tab.choose("/gateway");
    await tab.at("#gateway-login").click();
    for (const symbol of ["LLG", "XAUUSD", "EURUSD"]) await tab.at(`[data-symbol="${symbol}"]`).click();
    await tab.at("#log li").nth(30).waitFor({ state: "attached" });
    await tab.at("#gateway-deal").click();
    await tab.waitForEntry({ direction: "received", text: "external_order_id" });
    await checkPicture(tab, "page-light.png");
  });

  it("shows a report in dark colours", async () => {
    const { url, program } = await startServing("--demo");
    const tab = await Tab.open(browser, url, { viewport, colorScheme: "dark" });
    await tab.waitForState("open");
    await talk(tab);
    program.kill("SIGTERM");
    expect(await tab.waitForReport(1001)).toContain("Going away");
    await checkPicture(tab, "page-dark.png");
  });
});

async function talk(tab: Tab): Promise<void> {
  const messages = [
    "Ahoy!",
    "Grüße aus Bremen ⚓",
    '{"action":"subscribe","channel":"tides","since":1760000000}',
    "<b>markup stays text</b>",
  ];
  for (const message of messages) {
    await tab.send(message);
    await tab.waitForEntry({ direction: "received", text: message });
  }
  const buffer = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 37) % 256));
  await tab.at("#file").setInputFiles({ name: "soundings.bin", mimeType: "application/octet-stream", buffer });
  await tab.at("#send").click();
  await tab.waitForEntry({ direction: "received", kind: "binary", bytes: 4096 });
}

async function checkPicture(tab: Tab, name: string): Promise<void> {
  // nothing is pointed at, the rope comes to rest, and fonts are there
  await tab.page.mouse.move(0, 0);
  await tab.page.emulateMedia({ reducedMotion: "reduce" });
  await tab.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))");
  const picture = await tab.page.screenshot({ animations: "disabled", caret: "hide" });
  expect(picture.length).toBeLessThan(200_000);
  if (!mayWrite) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(name, `file://${folder}`), picture);
}
