import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { HttpsProxyAgent } from "https-proxy-agent";
import { systemCode } from "../program-error.js";
import type { ProxyAddress } from "./proxy-address.js";
import { describeConnectAnswer, describeUnreachable } from "./proxy-error.js";
import type { Tunnel } from "./tunnel.js";

type ConnectOptions = Parameters<HttpsProxyAgent<string>["connect"]>[1];

interface ConnectAnswer {
  readonly statusCode: number;
  readonly statusText: string;
}

/** One connection through an HTTP proxy, by CONNECT. */
export class HttpTunnel extends HttpsProxyAgent<string> implements Tunnel {
  readonly address: ProxyAddress;
  readonly #secure: boolean;
  readonly #attempt: AbortController;
  isThrough = false;

  constructor(address: ProxyAddress, secure: boolean) {
    const attempt = new AbortController();
    const { credentials } = address;
    // not in the URL: the agent shows that to whoever sets DEBUG
    super(address.url, {
      signal: attempt.signal,
      ...(credentials === undefined ? {} : { headers: { "Proxy-Authorization": toBasic(credentials) } }),
    });
    this.address = address;
    this.#secure = secure;
    this.#attempt = attempt;
  }

  /** Known, where the base class looks for it in a stack trace. */
  override isSecureEndpoint(): boolean {
    return this.#secure;
  }

  override async connect(request: ClientRequest, options: ConnectOptions): Promise<Socket> {
    let answer: ConnectAnswer | null = null;
    this.once("proxyConnect", (given: ConnectAnswer) => (answer = given));
    let socket: Socket;
    try {
      socket = await super.connect(request, options);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      throw describeUnreachable(this.address, systemCode(cause), cause);
    }
    const refusal = refusalOf(answer);
    if (refusal !== null) {
      socket.destroy();
      throw describeConnectAnswer(this.address, { host: options.host ?? "", port: Number(options.port) }, refusal);
    }
    this.isThrough = true;
    return socket;
  }

  abandon(): void {
    this.#attempt.abort();
  }
}

function refusalOf(answer: ConnectAnswer | null): ConnectAnswer | null {
  return answer === null || answer.statusCode === 200 ? null : answer;
}

function toBasic({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
