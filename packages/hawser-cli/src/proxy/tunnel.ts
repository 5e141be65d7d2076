import type { Agent } from "node:http";
import type { ProxyAddress } from "./proxy-address.js";

/** The agent of one connection through a proxy. */
export interface Tunnel extends Agent {
  readonly address: ProxyAddress;
  /** Whether the proxy has led to the server: what fails from then on is the server's. */
  readonly isThrough: boolean;
  /** Ends what is still under way. */
  abandon(): void;
}
