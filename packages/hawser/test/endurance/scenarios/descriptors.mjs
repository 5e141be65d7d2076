// REL-D6, REL-D7: a crowd of silent connections on a server with 256 file descriptors.
import { startProcess } from "./process-pair.mjs";

/** A busy loop over a connection that cannot be accepted would be 1. */
const MAX_UTILIZATION = 0.6;

/** `unlimited`: the server's own limit is off, so that descriptors do run out. */
export async function runDescriptors({ connections, crowd, unlimited }) {
  const server = startProcess("./descriptors-server.mjs", { setUp: "ulimit -n 256" });
  const client = startProcess("./descriptors-client.mjs");
  try {
    const port = await server.call("listen", { unlimited });
    await client.call("open", { port, count: connections });
    await client.call("crowd", { port, count: crowd });
    const utilization = await server.call("measureIdle", { ms: 2500 });
    const echoed = await client.call("echo");
    const during = await server.call("counts");
    await client.call("leave");
    await client.call("openOneMore", { port });
    const echoedAfter = await client.call("echo");
    const { faults } = await server.call("probe");
    const result = { ...during, utilization, echoed, echoedAfter };
    return { ...result, wrong: [...faults, ...judge(result, connections)] };
  } finally {
    await Promise.all([server.stop(), client.stop()]);
  }
}

function judge({ utilization, echoed, echoedAfter, errors }, connections) {
  const wrong = [];
  if (echoed !== connections) wrong.push(`${connections - echoed} connections lost their echo`);
  if (echoedAfter !== connections + 1) wrong.push("no new connection can be used afterwards");
  if (utilization > MAX_UTILIZATION) wrong.push(`the event loop was busy for ${utilization} of the time`);
  if (errors > 1) wrong.push(`${errors} errors were logged within ten seconds`);
  return wrong;
}
