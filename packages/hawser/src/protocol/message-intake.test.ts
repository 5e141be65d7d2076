import { expect, it } from "vitest";
import { portableBytes } from "../internal/portable-bytes.js";
import { MessageIntake } from "./message-intake.js";

const options = {
  role: "server",
  mode: "message",
  deflate: true,
  maxMessageBytes: 1000,
  maxFramesPerMessage: 10,
  maxEmptyFrames: 10,
  allowNonMinimalLengths: false,
  bytes: portableBytes,
} as const;

it("gives an empty array when nothing was kept", () => {
  const intake = new MessageIntake(options);

  expect([intake.take(), intake.length, intake.capacity]).toEqual([new Uint8Array(0), 0, 0]);
});

it("begins a text with no memory of the one before", () => {
  const intake = new MessageIntake(options);
  intake.begin("text", false);
  intake.announce(10, true);
  intake.append(new Uint8Array([0xc3]), 0, 1);
  intake.take();

  intake.begin("text", false);
  intake.announce(10, true);

  expect(intake.append(new Uint8Array([0x61]), 0, 1)).toBe(true);
});

it("leaves compressed text unchecked, as it is no text yet", () => {
  const intake = new MessageIntake(options);
  intake.begin("text", true);
  intake.announce(10, true);

  expect(intake.append(new Uint8Array([0xff]), 0, 1)).toBe(true);
});

it("has room for what deflate makes of a message of maxMessageBytes, and for no more", () => {
  const intake = new MessageIntake(options);
  intake.begin("binary", true);
  intake.announce(1126, false);

  expect(intake.announce(1127, false)?.facts).toEqual({ size: 1127, limit: 1126 });
});

it("takes no longer text than there can be strings", () => {
  const intake = new MessageIntake({ ...options, maxMessageBytes: Infinity });
  intake.begin("text", false);

  expect(intake.announce(2 ** 29 - 24, true)).toBeNull();
  expect(intake.announce(2 ** 29 - 23, true)?.closeCode).toBe(1009);
});
