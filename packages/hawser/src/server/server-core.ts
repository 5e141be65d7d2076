import type { TransportSocket } from "../socket/index.js";
import type { PendingAdmission } from "./handshake/admission.js";
import { CloseLog } from "./logs/close-log.js";
import { ConnectionLimits } from "./limits/connection-limits.js";
import { MemoryGuard } from "./limits/memory-guard.js";
import { PathRouter } from "./path-router.js";
import { RefusalLog } from "./logs/refusal-log.js";
import { isLoopback } from "./listener/server-address.js";
import type { ServerAddress } from "./listener/server-address.js";
import type { ResolvedServerOptions } from "./server-options.js";
import type { ServerStats } from "./server-stats.js";
import type { ServiceEntry } from "./service-entry.js";
import { createSocketIds } from "./socket-ids.js";
import { StallLog } from "./limits/stall-log.js";
import type { UpgradeHome } from "./handshake/upgrade.js";

/** What all listeners and services of one server share: its services, connections, limits and logs. */
export class ServerCore {
  readonly options: ResolvedServerOptions;
  readonly router: PathRouter<ServiceEntry> = new PathRouter();
  readonly sockets: Set<TransportSocket> = new Set();
  /** The services that have sockets, removed ones among them. */
  readonly busy: Set<ServiceEntry> = new Set();
  /** The admissions that wait. */
  readonly pending: Set<PendingAdmission> = new Set();
  readonly refusals: RefusalLog;
  readonly closeLog: CloseLog;
  readonly limits: ConnectionLimits;
  /** These two may be changed while it runs. */
  origins: ResolvedServerOptions["origins"];
  hosts: ResolvedServerOptions["hosts"];
  readonly #memory: MemoryGuard;
  readonly #stalls: StallLog;
  readonly #nextId: () => string;
  readonly #isClosing: () => boolean;

  constructor(options: ResolvedServerOptions, isClosing: () => boolean) {
    const { log, runtime, serverLimits, trustedProxies } = options;
    const { maxMemoryBytes } = serverLimits;
    this.options = options;
    this.origins = options.origins;
    this.hosts = options.hosts;
    this.refusals = new RefusalLog(log, runtime);
    this.closeLog = new CloseLog(log, runtime);
    this.#memory = new MemoryGuard({ ...options, maxMemoryBytes, sockets: this.sockets });
    this.#stalls = new StallLog(runtime, log);
    const isMemoryShort = (): boolean => this.#memory.isShort;
    this.limits = new ConnectionLimits({
      ...serverLimits,
      trustedProxies,
      overTls: options.tls !== null,
      isMemoryShort,
      runtime,
      log,
    });
    this.#nextId = createSocketIds(runtime.random);
    this.#isClosing = isClosing;
  }

  /** What the way of a request needs, for requests that come to one of these addresses. */
  createHome(listAddresses: () => readonly ServerAddress[]): UpgradeHome {
    const { options, router, refusals, limits, pending } = this;
    const getOrigins = (): ResolvedServerOptions["origins"] => this.origins;
    // by default any, but on a loopback address those alone that are listed
    const getHosts = (): ResolvedServerOptions["hosts"] => this.hosts ?? (listAddresses().some(isLoopback) ? [] : null);
    return {
      options,
      rules: {
        limits: options.handshakeLimits,
        router,
        get origins() {
          return getOrigins();
        },
        get hosts() {
          return getHosts();
        },
      },
      refusals,
      limits,
      isClosing: this.#isClosing,
      pending,
      nextId: this.#nextId,
      onOpen: (socket, service) => this.#add(socket, service),
    };
  }

  /** A socket of the service is over. */
  delete(socket: TransportSocket, service: ServiceEntry): void {
    this.sockets.delete(socket);
    service.sockets.delete(socket);
    if (service.sockets.size === 0) this.busy.delete(service);
    this.#memory.onClosed(socket);
    this.#stalls.watch(this.sockets.size);
  }

  stats(): ServerStats {
    const { maxMemoryBytes } = this.options.serverLimits;
    return {
      connections: this.sockets.size,
      isOverloaded: this.#memory.isShort || this.limits.isFull,
      heldBytes: this.options.runtime.ledger.chargedBytes,
      maxMemoryBytes,
      refused: this.refusals.counts,
      unclean: this.closeLog.unclean,
      shed: this.closeLog.shed,
    };
  }

  #add(socket: TransportSocket, service: ServiceEntry): void {
    this.sockets.add(socket);
    this.#memory.onOpen();
    this.#stalls.watch(this.sockets.size);
    service.sockets.add(socket);
    this.busy.add(service);
  }
}
