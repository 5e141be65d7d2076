import type { Clock } from "../internal/clock.js";
import { ConnectionError } from "../internal/errors.js";
import type { HawserError } from "../internal/errors.js";
import type { ResponseMessage } from "../messages/index.js";
import type { EventQueue } from "./event-queue.js";
import { createNotConnected } from "./message-link.js";
import type { MessageLink } from "./message-link.js";
import { createPending } from "./pending.js";
import type { Pending } from "./pending.js";

export interface LoginParts {
  readonly clock: Clock;
  readonly events: EventQueue;
  readonly link: MessageLink;
  readonly timeoutMs: number;
  readonly isWanted: () => boolean;
}

/** Who the client is: credentials, session, and the commands that change them, one after the other. */
export interface Logins {
  session: string | undefined;
  resume: string | undefined;
  /** Whether there is something to log in with. */
  canLogin(): boolean;
  /** Whether a new connection begins with a login. */
  isDue(): boolean;
  add(action: "login" | "logout", credentials?: unknown): Promise<unknown>;
  /** Logs in on a connection that has just opened. */
  begin(tell: LoginTellers): void;
  /** Carries out the next command on the connection that is open. */
  pump(): void;
  /** The connection is over: a login that was cut off is the next one's, a logout is done by that. */
  interrupt(): void;
  failAll(error: HawserError): void;
  /** Logs out without a connection. */
  forget(): void;
}

interface LoginTellers {
  readonly onDone: (response: ResponseMessage) => void;
  readonly onFailed: (error: unknown) => void;
}

/** `login` or `logout`, as it was called. */
interface Command {
  readonly isLogin: boolean;
  readonly credentials: unknown;
  readonly answer: Pending<unknown>;
}

/** `source`: credentials, or the function that makes them. */
export function createLogins({ clock, events, link, timeoutMs, isWanted }: LoginParts, source: unknown): Logins {
  let commands: Command[] = [];
  /** The one that is being carried out. */
  let current: Command | undefined;
  /** Another one as soon as what is being carried out was cut off. */
  let turn = {};
  /** The wait for credentials. */
  let making: Pending<unknown> | undefined;

  const pump = (): void => {
    if (current !== undefined || !link.isOpen) return;
    const command = commands.shift();
    if (command === undefined) return;
    current = command;
    const { isLogin, answer } = command;
    const onFailed = (error: unknown): void => {
      current = undefined;
      answer.reject(error);
      pump();
    };
    if (isLogin) return logIn(command, {}, { onDone: pump, onFailed });
    const onDone = (): void => {
      current = undefined;
      loggedOut(command);
      pump();
    };
    carryOut(() => link.ask({ action: "logout" }, { timeoutMs, onDone }), onFailed);
  };

  const logIn = (command: Command | undefined, fields: object, { onDone, onFailed }: LoginTellers): void => {
    const given = command?.credentials ?? source;
    const started = turn;
    const take = (response: ResponseMessage): void => {
      source = given;
      current = undefined;
      logins.session = response.session;
      logins.resume = response.resume;
      command?.answer.resolve(response.data);
      onDone(response);
    };
    carryOut(async () => {
      const data: unknown = typeof given === "function" ? await make(async () => given()) : given;
      if (started === turn) await link.ask({ action: "login", data, ...fields }, { timeoutMs, onDone: take });
    }, onFailed);
  };

  /** What `provider` makes in time. */
  const make = (provider: () => Promise<unknown>): Promise<unknown> => {
    making = createPending<unknown>(clock, { timeoutMs });
    provider().then(making.resolve, making.reject);
    return making.promise;
  };

  /** Tells of a failure, if it is not too late. */
  const carryOut = (work: () => Promise<unknown>, onFailed: (error: unknown) => void): void => {
    const started = turn;
    work().catch((error: unknown) => {
      if (started === turn) events.run(() => onFailed(error));
    });
  };

  const interrupt = (): void => {
    turn = {};
    making?.resolve(undefined);
    const command = current;
    current = undefined;
    if (command?.isLogin) commands.unshift(command);
    else if (command !== undefined) loggedOut(command);
  };

  const loggedOut = (command: Command): void => {
    // what was called after it still counts
    const later = commands.splice(0);
    logins.forget();
    commands = later;
    command.answer.resolve(undefined);
  };

  const logins: Logins = {
    session: undefined,
    resume: undefined,
    canLogin: () => source !== undefined,
    isDue: () => source !== undefined || commands[0]?.isLogin === true,
    add: (action, credentials) => {
      const answer = createPending<unknown>(clock);
      if (isWanted()) {
        commands.push({ isLogin: action === "login", credentials, answer });
        pump();
      } else answer.reject(createNotConnected());
      return answer.promise;
    },
    begin: (tell) => {
      if (commands[0]?.isLogin) current = commands.shift();
      logIn(current, { session: logins.session, resume: logins.resume }, tell);
    },
    pump,
    interrupt,
    failAll: (error) => {
      interrupt();
      for (const command of commands.splice(0)) {
        if (command.isLogin) command.answer.reject(error);
        else loggedOut(command);
      }
      logins.session = logins.resume = undefined;
    },
    forget: () => {
      const error = new ConnectionError("ABORTED", "logged out");
      source = undefined;
      logins.failAll(error);
      link.subscriptions.endAll(error);
    },
  };
  return logins;
}
