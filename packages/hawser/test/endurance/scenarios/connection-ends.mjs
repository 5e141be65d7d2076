// The ways in which a connection may end, each with what its end must look like.
import { once } from "node:events";
import { connect } from "hawser/socket";
import { connectTcp, encodeClientFrame, formatRequest } from "./raw-peer.mjs";

const PIECE = new Uint8Array(16_384);
const TEXT = 1;
const CLOSE = 8;

/** Ends of a Hawser client whose server is ours, too. */
export const socketEnds = {
  async "client closes"(socket, random) {
    expectReport(await socket.close(3000 + random.below(1000), "enough"), { clean: true, initiator: "local" });
  },
  async "server closes"(socket) {
    await socket.send("close");
    expectReport(await socket.closed, { clean: true, code: 4000, initiator: "remote" });
  },
  async "both close"(socket) {
    void socket.post("close");
    expectReport(await socket.close(1000), { clean: true });
  },
  async "client aborts"(socket) {
    socket.abort();
    expectReport(await socket.closed, { clean: false, code: 1006, initiator: "local" });
  },
  async "server aborts"(socket) {
    await socket.send("abort");
    expectReport(await socket.closed, { clean: false, code: 1006, initiator: "error" });
  },
  async "client closes in traffic"(socket) {
    for (let i = 0; i < 20; i++) socket.post(PIECE);
    expectReport(await socket.close(), { clean: true, code: 1000, initiator: "local" });
  },
  async "server closes in traffic"(socket) {
    await socket.send("flood and close");
    void drain(socket);
    expectReport(await socket.closed, { clean: true, code: 4002, initiator: "remote" });
  },
  async "client aborts in traffic"(socket) {
    void drain(socket);
    socket.post("flood");
    for (let i = 0; i < 20; i++) socket.post(PIECE);
    await socket.ping();
    socket.abort();
    expectReport(await socket.closed, { clean: false, code: 1006, initiator: "local" });
  },
  async "client closes its output"(socket) {
    void drain(socket);
    await socket.closeOutput(1000);
    expectReport(await socket.closed, { clean: true, code: 1000, initiator: "local" });
  },
  async "server closes its output"(socket) {
    await socket.send("close output");
    expectReport(await socket.closed, { clean: true, code: 4001, initiator: "remote" });
  },
  async "client closes within a stream"(socket) {
    const sending = socket.sendStream(endless());
    await socket.ping();
    expectReport(await socket.close(), { initiator: "local" });
    await expectRejection(sending, "ABORTED");
  },
};

/** Ends of a raw client. Each settles when the TCP connection is over. */
export const rawEnds = {
  async rst(peer) {
    peer.resetAndDestroy();
    await over(peer);
  },
  async "rst within a header"(peer) {
    await write(peer, text("hello").subarray(0, 1));
    peer.resetAndDestroy();
    await over(peer);
  },
  async "rst within a payload"(peer, random) {
    const frame = text("hello".repeat(1000));
    await write(peer, frame.subarray(0, 10 + random.below(4000)));
    peer.resetAndDestroy();
    await over(peer);
  },
  async "rst within a message"(peer) {
    await write(peer, encodeClientFrame({ opcode: TEXT, fin: false, payload: "first" }));
    peer.resetAndDestroy();
    await over(peer);
  },
  async "rst behind a Close"(peer) {
    await write(peer, encodeClientFrame({ opcode: CLOSE }));
    peer.resetAndDestroy();
    await over(peer);
  },
  async "rst behind the server's Close"(peer) {
    await write(peer, text("close"));
    peer.resume();
    await once(peer, "data");
    peer.resetAndDestroy();
    await over(peer);
  },
  async "rst in the server's traffic"(peer) {
    await write(peer, text("flood"));
    peer.resume();
    await once(peer, "data");
    peer.resetAndDestroy();
    await over(peer);
  },
  async fin(peer) {
    peer.end();
    peer.resume();
    await over(peer);
  },
  async "fin within a frame"(peer) {
    peer.end(text("hello").subarray(0, 8));
    peer.resume();
    await over(peer);
  },
  async "fin behind traffic"(peer) {
    for (let i = 0; i < 10; i++) peer.write(text(`message ${i}`));
    peer.end();
    peer.resume();
    await over(peer);
  },
  async "no answer to the server's Close"(peer) {
    peer.write(text("close"));
    await endOf(peer);
  },
  async "a Close, and then it stays and talks on"(peer) {
    peer.write(encodeClientFrame({ opcode: CLOSE, payload: Buffer.from([0x03, 0xe8]) }));
    peer.write(text("what should not follow"));
    await endOf(peer);
  },
  async "a frame without a mask, and then it stays"(peer) {
    peer.write(Buffer.from([0x81, 0x02, 0x68, 0x69]));
    await endOf(peer);
  },
  async garbage(peer, random) {
    const bytes = Buffer.alloc(1 + random.below(2000));
    random.fill(bytes);
    peer.end(bytes);
    peer.resume();
    await over(peer);
  },
  async "garbage that inflates"(peer, random) {
    const payload = new Uint8Array(1 + random.below(200));
    random.fill(payload);
    peer.end(encodeClientFrame({ opcode: 2, rsv1: true, payload }));
    peer.resume();
    await over(peer);
  },
  async "reads nothing any more"(peer, random) {
    // only some, as each takes megabytes of the operating system's memory
    if (random.below(10) === 0) peer.write(text("flood"));
    await new Promise((resolve) => setImmediate(resolve));
    peer.resetAndDestroy();
    await over(peer);
  },
};

/** Connections that never come about, or not with us on both sides. */
export const attempts = {
  "half a request, then fin": ({ port, random }) => breakOff(port, halfRequest(random), (peer) => peer.end()),
  "half a request, then rst": ({ port, random }) =>
    breakOff(port, halfRequest(random), (peer) => peer.resetAndDestroy()),
  "half a request, then nothing": ({ port, random }) => breakOff(port, halfRequest(random), () => {}),
  "not a byte": ({ port }) => breakOff(port, "", () => {}),
  "a request, then rst": ({ port }) => breakOff(port, formatRequest("/push"), (peer) => peer.resetAndDestroy()),
  "a request, then fin": ({ port }) => breakOff(port, formatRequest("/push"), (peer) => peer.end()),
  "an unknown path": ({ port }) => breakOff(port, formatRequest("/nowhere"), () => {}),
  "no HTTP": ({ port }) => breakOff(port, "\u0016\u0003\u0001 no HTTP at all\r\n\r\n", () => {}),
  "a client cancelled": cancelClient,
  "a server's rst before the answer": fromBadServer("rst-before-answer", "CONNECT_FAILED"),
  "a server's rst in the answer": fromBadServer("rst-in-answer", "CONNECT_FAILED"),
  "a server's rst behind the answer": fromBadServer("rst-behind-answer", null),
  "a server's rst in a frame": fromBadServer("rst-in-frame", null),
  "a server's fin in the answer": fromBadServer("fin-in-answer", "CONNECT_FAILED"),
  "a server's fin behind the answer": fromBadServer("fin-behind-answer", null),
  "a server's fin in a frame": fromBadServer("fin-in-frame", null),
  "a server's wrong answer": fromBadServer("wrong-accept", "HANDSHAKE_INVALID"),
  "a server's refusal": fromBadServer("refusal", "HANDSHAKE_REFUSED"),
  "a server's silence": fromBadServer("silence", "HANDSHAKE_TIMEOUT"),
  "a server that never answers Close": fromBadServer("never-close", null),
  "a server's garbage": fromBadServer("garbage", null),
};

function fromBadServer(manner, expectedCode) {
  return async ({ badPort }) => {
    const closes = [];
    const handlers = { close: (_socket, report) => closes.push(report) };
    let socket;
    try {
      const url = `ws://127.0.0.1:${badPort}/${manner}`;
      const handshakeTimeoutMs = manner === "silence" ? 500 : 30_000;
      socket = await connect(url, { handlers, handshakeTimeoutMs, closeTimeoutMs: 500 });
    } catch (error) {
      // a reset overtakes what was sent before it
      const reset = manner.startsWith("rst") && error.code === "CONNECT_FAILED";
      if (error.code !== expectedCode && !reset) throw error;
      return;
    }
    const report = manner === "never-close" ? await socket.close() : await socket.closed;
    if (expectedCode !== null) throw new Error("it was opened");
    if (report.clean || closes.length !== 1) throw new Error(`clean: ${report.clean}, closes: ${closes.length}`);
  };
}

async function cancelClient({ port, random }) {
  const controller = new AbortController();
  const opening = connect(`ws://127.0.0.1:${port}/push`, { signal: controller.signal });
  const turns = random.below(6);
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  try {
    const socket = await opening;
    await socket.close();
  } catch (error) {
    if (error.code !== "ABORTED") throw error;
  }
}

async function breakOff(port, sent, then) {
  const peer = await connectTcp(port);
  if (sent !== "") await write(peer, sent);
  then(peer);
  await endOf(peer);
}

function halfRequest(random) {
  const request = formatRequest("/push");
  return request.slice(0, 1 + random.below(request.length - 2));
}

/** Reads to the other side's end, then ends, too. */
async function endOf(peer) {
  peer.on("end", () => peer.end());
  peer.resume();
  await over(peer);
}

function over(peer) {
  peer.once("end", () => peer.end());
  return peer.closed ? undefined : new Promise((resolve) => peer.once("close", resolve));
}

/** Settles when the bytes have left, or the connection is gone. */
function write(peer, bytes) {
  return new Promise((resolve) => peer.write(bytes, resolve));
}

function text(payload) {
  return encodeClientFrame({ opcode: TEXT, payload });
}

async function* endless() {
  for (;;) {
    yield "more and more";
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Takes what still comes, so that a client which pulls is not held back by its own queue. */
async function drain(socket) {
  try {
    while ((await socket.receive()) !== null);
  } catch {
    // messages are pushed, or the connection is over
  }
}

function expectReport(report, expected) {
  for (const [name, value] of Object.entries(expected)) {
    if (report[name] !== value) throw new Error(`${name}: expected ${value}: ${JSON.stringify(report)}`);
  }
}

async function expectRejection(promise, code) {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  if (error?.code !== code) throw new Error(`expected ${code}, not ${error?.code}`);
}
