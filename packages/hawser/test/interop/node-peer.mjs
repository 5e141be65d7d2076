// Drives the global WebSocket of the Node.js that runs it: a command a line on standard input, a report a line on
// standard output. It ends with its input.
import { createInterface } from "node:readline";
import { createPeer } from "./web-socket-peer.mjs";

const run = createPeer((report) => process.stdout.write(`${JSON.stringify(report)}\n`));
for await (const line of createInterface({ input: process.stdin })) run(JSON.parse(line));
process.exit(0);
