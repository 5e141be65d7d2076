/**
 * How gateways of several processes are joined. A gateway opens one node of a backplane; nodes of the same backplane hear each other.
 *
 * What has its place here and is not built yet, each as a further, optional member, so that a backplane without it goes on to work:
 * - positions: `publish` settles with `{ epoch, offset }`, and `onPublication` brings them beside the payload, which stays as it is;
 * - history: `node.history(channel, since, limit)`, with "this is all" or "this is what is left";
 * - presence: `node.enter(channel, member)` and `leave`, kept alive by the node, and `node.present(channel)`;
 * - locating users: `node.locate(user)`: on which nodes;
 * - cluster queries: `node.ask(query, timeoutMs)`: the answers of all nodes, and which nodes did not answer.
 */

/** What a node is told. Its methods do not throw, and do their work at once. */
export interface BackplaneSink {
  /**
   * A publication to `channel`, which this node is subscribed to. In the order of the channel. May come for a moment after `unsubscribe`.
   * The payload is text that a gateway made: one JSON object.
   */
  onPublication(channel: string, payload: string): void;
  /** What another node, or this one, sent by `signal`. */
  onSignal(payload: string): void;
  /** The backplane may have lost publications: whoever keeps positions checks them. */
  onDisturbed(): void;
}

/** How long what was accepted outlives: the process, the backplane's memory, its disk. */
export type Durability = "process" | "memory" | "disk";

/**
 * One gateway's place at a backplane. Order is kept for each channel and publishing node; a node gets its own publications back the same
 * way as others do, and all nodes see one order of a channel. Every promise rejects with a HawserError, when the backplane cannot be
 * reached for example. Channels are compared byte by byte; a backplane whose own names know patterns or case encodes them.
 */
export interface BackplaneNode {
  /** Settles when the backplane took it; subscribers get it later, or at once. */
  publish(channel: string, payload: string): Promise<void>;
  /** When it settles, what is published from now on arrives. Asked for once at a time for a channel. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** Reaches every node, this one too: pushes to users, kicks. In the order of the sender. */
  signal(payload: string): Promise<void>;
  /** Ends the subscriptions. Nothing is told to the sink any more; every later call rejects. */
  close(): Promise<void>;
}

/** Several gateways of one process may share one, each with a node of its own. */
export interface Backplane {
  readonly name: string;
  readonly durability: Durability;
  /** The node may be used at once: what is asked before the backplane is reached waits for that. */
  open(sink: BackplaneSink): BackplaneNode;
}
