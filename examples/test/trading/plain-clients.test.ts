import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startTrading } from "./trading-client.js";
import { type PlainOutcome, type PlainWebSocketClass, runPlainFlow } from "./plain-flow.js";

const node24 = process.env["HAWSER_NODE24"];
const chromiumPath = process.env["HAWSER_CHROMIUM"];

/** The whole flow, refused login first, as PROTOCOL.md has it. */
function expectFlow({ answers, close }: PlainOutcome): void {
  const { login, addOrder, getOrder, addDeal, get_historical_deals: history } = answers;
  expect(login).toMatchObject({ pid: "plain-2", status: 1, data: { user: "ann", login: 2 } });
  expect(addOrder).toMatchObject({ pid: "plain-3", status: 1, data: { symbol: "LLG", side: "buy", volume: "100.0" } });
  const { order_id: id } = (addOrder ?? { data: {} }).data as { readonly order_id?: string };
  expect(getOrder).toMatchObject({ pid: "plain-4", status: 1, data: { order_id: id } });
  const deal = {
    external_order_id: id,
    external_volume: "100.0",
    external_price: expect.stringMatching(/^\d+\.\d$/) as string,
    external_symbol: "LLG",
  };
  expect(addDeal).toEqual({ actionAck: "addDeal", status: 1, data: deal });
  expect(history?.data).toMatchObject([deal]);
  expect(close).toEqual({ code: 1000, wasClean: true });
}

it.each(["/", "/gateway"])("serves a client of ws alone the whole original flow at %s", async (path) => {
  const { wsUrl } = await startTrading();
  // its handlers are those of the standard, with types of its own
  expectFlow(await runPlainFlow(WebSocket as unknown as PlainWebSocketClass, `${wsUrl}${path}`));
});

it.skipIf(node24 === undefined)("serves the global WebSocket of Node.js 24 the whole original flow", async () => {
  const { wsUrl } = await startTrading();
  const script = `(${String(runPlainFlow)})(WebSocket, "${wsUrl}/").then((o) => console.log(JSON.stringify(o)))`;
  const { stdout } = await promisify(execFile)(node24 ?? "", ["-e", script]);
  expectFlow(JSON.parse(stdout) as PlainOutcome); // as the line above prints it
});

it.skipIf(chromiumPath === undefined)(
  "serves a page with a WebSocket of Chromium's the whole original flow",
  async () => {
    const { url, wsUrl } = await startTrading();
    const browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox"] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(url);
    expectFlow(await page.evaluate<PlainOutcome>(`(${String(runPlainFlow)})(WebSocket, "${wsUrl}/")`));
  },
);
