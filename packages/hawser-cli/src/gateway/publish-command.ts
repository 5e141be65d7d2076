import type { Command } from "commander";
import { addConnectionOptionsWithoutKey } from "../connection/connection-options.js";
import { addGatewayOptions, type GatewayChoice } from "./gateway-options.js";

export interface PublishChoice extends Omit<GatewayChoice, "cert" | "key"> {
  readonly event?: string;
  /** What travels with the publication. */
  readonly key?: string;
}

/** Adds `hawser publish`. */
export function addPublishCommand(program: Command): void {
  const command = program
    .command("publish")
    .summary("publish to a channel of a gateway")
    .description("Publishes to a channel of a gateway, and ends when the gateway has taken it.")
    .argument("<url>", "ws:// or wss://")
    .argument("<channel>", "where to")
    .argument("<data>", 'what, as JSON; "-" reads it from standard input')
    .option("--event <name>", "the event's name (default: message)")
    .option("--key <text>", "the key that travels with it");
  addGatewayOptions(command, addConnectionOptionsWithoutKey)
    .addHelpText(
      "after",
      `
Examples:
  hawser publish ws://127.0.0.1:8080/gateway room:quay '{"text":"ahoy"}' \\
      --login '{"username":"demo","password":"demo"}'
  date | jq -R . | hawser publish ws://127.0.0.1:8080/gateway room:quay - --event time`,
    )
    .action(async (url: string, channel: string, data: string, choice: PublishChoice) => {
      const { runPublish } = await import("./run-publish.js");
      process.exitCode = await runPublish(url, { channel, data }, choice);
    });
}
