import type { Server } from "hawser/server";
import { readVersion } from "../package-files.js";

/** What `/healthz` tells, and in part `/readyz`. */
export interface Health {
  readonly status: "ok";
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Whether connections should be sent here. */
  readonly ready: boolean;
  /** Why not. */
  readonly reason: string | null;
  readonly connections: number;
  /** Whether there is a gateway at `/gateway`. */
  readonly gateway: boolean;
  /** What connections hold by the library's account, and the limit on it; null: none. */
  readonly memory: { readonly heldBytes: number; readonly maxBytes: number | null };
  /** Since the start: handshakes refused, by rule; connections cut off, of which some for want of memory. */
  readonly refused: Readonly<Record<string, number>>;
  readonly unclean: number;
  readonly shed: number;
}

/** Makes the function that tells how a server is. */
export function createHealth(getServer: () => Server, { gateway }: Pick<Health, "gateway">): () => Health {
  const startedAt = performance.now();
  const version = readVersion();
  return () => {
    const server = getServer();
    const { connections, heldBytes, maxMemoryBytes, refused, unclean, shed, isOverloaded } = server.stats();
    const overload = isOverloaded ? "the server has no room for more connections" : null;
    const reason = server.state === "listening" ? overload : "the server is closing";
    return {
      status: "ok",
      version,
      uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
      ready: reason === null,
      reason,
      connections,
      gateway,
      memory: { heldBytes, maxBytes: maxMemoryBytes === Infinity ? null : maxMemoryBytes },
      refused,
      unclean,
      shed,
    };
  };
}
