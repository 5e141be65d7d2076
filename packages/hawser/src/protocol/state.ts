import { UsageError } from "../internal/errors.js";

/**
 * Where a socket is in its life. Every transition is a row of the table below, and `transition` makes them all. Nothing
 * here knows which side of the connection it serves. `docs/state-diagram.md` is drawn from the table.
 */
export type SocketState = "connecting" | "open" | "close-sent" | "close-received" | "closed" | "aborted";

/** What can happen to a state. `close-sent` and `close-received` are about Close frames (RFC 6455 §5.5.1). */
export type SocketEvent = "opened" | "close-sent" | "close-received" | "aborted";

interface Transition {
  readonly from: SocketState;
  readonly event: SocketEvent;
  readonly to: SocketState;
}

// `closed` and `aborted` are final: they have no row. From `connecting` no Close can be sent: there is no WebSocket yet.
const transitions: readonly Transition[] = [
  { from: "connecting", event: "opened", to: "open" },
  { from: "connecting", event: "aborted", to: "aborted" },
  { from: "open", event: "close-sent", to: "close-sent" },
  { from: "open", event: "close-received", to: "close-received" },
  { from: "open", event: "aborted", to: "aborted" },
  { from: "close-sent", event: "close-received", to: "closed" },
  { from: "close-sent", event: "aborted", to: "aborted" },
  { from: "close-received", event: "close-sent", to: "closed" },
  { from: "close-received", event: "aborted", to: "aborted" },
];

/**
 * The state that follows `state` when `event` happens.
 * @throws UsageError INVALID_STATE for what the table lacks; its facts are `from` and `event`
 */
export function transition(state: SocketState, event: SocketEvent): SocketState {
  const row = transitions.find((candidate) => candidate.from === state && candidate.event === event);
  if (row === undefined) {
    const message = `no transition leads from the state "${state}" on the event "${event}"`;
    throw new UsageError("INVALID_STATE", message, { facts: { from: state, event } });
  }
  return row.to;
}

/** Whether data frames and a Close may still be sent: we have not sent a Close (RFC 6455 §5.5.1). */
export function canSend(state: SocketState): boolean {
  return state === "open" || state === "close-received";
}

/** Whether `receive` may be called: after the end it still gives what came before. */
export function canReceive(state: SocketState): boolean {
  return state !== "connecting";
}

/** Whether the connection has reached a final state. */
export function isOver(state: SocketState): boolean {
  return state === "closed" || state === "aborted";
}

/** The table as a Mermaid state diagram. */
export function formatStateDiagram(): string {
  const names = [...new Set(transitions.flatMap((row) => [row.from, row.to]))];
  const lines = [
    "stateDiagram-v2",
    ...names.filter((name) => name.includes("-")).map((name) => `  state "${name}" as ${formatStateId(name)}`),
    "  [*] --> connecting",
    ...transitions.map((row) => `  ${formatStateId(row.from)} --> ${formatStateId(row.to)}: ${row.event}`),
    ...names.filter(isOver).map((name) => `  ${formatStateId(name)} --> [*]`),
  ];
  return `${lines.join("\n")}\n`;
}

/** Mermaid takes no hyphen in the name of a state, only in its label. */
function formatStateId(state: SocketState): string {
  return state.replaceAll("-", "_");
}
