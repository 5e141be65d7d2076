// What a request looks like in each protocol. `path` and `protocol` open the connection; `greet` is sent first and `isReady` knows the
// last message of the beginning; `request(slot)` is the text of a request, `slotOf` finds in an answer which request it is for, and
// refuses anything but success.
const order = { symbol: "LLG", side: "buy", volume: "100.0", price: "1989.1", type: 1 };

/** As clients of ours make them: a UUID for each. The last two characters say which slot it is. */
const pidOf = (slot) => `43eae41d-7572-444c-b280-b8f8722ce1${String(slot).padStart(2, "0")}`;
const PID_END = '{"pid":"'.length + 36;

export const dialects = {
  "hawser-gateway": {
    path: "/",
    protocol: "hawser.v1",
    greet: (name) => JSON.stringify({ pid: "login", action: "login", data: { name } }),
    isReady: (text) => text.includes('"actionAck":"login"') && text.includes('"status":1'),
    request: (slot) => JSON.stringify({ pid: pidOf(slot), action: "addOrder", data: order }),
    slotOf(text) {
      if (!text.includes('"status":1') || !text.startsWith('{"pid":"')) throw new Error(`not an answer: ${text}`);
      return Number(text.slice(PID_END - 2, PID_END));
    },
  },
  socketio: {
    path: "/socket.io/?EIO=4&transport=websocket",
    greet: () => "40",
    isReady: (text) => text.startsWith("40"),
    request: (slot) => `42${slot}${JSON.stringify(["addOrder", order])}`,
    slotOf(text) {
      if (!text.includes('"status":1') || !text.startsWith("43")) throw new Error(`not an answer: ${text}`);
      return Number(text.slice(2, text.indexOf("[")));
    },
    /** Engine.IO's ping is a message of its own. */
    ping: "2",
    pong: "3",
  },
};
