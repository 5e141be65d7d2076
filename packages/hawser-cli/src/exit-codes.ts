/** What the program's exit status says. Scripts rely on these numbers. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  connectFailed: 3,
  handshakeRefused: 4,
  connectionLost: 5,
  closedWithError: 6,
  closedForGood: 7,
  requestRefused: 8,
  requestTimeout: 9,
  loginRefused: 10,
  nameUnknown: 11,
  unreachable: 12,
  tlsFailed: 13,
  handshakeInvalid: 14,
  proxyUnreachable: 15,
  proxyRefused: 16,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each means, for the help and for docs/guides/command-line.md. */
export const exitCodeMeanings: ReadonlyMap<ExitCode, string> = new Map<ExitCode, string>([
  [exitCodes.ok, "done; a connection was closed by this side, or with 1000, 1001 or no code"],
  [exitCodes.failure, "failed here: port in use, file not readable, certificate not usable"],
  [exitCodes.usage, "wrong option, argument or command"],
  [exitCodes.connectFailed, "no connection: nothing listens there, or it was cut before an answer"],
  [exitCodes.handshakeRefused, "the server answered with an HTTP status instead of a WebSocket"],
  [exitCodes.connectionLost, "the connection was lost, or broke a rule"],
  [exitCodes.closedWithError, "the server closed with a code that tells of an error"],
  [exitCodes.closedForGood, "the server closed with a code after which one must not come back"],
  [exitCodes.requestRefused, "the server refused the request"],
  [exitCodes.requestTimeout, "the request was not answered in time"],
  [exitCodes.loginRefused, "the server refused the login"],
  [exitCodes.nameUnknown, "the name of the host is not known"],
  [exitCodes.unreachable, "no way to the host, or no answer in time"],
  [exitCodes.tlsFailed, "TLS: the certificate is not trusted, or none was agreed on"],
  [exitCodes.handshakeInvalid, "what answers there is no WebSocket server, or a faulty one"],
  [exitCodes.proxyUnreachable, "the proxy cannot be reached, or does not answer"],
  [exitCodes.proxyRefused, "the proxy refused: user and password, or the way to the server"],
]);

/** The table, as `--help` shows it. */
export const exitCodesHelp: string = `
Exit codes:
${[...exitCodeMeanings].map(([code, meaning]) => `  ${String(code).padEnd(3)} ${meaning}`).join("\n")}
  130, 143  ended at once: by a signal before there was a connection, or by a
            second Ctrl-C or SIGTERM`;

/** The status of a process that a signal ended, as shells count it. */
export function signalExitCode(signal: "SIGINT" | "SIGTERM"): number {
  return signal === "SIGINT" ? 130 : 143;
}
