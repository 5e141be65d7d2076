// Follows an exchange: its own JSON instead of our gateway's, text heartbeats, a fixed delay before it comes back, and a proxy where PROXY
// names one. FEED_URL is the exchange; without it a small one is started here.
import { createClient } from "hawser/client";
import { startFeed } from "./market-feed/feed.js";
import { createTunnelAgent } from "./market-feed/tunnel-agent.js";

const { FEED_URL, PROXY } = process.env;
const intervalMs = Number(process.env["INTERVAL_MS"] ?? 1000);

const feed =
  FEED_URL === undefined ? await startFeed({ port: Number(process.env["PORT"] ?? 8080), intervalMs }) : undefined;
const url = feed?.url ?? FEED_URL ?? "";

const client = createClient(url, {
  envelope: "none",
  reconnect: { mode: "fixed", initialDelayMs: Number(process.env["RECONNECT_MS"] ?? 5000) },
  heartbeat: { intervalMs: 20_000, timeoutMs: 10_000, ping: "ping", pong: "pong" },
  ...(PROXY !== undefined && { node: { agent: createTunnelAgent(new URL(PROXY), new URL(url)) } }),
});

/** What an exchange sends: an answer has `event`, a push `arg` and `data`. */
interface FeedMessage {
  readonly event?: string;
  readonly msg?: string;
  readonly arg?: { readonly channel: string; readonly instId: string };
  readonly data?: readonly (readonly string[] | { readonly px: string; readonly sz: string })[];
}

const instruments = ["LLG", "LLS"];
const subscribe = {
  op: "subscribe",
  args: ["trades", "candle1m"].flatMap((channel) => instruments.map((instId) => ({ channel, instId }))),
};

// the exchange forgets who was subscribed when a connection ends: every connection begins with it
client.on("open", ({ attempts }) => {
  console.log(`connected (attempt ${attempts}): ${url}`);
  client.send(subscribe).catch(() => {}); // the connection ended before it was sent; the next one says it again
});
client.on("close", ({ code, error, retryInMs }) => {
  if (error instanceof Error) console.error(error.message); // why there was no connection, or what broke it
  console.log(retryInMs === undefined ? `closed: ${code}` : `closed: ${code}, again in ${retryInMs} ms`);
});
client.on("error", (error) => console.error(error.message));

client.on("message", ({ message }) => {
  if (typeof message !== "string") return;
  const { event, msg, arg, data = [] } = JSON.parse(message) as FeedMessage; // an exchange is trusted to keep its format
  if (event !== undefined) console.log(event === "error" ? `refused: ${msg}` : "subscribed");
  for (const entry of data) {
    if ("px" in entry) console.log(`trade  ${arg?.instId} ${entry.px} x ${entry.sz}`);
    else console.log(`candle ${arg?.instId} ${entry.slice(1).join(" ")}`);
  }
});

async function end(): Promise<void> {
  await client.disconnect();
  await feed?.close();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void end());

console.log(`market-feed on ${url}`);
client.connect().catch((error: unknown) => console.error(error instanceof Error ? error.message : error));
