import { ConnectionError } from "../internal/errors.js";
import type { Backplane, BackplaneNode, BackplaneSink } from "../gateway/backplane.js";

/**
 * Joins the gateways of one process that are given it; it is what a gateway has by default, alone. Nothing outlives the process.
 *
 * @example
 * const backplane = createMemoryBackplane();
 * const inside = createGateway({ backplane, authenticate });
 * const outside = createGateway({ backplane, authenticate });
 */
export function createMemoryBackplane(): Backplane {
  return new MemoryBackplane();
}

class MemoryBackplane implements Backplane {
  readonly name = "memory";
  readonly durability = "process";
  readonly #nodes: Set<MemoryNode> = new Set();
  readonly #subscribers: Map<string, Set<MemoryNode>> = new Map();
  /** What was published while something else is being delivered: it comes behind that, at every node. */
  readonly #waiting: (() => void)[] = [];
  #delivering = false;

  open(sink: BackplaneSink): BackplaneNode {
    const node = new MemoryNode(this, sink);
    this.#nodes.add(node);
    return node;
  }

  // Called by nodes

  publish(channel: string, payload: string): void {
    this.#deliver(() => {
      for (const node of this.#subscribers.get(channel) ?? []) node.sink?.onPublication(channel, payload);
    });
  }

  signal(payload: string): void {
    this.#deliver(() => {
      for (const node of this.#nodes) node.sink?.onSignal(payload);
    });
  }

  subscribe(channel: string, node: MemoryNode): void {
    const nodes = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, nodes.add(node));
  }

  unsubscribe(channel: string, node: MemoryNode): void {
    const nodes = this.#subscribers.get(channel);
    nodes?.delete(node);
    if (nodes?.size === 0) this.#subscribers.delete(channel);
  }

  remove(node: MemoryNode): void {
    this.#nodes.delete(node);
  }

  #deliver(what: () => void): void {
    this.#waiting.push(what);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next();
    } finally {
      this.#delivering = false;
    }
  }
}

class MemoryNode implements BackplaneNode {
  /** undefined: closed. */
  sink: BackplaneSink | undefined;
  readonly #backplane: MemoryBackplane;
  readonly #channels: Set<string> = new Set();

  constructor(backplane: MemoryBackplane, sink: BackplaneSink) {
    this.#backplane = backplane;
    this.sink = sink;
  }

  async publish(channel: string, payload: string): Promise<void> {
    this.#requireOpen("publish");
    this.#backplane.publish(channel, payload);
  }

  async subscribe(channel: string): Promise<void> {
    this.#requireOpen("subscribe");
    this.#channels.add(channel);
    this.#backplane.subscribe(channel, this);
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#requireOpen("unsubscribe");
    this.#channels.delete(channel);
    this.#backplane.unsubscribe(channel, this);
  }

  async signal(payload: string): Promise<void> {
    this.#requireOpen("signal");
    this.#backplane.signal(payload);
  }

  async close(): Promise<void> {
    if (this.sink === undefined) return;
    this.sink = undefined;
    for (const channel of this.#channels) this.#backplane.unsubscribe(channel, this);
    this.#channels.clear();
    this.#backplane.remove(this);
  }

  #requireOpen(call: string): void {
    if (this.sink !== undefined) return;
    throw new ConnectionError("CONNECTION_CLOSED", `${call} is not possible: the backplane's node was closed`, {
      facts: { call },
    });
  }
}
