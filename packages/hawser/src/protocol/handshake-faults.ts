import { ConnectionError } from "../internal/errors.js";

/** What a server answers to a request that cannot become a WebSocket. */
export interface UpgradeRefusal {
  /** The HTTP status. */
  readonly status: number;
  /** Headers that belong to the status. `formatRefusal` adds Connection and Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  /** A short fixed text without anything of the request: safe to send. */
  readonly reason: string;
  /** The rule that was broken, for the log. */
  readonly rule: RefusalRule;
}

/** The names of the rules that a request can break. */
export type RefusalRule = keyof typeof refusals;

const refusals = {
  "bare-line-feed": { status: 400, reason: "a line of the head does not end in CR LF" },
  "start-line-invalid": { status: 400, reason: "the first line of the head is malformed" },
  "http-version-unsupported": { status: 505, reason: "HTTP/1.1 is required" },
  "http-version-old": { status: 400, reason: "HTTP/1.1 is required" },
  "head-too-large": { status: 431, reason: "the header fields are too large" },
  "too-many-headers": { status: 431, reason: "there are too many header fields" },
  "target-too-long": { status: 414, reason: "the request target is too long" },
  "target-invalid": { status: 400, reason: "the request target is malformed" },
  "target-authority": { status: 400, reason: "the request target does not agree with Host" },
  "folded-header": { status: 400, reason: "a header field is folded" },
  "header-name-invalid": { status: 400, reason: "the name of a header field is malformed" },
  "header-value-invalid": { status: 400, reason: "the value of a header field is malformed" },
  "duplicate-header": { status: 400, reason: "a header field came more than once" },
  "method-not-get": { status: 405, reason: "the method must be GET" },
  "body-announced": { status: 400, reason: "an upgrade request must not have a body" },
  "host-invalid": { status: 400, reason: "the Host header is missing or malformed" },
  "upgrade-missing": { status: 426, reason: "this resource speaks WebSocket" },
  "connection-without-upgrade": { status: 400, reason: "the Connection header must list Upgrade" },
  "version-unsupported": { status: 426, reason: "the WebSocket version must be 13" },
  "key-invalid": { status: 400, reason: "the Sec-WebSocket-Key header is missing or malformed" },
  "protocols-invalid": { status: 400, reason: "the Sec-WebSocket-Protocol header is malformed" },
  "extensions-invalid": { status: 400, reason: "the Sec-WebSocket-Extensions header is malformed" },
};

// What the statuses 405 and 426 must say besides (RFC 9110 §15.5.6 and §15.5.22, RFC 6455 §4.2.2).
const refusalHeaders: ReadonlyMap<RefusalRule, Readonly<Record<string, string>>> = new Map<
  RefusalRule,
  Readonly<Record<string, string>>
>([
  ["method-not-get", { Allow: "GET" }],
  ["upgrade-missing", { Upgrade: "websocket" }],
  ["version-unsupported", { Upgrade: "websocket", "Sec-WebSocket-Version": "13" }],
]);

/** The answer to a request that breaks `rule`. */
export function refuseUpgrade(rule: RefusalRule): UpgradeRefusal {
  return { ...refusals[rule], headers: refusalHeaders.get(rule) ?? {}, rule };
}

/** The error of a client whose server gave an answer that breaks `rule`. */
export function createAnswerError(rule: string): ConnectionError {
  const message = `the server's answer to the opening handshake is not valid: ${rule}`;
  return new ConnectionError("HANDSHAKE_INVALID", message, { facts: { rule } });
}

/** The text of a rule for a client, whose server broke it. */
export function describeRule(rule: RefusalRule): string {
  return refusals[rule].reason;
}
