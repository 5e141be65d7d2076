// Socket.IO over WebSockets alone: no polling, no upgrade from it.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { announce, mode, port, refuseMode } from "./options.mjs";
import { orderSchema, placeOrder } from "./order.mjs";

if (mode !== "requests") refuseMode("socketio");

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  socket.on("addOrder", (data, answer) => {
    const order = orderSchema.safeParse(data);
    if (order.success) answer({ status: 1, data: placeOrder(order.data) });
    else answer({ status: 0, error: { code: "INVALID_DATA", issues: order.error.issues } });
  });
});

http.listen(port, "127.0.0.1", () => announce(http.address().port));
