// What every bench server is told: `--port P --mode M`, and how it says that it is ready.
import { parseArgs } from "node:util";

export const { port, mode } = readOptions();

function readOptions() {
  const { values } = parseArgs({
    options: { port: { type: "string", default: "0" }, mode: { type: "string", default: "requests" } },
  });
  return { port: Number(values.port), mode: values.mode };
}

/** The one line on standard output; the driver waits for it. */
export function announce(listening) {
  console.log(`listening on ${listening}`);
}

export function refuseMode(peer) {
  console.error(`${peer} has no mode "${mode}"`);
  process.exit(2);
}
