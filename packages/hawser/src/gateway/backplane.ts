/** What gateways of several processes tell each other through a Backplane. The payload is text that the gateway made. */
export interface BackplaneSink {
  /** A publication to `channel`, which this node is subscribed to. In the order of the channel. */
  onPublication(channel: string, payload: string): void;
  /** What another node, or this one, sent by `signal`. */
  onSignal(payload: string): void;
  /** The backplane may have lost publications: whoever keeps positions checks them. */
  onDisturbed(): void;
}

/** How long what was accepted outlives: the process, the backplane's memory, its disk. */
export type Durability = "process" | "memory" | "disk";

/**
 * Joins the gateways of several processes. Order is kept for each channel; a node gets its own publications back the same way as
 * others do, so that everyone sees the same order. Every promise rejects with a HawserError.
 */
export interface Backplane {
  readonly name: string;
  readonly durability: Durability;
  /** To be called once, before anything else. */
  open(sink: BackplaneSink): Promise<void>;
  /** Settles when the backplane took it; subscribers get it later, or at once. */
  publish(channel: string, payload: string): Promise<void>;
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** Reaches every node, this one too: pushes to users, kicks. */
  signal(payload: string): Promise<void>;
  close(): Promise<void>;
}
