import { type Command, Option } from "commander";
import { addConnectionOptions, type ConnectionChoice } from "../connection/connection-options.js";
import { logLevels, type LogLevel } from "../log-levels.js";
import { notEmpty, wholeNumber } from "../option-values.js";
import type { LoginChoice } from "./login-choice.js";

/** What `call`, `subscribe` and `publish` have in common: commander's values, by the options' names. */
export interface GatewayChoice extends ConnectionChoice, LoginChoice {
  readonly timeoutMs: number;
  readonly logLevel: LogLevel;
}

/** Adds the options of a gateway's client to a command. */
export function addGatewayOptions(
  command: Command,
  addConnection: (command: Command) => Command = addConnectionOptions,
): Command {
  command
    .option("--login <json>", "log in with this data first; in the environment: HAWSER_LOGIN")
    .option("--user <name>", 'log in with {"username": …, "password": …} first', notEmpty)
    .option("--password-file <file>", "the password of --user, in a file", notEmpty)
    .option("--timeout-ms <n>", "how long the login and a request may take", wholeNumber(1), 30_000);
  return addConnection(command).addOption(
    new Option("--log-level <level>", "what is told on standard error").choices(logLevels).default("info"),
  );
}
