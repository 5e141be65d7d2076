import { createMisuse } from "./client-errors.js";
import { resolveClientOptions } from "./client-options.js";
import type { Client, ClientOptions, ClientUrl } from "./client-types.js";
import type { Connector } from "./connector.js";
import { pushKey } from "./message-link.js";
import { countBytes } from "./outgoing-queue.js";
import type { ClientPlatform } from "./platform.js";
import { createSession } from "./session.js";

/**
 * Creates a client of `url` over `connector`. It does nothing before `connect`.
 * @throws UsageError INVALID_ARGUMENT for a URL or an option that cannot be
 */
export function createClientCore(
  connector: Connector,
  platform: ClientPlatform,
  url: ClientUrl,
  options: ClientOptions = {},
): Client {
  const session = createSession(connector, platform, url, resolveClientOptions(options, connector.capabilities.ping));
  const { events, link, logins } = session;
  const { run, on } = events;
  const client: Client = {
    get state() {
      return session.state;
    },
    get session() {
      return logins.session;
    },
    get url() {
      return session.url;
    },
    get queued() {
      return link.queued;
    },
    get lastClose() {
      return session.lastClose;
    },
    get counters() {
      return link.counters;
    },
    connect: (limits = {}) => run(() => session.connect(limits)),
    disconnect: (code = 1000, reason = "") => {
      const isCode = code === 1000 || (code >= 3000 && code <= 4999);
      if (!isCode || countBytes(reason) > 123) throw createMisuse("code", code, "1000 or 3000 to 4999, and 123 bytes");
      return run(() => session.disconnect(code, reason));
    },
    login: (credentials) => run(() => logins.add("login", credentials)),
    logout: () =>
      run(() => {
        // what it answers is nothing
        if (link.isOpen || session.state === "logging-in") return logins.add("logout") as Promise<void>;
        logins.forget();
        return Promise.resolve();
      }),
    request: (action, data, limits = {}) => run(() => link.request({ action, data }, limits)),
    publish: (channel, data, { event, key, ...limits } = {}) =>
      // what it answers is nothing
      run(() => link.request({ action: "publish", channel, event, key, data }, limits)) as Promise<void>,
    send: (message, limits = {}) => run(() => link.send(message, limits)),
    subscribe: (channel) => run(() => link.subscriptions.subscribe(channel)),
    on,
    onPush: (event, handler) => on(pushKey(event), handler),
    events: (name) => events.iterate(name, session.iterators),
    [Symbol.asyncDispose]: () => client.disconnect(),
  };
  return client;
}
