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
}

/** Makes the function that tells how a server is. */
export function createHealth(getServer: () => Server): () => Health {
  const startedAt = performance.now();
  const version = readVersion();
  return () => {
    const server = getServer();
    const reason = server.state === "listening" ? null : "the server is closing";
    return {
      status: "ok",
      version,
      uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
      ready: reason === null,
      reason,
      connections: server.sockets.size,
    };
  };
}
