import type { Server as NetServer, Socket as NetSocket } from "node:net";
import type { ConnectionLimits } from "../limits/connection-limits.js";
import { DescriptorGuard } from "../limits/descriptor-guard.js";
import type { ResolvedServerOptions } from "../server-options.js";

/** Applies the limits on connections to a listener of our own. */
export function guardListener(
  server: NetServer,
  limits: ConnectionLimits,
  options: ResolvedServerOptions,
): DescriptorGuard {
  const guard = new DescriptorGuard({
    runtime: options.runtime,
    log: options.log,
    isNeeded: () => limits.size > 0,
    onShortage: () => limits.dropWaiting(),
  });
  const { maxAccepted } = limits;
  if (maxAccepted !== undefined) server.maxConnections = maxAccepted;
  server.on("connection", (stream: NetSocket) => {
    limits.onAccepted(stream);
    guard.start();
  });
  server.on("drop", () => limits.onDropped());
  return guard;
}
