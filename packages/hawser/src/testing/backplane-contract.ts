import assert from "node:assert/strict";
import type { Backplane, BackplaneNode } from "../gateway/backplane.js";
import { HawserError } from "../internal/errors.js";
import type { Deferred } from "../internal/deferred.js";
import { createDeferred } from "../internal/deferred.js";
import type { ContractCase } from "./transport-contract.js";

/** Two backplanes joined to each other, as two processes have them; or one twice, if it joins the gateways of one process. */
export interface BackplanePair {
  readonly backplanes: readonly [Backplane, Backplane];
  /** Called when the case is over, passed or failed. */
  readonly dispose?: () => void | Promise<void>;
}

type Rule = (one: ContractNode, two: ContractNode, pair: BackplanePair) => Promise<void>;

/**
 * The rules of the Backplane port, for every adapter: give each case to the test runner in use.
 *
 * ```ts
 * for (const { name, run } of backplaneContract("mine", createPair)) it(name, run);
 * ```
 */
export function backplaneContract(
  name: string,
  createPair: () => BackplanePair | Promise<BackplanePair>,
): readonly ContractCase[] {
  return Object.entries(rules).map(([rule, check]) => ({
    name: `${name}: ${rule}`,
    run: async () => {
      const pair = await createPair();
      const nodes = [new ContractNode(pair.backplanes[0]), new ContractNode(pair.backplanes[1])] as const;
      try {
        await check(...nodes, pair);
        for (const node of nodes) node.throwFaults();
      } finally {
        await Promise.all(nodes.map((node) => node.node.close()));
        await pair.dispose?.();
      }
    },
  }));
}

const rules: Readonly<Record<string, Rule>> = {
  "says what it is called and how long it keeps what it took": async (_one, _two, { backplanes }) => {
    for (const { name, durability } of backplanes) {
      assert.match(name, /./);
      assert.ok(["process", "memory", "disk"].includes(durability), durability);
    }
  },

  "brings a publication to every node subscribed, the publisher's own too": async (one, two) => {
    await Promise.all([one.node.subscribe("deals"), two.node.subscribe("deals")]);
    await one.node.publish("deals", '{"a":1}');
    await two.node.publish("deals", '{"a":2}');
    await Promise.all([one, two].map((node) => node.until("deals", 2)));
    assert.deepEqual(one.of("deals").toSorted(), ['{"a":1}', '{"a":2}']);
  },

  "brings payloads as they are": async (one, two) => {
    const payloads = ['{"text":"Ĝis, 你好, 🜂"}', '{"line":"\\r\\n\\u0000"}', `{"long":"${"x".repeat(60_000)}"}`, "{}"];
    await two.node.subscribe("deals");
    for (const payload of payloads) await one.node.publish("deals", payload);
    await two.until("deals", payloads.length);
    assert.deepEqual(two.of("deals"), payloads);
  },

  "keeps the order in which a node publishes to a channel, also when it does not wait": async (one, two) => {
    const payloads = numbered(500);
    await two.node.subscribe("deals");
    await Promise.all(payloads.map((payload) => one.node.publish("deals", payload)));
    await two.until("deals", payloads.length);
    assert.deepEqual(two.of("deals"), payloads);
  },

  "shows all nodes one order of a channel": async (one, two) => {
    await Promise.all([one.node.subscribe("deals"), two.node.subscribe("deals")]);
    const published = numbered(200).flatMap((payload) => [
      one.node.publish("deals", `{"one":${payload}}`),
      two.node.publish("deals", `{"two":${payload}}`),
    ]);
    await Promise.all(published);
    await Promise.all([one, two].map((node) => node.until("deals", published.length)));
    assert.deepEqual(one.of("deals"), two.of("deals"));
  },

  "keeps channels apart, and each in order": async (one, two) => {
    const channels = Array.from({ length: 50 }, (_, at) => `ticks:${at}`);
    await Promise.all(channels.map((channel) => two.node.subscribe(channel)));
    const payloads = numbered(20);
    await Promise.all(payloads.flatMap((text) => channels.map((channel) => one.node.publish(channel, text))));
    for (const channel of channels) {
      await two.until(channel, payloads.length);
      assert.deepEqual(two.of(channel), payloads);
    }
  },

  "brings what is published from the end of subscribe on, and nothing from the end of unsubscribe on": async (
    one,
    two,
  ) => {
    for (const round of numbered(5)) {
      await one.node.publish("deals", `{"before":${round}}`);
      await two.node.subscribe("deals");
      await one.node.publish("deals", round);
      await two.until("deals", Number(round) + 1);
      await two.node.unsubscribe("deals");
      await one.node.publish("deals", `{"after":${round}}`);
    }
    assert.deepEqual(two.of("deals"), numbered(5));
  },

  "brings nothing to a node that is not subscribed": async (one, two) => {
    await one.node.subscribe("deals");
    await two.node.subscribe("other");
    await one.node.publish("deals", "{}");
    await one.until("deals", 1);
    await one.node.publish("other", "{}");
    await two.until("other", 1);
    assert.deepEqual(two.of("deals"), []);
  },

  "compares channels byte by byte": async (one, two) => {
    const channels = ["deals", "Deals", "deals.", "deals:a", "deal", "__proto__", "constructor", "..", "x".repeat(255)];
    await Promise.all(channels.map((channel) => two.node.subscribe(channel)));
    for (const channel of channels) await one.node.publish(channel, JSON.stringify(channel));
    for (const channel of channels) {
      await two.until(channel, 1);
      assert.deepEqual(two.of(channel), [JSON.stringify(channel)]);
    }
  },

  "may be published to from inside of a publication": async (one, two) => {
    await Promise.all([one.node.subscribe("deals"), two.node.subscribe("deals")]);
    one.answer = (payload) => (Number(payload) < 10 ? String(Number(payload) + 1) : undefined);
    await two.node.publish("deals", "1");
    await Promise.all([one, two].map((node) => node.until("deals", 10)));
    assert.deepEqual(two.of("deals"), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    assert.deepEqual(one.of("deals"), two.of("deals"));
  },

  "brings signals to every node, the sender's own too, in the order of the sender": async (one, two) => {
    const payloads = numbered(100);
    await Promise.all(payloads.map((payload) => one.node.signal(payload)));
    await Promise.all([one, two].map((node) => node.untilSignals(payloads.length)));
    assert.deepEqual([one.signals, two.signals], [payloads, payloads]);
  },

  "takes subscriptions of a thousand channels that come and go": async (one, two) => {
    const channels = numbered(1000).map((number) => `room:${number}`);
    await Promise.all(channels.map((channel) => two.node.subscribe(channel)));
    await Promise.all(channels.map((channel) => two.node.unsubscribe(channel)));
    await two.node.subscribe("room:7");
    await Promise.all(channels.map((channel) => one.node.publish(channel, "{}")));
    await two.until("room:7", 1);
    assert.deepEqual(two.all, [["room:7", "{}"]]);
  },

  "tells a closed node nothing more, and the others go on": async (one, two) => {
    await Promise.all([one.node.subscribe("deals"), two.node.subscribe("deals")]);
    await one.node.close();
    await one.node.close();
    one.expectSilence();
    await two.node.publish("deals", "{}");
    await two.node.signal("{}");
    await Promise.all([two.until("deals", 1), two.untilSignals(1)]);
    assert.deepEqual(two.of("deals"), ["{}"]);
  },

  "rejects with a HawserError when its node was closed": async (one) => {
    const { node } = one;
    await node.close();
    const isOurs = (error: unknown): boolean => error instanceof HawserError;
    await assert.rejects(() => node.publish("deals", "{}"), isOurs);
    await assert.rejects(() => node.subscribe("deals"), isOurs);
    await assert.rejects(() => node.unsubscribe("deals"), isOurs);
    await assert.rejects(() => node.signal("{}"), isOurs);
  },
};

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at));
}

interface Watcher extends Deferred<void> {
  readonly test: () => boolean;
}

/** A node under test, and what it was told. */
class ContractNode {
  readonly node: BackplaneNode;
  readonly all: (readonly [channel: string, payload: string])[] = [];
  readonly signals: string[] = [];
  /** What is published to the same channel, from inside. */
  answer: (payload: string) => string | undefined = () => undefined;
  readonly #faults: unknown[] = [];
  #silent = false;
  #watchers: Watcher[] = [];

  constructor(backplane: Backplane) {
    this.node = backplane.open({
      onPublication: (channel, payload) => {
        this.#told(`a publication to ${channel}`);
        this.all.push([channel, payload]);
        const answer = this.answer(payload);
        if (answer !== undefined) this.#publish(channel, answer);
        this.#look();
      },
      onSignal: (payload) => {
        this.#told("a signal");
        this.signals.push(payload);
        this.#look();
      },
      onDisturbed: () => {},
    });
  }

  of(channel: string): string[] {
    return this.all.filter(([name]) => name === channel).map(([, payload]) => payload);
  }

  until(channel: string, count: number): Promise<void> {
    return this.#until(() => this.of(channel).length >= count);
  }

  untilSignals(count: number): Promise<void> {
    return this.#until(() => this.signals.length >= count);
  }

  /** From now on it must be told nothing. */
  expectSilence(): void {
    this.#silent = true;
  }

  throwFaults(): void {
    assert.deepEqual(this.#faults, []);
  }

  #publish(channel: string, payload: string): void {
    this.node.publish(channel, payload).catch((error: unknown) => this.#faults.push(error));
  }

  #told(what: string): void {
    if (this.#silent) this.#faults.push(`${what} came after the close`);
  }

  #until(test: () => boolean): Promise<void> {
    const watcher: Watcher = { ...createDeferred<void>(), test };
    this.#watchers.push(watcher);
    this.#look();
    return watcher.promise;
  }

  #look(): void {
    const met = this.#watchers.filter((watcher) => watcher.test());
    this.#watchers = this.#watchers.filter((watcher) => !met.includes(watcher));
    for (const watcher of met) watcher.resolve();
  }
}
