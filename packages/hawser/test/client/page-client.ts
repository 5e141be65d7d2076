// The script of a page with a client, as an application would have it; the page shows what it knows.
import { createClient } from "../../src/entries/client.js";
import type { Client } from "../../src/entries/client.js";

declare const document: { getElementById(id: string): { textContent: string } | null };

/** What happened, in order, for the test to read. */
export const events: string[] = [];

let client: Client;

/** Creates the page's client and shows its life. Delays are short: what is tested is what happens, not when. */
export function start(url: string): Promise<void> {
  client = createClient(url, {
    login: { user: "demo" },
    reconnect: { initialDelayMs: 20, maxDelayMs: 200 },
    connectTimeoutMs: 2000,
    requestTimeoutMs: 20_000,
    heartbeat: { intervalMs: 300, timeoutMs: 1500 },
  });
  client.on("state", ({ state }) => note("state", state));
  client.on("open", ({ resumed }) => note("open", resumed ? "resumed" : "new"));
  client.on("close", ({ code, reaction }) => note("close", `${code} ${reaction}`));
  client.on("error", ({ code }) => note("error", code));
  client.onPush("notice", (data) => note("notice", JSON.stringify(data)));
  client.connect().catch((error: { code: string }) => note("connect", error.code));
  const news = client.subscribe("news");
  news.on(({ data }) => note("news", JSON.stringify(data)));
  return news.ready;
}

/** A request's answer, or the code of what it was refused with. */
export async function request(action: string, data: unknown): Promise<unknown> {
  try {
    return await client.request(action, data);
  } catch (error) {
    return (error as { code: string }).code; // every error of the client has one
  }
}

export function disconnect(): Promise<void> {
  return client.disconnect();
}

export function state(): string {
  return client.state;
}

function note(what: string, text: string): void {
  events.push(`${what} ${text}`);
  const place = document.getElementById(what);
  if (place !== null) place.textContent = text;
}
