import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type Serving, shareServing, startServing } from "../support/program.js";
import { chromiumPath, launchChromium, Tab, timeout } from "./tab.js";

describe.skipIf(chromiumPath === undefined)("the gateway's panel in Chromium", { timeout }, () => {
  let browser: Browser;
  let serving: Serving;

  beforeAll(async () => {
    [browser, serving] = await Promise.all([launchChromium(), shareServing("--demo")]);
    return async () => {
      await browser.close();
      serving.program.kill("SIGKILL");
    };
  });

  const openGateway = async (): Promise<Tab> => {
    const tab = await Tab.open(browser, serving.url);
    await tab.waitForState("open");
    await tab.choose("/gateway");
    await tab.at("#gateway-login").click();
    await tab.at("#gateway-note").filter({ hasText: "Logged in as demo" }).waitFor();
    return tab;
  };

  it("logs in, and shows a price that moves while it is subscribed to", async () => {
    const tab = await openGateway();
    const tile = tab.at('[data-symbol="LLG"]');
    await tile.click();
    await tab.at('[data-symbol="LLG"][aria-pressed="true"][data-move]').waitFor();
    expect(await tile.locator(".tile-price").innerText()).toMatch(/^\d+\.\d$/);
    expect(await tile.locator("polyline").getAttribute("points")).toMatch(/^[\d., ]+$/);
    expect(await tab.at('[data-symbol="XAUUSD"] .tile-price').innerText()).toBe("–");
    await tab.waitForEntry({ direction: "received", text: '"actionAck":"tick"' });
    await tile.click();
    await tab.at('[data-symbol="LLG"][aria-pressed="false"]').waitFor();
    expect(await tile.locator(".tile-price").innerText()).toBe("–");
  });

  it("makes a deal, and shows every message in the log", async () => {
    const tab = await openGateway();
    await tab.at("#gateway-deal").click();
    await tab
      .at("#gateway-note")
      .filter({ hasText: /^Deal \d+: 1\.0 LLG at \d+\.\d\.$/ })
      .waitFor();
    const sent = await tab.waitForEntry({ direction: "sent", text: '"action":"addDeal"' });
    const received = await tab.waitForEntry({ direction: "received", text: '"external_symbol":"LLG"' });
    const pid = /"pid":"page-\d+"/.exec((await sent.textContent()) ?? "")?.[0];
    expect(await received.textContent()).toContain(pid);
  });

  it("starts anew with each connection, and is there for the gateway alone", async () => {
    const tab = await openGateway();
    await tab.at("#disconnect").click();
    await tab.waitForReport(1000);
    expect(await tab.at("#gateway-login").isVisible()).toBe(true);
    expect(await tab.at('[data-symbol="LLG"]').isDisabled()).toBe(true);
    await tab.choose("/echo");
    expect(await tab.at("#gateway").isVisible()).toBe(false);
  });

  it("is not offered by a server without one", async () => {
    const { url } = await startServing();
    const tab = await Tab.open(browser, url);
    await tab.waitForState("open");
    await tab.evaluate(`fetch("/healthz")`);
    expect(await tab.at('[data-service="/gateway"]').isVisible()).toBe(false);
  });

  it("fits a window of 360 pixels", async () => {
    const tab = await openGateway();
    await tab.page.setViewportSize({ width: 360, height: 640 });
    await tab.at('[data-symbol="XAUUSD"]').click();
    await tab.at('[data-symbol="XAUUSD"][data-move]').waitFor();
    expect(await tab.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
  });
});
