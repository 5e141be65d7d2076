// REL-D17 and REL-D18: a process that stands still, and a network that takes everything and brings nothing.
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { startProcess } from "./process-pair.mjs";

const LOST = "1006 HEARTBEAT_TIMEOUT";

/**
 * The server is stopped while answers to its heartbeats are on the way, for longer than it waits for them: the clients
 * stand still until the pings are out, and answer when the server cannot read.
 */
export async function runStandstill({ connections, stopMs, heartbeat }) {
  const server = startProcess("./silence-process.mjs");
  const client = startProcess("./silence-process.mjs");
  try {
    const port = await server.call("listen", { heartbeat });
    await client.call("open", { port, count: connections, heartbeat: false });
    process.kill(client.pid, "SIGSTOP");
    await sleep(heartbeat.intervalMs + heartbeat.timeoutMs / 4);
    process.kill(server.pid, "SIGSTOP");
    process.kill(client.pid, "SIGCONT");
    await sleep(stopMs);
    process.kill(server.pid, "SIGCONT");
    // a false alarm would be raised at once
    const { server: ended } = await server.call("ended", { server: 1, limitMs: 1000 });
    const echoed = await client.call("echo");
    const stalls = await server.call("stalls");
    const wrong = [];
    if (ended.length > 0) wrong.push(`${ended.length} connections ended: ${ended[0]}`);
    if (echoed !== connections) wrong.push(`${connections - echoed} connections bring no echo`);
    if (stalls.length !== 1) wrong.push(`the log told ${stalls.length} times of a standstill`);
    if (stalls.some((ms) => ms < stopMs / 2)) wrong.push(`the log told of ${stalls.join()} ms`);
    return { stalls, wrong };
  } finally {
    await Promise.all([server.stop(), client.stop()]);
  }
}

/**
 * Both sides in one network, which is then cut. Without a heartbeat nobody notices. Where a process cannot have a network of
 * its own, a relay between the two stops relaying.
 */
export async function runHalfOpen({ connections, heartbeat, limitMs }) {
  const ownNetwork = spawnSync("unshare", ["--map-root-user", "--net", "true"]).status === 0;
  const both = startProcess("./silence-process.mjs", { ownNetwork });
  try {
    const port = await both.call("listen", { heartbeat });
    const way = ownNetwork ? port : await both.call("relay", { port });
    await both.call("open", { port: way, count: connections, heartbeat });
    const echoed = await both.call("echo");
    await both.call("cut", { ownNetwork });
    const ends = await both.call("ended", { server: connections, client: connections, limitMs });
    const wrong = echoed === connections ? [] : ["the connections did not work before"];
    for (const [side, found] of Object.entries(ends)) {
      const missed = connections - found.filter((end) => end === LOST).length;
      if (missed !== 0) wrong.push(`${missed} of ${connections} were not found lost by the ${side}`);
    }
    return { ends, ownNetwork, wrong };
  } finally {
    await both.stop();
  }
}
