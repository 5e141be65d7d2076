import type { Clock } from "../internal/clock.js";
import { ConnectionError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";
import type { ResponseMessage } from "../messages/index.js";
import type { EventQueue } from "./event-queue.js";
import { createNotConnected } from "./message-link.js";
import type { MessageLink } from "./message-link.js";
import { Pending } from "./pending.js";

export interface LoginParts {
  readonly clock: Clock;
  readonly events: EventQueue;
  readonly link: MessageLink;
  readonly timeoutMs: number;
  readonly isWanted: () => boolean;
}

/** `login` or `logout`, as it was called. */
interface Command {
  readonly action: "login" | "logout";
  readonly credentials: unknown;
  readonly answer: Pending<unknown>;
}

/** Who the client is: credentials, session, and the commands that change them, one after the other. */
export class Logins {
  session: string | undefined;
  resume: string | undefined;
  readonly #parts: LoginParts;
  /** What logs in, or makes it. */
  #source: unknown;
  #commands: Command[] = [];
  /** The one that is being carried out. */
  #command: Command | undefined;
  /** Changes when what is being carried out was cut off. */
  #turn = {};

  constructor(parts: LoginParts, source: unknown) {
    this.#parts = parts;
    this.#source = source;
  }

  /** Whether there is something to log in with. */
  get canLogin(): boolean {
    return this.#source !== undefined;
  }

  /** Whether a new connection begins with a login. */
  get isDue(): boolean {
    return this.canLogin || this.#commands[0]?.action === "login";
  }

  add(action: Command["action"], credentials?: unknown): Promise<unknown> {
    const answer = new Pending<unknown>(this.#parts.clock, {});
    if (this.#parts.isWanted()) {
      this.#commands.push({ action, credentials, answer });
      this.pump();
    } else answer.reject(createNotConnected());
    return answer.promise;
  }

  /** Logs in on a connection that has just opened. */
  begin(onDone: (response: ResponseMessage) => void, onFailed: (error: unknown) => void): void {
    if (this.#commands[0]?.action === "login") this.#command = this.#commands.shift();
    this.#logIn(this.#command, { session: this.session, resume: this.resume }, { onDone, onFailed });
  }

  /** Carries out the next command on the connection that is open. */
  pump(): void {
    const { link, timeoutMs, events } = this.#parts;
    if (this.#command !== undefined || !link.isOpen) return;
    const command = this.#commands.shift();
    if (command === undefined) return;
    this.#command = command;
    const onFailed = (error: unknown): void => {
      this.#command = undefined;
      command.answer.reject(error);
      this.pump();
    };
    const onDone = (): void => this.pump();
    if (command.action === "login") return this.#logIn(command, {}, { onDone, onFailed });
    const turn = this.#turn;
    const onLoggedOut = (): void => {
      this.#command = undefined;
      this.#loggedOut(command);
      this.pump();
    };
    link.ask({ action: "logout" }, { timeoutMs, onDone: onLoggedOut }).catch((error: unknown) => {
      if (turn === this.#turn) events.run(() => onFailed(error));
    });
  }

  /** The connection is over: a login that was cut off is the next one's, a logout is done by that. */
  interrupt(): void {
    this.#turn = {};
    const command = this.#command;
    this.#command = undefined;
    if (command?.action === "login") this.#commands.unshift(command);
    else if (command !== undefined) this.#loggedOut(command);
  }

  failAll(error: HawserError): void {
    this.interrupt();
    for (const command of this.#commands.splice(0)) {
      if (command.action === "login") command.answer.reject(error);
      else this.#loggedOut(command);
    }
    this.session = this.resume = undefined;
  }

  /** Logs out without a connection. */
  forget(): void {
    const error = new ConnectionError("ABORTED", "logout was called");
    this.#source = undefined;
    this.failAll(error);
    this.#parts.link.subscriptions.endAll(error);
  }

  #loggedOut(command: Command): void {
    const waiting = this.#commands.splice(0);
    this.forget();
    this.#commands = waiting;
    command.answer.resolve(undefined);
  }

  #logIn(command: Command | undefined, fields: object, tell: LoginTellers): void {
    const { link, timeoutMs, events } = this.#parts;
    const turn = this.#turn;
    const source = command?.credentials ?? this.#source;
    const onDone = (response: ResponseMessage): void => {
      this.#source = source;
      this.session = response.session;
      this.resume = response.resume;
      this.#command = undefined;
      command?.answer.resolve(response.data);
      tell.onDone(response);
    };
    // the application's own function, if it is one; whatever it does, a promise comes of it
    const credentials = async (): Promise<unknown> => (typeof source === "function" ? (source() as unknown) : source);
    credentials()
      .then((data) =>
        turn === this.#turn ? link.ask({ action: "login", data, ...fields }, { timeoutMs, onDone }) : undefined,
      )
      .catch((error: unknown) => {
        if (turn === this.#turn) events.run(() => tell.onFailed(error));
      });
  }
}

interface LoginTellers {
  onDone(response: ResponseMessage): void;
  onFailed(error: unknown): void;
}
