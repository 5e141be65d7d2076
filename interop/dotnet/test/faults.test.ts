import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faults, runFault, serverCertificate, tlsFaults } from "../../../packages/hawser/test/client/fault-lab.mjs";
import type { FaultResult, LabServer } from "../../../packages/hawser/test/client/fault-lab.mjs";
import { build, buildTimeoutMs, dotnet } from "./build.js";
import { DotnetPeer } from "./peer.js";

const LIMIT_MS = 30_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** A program stops all its servers or none: what restarts has one of its own. */
const restart = "a server that restarts";
const others = faults.filter((fault) => fault !== restart);

describe.skipIf(dotnet === undefined)("a client of ours and Kestrel", () => {
  const kestrels: Kestrels[] = [];
  const results = new Map<string, Promise<FaultResult>>();

  beforeAll(async () => {
    const assembly = await build();
    const shared = new Kestrels(assembly);
    kestrels.push(shared);
    const start = (fault: string, disconnects: boolean, home: Kestrels): void => {
      const server = home.create(tlsFaults.has(fault) ? serverCertificate : {});
      const seed = faults.indexOf(fault);
      const run = runFault({ fault, server, connector: "node", seed, disconnects, limitMs: LIMIT_MS });
      run.catch(() => {});
      results.set(`${fault} ${disconnects}`, run);
    };
    for (const disconnects of [false, true]) {
      for (const fault of others) start(fault, disconnects, shared);
      const own = new Kestrels(assembly);
      kestrels.push(own);
      start(restart, disconnects, own);
    }
  }, buildTimeoutMs);

  afterAll(() => {
    for (const one of kestrels) one.kill();
  });

  it.each(faults)("comes back: %s", { timeout: 2 * LIMIT_MS }, async (fault) => {
    expect(await results.get(`${fault} false`)).toMatchObject({ wrong: [] });
  });

  it.each(faults)("stays away when it is told to in the middle of: %s", { timeout: 2 * LIMIT_MS }, async (fault) => {
    expect(await results.get(`${fault} true`)).toMatchObject({ wrong: [] });
  });
});

/** One .NET program, and the servers in it: each echoes at a path of its own, by which its connections are known. */
class Kestrels {
  readonly #peer: DotnetPeer;
  readonly #sockets = new Map<string, number[]>();
  #count = 0;

  constructor(assembly: string) {
    this.#peer = new DotnetPeer(assembly);
    void this.#serve();
  }

  create(tls: object): LabServer {
    const path = `/${++this.#count}`;
    return {
      name: "Kestrel",
      envelope: "none",
      path,
      start: async () => Number(new URL((await this.#peer.run("startKestrel", tls)).url).port),
      stop: async () => {
        if (this.#count === 1) await this.#peer.run("forget");
      },
      sendAway: () => {
        for (const id of this.#sockets.get(path) ?? []) {
          // those that are over by now fail
          this.#peer.run("closeOutput", { id, code: 1012 }).catch(() => {});
        }
      },
    };
  }

  kill(): void {
    this.#peer.kill();
  }

  /** Echoes whatever comes, at every server. */
  async #serve(): Promise<void> {
    for (;;) {
      const { event, data } = await this.#peer.events.next();
      if (event !== "accepted") continue;
      this.#sockets.set(data.path, [...(this.#sockets.get(data.path) ?? []), data.id]);
      // a connection that is lost ends it with an exception
      this.#peer.run("echo", { id: data.id }).catch(() => {});
    }
  }
}
