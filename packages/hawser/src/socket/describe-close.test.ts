import { expect, it } from "vitest";
import { ConnectionError } from "../internal/errors.js";
import { closeFields, describeClose } from "./describe-close.js";
import type { CloseReport } from "./socket-types.js";

const report: CloseReport = {
  code: 1000,
  reason: "",
  clean: true,
  initiator: "local",
  sent: { code: 1000, reason: "" },
  received: { code: 1000, reason: "" },
  error: null,
  messagesSent: 2,
  messagesReceived: 1,
  bytesSent: 10,
  bytesReceived: 20_480,
  roundTripMs: null,
  durationMs: 350.4,
};

it("tells a clean close", () => {
  expect(describeClose(report, "server")).toBe(
    "closed 1000 normal closure; by this side; open 350 ms; 2 messages sent (10 B), 1 received (20 KiB)",
  );
});

it("tells the peer's code and reason, without what steers a terminal or ends a line", () => {
  const byPeer = {
    ...report,
    initiator: "remote",
    code: 4001,
    reason: "go\u001b[2J\nfake line\u202E",
    messagesSent: 1,
    durationMs: 3210,
    roundTripMs: 12.6,
  } as const;
  expect(describeClose(byPeer, "client")).toBe(
    'closed 4001 private to the application "go [2J fake line "; by the client; open 3.2 s; 1 message sent (10 B), ' +
      "1 received (20 KiB); last round trip 13 ms",
  );
});

it("tells the fault that ended a connection, or that nobody answered", () => {
  const error = new ConnectionError("CONNECTION_LOST", "the connection was lost");
  const lost = { ...report, code: 1006, clean: false, initiator: "error", error, durationMs: 300_000 } as const;
  expect(describeClose(lost)).toMatch(/^closed 1006 abnormal closure; the connection was lost; open 5 min; /);
  const silent = { ...report, clean: false, initiator: "remote" } as const;
  expect(describeClose(silent)).toContain("; by the peer, without an answer; ");
});

it("gives the same as fields", () => {
  const error = new ConnectionError("CONNECTION_LOST", "the connection was lost");
  expect(closeFields({ ...report, reason: "a\nb", error, clean: false, roundTripMs: 7.7 })).toEqual({
    code: 1000,
    reason: "a b",
    clean: false,
    initiator: "local",
    error: "CONNECTION_LOST",
    durationMs: 350,
    messagesSent: 2,
    messagesReceived: 1,
    bytesSent: 10,
    bytesReceived: 20_480,
    roundTripMs: 8,
  });
});
