import { type CloseReport, ConnectionError } from "hawser/socket";
import { expect, it } from "vitest";
import { describeClose } from "./close-words.js";

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
  bytesReceived: 10,
  roundTripMs: null,
  durationMs: 350,
};

it("tells a clean close", () => {
  expect(describeClose(report, "server")).toBe(
    "closed 1000 normal closure; by this side; open 350 ms; 2 messages sent, 1 received",
  );
});

it("tells the peer's code and reason, without what steers a terminal", () => {
  const byPeer = {
    ...report,
    initiator: "remote",
    code: 4001,
    reason: "go\u001b[2J",
    messagesSent: 1,
    durationMs: 3210,
  } as const;
  expect(describeClose(byPeer, "client")).toBe(
    'closed 4001 private to the application "go[2J"; by the client; open 3.2 s; 1 message sent, 1 received',
  );
});

it("tells the fault that ended a connection", () => {
  const error = new ConnectionError("CONNECTION_LOST", "the connection was lost");
  const lost = { ...report, code: 1006, clean: false, initiator: "error", error, durationMs: 300_000 } as const;
  expect(describeClose(lost, "client")).toBe(
    "closed 1006 abnormal closure; the connection was lost; open 5 min; 2 messages sent, 1 received",
  );
});
