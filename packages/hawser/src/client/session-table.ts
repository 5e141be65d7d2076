import { UsageError } from "../internal/errors.js";
import type { ClientState } from "./client-types.js";

// The client's life as one table: what happens in a state, which state follows, what is to be done. It does nothing itself.
// docs/client-states.md is drawn from it.

/**
 * `connect`, `disconnect`: the application's commands. `opened`: the connection is open, and no login is asked for;
 * `login-due`: it is, and one is. `refused`: the login failed; the connection is of no use. `lost`: the connection is over and the client comes back; `ended`: it stays away.
 * `due`: the time to come back has come.
 */
export type SessionEvent =
  | "connect"
  | "disconnect"
  | "opened"
  | "login-due"
  | "logged-in"
  | "refused"
  | "lost"
  | "ended"
  | "due";

/**
 * `dial`: begin a connection. `log-in`: send the login. `welcome`: subscribe again, send what waits, tell of it. `close`: end the connection.
 * `wait`: until the next attempt. `finish`: settle what nobody will settle any more.
 */
export type SessionEffect = "dial" | "log-in" | "welcome" | "close" | "wait" | "finish";

type Row = readonly [next: ClientState, effect?: SessionEffect];

const ends = { lost: ["waiting", "wait"], ended: ["disconnected", "finish"] } as const;
const leave = { ...ends, disconnect: ["closing", "close"] } as const;

const table: Readonly<Record<ClientState, Readonly<Partial<Record<SessionEvent, Row>>>>> = {
  // nothing is connected; iterators of events may wait
  disconnected: { connect: ["connecting", "dial"], disconnect: ["disconnected", "finish"] },
  connecting: { opened: ["open", "welcome"], "login-due": ["logging-in", "log-in"], ...leave },
  "logging-in": { "logged-in": ["open", "welcome"], refused: ["closing", "close"], ...leave },
  open: leave,
  waiting: { due: ["connecting", "dial"], disconnect: ["disconnected", "finish"] },
  closing: { ...ends, disconnect: ["closing"] },
};

/**
 * What follows when `event` happens in `state`.
 * @throws UsageError INVALID_STATE for what the table lacks; its facts are `state` and `event`
 */
export function step(state: ClientState, event: SessionEvent): Row {
  const row = table[state][event];
  if (row === undefined) throw new UsageError("INVALID_STATE", `${event} in ${state}`, { facts: { state, event } });
  return row;
}

/** The table as a Mermaid state diagram. */
export function formatClientDiagram(): string {
  const id = (state: string): string => state.replaceAll("-", "_"); // Mermaid takes no hyphen in a name
  const lines = Object.entries(table).flatMap(([state, rows]) =>
    Object.entries(rows).map(
      ([event, [next, effect]]) =>
        `  ${id(state)} --> ${id(next)}: ${event}${effect === undefined ? "" : ` / ${effect}`}`,
    ),
  );
  return ["stateDiagram-v2", '  state "logging-in" as logging_in', "  [*] --> disconnected", ...lines, ""].join("\n");
}
