import { expect, it, vi } from "vitest";
import { createNodeRuntime, defaultRuntime } from "./default-runtime.js";
import { realClock } from "./real-clock.js";
import { sha1 } from "./sha1.js";

it("there is one default runtime, and others share nothing with it", () => {
  expect(defaultRuntime()).toBe(defaultRuntime());
  expect(createNodeRuntime().ledger).not.toBe(defaultRuntime().ledger);
});

it("fills with random bytes", () => {
  const target = new Uint8Array(64);

  defaultRuntime().random(target);

  expect(new Set(target).size).toBeGreaterThan(16);
});

it("hashes as RFC 6455 §1.3 shows", () => {
  const digest = sha1(Buffer.from("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));

  expect(Buffer.from(digest).toString("base64")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

it("the clock calls back once, never early", async () => {
  const start = realClock.now();
  await new Promise<void>((resolve) => realClock.schedule(resolve, 7.5));

  expect(realClock.now() - start).toBeGreaterThanOrEqual(7.5);
});

it("the clock forgets a cancelled call", async () => {
  const cancelled = vi.fn<() => void>();
  const call = realClock.schedule(cancelled, 1);
  call.cancel();
  call.cancel();
  await new Promise<void>((resolve) => realClock.schedule(resolve, 10));

  expect(cancelled).not.toHaveBeenCalled();
});

it("the clock does not turn a long delay into none", async () => {
  const early = vi.fn<() => void>();
  const call = realClock.schedule(early, 2 ** 40);
  await new Promise<void>((resolve) => realClock.schedule(resolve, 10));
  call.cancel();

  expect(early).not.toHaveBeenCalled();
});
