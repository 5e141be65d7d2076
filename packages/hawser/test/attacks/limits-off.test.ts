import { expect, it } from "vitest";
import { LAB_LIMIT_MS, runLab } from "./run-lab.js";

// A test of a limit is worth something if it fails without the limit. Each attack here runs against a server that has the
// limit, and all is well; and against one where it is off, and the lab has to notice.

const OFF = "Infinity";
/** For so long at most an attack goes on that a limit has to end: much longer than it takes. */
const LIMITED = { seconds: 60, minSeconds: 0, processes: 1 };
/** How long one goes on that nothing ends. */
const UNLIMITED = { seconds: 3, processes: 1 };
/** Times that are short enough for a test. */
const quick = { handshakeTimeoutMs: 500, writeTimeoutMs: 500, heartbeat: { intervalMs: 300, timeoutMs: 300 } };

const attacksOnTimeAndParts = [
  { kind: "slow", count: 20, expect: ["http 408"] },
  { kind: "silent", count: 20, expect: ["http 408"] },
  { kind: "endless header", count: 2, expect: ["http 431"] },
  { kind: "fragment flood", count: 2, expect: ["close 1008"] },
  { kind: "empty fragments", count: 5, expect: ["close 1008"] },
  { kind: "ping flood", count: 5, expect: ["close 1008"] },
  { kind: "pong flood", count: 5, expect: ["close 1008"] },
  { kind: "never reads", count: 5 },
  { kind: "vanished", count: 5 },
];

it(
  "REL-B1 REL-B2 REL-B4 REL-A13 REL-A14 REL-A18 REL-A19 REL-D1 REL-D18 notices limits on time and parts, and their lack",
  async () => {
    const setup = {
      seed: 1,
      seconds: 3,
      attacks: attacksOnTimeAndParts,
      closes: ["WRITE_TIMEOUT", "HEARTBEAT_TIMEOUT"],
    };
    const limited = await runLab({ ...setup, ...LIMITED, options: quick });
    const unlimited = await runLab({
      ...setup,
      ...UNLIMITED,
      options: {
        handshakeTimeoutMs: OFF,
        maxHeaderBytes: OFF,
        maxFramesPerMessage: OFF,
        maxEmptyFrames: OFF,
        maxControlFramesPerSecond: OFF,
        writeTimeoutMs: OFF,
        heartbeat: false,
      },
    });

    expect(limited.wrong).toEqual([]);
    expect(unlimited.wrong.toSorted()).toEqual([
      "empty fragments: none ended with close 1008",
      "endless header: none ended with http 431",
      "fragment flood: none ended with close 1008",
      "no connection ended with HEARTBEAT_TIMEOUT",
      "no connection ended with WRITE_TIMEOUT",
      "ping flood: none ended with close 1008",
      "pong flood: none ended with close 1008",
      "silent: none ended with http 408",
      "slow: none ended with http 408",
    ]);
  },
  LAB_LIMIT_MS,
);

it.each([
  ["REL-D5 maxConnectionsPerAddress", { maxConnectionsPerAddress: 10, exempt: [] }, "http 429"],
  ["REL-D6 maxConnections", { maxConnections: 60 }, "http 503"],
  ["maxOpeningsPerSecond", { maxOpeningsPerSecond: 40 }, "http 503"],
])(
  "%s: notices it, and its lack",
  async (_name, options, answer) => {
    const attacks = [{ kind: "vanished", count: 160, expect: [answer] }];
    const off = Object.fromEntries(Object.keys(options).map((name) => [name, name === "exempt" ? [] : OFF]));

    const limited = await runLab({ seed: 2, ...LIMITED, attacks, options });
    const unlimited = await runLab({ seed: 2, ...UNLIMITED, attacks, options: off });

    expect(limited.wrong).toEqual([]);
    expect(unlimited.wrong).toEqual([`vanished: none ended with ${answer}`]);
  },
  LAB_LIMIT_MS,
);

it(
  "REL-C3 maxInflatedBytesPerSecond: notices it, and its lack",
  async () => {
    const mib = 1024 * 1024;
    // what they send is 32 times as much
    const setup = { seed: 4, ...UNLIMITED, attacks: [{ kind: "inflater", count: 2 }], mostReceivedBytes: 16 * mib };

    const limited = await runLab({ ...setup, options: { maxInflatedBytesPerSecond: mib } });
    const unlimited = await runLab({ ...setup, options: { maxInflatedBytesPerSecond: OFF } });

    expect(limited.wrong).toEqual([]);
    expect(unlimited.wrong).toEqual([expect.stringMatching(/^messages of \d+ bytes were received$/)]);
  },
  LAB_LIMIT_MS,
);

/** Killed by its cage, or seen to have had too much. */
const tooMuchMemory = /killed for want of memory|bytes of memory, more than/;

it.each([
  [
    "REL-C1 maxMessageBytes",
    { kind: "bomb", count: 20, expect: ["close 1009"] },
    160,
    { maxMessageBytes: OFF, maxInflatedBytesPerSecond: OFF, maxMemoryBytes: OFF },
  ],
  [
    "REL-D20 maxMemoryBytes",
    { kind: "hoarder", count: 1500, expect: ["close 1013", "http 503"] },
    512,
    { maxMemoryBytes: OFF },
  ],
])(
  "%s: memory stays within its bound with it, and the lab notices its lack",
  async (_name, attack, cageMiB, off) => {
    const setup = { seed: 3, cageMiB, attacks: [attack] };

    const limited = await runLab({ ...setup, ...LIMITED });
    // until the server is killed
    const unlimited = await runLab({ ...setup, ...UNLIMITED, seconds: 30, options: off });

    expect(limited.wrong).toEqual([]);
    expect(unlimited.wrong).toContainEqual(expect.stringMatching(tooMuchMemory));
  },
  LAB_LIMIT_MS,
);
