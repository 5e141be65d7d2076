import { expect, it } from "vitest";
import { startGateway } from "../support/gateway-fixture.js";

it("answers a request with its pid, after a login", async () => {
  const { login } = await startGateway({}, (gateway) => {
    gateway.action("add", {}, (data) => ({ sum: (data as number[]).reduce((sum, next) => sum + next, 0) }));
  });
  const peer = await login("ann");
  expect(await peer.ask({ pid: "43eae41d", action: "add", data: [1, 2, 3] })).toEqual({
    pid: "43eae41d",
    actionAck: "add",
    status: 1,
    data: { sum: 6 },
  });
});
