// Our gateway. Everything is as by default but the message rate: a bench is what it is there to hold back.
import { createGateway } from "hawser/gateway";
import { createServer } from "hawser/server";
import { announce, mode, port, refuseMode } from "./options.mjs";
import { orderSchema, placeOrder } from "./order.mjs";

const gateway = createGateway({ authenticate: (credentials) => ({ id: String(credentials?.name) }) });
const server = createServer({ host: "127.0.0.1", port });

if (mode !== "requests") refuseMode("hawser-gateway");

gateway.action("addOrder", { input: orderSchema }, placeOrder);
server.service("/", gateway, { rateLimit: { messagesPerSecond: Infinity } });

announce((await server.listen()).port);
