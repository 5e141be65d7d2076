// The contract of connectors with the platform's own WebSocket: for a page, and for a Node.js that has one.
import { createWebSocketConnector } from "../../src/client/connector-browser.js";
import { connectorContract } from "../../src/testing/connector-contract.js";

/** Runs one of the cases; undefined when it passed. */
export async function runCase(name: string, urls: { url: string; rawUrl: string }): Promise<string | undefined> {
  const connector = createWebSocketConnector(globalThis.WebSocket);
  const found = connectorContract("", () => ({ connector, ...urls })).find((rule) => rule.name === `: ${name}`);
  if (found === undefined) return `there is no case ${name}`;
  try {
    await found.run();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
