// The exchange, for want of one: candles and trades for whoever subscribes, in the JSON of exchanges and not in that of our gateway.
import { createServer, type Socket } from "hawser/server";
import { quoteAt, quotesUntil, symbols } from "../trading/quotes.js";

const CANDLE_TICKS = 60;

export interface Feed {
  readonly url: string;
  close(): Promise<void>;
}

export async function startFeed({
  port,
  intervalMs,
}: {
  readonly port: number;
  readonly intervalMs: number;
}): Promise<Feed> {
  const server = createServer({ port });
  const feed = server.service<Set<string>>("/ws/v5/public", {
    admit: () => ({ data: new Set() }),
    message: (socket, data) => socket.post(answer(socket, String(data))),
  });

  const timer = setInterval(() => {
    const tick = Math.floor(Date.now() / intervalMs);
    for (const symbol of symbols) {
      for (const channel of ["trades", "candle1m"]) {
        const data = channel === "trades" ? tradeAt(symbol, tick) : candleAt(symbol, tick);
        const text = JSON.stringify({ arg: { channel, instId: symbol }, data: [data] });
        feed.broadcast(text, { filter: (socket) => socket.data.has(`${channel} ${symbol}`) });
      }
    }
  }, intervalMs);

  function tradeAt(symbol: string, tick: number): object {
    const { price, timeMs } = quoteAt(symbol, tick, { intervalMs });
    return { px: price, sz: `${1 + (tick % 5)}.0`, ts: String(timeMs) };
  }

  /** Opening, highest, lowest and last price. */
  function candleAt(symbol: string, tick: number): string[] {
    const quotes = quotesUntil(symbol, tick, { intervalMs, count: (tick % CANDLE_TICKS) + 1 });
    const prices = quotes.map(({ price }) => price);
    const sorted = prices.toSorted((a, b) => Number(a) - Number(b));
    return [String(quotes[0]?.timeMs), prices[0] ?? "", sorted.at(-1) ?? "", sorted[0] ?? "", prices.at(-1) ?? ""];
  }

  await server.listen();
  return {
    url: `${server.url}/ws/v5/public`,
    close() {
      clearInterval(timer);
      return server.close();
    },
  };
}

function answer(socket: Socket<Set<string>>, text: string): string {
  if (text === "ping") return "pong";
  try {
    const { op, args } = JSON.parse(text) as { op: string; args: readonly { channel: string; instId: string }[] }; // or it throws below
    if (op !== "subscribe") throw new Error(`no operation ${op}`);
    for (const { channel, instId } of args) {
      if (!symbols.includes(instId)) throw new Error(`no instrument ${instId}`);
      socket.data.add(`${channel} ${instId}`);
    }
    return JSON.stringify({ event: "subscribe", args });
  } catch (error) {
    return JSON.stringify({ event: "error", msg: error instanceof Error ? error.message : "" });
  }
}
