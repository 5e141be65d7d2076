import { chromium } from "playwright-core";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { onTestFinished } from "vitest";

/** Path of a Chromium. Tests skip themselves without one. */
export const chromiumPath: string | undefined = process.env["HAWSER_CHROMIUM"];

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** For whole tests: a Chromium beside other tests takes seconds to open two tabs. */
export const timeout: number = 30_000 * factor;

const WAIT_MS = 10_000 * factor;

/**
 * What Chromium itself writes to the console when a connection fails; a page cannot prevent it. A server killed while it is
 * asked resets the connection, refuses it, or leaves it without an answer.
 */
const ownLines =
  /^(WebSocket connection to '[^']+' failed|Failed to load resource: net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE))/;

/** A Chromium in which nothing but what a test does goes over the network. */
export function launchChromium(): Promise<Browser> {
  const args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"];
  return chromium.launch({ executablePath: chromiumPath ?? "", args });
}

export interface EntryTraits {
  readonly direction: "sent" | "received" | "note";
  readonly kind?: "text" | "binary";
  readonly bytes?: number;
  readonly text?: string;
}

/** A tab that shows our page, and keeps what it complains of. */
export class Tab {
  readonly page: Page;
  /** Errors and warnings of the console, refusals of the content security policy among them, and uncaught errors. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(WAIT_MS);
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (line) => {
      if (["error", "warning"].includes(line.type()) && !ownLines.test(line.text())) this.complaints.push(line.text());
    });
  }

  /** Opens the page in a profile of its own, and fails the test that ends with a complaint. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
    const context = await browser.newContext(options);
    const tab = new Tab(await context.newPage());
    onTestFinished(async () => {
      await context.close();
      if (tab.complaints.length > 0) throw new Error(`the page complains: ${tab.complaints.join("; ")}`);
    });
    await tab.page.goto(url);
    return tab;
  }

  at(selector: string): Locator {
    return this.page.locator(selector);
  }

  /** Waits until the page says that its connection is in this state. */
  async waitForState(state: "connecting" | "open" | "closing" | "closed"): Promise<void> {
    await this.at(`#state[data-state="${state}"]`).waitFor();
  }

  async send(text: string): Promise<void> {
    await this.at("#message").fill(text);
    await this.at("#send").click();
  }

  /** Chooses a service, and waits until it is connected. */
  async choose(path: string): Promise<void> {
    await this.at(`[data-service="${path}"]`).click();
    await this.at(`[data-service="${path}"][aria-current="true"]`).waitFor();
    await this.waitForState("open");
  }

  /** Waits for a line of the log. */
  async waitForEntry({ direction, kind, bytes, text }: EntryTraits): Promise<Locator> {
    const kinds = kind === undefined ? "" : `[data-kind="${kind}"]`;
    const sizes = bytes === undefined ? "" : `[data-bytes="${bytes}"]`;
    const entries = this.at(`#log li[data-direction="${direction}"]${kinds}${sizes}`);
    const entry = text === undefined ? entries.first() : entries.filter({ hasText: text }).first();
    await entry.waitFor();
    return entry;
  }

  /** Waits for the report of a connection that ended with this code, and answers its words. */
  async waitForReport(code: number): Promise<string> {
    const report = this.at(`#report[data-code="${code}"]`);
    await report.waitFor();
    return report.innerText();
  }

  /** What an expression in the page comes to. */
  evaluate<T>(expression: string): Promise<T> {
    return this.page.evaluate<T>(expression);
  }

  focusedId(): Promise<string> {
    return this.evaluate("document.activeElement.id");
  }
}
