import { createUsageError } from "./program-error.js";
import { readTextFile } from "./text-file.js";

/** Where a passphrase may come from, besides the environment. */
export interface PassphraseSource {
  readonly text: string | undefined;
  readonly file: string | undefined;
}

/** For all commands, as what one of them makes another one opens. */
const VARIABLE = "HAWSER_TLS_PASSPHRASE";

/**
 * The passphrase that the options `--NAME` and `--NAME-file` give, or else the environment. A file's last line end does not
 * count.
 * @throws ProgramError when both are given, or the file cannot be read
 */
export function readPassphrase(name: string, { text, file }: PassphraseSource): string | undefined {
  if (text !== undefined && file !== undefined) {
    throw createUsageError(`--${name} and --${name}-file exclude each other: leave one out`);
  }
  if (file !== undefined) return readTextFile(`--${name}-file`, file).replace(/\r?\n$/, "");
  return text ?? process.env[VARIABLE];
}
