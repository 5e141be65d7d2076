import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe } from "vitest";
import { Inbox } from "./inbox.js";
import { timeout } from "./patience.js";
import { webSocketContract } from "./web-socket-contract.js";
import type { WebPeer } from "./web-socket-contract.js";
import type { PeerCommand, PeerReport } from "./web-socket-peer.mjs";

const node24 = process.env["HAWSER_NODE24"];
const script = new URL("node-peer.mjs", import.meta.url).pathname;

describe.skipIf(node24 === undefined)("the global WebSocket of Node.js 24, and our server", { timeout }, () => {
  let child: ChildProcessByStdio<Writable, Readable, null>;
  const reports = new Inbox<PeerReport>();

  beforeAll(() => {
    child = spawn(node24 ?? "", [script], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: child.stdout }).on("line", (line) => reports.push(JSON.parse(line) as PeerReport));
  });

  afterAll(() => void child.kill("SIGKILL"));

  const run = (command: PeerCommand): Promise<void> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return Promise.resolve();
  };

  /** The one process for all tests, once it has forgotten the connection of the test before. */
  const startPeer = async (): Promise<WebPeer> => {
    await run({ run: "forget" });
    while ((await reports.next()).event !== "forgotten");
    return { reports, run };
  };

  webSocketContract(startPeer, { compresses: false });
});
