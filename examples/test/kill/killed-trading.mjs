// The trading gateway with an end built in: it kills itself, as `kill -9` does, at one step of an order. Nothing of this is in the example.
import { openStore } from "../../dist/trading/open-store.js";
import { startTrading } from "../../dist/trading/start.js";

const { url, file, step, count } = JSON.parse(process.env.KILL_SETTINGS);
let passed = 0;

/** The process ends inside of this call. */
function pass(name) {
  if (name === step && ++passed === count) process.kill(process.pid, "SIGKILL");
}

const store = await openStore({ url, file });
const killed = {
  ...store,
  async addOrder(order) {
    pass("order received");
    const stored = await store.addOrder(order);
    pass("order stored");
    return stored;
  },
  async addDeal(...deal) {
    pass("order matched");
    const added = await store.addDeal(...deal);
    pass("deal stored");
    return added;
  },
  async listOpenOrders() {
    pass("restart begun");
    const orders = await store.listOpenOrders();
    pass("orders recovered");
    return orders;
  },
};

const trading = await startTrading({ port: 0, store: killed, clock: { intervalMs: 20 } });
process.once("SIGTERM", () => void trading.close());
console.log(`trading on ${trading.url}`);
