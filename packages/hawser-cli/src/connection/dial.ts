import { connect, type ConnectOptions, type Socket } from "hawser/socket";
import { chooseProxy, type ProxyAddress } from "../proxy/proxy-address.js";
import { openTunnel } from "../proxy/open-tunnel.js";
import type { Tunnel } from "../proxy/tunnel.js";
import { createConnectFault } from "./connect-fault.js";
import type { ConnectionChoice } from "./connection-options.js";
import { checkServerUrl } from "./server-url.js";
import { readTlsSettings } from "./tls-settings.js";

/** Settings of one connection that no option of `ConnectionChoice` gives. */
export type DialSettings = Pick<ConnectOptions, "protocols" | "heartbeat">;

/** Makes connections to one server, directly or through a proxy, and says in the words of the options why one failed. */
export class Dialer {
  readonly url: string;
  /** What is gone through; undefined: nothing. */
  readonly proxy: ProxyAddress | undefined;
  readonly #choice: ConnectionChoice;
  readonly #settings: ConnectOptions;

  /** @throws ProgramError for a URL, an option or a file that cannot be used */
  constructor(url: string, choice: ConnectionChoice) {
    this.url = checkServerUrl(url);
    this.proxy = chooseProxy(this.url, choice.proxy);
    this.#choice = choice;
    this.#settings = { ...toConnectOptions(choice), ...readTlsSettings(this.url, choice) };
  }

  /** @throws (rejects) ProgramError when no connection was made */
  async connect(settings: DialSettings, signal: AbortSignal): Promise<Socket> {
    const tunnel = await this.#openTunnel();
    try {
      const agent = tunnel === undefined ? {} : { agent: tunnel };
      return await connect(this.url, { ...this.#settings, ...settings, ...agent, signal });
    } catch (error) {
      tunnel?.abandon();
      throw createConnectFault(error, this.#choice, tunnel);
    }
  }

  #openTunnel(): Promise<Tunnel | undefined> {
    if (this.proxy === undefined) return Promise.resolve(undefined);
    const secure = /^(?:wss|https):/i.test(this.url);
    return openTunnel(this.proxy, { secure, timeoutMs: this.#choice.handshakeTimeoutMs });
  }
}

function toConnectOptions(choice: ConnectionChoice): ConnectOptions {
  const { header, origin, maxMessageBytes } = choice;
  return {
    handshakeTimeoutMs: choice.handshakeTimeoutMs,
    perMessageDeflate: choice.deflate ?? false,
    ...(header === undefined ? {} : { headers: header }),
    ...(origin === undefined ? {} : { origin }),
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
  };
}

export const insecureWarning =
  "warning: --insecure accepts any certificate: anyone on the way can read and change everything";
