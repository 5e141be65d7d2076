import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, describe } from "vitest";
import { Inbox } from "./inbox.js";
import { webSocketContract } from "./web-socket-contract.js";
import type { WebPeer } from "./web-socket-contract.js";
import type { PeerReport } from "./web-socket-peer.mjs";

const node24 = process.env["HAWSER_NODE24"];
const script = new URL("node-peer.mjs", import.meta.url).pathname;
const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0)) end();
});

describe.skipIf(node24 === undefined)("the global WebSocket of Node.js 24, and our server", () => {
  webSocketContract(startPeer, { compresses: false });
});

/** A process of Node.js 24, which is ended after the test. */
function startPeer(): Promise<WebPeer> {
  const child = spawn(node24 ?? "", [script], { stdio: ["pipe", "pipe", "inherit"] });
  endings.push(() => child.kill("SIGKILL"));
  const reports = new Inbox<PeerReport>();
  createInterface({ input: child.stdout }).on("line", (line) => reports.push(JSON.parse(line) as PeerReport));
  return Promise.resolve({
    reports,
    run(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return Promise.resolve();
    },
  });
}
