import { type Client, HawserError, RequestError } from "hawser/client";
import { chooseCloseExitCode } from "../connection/close-exit-code.js";
import { exitCodes } from "../exit-codes.js";
import { toOneLine } from "../plain-text.js";
import { createUsageError, ProgramError } from "../program-error.js";

/** What failed at a gateway, in one line, with its exit code. `protocol`: the sub-protocol that the server chose, if it was reached. */
export function createGatewayFault(error: unknown, client: Client, protocol?: string): unknown {
  if (error instanceof RequestError) return createRefusal(error, protocol);
  if (!(error instanceof HawserError)) return error;
  if (error.code === "INVALID_ARGUMENT") return createUsageError(error.message, error);
  if (error.code === "TIMEOUT") {
    return new ProgramError(error.message, { exitCode: exitCodes.requestTimeout, cause: error });
  }
  const last = client.lastClose?.error;
  if (last instanceof RequestError) return createRefusal(last, protocol);
  if (last instanceof HawserError && last.code === "TIMEOUT") {
    const text = `the login was not answered in ${last.facts["timeoutMs"]} ms; use --timeout-ms if the server is that slow`;
    return new ProgramError(text, { exitCode: exitCodes.requestTimeout, cause: last });
  }
  // the attempt that failed has told what to do
  return last instanceof ProgramError ? last : createLoss(error, client);
}

function createRefusal(error: RequestError, protocol: string | undefined): ProgramError {
  const { code, message, retryAfterMs, issues = [] } = error.answer;
  const isLogin = error.code === "LOGIN_REFUSED";
  const where = issues.map(({ message: text, path = [] }) => (path.length === 0 ? text : `${path.join(".")}: ${text}`));
  const parts = [
    `${isLogin ? "the login was refused" : "refused"}: ${code}${message === "" ? "" : `, ${message}`}`,
    ...where,
    ...(retryAfterMs === undefined ? [] : [`to be asked again after ${retryAfterMs} ms`]),
    ...(code === "UNAUTHENTICATED" ? ["log in with --login JSON, or --user NAME --password-file FILE"] : []),
    // an echo sends back the request and then our refusal of it
    ...(code === "UNKNOWN_ACTION" && protocol === ""
      ? ["the server did not choose the sub-protocol hawser.v1: is there a gateway at this path?"]
      : []),
  ];
  const exitCode = isLogin ? exitCodes.loginRefused : exitCodes.requestRefused;
  return new ProgramError(toOneLine(parts.join("; "), MAX_WORDS), { exitCode, cause: error });
}

const MAX_WORDS = 600;

/** The connection ended before there was an answer. */
function createLoss(error: HawserError, { lastClose }: Client): ProgramError {
  if (lastClose === undefined || lastClose.code === 1006) {
    const why = lastClose?.error instanceof Error ? lastClose.error.message : error.message;
    return new ProgramError(why, { exitCode: exitCodes.connectionLost, cause: error });
  }
  const { code, reason } = lastClose;
  const words = reason === "" ? "" : ` "${toOneLine(reason, 200)}"`;
  const exitCode = chooseCloseExitCode({ clean: true, initiator: "remote", code });
  return new ProgramError(`the server closed the connection with ${code}${words} before it answered`, {
    // an end in peace is none for who still waits
    exitCode: exitCode === exitCodes.ok ? exitCodes.connectionLost : exitCode,
    cause: error,
  });
}
