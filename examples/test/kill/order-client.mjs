// A client that keeps books: what it sent, what it was answered, and what it was told of deals. What was not answered it sends again.
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";

const WINDOW = 6;

/** The orders of one user, over all connections. */
export class OrderBook {
  /** By pid: { data, orderId }, orderId undefined until it is acknowledged. */
  orders = new Map();
  /** By order id: the deals that were pushed. */
  pushes = new Map();
  wrong = [];
  acknowledged = 0;
  repeated = 0;

  constructor({ random, username }) {
    this.random = random;
    this.username = username;
  }

  get unanswered() {
    return [...this.orders].filter(([, { orderId }]) => orderId === undefined).map(([pid]) => pid);
  }

  /** A new order. Its volume is its own, so that a second one of it would be seen whatever its pid is. */
  create() {
    const pid = randomUUID();
    const volume = `${this.orders.size + 1}.0`;
    const side = this.random() < 0.5 ? "buy" : "sell";
    const data = { symbol: this.random() < 0.7 ? "LLG" : "LLS", side, volume };
    // one in four has a limit, which every price meets
    if (this.random() < 0.25) data.price = side === "buy" ? "9999" : "0.5";
    this.orders.set(pid, { data, orderId: undefined });
    return pid;
  }

  /** An order that was acknowledged, to be asked for again; undefined: there is none. */
  pickAnswered() {
    const answered = [...this.orders].filter(([, { orderId }]) => orderId !== undefined);
    return answered[Math.floor(this.random() * answered.length)]?.[0];
  }

  onAnswer({ pid, status, data, error }) {
    const order = this.orders.get(pid);
    if (order === undefined) return this.wrong.push(`an answer to ${pid}, which was not sent`);
    // in the process before, a repetition may still run: it is asked for again
    if (status !== 1) return error.temporary || this.wrong.push(`${pid} was refused: ${JSON.stringify(error)}`);
    if (data.volume !== order.data.volume) this.wrong.push(`${pid} was answered with another order, ${data.order_id}`);
    if (order.orderId === undefined) {
      order.orderId = data.order_id;
      this.acknowledged++;
    } else if (order.orderId !== data.order_id) {
      this.wrong.push(`${pid} was order ${order.orderId} and is now ${data.order_id}`);
    }
  }

  onPush({ external_order_id: id, external_price: price }) {
    this.pushes.set(id, [...(this.pushes.get(id) ?? []), price]);
  }
}

/**
 * Orders until the connection is lost: what is unanswered first, in any order, then new ones, some of what was answered among them.
 * `maxNew`: how many new orders. `on` is called with "ordered", "answered", "pushed" and "published". Settles with the socket
 * when all is answered or the connection is lost; it goes on listening.
 */
export function order(url, book, { maxNew, on }) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const waiting = book.unanswered.toSorted(() => book.random() - 0.5);
    book.repeated += waiting.length;
    let inFlight = 0;
    let added = 0;

    const request = (pid, action, data) => socket.send(JSON.stringify({ pid, action, data }));
    function fill() {
      while (inFlight < WINDOW) {
        let pid = waiting.shift();
        if (pid === undefined && book.random() < 0.2) {
          pid = book.pickAnswered();
          if (pid !== undefined) book.repeated++;
        }
        if (pid === undefined && added < maxNew) {
          added++;
          pid = book.create();
        }
        if (pid === undefined) break;
        inFlight++;
        request(pid, "addOrder", book.orders.get(pid).data);
        on("ordered");
      }
      if (inFlight === 0 && added >= maxNew) resolve(socket);
    }

    socket.on("open", () => request("login", "login", { username: book.username, password: book.username, type: 1 }));
    socket.on("message", (bytes) => {
      const message = JSON.parse(bytes);
      if (message.pid === "login") {
        if (message.status !== 1) return book.wrong.push(`the login was refused: ${JSON.stringify(message.error)}`);
        for (const symbol of ["LLG", "LLS"]) {
          socket.send(JSON.stringify({ action: "subscribe", channel: `deals:${symbol}` }));
        }
        fill();
      } else if (message.actionAck === "addOrder") {
        book.onAnswer(message);
        inFlight--;
        on("answered");
        if (socket.readyState === WebSocket.OPEN) fill();
      } else if (message.actionAck === "addDeal") {
        book.onPush(message.data);
        on("pushed");
      } else if (message.channel !== undefined && message.actionAck === "message") {
        on("published");
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(socket));
  });
}
