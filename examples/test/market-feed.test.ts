import { readFileSync } from "node:fs";
import { createServer } from "hawser/server";
import { connect } from "hawser/socket";
import { expect, it, onTestFinished } from "vitest";
import { type Feed, startFeed } from "../src/market-feed/feed.js";
import { createTunnelAgent } from "../src/market-feed/tunnel-agent.js";
import { openClient } from "./support/client.js";
import { startConnectProxy } from "./support/connect-proxy.js";
import { Example, start } from "./support/example.js";
import { ca, writePfx } from "./support/pfx.js";

async function openFeed(port = 0): Promise<Feed> {
  const feed = await startFeed({ port, intervalMs: 20 });
  onTestFinished(() => feed.close());
  return feed;
}

it("starts a feed of its own, prints its trades and candles, and ends at Ctrl-C", async () => {
  const { example } = await start("market-feed", { INTERVAL_MS: "20" });
  await example.waitFor(/^connected \(attempt 1\): ws:\S+\nsubscribed\n/m);
  await example.waitFor(/^trade {2}LLG \d+\.\d x \d\.0\n/m);
  await example.waitFor(/^candle LLS(?: \d+\.\d{3}){4}\n/m);
  example.interrupt();
  expect(await example.ended).toEqual({ code: 0, signal: null });
  await example.waitFor(/^closed: 1000\n$/m);
  expect(example.stderr).toBe("");
});

it.each([
  ["the feed", {}, "nothing listens there"],
  ["its proxy", { PROXY: "http://127.0.0.1:9" }, "the proxy 127.0.0.1:9: connect ECONNREFUSED"],
])("says that %s cannot be reached, and goes on trying", async (_what, settings, words) => {
  const feed = await openFeed();
  await feed.close();
  const example = new Example("market-feed", { FEED_URL: feed.url, RECONNECT_MS: "40", ...settings });
  await example.waitFor(/(?:^closed: 1006, again in 40 ms\n){2}/m);
  await expect.poll(() => example.stderr, { timeout: 30_000 }).toContain(words);
  example.interrupt();
  expect(await example.ended).toEqual({ code: 0, signal: null });
});

it("comes back through its proxy, after the tunnel was cut and the feed was restarted, and subscribes again", async () => {
  const [feed, proxy] = await Promise.all([openFeed(), startConnectProxy()]);
  const { host, port } = new URL(feed.url);
  const settings = { FEED_URL: feed.url, PROXY: proxy.url.href, RECONNECT_MS: "40" };
  const example = new Example("market-feed", settings);
  await example.waitFor(/^subscribed\n(?:trade|candle)/m);

  proxy.cut();
  await example.waitFor(/^closed: 1006, again in 40 ms\n(?:.*\n)*connected (?:.*\n)*subscribed\n(?:trade|candle)/m);

  await feed.close();
  await example.waitFor(/^closed: 1001, again in \d+ ms\n/m);
  await openFeed(Number(port));
  await example.waitFor(/^closed: 1001, (?:.*\n)*connected (?:.*\n)*subscribed\n(?:trade|candle)/m);

  example.interrupt();
  expect(await example.ended).toEqual({ code: 0, signal: null });
  expect(proxy.targets.length).toBeGreaterThanOrEqual(3);
  expect(new Set(proxy.targets)).toEqual(new Set([host]));
});

it("answers the feed's own heartbeat and faults, and tells nobody what he did not ask for", async () => {
  const client = await openClient((await openFeed()).url);
  client.ws.send("ping");
  expect(await client.receive()).toBe("pong");
  client.ws.send("{");
  expect(JSON.parse(String(await client.receive()))).toMatchObject({ event: "error" });
  client.ws.send('{"op":"subscribe","args":[{"channel":"trades","instId":"none"}]}');
  expect(await client.receive()).toBe('{"event":"error","msg":"no instrument none"}');

  const args = [{ channel: "trades", instId: "LLG" }];
  client.ws.send(JSON.stringify({ op: "subscribe", args }));
  expect(JSON.parse(String(await client.receive()))).toEqual({ event: "subscribe", args });
  for (let message = 0; message < 3; message++) {
    expect(JSON.parse(String(await client.receive()))).toMatchObject({
      arg: args[0],
      data: [{ px: expect.any(String) as string }],
    });
  }
});

it("speaks TLS with the target inside of the proxy's tunnel", async () => {
  const server = createServer({ tls: { pfx: readFileSync(writePfx("")) } });
  server.service("/", { message: (socket, data) => socket.post(data) });
  await server.listen();
  onTestFinished(() => server.close());
  const proxy = await startConnectProxy();

  const socket = await connect(server.url, { agent: createTunnelAgent(proxy.url, new URL(server.url)), ca });
  await socket.send("through the tunnel");
  expect(await socket.receive()).toBe("through the tunnel");
  expect((await socket.close()).code).toBe(1000);
  expect(proxy.targets).toEqual([new URL(server.url).host]);
});

it("names the proxy's refusal", async () => {
  const [feed, proxy] = await Promise.all([openFeed(), startConnectProxy()]);
  const agent = createTunnelAgent(new URL(`http://crew:wrong@${proxy.url.host}`), new URL(feed.url));
  await expect(connect(feed.url, { agent })).rejects.toMatchObject({
    cause: { message: `the proxy answered CONNECT ${new URL(feed.url).host} with 407` },
  });
  expect(proxy.targets).toEqual([]);
});
