// Every backplane keeps the rules of the port; so does one that delays and reorders between channels.
import { expect, it } from "vitest";
import { createMemoryBackplane } from "../../src/backplanes/memory.js";
import type { Backplane, BackplaneNode, BackplaneSink } from "../../src/gateway/backplane.js";
import { backplaneContract, createSeededRandom } from "../../src/testing/index.js";
import type { BackplanePair } from "../../src/testing/index.js";

function createPair(wrap: (backplane: Backplane) => Backplane = (backplane) => backplane): BackplanePair {
  const backplane = wrap(createMemoryBackplane());
  return { backplanes: [backplane, backplane] };
}

/** A backplane whose nodes and sinks are changed. */
function change(
  backplane: Backplane,
  changed: {
    sink?: (sink: BackplaneSink) => Partial<BackplaneSink>;
    node?: (node: BackplaneNode, sink: BackplaneSink) => Partial<BackplaneNode>;
  },
): Backplane {
  return {
    name: backplane.name,
    durability: backplane.durability,
    open: (sink) => {
      const node = backplane.open({ ...forward(sink), ...changed.sink?.(sink) });
      const own: BackplaneNode = {
        publish: (channel, payload) => node.publish(channel, payload),
        subscribe: (channel) => node.subscribe(channel),
        unsubscribe: (channel) => node.unsubscribe(channel),
        signal: (payload) => node.signal(payload),
        close: () => node.close(),
      };
      return { ...own, ...changed.node?.(node, sink) };
    },
  };
}

function forward(sink: BackplaneSink): BackplaneSink {
  return {
    onPublication: (channel, payload) => sink.onPublication(channel, payload),
    onSignal: (payload) => sink.onSignal(payload),
    onDisturbed: () => sink.onDisturbed(),
  };
}

/** Publications of a channel come late, all of it in order; what was published to another meanwhile may come before. */
function delayBetweenChannels(backplane: Backplane, seed: number): Backplane {
  const random = createSeededRandom(seed);
  const lines = new Map<string, Promise<void>>();
  const wait = async (): Promise<void> => {
    for (let turns = random.below(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  };
  return change(backplane, {
    node: (node) => ({
      publish: (channel, payload) => {
        const line = (lines.get(channel) ?? Promise.resolve()).then(wait).then(() => node.publish(channel, payload));
        lines.set(
          channel,
          line.catch(() => {}),
        );
        return line;
      },
    }),
  });
}

const memory = backplaneContract("memory", () => createPair());
const late = backplaneContract("memory, late and out of order between channels", () =>
  createPair((backplane) => delayBetweenChannels(backplane, 7)),
);

it.each([...memory, ...late])("$name", async ({ run }) => {
  await expect(run()).resolves.toBeUndefined();
});

// A suite that cannot fail proves nothing: each of these breaks one rule.
const soon = async (): Promise<void> => {};
const broken: Record<string, (backplane: Backplane) => Backplane> = {
  "keeps a node's own publications from it": (backplane) => {
    let publishing: BackplaneSink | undefined;
    return change(backplane, {
      sink: (sink) => ({ onPublication: (...args) => (publishing === sink ? undefined : sink.onPublication(...args)) }),
      node: (node, sink) => ({
        publish: async (...args) => {
          publishing = sink;
          await node.publish(...args);
          publishing = undefined;
        },
      }),
    });
  },
  "changes payloads": (backplane) =>
    change(backplane, {
      node: (node) => ({ publish: (channel, payload) => node.publish(channel, payload.trim().replaceAll("🜂", "?")) }),
    }),
  "loses order": (backplane) =>
    change(backplane, {
      node: (node) => ({
        publish: async (channel, payload) => {
          if (payload.endsWith("3")) await new Promise((resolve) => setImmediate(resolve));
          await node.publish(channel, payload);
        },
      }),
    }),
  "mixes up case": (backplane) =>
    change(backplane, {
      node: (node) => ({
        publish: (channel, payload) => node.publish(channel.toLowerCase(), payload),
        subscribe: (channel) => node.subscribe(channel.toLowerCase()),
      }),
    }),
  "goes on after unsubscribe": (backplane) => change(backplane, { node: () => ({ unsubscribe: soon }) }),
  "subscribes later than it says": (backplane) =>
    change(backplane, {
      node: (node) => ({
        subscribe: async (channel) => void setImmediate(() => void node.subscribe(channel).catch(() => {})),
      }),
    }),
  "signals others alone": (backplane) => {
    let signalling: BackplaneSink | undefined;
    return change(backplane, {
      sink: (sink) => ({ onSignal: (payload) => (signalling === sink ? undefined : sink.onSignal(payload)) }),
      node: (node, sink) => ({
        signal: async (payload) => {
          signalling = sink;
          await node.signal(payload);
          signalling = undefined;
        },
      }),
    });
  },
  "goes on after close": (backplane) => change(backplane, { node: () => ({ close: soon }) }),
};

/** So many turns of the event loop later: everything here is done in a few, or never. */
async function turns(count: number, outcome: string): Promise<string> {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
  return outcome;
}

it.each(Object.entries(broken))("finds out a backplane that %s", async (_fault, wrap) => {
  const cases = backplaneContract("broken", () => createPair(wrap));
  const outcomes = await Promise.all(
    cases.map(({ run }) =>
      Promise.race([
        run().then(
          () => "passed",
          () => "failed",
        ),
        turns(1000, "waits for ever"),
      ]),
    ),
  );
  expect(outcomes.filter((outcome) => outcome !== "passed").length).toBeGreaterThan(0);
  expect(outcomes).toContain("passed");
});

it("leaves nothing of a channel behind when the last node has left it", async () => {
  const backplane = createMemoryBackplane();
  const seen: string[] = [];
  const sink = { onPublication: (channel: string) => seen.push(channel), onSignal: () => {}, onDisturbed: () => {} };
  const [one, two] = [backplane.open(sink), backplane.open(sink)];
  await one.subscribe("deals");
  await two.subscribe("deals");
  await one.close();
  await two.unsubscribe("deals");
  await two.publish("deals", "{}");
  expect(seen).toEqual([]);
});
