import { describe, expect, it } from "vitest";

import { createAnswerError, describeRule, refuseUpgrade } from "./handshake-faults.js";

describe("a refusal", () => {
  it("carries status, a fixed reason, and the rule for the log", () => {
    expect(refuseUpgrade("key-invalid")).toEqual({
      status: 400,
      headers: {},
      reason: "the Sec-WebSocket-Key header is missing or malformed",
      rule: "key-invalid",
    });
  });

  it("REL-B10 of a version names the one that we speak", () => {
    expect(refuseUpgrade("version-unsupported")).toMatchObject({
      status: 426,
      headers: { Upgrade: "websocket", "Sec-WebSocket-Version": "13" },
    });
  });

  it("REL-B16 of a method names the one allowed", () => {
    expect(refuseUpgrade("method-not-get")).toMatchObject({ status: 405, headers: { Allow: "GET" } });
  });
});

describe("the error of a bad answer", () => {
  it("carries the rule as a fact", () => {
    const error = createAnswerError(describeRule("bare-line-feed"));
    expect(error).toMatchObject({
      name: "ConnectionError",
      code: "HANDSHAKE_INVALID",
      facts: { rule: "a line of the head does not end in CR LF" },
    });
  });
});
