import { Command, CommanderError } from "commander";
import { addCertCommand } from "./cert/cert-command.js";
import { addConnectCommand } from "./connect/connect-command.js";
import { addCallCommand } from "./gateway/call-command.js";
import { addPublishCommand } from "./gateway/publish-command.js";
import { addSubscribeCommand } from "./gateway/subscribe-command.js";
import { exitCodes, exitCodesHelp } from "./exit-codes.js";
import { readVersion } from "./package-files.js";
import { stripControls } from "./plain-text.js";
import { ProgramError } from "./program-error.js";
import { addServeCommand } from "./serve/serve-command.js";

/** Runs the program. Resolves to its exit code, or undefined when the command has set one itself. Never rejects. */
export async function runProgram(args: readonly string[]): Promise<number | undefined> {
  let isDebugging = false;
  const program = createProgram(args[0]);
  program.hook("preAction", (_program, command) => {
    isDebugging = command.opts()["logLevel"] === "debug";
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    // commander has told it already
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    process.stderr.write(`hawser: ${describe(error, isDebugging)}\n`);
    return error instanceof ProgramError ? error.exitCode : exitCodes.failure;
  }
}

function createProgram(name: string | undefined): Command {
  const program: Command = new Command("hawser")
    .description("Serves WebSockets, and talks to them from a terminal.")
    .version(readVersion(), "-v, --version")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(formatUsageError(text, helpFor(program, name))) })
    .addHelpText(
      "after",
      `
Examples:
  hawser serve
  hawser connect ws://127.0.0.1:8080/echo
  hawser call ws://127.0.0.1:8080/gateway ping
  hawser cert --out certs
${exitCodesHelp}`,
    );
  addServeCommand(program);
  addConnectCommand(program);
  addCallCommand(program);
  addSubscribeCommand(program);
  addPublishCommand(program);
  addCertCommand(program);
  return program;
}

function helpFor(program: Command, name: string | undefined): string {
  return program.commands.some((command) => command.name() === name) ? `hawser help ${name}` : "hawser help";
}

/** Commander's text on one line: it puts suggestions on a second one. Where it says nothing of what to do, `help` does. */
function formatUsageError(text: string, help: string): string {
  const line = text
    .trim()
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
  const isBare = /^(?:missing|unknown|too many)/.test(line) && !line.endsWith("?)");
  return `hawser: ${stripControls(line)}${isBare ? `: see ${help}` : ""}\n`;
}

function describe(error: unknown, isDebugging: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (isDebugging) return `${error.stack}${error.cause instanceof Error ? `\ncause: ${error.cause.stack}` : ""}`;
  const line = stripControls(error.message).replaceAll(/\s*\n\s*/g, " ");
  return error instanceof ProgramError ? line : `unexpected: ${line} (--log-level debug tells more)`;
}
