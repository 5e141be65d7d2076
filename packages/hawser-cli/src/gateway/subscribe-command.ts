import type { Command } from "commander";
import { wholeNumber } from "../option-values.js";
import { addGatewayOptions, type GatewayChoice } from "./gateway-options.js";

export interface SubscribeChoice extends GatewayChoice {
  readonly count?: number;
}

/** Adds `hawser subscribe`. */
export function addSubscribeCommand(program: Command): void {
  const command = program
    .command("subscribe")
    .summary("print what comes on channels of a gateway")
    .description(
      `Prints each publication on channels of a gateway as one line of JSON:
{"channel":…,"event":…,"data":…}, with "key" where there is one. Ctrl-C ends it.

When the connection is lost it comes back by itself, logs in again and
subscribes again; what was published meanwhile is not sent again.`,
    )
    .argument("<url>", "ws:// or wss://")
    .argument("<channels...>", "their names")
    .option("--count <n>", "end after so many publications", wholeNumber(1));
  addGatewayOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  hawser subscribe ws://127.0.0.1:8080/gateway ticks:LLG ticks:XAUUSD \\
      --login '{"username":"demo","password":"demo"}'
  hawser subscribe ws://127.0.0.1:8080/gateway ticks:LLG --count 1 | jq .data.price`,
    )
    .action(async (url: string, channels: readonly string[], choice: SubscribeChoice) => {
      const { runSubscribe } = await import("./run-subscribe.js");
      process.exitCode = await runSubscribe(url, channels, choice);
    });
}
