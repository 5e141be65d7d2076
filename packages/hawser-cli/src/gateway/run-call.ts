import { randomUUID } from "node:crypto";
import { HawserError } from "hawser/client";
import { exitCodes } from "../exit-codes.js";
import { createUsageError, ProgramError } from "../program-error.js";
import type { CallChoice } from "./call-command.js";
import { withGateway } from "./gateway-session.js";
import { parseJsonArgument } from "./json-argument.js";
import { formatJson } from "./json-output.js";

const MAX_PID_BYTES = 128;
const MAX_ACTION_CHARACTERS = 128;

/** Actions whose arguments are no `data`. */
const otherCommands: ReadonlyMap<string, string> = new Map([
  ["subscribe", "hawser subscribe URL CHANNEL"],
  ["unsubscribe", "Ctrl-C in hawser subscribe"],
  ["publish", "hawser publish URL CHANNEL DATA"],
]);

/** Asks once. Resolves to the exit code. @throws ProgramError when it was not answered, or refused */
export function runCall(
  url: string,
  { action, data: text }: { readonly action: string; readonly data: string | undefined },
  choice: CallChoice,
): Promise<number> {
  checkAction(action);
  const pid = checkPid(choice.pid);
  const data = text === undefined ? undefined : parseJsonArgument("DATA", text);
  return withGateway(url, choice, {}, async ({ client, signal }) => {
    try {
      const answer = await client.request(action, data, { pid, signal });
      process.stdout.write(`${formatJson(answer)}\n`);
      return exitCodes.ok;
    } catch (error) {
      if (!(error instanceof HawserError) || error.code !== "TIMEOUT") throw error;
      const advice = `whether it was done is not known; an idempotent action may be asked again with --pid ${pid}`;
      throw new ProgramError(`${action} was not answered in ${choice.timeoutMs} ms: ${advice}`, {
        exitCode: exitCodes.requestTimeout,
        cause: error,
      });
    }
  });
}

function checkAction(action: string): void {
  const other = otherCommands.get(action);
  if (other !== undefined) throw createUsageError(`${action} is not called: use ${other}`);
  if (action !== "" && action.length <= MAX_ACTION_CHARACTERS) return;
  throw createUsageError(`ACTION has ${action.length} characters: expected 1 to ${MAX_ACTION_CHARACTERS}`);
}

function checkPid(given: string | undefined): string {
  if (given === undefined) return randomUUID();
  const bytes = Buffer.byteLength(given);
  if (bytes > 0 && bytes <= MAX_PID_BYTES) return given;
  throw createUsageError(`--pid has ${bytes} bytes: expected 1 to ${MAX_PID_BYTES}`);
}
