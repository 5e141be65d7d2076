import type { RateLimitOptions, Server } from "hawser/server";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { addServices } from "./services.js";

/** The rate limit of each service, by path. */
function listRateLimits(options: { rateLimit: number; maxMessageBytes?: number }): Record<string, unknown> {
  const limits: Record<string, unknown> = {};
  const server = {
    service(path: string, _handlers: unknown, { rateLimit }: { rateLimit: RateLimitOptions | false }) {
      limits[path] = rateLimit;
      return { broadcast: () => 0 };
    },
  } as unknown as Server; // all that is used of it
  const log = pino({ level: "silent" });
  const services = addServices(server, { ...options, timeIntervalMs: 3_600_000, log, onRootRequest: () => {} });
  onTestFinished(() => services.stop());
  return limits;
}

it("closes a flood on /time and /chat after ten seconds, and only slows it down elsewhere (REL-D9)", () => {
  const closes = { messagesPerSecond: 100, bytesPerSecond: 1_048_576 };
  const slows = { ...closes, closeAfterMs: Infinity };
  const limits = { "/": slows, "/echo": slows, "/time": closes, "/chat": closes };
  expect(listRateLimits({ rateLimit: 100 })).toEqual(limits);
});

it("lets one message of the largest size pass in a second", () => {
  const limits = listRateLimits({ rateLimit: 1, maxMessageBytes: 5_000_000 });
  expect(limits["/chat"]).toMatchObject({ bytesPerSecond: 5_000_000 });
});

it("has no limit when it is off", () => {
  const limits = listRateLimits({ rateLimit: Infinity });
  expect(limits).toEqual({ "/": false, "/echo": false, "/time": false, "/chat": false });
});
