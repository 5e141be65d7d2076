import type { Server as NetServer } from "node:net";
import { UsageError } from "../../internal/errors.js";
import { AttachedUpgrades } from "./attached-upgrades.js";
import { readAddress } from "./server-address.js";
import type { ServerAddress } from "./server-address.js";
import type { UpgradeHome } from "../handshake/upgrade.js";

/** A server's place at an HTTP server. */
export interface Attachment {
  /** Takes no more connections from the HTTP server; those that are open go on. Idempotent. */
  detach(): void;
}

/** The HTTP servers that one server is attached to. */
export class Attachments {
  readonly #attached: Map<NetServer, Attachment> = new Map();
  readonly #createHome: (listAddresses: () => readonly ServerAddress[]) => UpgradeHome;

  constructor(createHome: (listAddresses: () => readonly ServerAddress[]) => UpgradeHome) {
    this.#createHome = createHome;
  }

  get isEmpty(): boolean {
    return this.#attached.size === 0;
  }

  /** Where they listen. */
  get addresses(): readonly ServerAddress[] {
    return [...this.#attached.keys()].map(addressOf);
  }

  /** @throws UsageError INVALID_ARGUMENT when it is no HTTP server */
  add(server: NetServer): Attachment {
    checkHttpServer(server);
    const known = this.#attached.get(server);
    if (known !== undefined) return known;
    const upgrades = AttachedUpgrades.of(server);
    const home = this.#createHome(() => [addressOf(server)]);
    const attachment: Attachment = {
      detach: () => {
        upgrades.remove(home);
        // it may have been attached again since
        if (this.#attached.get(server) === attachment) this.#attached.delete(server);
      },
    };
    upgrades.add(home);
    if ("headersTimeout" in server && server.headersTimeout === 0) {
      home.options.log.warn({}, "the HTTP server has no headersTimeout: clients may take for ever for their requests");
    }
    this.#attached.set(server, attachment);
    return attachment;
  }

  detachAll(): void {
    for (const attachment of this.#attached.values()) attachment.detach();
  }
}

function addressOf(server: NetServer): ServerAddress {
  return readAddress(server.address());
}

/** By what it can do: a framework may wrap the server that it gives out. A `net.Server` has no `setTimeout`. */
function checkHttpServer(value: unknown): void {
  const isObject = typeof value === "object" && value !== null;
  const isServer = isObject && needed.every((name) => name in value && typeof Reflect.get(value, name) === "function");
  if (isServer) return;
  const shown = typeof value === "function" ? "a function" : value === null ? "null" : `of type ${typeof value}`;
  const expected =
    "a server of node:http or node:https, such as app.listen() of Express returns or app.server of Fastify is";
  throw new UsageError("INVALID_ARGUMENT", `the HTTP server to attach to is ${shown}: expected ${expected}`, {
    facts: { name: "httpServer", value: shown },
  });
}

const needed = ["on", "off", "prependListener", "listeners", "listenerCount", "address", "setTimeout"];
