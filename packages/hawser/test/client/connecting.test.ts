import { describe, expect, it } from "vitest";
import { setStage } from "./client-fixture.js";

describe("connect", () => {
  it("settles when the connection is open", async () => {
    const { client, told, open } = setStage();
    await open();
    expect(client.state).toBe("open");
    expect(told).toEqual(["connecting", "open", "OPEN"]);
    expect(client.url).toBe("ws://server/");
  });
});
