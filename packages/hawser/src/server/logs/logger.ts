/**
 * Where the server tells what happened: `fields` for machines, `message` for people. A pino logger fits as it is. Fields
 * hold no header values, queries or message contents: those may be secrets.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Tells nobody. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A logger that never throws: a full disk must not end a connection, let alone the process. */
export function guardLogger(logger: Logger | undefined): Logger {
  if (logger === undefined) return silent;
  const guard =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message);
      } catch {
        // there is nobody left to tell
      }
    };
  return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}
