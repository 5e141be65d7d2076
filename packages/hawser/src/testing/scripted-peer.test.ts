import fc from "fast-check";
import { expect, it } from "vitest";
import { createTransportPair } from "./memory-transport.js";
import { ScriptedPeer } from "./scripted-peer.js";
import { VirtualClock } from "./virtual-clock.js";
import { decodeWireFrame, encodeWireFrame } from "./wire-frame.js";

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

// The examples of RFC 6455 §5.7.
it.each([
  ["an unmasked text", { opcode: 1, payload: "Hello" }, "810548656c6c6f"],
  ["a masked text", { opcode: 1, payload: "Hello", masked: true }, "818537fa213d7f9f4d5158"],
  ["a first fragment", { opcode: 1, fin: false, payload: "Hel" }, "010348656c"],
  ["a last fragment", { opcode: 0, payload: "lo" }, "80026c6f"],
  ["a ping", { opcode: 9, payload: "Hello" }, "890548656c6c6f"],
  ["a masked pong", { opcode: 10, payload: "Hello", masked: true }, "8a8537fa213d7f9f4d5158"],
])("encodes and decodes %s", (_name, frame, hex) => {
  expect(hexOf(encodeWireFrame(frame))).toBe(hex);
  const decoded = decodeWireFrame(Buffer.from(hex, "hex"));
  expect(decoded).toMatchObject({
    wireBytes: hex.length / 2,
    frame: {
      masked: false,
      fin: true,
      ...frame,
      payload: new Uint8Array(Buffer.from(frame.payload)),
      text: frame.payload,
    },
  });
});

it.each([
  [125, "827d", 7],
  [126, "827e007e", 16],
  [65_535, "827effff", 16],
  [65_536, "827f0000000000010000", 64],
])("writes the length %i in the shortest form", (length, header, lengthBits) => {
  const encoded = encodeWireFrame({ opcode: 2, payload: new Uint8Array(length) });
  expect(hexOf(encoded.subarray(0, header.length / 2))).toBe(header);
  expect(decodeWireFrame(encoded)).toMatchObject({ wireBytes: encoded.length, frame: { lengthBits } });
});

it("writes headers that no sender may send", () => {
  const bad = {
    opcode: 3,
    fin: false,
    rsv1: true,
    rsv2: true,
    rsv3: true,
    lengthBits: 64,
    announcedLength: 2n ** 63n,
  } as const;
  expect(hexOf(encodeWireFrame(bad))).toBe("737f8000000000000000");
  expect(hexOf(encodeWireFrame({ opcode: 1, payload: "a", lengthBits: 16 }))).toBe("817e000161");
});

it("decodes what was encoded, and nothing of a part of it", () => {
  const frames = fc.record({
    opcode: fc.nat(15),
    fin: fc.boolean(),
    rsv1: fc.boolean(),
    rsv2: fc.boolean(),
    rsv3: fc.boolean(),
    masked: fc.boolean(),
    payload: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(frames, (frame) => {
      const encoded = encodeWireFrame(frame);
      expect(decodeWireFrame(encoded)).toMatchObject({ wireBytes: encoded.length, frame });
      expect(decodeWireFrame(encoded.subarray(0, -1))).toBeUndefined();
    }),
  );
});

it("reads frames however they are cut, and hands them out in order", async () => {
  const [left, right] = createTransportPair({ split: 1 });
  const peer = new ScriptedPeer(left);
  const first = peer.nextFrame();
  right.write([encodeWireFrame({ opcode: 1, payload: "one" }), encodeWireFrame({ opcode: 9, payload: "two" })]);
  right.write([Buffer.from("8203", "hex")]);
  expect(await first).toMatchObject({ opcode: 1, text: "one", masked: false });
  expect(await peer.nextFrame()).toMatchObject({ opcode: 9, text: "two", hex: "74776f" });
  await new VirtualClock().advance(0);
  expect({ frames: peer.received.length, unread: peer.unreadHex }).toEqual({ frames: 2, unread: "8203" });
});

it("masks as a client, not as a server, and as it is told", async () => {
  const [left, right] = createTransportPair();
  const client = new ScriptedPeer(left);
  const server = new ScriptedPeer(right, { role: "server" });
  client.sendText("a");
  client.sendFrame({ opcode: 2, masked: false });
  server.sendClose(1000, "bye");
  server.sendClose();
  server.sendHex("89 00");
  expect(await server.nextFrame()).toMatchObject({ opcode: 1, masked: true, text: "a" });
  expect(await server.nextFrame()).toMatchObject({ opcode: 2, masked: false, text: "" });
  expect(await client.nextFrame()).toMatchObject({ opcode: 8, masked: false, hex: "03e8627965" });
  expect(await client.nextFrame()).toMatchObject({ opcode: 8, hex: "" });
  expect(await client.nextFrame()).toMatchObject({ opcode: 9 });
});

it("refuses what is not hexadecimal", () => {
  const peer = new ScriptedPeer(createTransportPair()[0]);
  expect(() => peer.sendHex("8")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(() => peer.sendHex("8g")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

it("tells the end and the close", async () => {
  const [left, right] = createTransportPair();
  const [peer, other] = [new ScriptedPeer(left), new ScriptedPeer(right)];
  const waiting = peer.nextFrame();
  other.end();
  await peer.ended;
  expect({ ended: peer.hasEnded, closed: peer.hasClosed }).toEqual({ ended: true, closed: false });
  await expect(waiting).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  peer.end();
  expect(await peer.closed).toBeUndefined();
  expect(await other.closed).toBeUndefined();
  expect(peer.hasClosed).toBe(true);
});

it("tells the error of a reset", async () => {
  const [left, right] = createTransportPair();
  const peer = new ScriptedPeer(left);
  right.cut(new Error("cut"));
  expect(await peer.closed).toMatchObject({ message: "cut" });
});

it("lets the other side's bytes pile up while it is paused", async () => {
  const [left, right] = createTransportPair({ capacityBytes: 2 });
  const [peer, other] = [new ScriptedPeer(left, { role: "server" }), new ScriptedPeer(right, { role: "server" })];
  peer.pause();
  other.sendText("hello");
  await new VirtualClock().advance(0);
  expect(right.bufferedBytes).toBe(5);
  peer.resume();
  expect(await peer.nextFrame()).toMatchObject({ text: "hello" });
  peer.destroy();
  await other.ended;
});
