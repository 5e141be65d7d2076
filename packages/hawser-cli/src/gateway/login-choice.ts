import { createUsageError } from "../program-error.js";
import { readTextFile } from "../text-file.js";
import { parseJson } from "./json-argument.js";

/** The options that say who logs in. */
export interface LoginChoice {
  readonly login?: string;
  readonly user?: string;
  readonly passwordFile?: string;
}

const VARIABLE = "HAWSER_LOGIN";

/**
 * The `data` of the login: what `--login` gives, or `--user` with `--password-file`, or the environment; undefined: no login.
 * @throws ProgramError for options that do not fit together, a file that cannot be read, text that is no JSON
 */
export function readLogin({ login, user, passwordFile }: LoginChoice): unknown {
  if (login !== undefined && (user ?? passwordFile) !== undefined) {
    throw createUsageError("--login and --user exclude each other: leave one out");
  }
  if (login !== undefined) return parseLogin("--login", login);
  if (user !== undefined && passwordFile !== undefined) {
    return { username: user, password: readTextFile("--password-file", passwordFile).replace(/\r?\n$/, "") };
  }
  if (user !== undefined) throw createUsageError("--user needs its password: add --password-file FILE");
  if (passwordFile !== undefined) throw createUsageError("--password-file needs its user: add --user NAME");
  const given = process.env[VARIABLE];
  return given === undefined || given === "" ? undefined : parseLogin(VARIABLE, given);
}

/** Nothing of it is shown: it is a secret. */
function parseLogin(name: string, text: string): unknown {
  try {
    return parseJson(name, text);
  } catch {
    throw createUsageError(`${name} is no JSON: expected one like {"username":"me","password":"…"}`);
  }
}
