/** What the program's exit status says. Scripts rely on these numbers. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  connectFailed: 3,
  handshakeRefused: 4,
  connectionLost: 5,
  closedWithError: 6,
} as const;

/** The table, as `--help` shows it. */
export const exitCodesHelp: string = `
Exit codes:
  0  done; a connection was closed with 1000, 1001 or no code
  1  failed: port in use, file not readable, certificate not usable
  2  wrong option, argument or command
  3  connect: no connection (name unknown, refused, timeout, TLS)
  4  connect: the server refused the handshake, or answered it wrongly
  5  connect: the connection was lost, or broke a rule
  6  connect: the server closed with a code that tells of an error
  130, 143  ended at once by a second Ctrl-C or SIGTERM`;

/** The status of a process that a signal ended, as shells count it. */
export function signalExitCode(signal: "SIGINT" | "SIGTERM"): number {
  return signal === "SIGINT" ? 130 : 143;
}
