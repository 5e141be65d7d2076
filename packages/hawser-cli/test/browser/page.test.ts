import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type Serving, shareServing, startServing } from "../support/program.js";
import { chromiumPath, launchChromium, Tab, timeout } from "./tab.js";

describe.skipIf(chromiumPath === undefined)("the page in Chromium", { timeout }, () => {
  let browser: Browser;
  let serving: Serving;

  beforeAll(async () => {
    [browser, serving] = await Promise.all([
      launchChromium(),
      shareServing("--time-interval-ms", "100", "--rate-limit", "off"),
    ]);
    return async () => {
      await browser.close();
      serving.program.kill("SIGKILL");
    };
  });

  const openTab = async (url = serving.url): Promise<Tab> => {
    const tab = await Tab.open(browser, url);
    await tab.waitForState("open");
    return tab;
  };

  it("connects to the echo when it is loaded", async () => {
    const tab = await openTab();
    expect(await tab.at("#url").inputValue()).toBe(`${serving.wsUrl}/echo`);
    expect(await tab.page.title()).toBe("Open · Hawser");
    await tab.waitForEntry({ direction: "note", text: `Connected to ${serving.wsUrl}/echo` });
  });

  it("shows what is typed and its echo, with size and round trip", async () => {
    const tab = await openTab();
    await tab.send("Grüße, 世界 🚢");
    const bytes = Buffer.byteLength("Grüße, 世界 🚢");
    const sent = await tab.waitForEntry({ direction: "sent", kind: "text", bytes });
    const received = await tab.waitForEntry({ direction: "received", kind: "text", bytes });
    expect(await sent.locator(".text").innerText()).toBe("Grüße, 世界 🚢");
    expect(await received.locator(".text").innerText()).toBe("Grüße, 世界 🚢");
    expect(await received.locator(".size").innerText()).toBe(`${bytes} B`);
    expect(await received.locator(".rtt").innerText()).toMatch(/^\d+(\.\d+)? ms$/);
    expect(await tab.at("#message").inputValue()).toBe("");
  });

  it("sends a file as one binary message", async () => {
    const tab = await openTab();
    const buffer = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    await tab.at("#file").setInputFiles({ name: "cargo.bin", mimeType: "application/octet-stream", buffer });
    expect(await tab.at("#attachment-name").innerText()).toContain("cargo.bin");
    await tab.at("#send").click();
    const received = await tab.waitForEntry({ direction: "received", kind: "binary", bytes: 70_000 });
    expect(await received.locator(".hex").innerText()).toMatch(/^00 01 02 03 .* …$/);
    await received.locator(".rtt").waitFor();
    expect(await tab.at("#attachment").isVisible()).toBe(false);
  });

  it("gets the time in two tabs", async () => {
    const tabs = await Promise.all([openTab(), openTab()]);
    await Promise.all(tabs.map((tab) => tab.choose("/time")));
    const entries = await Promise.all(
      tabs.map((tab) => tab.waitForEntry({ direction: "received", text: "Server time: " })),
    );
    const texts = await Promise.all(entries.map((entry) => entry.locator(".text").innerText()));
    expect(texts).toEqual(Array(2).fill(expect.stringMatching(/^Server time: \d{4}-\d\d-\d\dT[\d:.]+Z$/)));
  });

  it("chats between two tabs, and with the server's terminal", async () => {
    const [anne, ben] = await Promise.all([openTab(), openTab()]);
    await Promise.all([anne.choose("/chat"), ben.choose("/chat")]);
    await anne.send("cast off");
    await Promise.all([anne, ben].map((tab) => tab.waitForEntry({ direction: "received", text: "cast off" })));
    await ben.send("aye");
    await Promise.all([anne, ben].map((tab) => tab.waitForEntry({ direction: "received", text: "aye" })));
    serving.program.type("a word from the terminal");
    const said = { direction: "received", kind: "text", text: "a word from the terminal" } as const;
    const entries = await Promise.all([anne, ben].map((tab) => tab.waitForEntry(said)));
    // nobody here asked for it, so it has no round trip
    expect(await Promise.all(entries.map((entry) => entry.locator(".rtt").count()))).toEqual([0, 0]);
  });

  it("disconnects with a code and reason, tells how it ended in words, and reconnects", async () => {
    const { url, program } = await startServing("--log-level", "debug");
    const tab = await openTab(url);
    await tab.send("before");
    await tab.waitForEntry({ direction: "received", text: "before" });
    await tab.at("#close-code").fill("3001");
    await tab.at("#close-reason").fill("Feierabend – 終");
    await tab.at("#disconnect").click();
    const words = await tab.waitForReport(3001);
    expect(words).toContain("“Feierabend – 終”");
    expect(words).toContain("you disconnected with code 3001");
    expect(words).toContain("clean, from both sides");
    expect(words).toContain("1 message, 6 B");
    await tab.waitForState("closed");
    await program.waitFor("stderr", /3001/);

    await tab.at("#reconnect").click();
    await tab.waitForState("open");
    expect(await tab.at("#report").isVisible()).toBe(false);
    await tab.send("after");
    await tab.waitForEntry({ direction: "received", text: "after" });
  });

  it("refuses a code that browsers may not send, and stays connected", async () => {
    const tab = await openTab();
    await tab.at("#close-code").fill("1001");
    await tab.at("#disconnect").click();
    expect(await tab.at("#code-error").innerText()).not.toBe("");
    expect(await tab.focusedId()).toBe("close-code");
    await tab.waitForState("open");
  });

  it("reports 1001 when the server is stopped, which then exits with 0", async () => {
    const { url, program } = await startServing();
    const tabs = await Promise.all([openTab(url), openTab(url)]);
    program.kill("SIGTERM");
    const words = await Promise.all(tabs.map((tab) => tab.waitForReport(1001)));
    expect(words).toEqual(Array(2).fill(expect.stringContaining("Going away")));
    expect(words).toEqual(Array(2).fill(expect.stringContaining("the server closed the connection")));
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
  });

  it("reports a server that was killed as a lost connection, and says that it does not answer", async () => {
    const { url, program } = await startServing();
    const tab = await openTab(url);
    program.kill("SIGKILL");
    expect(await tab.waitForReport(1006)).toContain("Connection lost");
    await tab.at("#report .finding").filter({ hasText: "it does not answer" }).waitFor();
  });

  it("reports 1009 for a message over the server's limit", async () => {
    const { url } = await startServing("--max-message-bytes", "1000");
    const tab = await openTab(url);
    await tab.send("x".repeat(1000));
    await tab.waitForEntry({ direction: "received", bytes: 1000 });
    await tab.send("x".repeat(1001));
    const words = await tab.waitForReport(1009);
    expect(words).toContain("Message too big");
    expect(words).toContain("--max-message-bytes");
  });

  it("says in a report that nothing answers at an address, and keeps the message", async () => {
    const tab = await openTab();
    await tab.at("#url").fill("ws://127.0.0.1:1/");
    await tab.at("#connect").click();
    await tab.at("#report").filter({ hasText: "Could not connect" }).waitFor();
    await tab.at("#message").fill("kept");
    await tab.page.keyboard.press("Enter");
    expect(await tab.at("#message").inputValue()).toBe("kept");
    expect(await tab.at("#message-note").innerText()).toContain("Not connected");
  });

  it("looks the same under the pointer when nothing can be sent", async () => {
    const tab = await openTab();
    const readColours = (): Promise<string> =>
      tab.evaluate(
        `(({ color, backgroundColor }) => color + backgroundColor)(getComputedStyle(document.getElementById("send")))`,
      );
    const enabled = await readColours();
    await tab.at("#disconnect").click();
    await tab.waitForState("closed");
    await tab.page.mouse.move(0, 0);
    const disabled = await readColours();
    await tab.at("#send").hover();
    expect(await readColours()).toBe(disabled);
    expect(disabled).not.toBe(enabled);
  });

  it("can be used by keyboard alone", async () => {
    const tab = await openTab();
    const { keyboard } = tab.page;
    expect(await tab.focusedId()).toBe("message");
    await keyboard.type("line one");
    await keyboard.press("Shift+Enter");
    await keyboard.type("line two");
    await keyboard.press("Enter");
    const received = await tab.waitForEntry({ direction: "received", text: "line one" });
    expect(await received.locator(".text").textContent()).toBe("line one\nline two");
    await keyboard.press("ArrowUp");
    expect(await tab.at("#message").inputValue()).toBe("line one\nline two");

    await keyboard.press("Escape");
    expect(await tab.focusedId()).toBe("close-code");
    await keyboard.press("Escape");
    expect(await tab.focusedId()).toBe("message");
    await keyboard.press("Escape");
    await keyboard.type("3003");
    await keyboard.press("Tab");
    expect(await tab.focusedId()).toBe("close-reason");
    await keyboard.type("by keyboard");
    await keyboard.press("Enter");
    expect(await tab.waitForReport(3003)).toContain("“by keyboard”");
    expect(await tab.focusedId()).toBe("reconnect");
    await keyboard.press("Enter");
    await tab.waitForState("open");
    expect(await tab.focusedId()).toBe("message");
  });

  it("reaches every control by Tab, the skip link first", async () => {
    const tab = await openTab();
    await tab.evaluate("document.body.tabIndex = -1, document.body.focus()");
    const seen: string[] = [];
    const describeFocus =
      "(({ id, className, dataset }) => dataset.service ?? (id || className))(document.activeElement)";
    while (!seen.includes("disconnect") && seen.length < 40) {
      await tab.page.keyboard.press("Tab");
      seen.push(await tab.evaluate(describeFocus));
    }
    expect(seen[0]).toBe("skip");
    expect(seen).toEqual(
      expect.arrayContaining(["theme", "log", "message", "choose-file", "send", "/echo", "/chat", "url", "connect"]),
    );
    expect(seen.slice(-3)).toEqual(["close-code", "close-reason", "disconnect"]);
  });

  it("follows the system's colours, and keeps the theme that was chosen instead", async () => {
    const tab = await openTab();
    const readBackground = (): Promise<string> => tab.evaluate("getComputedStyle(document.body).backgroundColor");
    await tab.page.emulateMedia({ colorScheme: "light" });
    const light = await readBackground();
    await tab.page.emulateMedia({ colorScheme: "dark" });
    const dark = await readBackground();
    expect(dark).not.toBe(light);
    await tab.at("#theme").click();
    expect(await readBackground()).toBe(light);
    await tab.page.reload();
    await tab.waitForState("open");
    expect(await readBackground()).toBe(light);
  });

  it("shows markup as text, whoever sent it", async () => {
    const [anne, ben] = await Promise.all([openTab(), openTab()]);
    await Promise.all([anne.choose("/chat"), ben.choose("/chat")]);
    const evil = `<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>`;
    await anne.send(evil);
    const entry = await ben.waitForEntry({ direction: "received", text: evil });
    expect(await entry.locator(".text").textContent()).toBe(evil);
    await anne.at("#close-reason").fill(evil);
    await anne.at("#disconnect").click();
    expect(await anne.waitForReport(1000)).toContain(evil);
    await ben.page.goto(`${serving.url}/?${encodeURIComponent(evil)}#${evil}`);
    await ben.waitForState("open");
    for (const tab of [anne, ben]) {
      expect(await tab.at("#log img, #log script, #report img, #report script").count()).toBe(0);
      expect(await tab.evaluate("window.hacked ?? null")).toBe(null);
    }
  });

  it("runs no script of anybody else, by its content security policy", async () => {
    const tab = await openTab();
    const violated = tab.evaluate<string>(
      `new Promise((resolve) => addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective)))`,
    );
    await tab.evaluate(`{
      const script = document.createElement("script");
      script.textContent = "window.hacked = 1";
      document.body.append(script);
    }`);
    expect(await violated).toMatch(/^script-src/);
    expect(await tab.evaluate("window.hacked ?? null")).toBe(null);
    // the one complaint that was meant
    expect(tab.complaints.splice(0)).toEqual([expect.stringContaining("Content Security Policy")]);
  });

  it("fits a window of 360 pixels", async () => {
    const tab = await openTab();
    await tab.page.setViewportSize({ width: 360, height: 640 });
    await tab.send("a-word-that-is-longer-than-the-window-is-wide".repeat(10));
    await tab.waitForEntry({ direction: "received", bytes: 450 });
    expect(await tab.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
  });

  it("keeps up with a thousand messages, and counts them all", async () => {
    const tab = await openTab();
    await tab.choose("/chat");
    const other = await openTab();
    await other.choose("/chat");
    await other.evaluate(`{
      const box = document.getElementById("message");
      for (let index = 0; index < 1200; index++) {
        box.value = "message " + index;
        document.getElementById("send").click();
      }
    }`);
    await tab.waitForEntry({ direction: "received", text: "message 1199" });
    expect(await tab.at("#received-count").innerText()).toMatch(/^1,200 \(/);
    expect(await tab.at("#log li").count()).toBe(1000);
    expect(await tab.at("#dropped").innerText()).toContain("older dropped");
  });
});
