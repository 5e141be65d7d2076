// The server under attack: an echo with compression, and counts of all that it was told.
import { createServer } from "hawser/server";
import { defaultRuntime } from "../../../dist/node/index.js";
import { answerCalls } from "../../endurance/scenarios/answer-calls.mjs";

let server;
const opened = { count: 0 };
const received = { bytes: 0 };
const closes = {};
const errors = {};
const logged = {};

answerCalls({
  /** `options` are the server's; "Infinity" stands for the number, which IPC cannot carry. */
  async listen({ options = {} }) {
    server = createServer({ perMessageDeflate: true, logger: createLogger(), ...revive(options) });
    server.service("/echo", {
      open: () => void opened.count++,
      message: (socket, data) => {
        received.bytes += data.length;
        return socket.post(data) ? undefined : socket.drained();
      },
      error: (_socket, error) => note(errors, error.code),
      close: (_socket, report) => note(closes, report.error?.code ?? `closed ${report.code}`),
    });
    return (await server.listen()).port;
  },
  counts: () => ({
    sockets: server.sockets.size,
    opened: opened.count,
    receivedBytes: received.bytes,
    closes,
    errors,
    logged,
    constrainedMemoryBytes: process.constrainedMemory?.(),
  }),
  // without a file: there may be no descriptor left
  sample: () => ({ ledgerBytes: defaultRuntime().ledger.bytes, sockets: server.sockets.size }),
  close: () => server.close({ timeoutMs: 5000, spreadMs: 0 }),
});

function revive(options) {
  const values = Object.entries(options).map(([name, value]) => [name, value === "Infinity" ? Infinity : value]);
  return Object.fromEntries(values);
}

/** Counts lines by level and what they begin with: the rest differs from one to the next. */
function createLogger() {
  const count = (level) => (_fields, message) => note(logged, `${level}: ${/^[^\d":;,(]*/.exec(message)[0].trim()}`);
  return { debug: () => {}, info: count("info"), warn: count("warn"), error: count("error") };
}

function note(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1;
}
