import { type Client, type ClientClose, ConnectionError, type Publication, type Subscription } from "hawser/client";
import { exitCodes } from "../exit-codes.js";
import { toOneLine } from "../plain-text.js";
import { checkChannel } from "./channel-argument.js";
import { type Tell, withGateway } from "./gateway-session.js";
import { formatJson } from "./json-output.js";
import type { SubscribeChoice } from "./subscribe-command.js";

/** Prints what comes until it is stopped. Resolves to the exit code. @throws ProgramError */
export function runSubscribe(url: string, channels: readonly string[], choice: SubscribeChoice): Promise<number> {
  for (const channel of channels) checkChannel(channel);
  const printer = new Printer(choice.count ?? Infinity);
  const options = { reconnect: true, pace: () => printer.written };
  return withGateway(url, choice, options, async ({ client, tell, signal }) => {
    const names = [...new Set(channels)];
    const subscriptions = names.map((channel) => client.subscribe(channel));
    for (const subscription of subscriptions) subscription.on((publication) => printer.print(publication));
    const ended = watchEnd(client, subscriptions, tell);
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    tell("info", `subscribing to ${names.join(", ")}; Ctrl-C ends it`);
    await Promise.race([stopped, printer.done, ended]);
    await printer.written;
    return exitCodes.ok;
  });
}

/** Tells of connections that are lost and come back; rejects when one does not, or the server refuses a subscription. */
function watchEnd(client: Client, subscriptions: readonly Subscription[], tell: Tell): Promise<never> {
  const ended = new Promise<never>((_resolve, reject) => {
    client.on("close", (close) => {
      if (close.retryInMs !== undefined) tell("warn", describeReturn(close, close.retryInMs));
      else reject(new ConnectionError("CONNECTION_CLOSED", "the connection has ended", { cause: close.error }));
    });
    client.on("open", () => tell("info", "connected again"));
    // a subscription that was there is taken away, or refused on the next connection
    client.on("error", (error) => {
      if (subscriptions.some(({ state }) => state === "ended")) reject(error);
      else tell("warn", error.message);
    });
    for (const { ready } of subscriptions) ready.catch(reject);
  });
  // whoever stopped it first does not hear of the end
  ended.catch(() => {});
  return ended;
}

function describeReturn({ code, reason, error }: ClientClose, retryInMs: number): string {
  const words = reason === "" ? "" : ` "${toOneLine(reason, 200)}"`;
  const why = error instanceof Error ? toOneLine(error.message, 300) : `closed with ${code}${words}`;
  return `${why}; the next attempt in ${(retryInMs / 1000).toFixed(1)} s`;
}

/** Writes lines to standard output, so many of them. */
class Printer {
  #left: number;
  #finish: () => void = () => {};
  /** Settles when everything printed so far has left. */
  written: Promise<void> = Promise.resolve();
  /** As many were printed as were wanted, or nobody reads any more. */
  readonly done: Promise<void>;

  constructor(count: number) {
    this.#left = count;
    this.done = new Promise((resolve) => (this.#finish = resolve));
    process.stdout.on("error", () => this.#finish());
  }

  print({ channel, event, key, data }: Publication): void {
    if (this.#left === 0) return;
    this.#left -= 1;
    const line = formatJson({ channel, event, ...(key === undefined ? {} : { key }), data: data ?? null });
    // called also when writing failed
    this.written = new Promise((resolve) => void process.stdout.write(`${line}\n`, () => resolve()));
    if (this.#left === 0) this.#finish();
  }
}
