import type { Command } from "commander";
import { addGatewayOptions, type GatewayChoice } from "./gateway-options.js";

export interface CallChoice extends GatewayChoice {
  readonly pid?: string;
}

/** Adds `hawser call`. */
export function addCallCommand(program: Command): void {
  const command = program
    .command("call")
    .summary("ask a gateway to do something, and print its answer")
    .description(
      `Sends a request to a gateway and prints the data of its response as one line of
JSON. A refusal goes to standard error, with exit code 8.`,
    )
    .argument("<url>", "ws:// or wss://")
    .argument("<action>", "what is asked for")
    .argument("[data]", 'its data, as JSON; "-" reads it from standard input')
    .option("--pid <text>", "the request's name: an idempotent action asked again with it answers as it did");
  addGatewayOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  hawser call ws://127.0.0.1:8080/gateway addOrder '{"symbol":"LLG","volume":"1.0"}' \\
      --login '{"username":"demo","password":"demo"}'
  hawser call wss://example.com/gateway addOrder - --user me \\
      --password-file secret.txt < order.json`,
    )
    .action(async (url: string, action: string, data: string | undefined, choice: CallChoice) => {
      const { runCall } = await import("./run-call.js");
      process.exitCode = await runCall(url, { action, data }, choice);
    });
}
