import { HawserError } from "../internal/errors.js";
import type { WireError } from "../messages/index.js";

/** The server refused a request: REQUEST_REFUSED, or LOGIN_REFUSED for a login. `answer` is what it said. */
export class RequestError extends HawserError {
  /** Match on `answer.code`: one of `docs/PROTOCOL.md`, section 6, or the application's own. */
  readonly answer: WireError;

  /** Without an answer the server has not said why. */
  constructor(action = "", answer: WireError = { code: "INTERNAL", message: "", temporary: false }) {
    super(action === "login" ? "LOGIN_REFUSED" : "REQUEST_REFUSED", `${action}: ${answer.code} ${answer.message}`, {
      facts: { action, code: answer.code },
    });
    this.answer = answer;
  }

  override get name(): string {
    return "RequestError";
  }
}
