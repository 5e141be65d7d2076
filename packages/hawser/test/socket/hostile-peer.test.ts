import { createDeferred } from "../../src/internal/deferred.js";
import { describe, expect, it } from "vitest";
import { createBench, openWithPeer } from "../support/socket-fixture.js";
import { portableBytes } from "../../src/internal/portable-bytes.js";
import type { SocketOptions } from "../../src/socket/index.js";

describe("a peer that breaks the rules", () => {
  it.each([
    ["REL-A1 an unmasked frame", "server", "8103616263", [1002, "FRAME_NOT_MASKED"]],
    ["REL-A2 a masked frame", "client", "818100000000 61", [1002, "FRAME_MASKED"]],
    ["REL-A3 RSV1 without an extension", "server", "c18100000000 61", [1002, "RESERVED_BITS_SET"]],
    ["REL-A9 a length of 2^63", "server", "82ff8000000000000000", [1002, "LENGTH_INVALID"]],
    ["REL-A10 a length of 2^53", "server", "82ff0020000000000000 00000000", [1009, "MESSAGE_TOO_BIG"]],
    ["REL-A21 invalid UTF-8", "server", "818200000000 c328", [1007, "UTF8_INVALID"]],
    ["REL-A24 a close code that may not be sent", "server", "888200000000 03ed", [1002, "CLOSE_CODE_INVALID"]],
    ["REL-A26 a close reason that is not UTF-8", "server", "888300000000 03e8ff", [1007, "UTF8_INVALID"]],
  ] as const)("is told and let go: %s", async (_name, role, hex, answer) => {
    const [closeCode, code] = answer;
    const got: unknown[] = [];
    const { socket, peer, settle, frames, runtime, transport, clock } = openWithPeer({
      role,
      handlers: { message: (_s, data) => void got.push(data), error: (_s, error) => void got.push(error.code) },
    });
    peer.sendHex(hex);
    peer.sendHex(role === "server" ? "818100000000 61" : "810161");
    await settle();
    expect({ got, frames: frames(), bytes: runtime.ledger.bytes, ended: peer.hasEnded }).toEqual({
      got: [code],
      frames: [`close ${closeCode} ${code}`],
      bytes: 0,
      ended: true,
    });
    await clock.advance(2040);
    expect(transport.closed).toBe(true);
    expect(await socket.closed).toMatchObject({
      code: closeCode,
      reason: code,
      clean: false,
      initiator: "error",
      sent: { code: closeCode },
      error: { name: "ProtocolError", code },
    });
  });

  it("is told behind the message being sent, in front of what is queued", async () => {
    const { socket, peer, settle, frames } = openWithPeer({ transport: { capacityBytes: 10 } });
    peer.pause();
    const begun = socket.send(new Uint8Array(50));
    await settle();
    const queued = socket.send("queued");
    peer.sendHex("8f80 00000000");
    await expect(queued).rejects.toMatchObject({ code: "CONNECTION_CLOSED", cause: { code: "OPCODE_RESERVED" } });
    peer.resume();
    await begun;
    await settle();
    expect(frames()).toEqual(["binary 50 bytes", "close 1002 OPCODE_RESERVED"]);
  });

  it("and reads nothing is let go within the close timeout", async () => {
    const { socket, peer, settle, clock } = openWithPeer({
      options: { closeTimeoutMs: 300, writeTimeoutMs: Infinity },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    void socket.send(new Uint8Array(50));
    await settle();
    peer.sendHex("8f80 00000000");
    await clock.advance(340);
    expect(await socket.closed).toMatchObject({ code: 1002, error: { code: "OPCODE_RESERVED" } });
  });
});

describe("a peer that sends in many parts", () => {
  const limits: SocketOptions = { maxMessageBytes: 10_000 };

  it("REL-A13 makes us hold what came of a message, not its number of fragments, and no more than 131,072", async () => {
    const { peer, settle, runtime, frames } = openWithPeer({ options: limits, transport: { capacityBytes: 2e6 } });
    peer.sendHex("028100000000 61");
    const fragment = Buffer.from("008100000000" + "62", "hex");
    peer.send(Buffer.concat(Array.from({ length: 9999 }, () => fragment)));
    await settle();
    expect(runtime.ledger.bytes).toBeLessThanOrEqual(10_000 + 65_536);
    expect(frames()).toEqual([]);
    peer.send(fragment);
    await settle();
    expect(frames()).toEqual(["close 1009 MESSAGE_TOO_BIG"]);
    const many = openWithPeer({ options: { maxFramesPerMessage: 100 } });
    many.peer.sendHex("028100000000 61");
    many.peer.send(Buffer.concat(Array.from({ length: 100 }, () => fragment)));
    await many.settle();
    expect(many.frames()).toEqual(["close 1008 TOO_MANY_FRAMES"]);
  });

  it("REL-A14 may send 1,024 empty fragments in a row", async () => {
    const empty = Buffer.from("008000000000", "hex");
    const { peer, settle, frames } = openWithPeer();
    peer.sendHex("018100000000 61");
    peer.send(Buffer.concat(Array.from({ length: 1024 }, () => empty)));
    await settle();
    expect(frames()).toEqual([]);
    peer.send(empty);
    await settle();
    expect(frames()).toEqual(["close 1008 TOO_MANY_EMPTY_FRAMES"]);
  });

  it("REL-A15 is judged by the sum that its headers announce", async () => {
    const { peer, settle, frames, runtime } = openWithPeer({ options: limits });
    peer.sendFrame({ opcode: 2, fin: false, payload: new Uint8Array(6000) });
    peer.sendFrame({ opcode: 0, fin: false, announcedLength: 4001 });
    await settle();
    expect({ frames: frames(), bytes: runtime.ledger.bytes }).toEqual({
      frames: ["close 1009 MESSAGE_TOO_BIG"],
      bytes: 0,
    });
  });

  it("REL-A10 gets no memory for what it only announces", async () => {
    const { peer, settle, runtime } = openWithPeer({ options: { maxMessageBytes: 2 ** 31 - 1 } });
    peer.sendFrame({ opcode: 2, announcedLength: 2 ** 31 - 1, payload: "x" });
    await settle();
    expect(runtime.ledger.bytes).toBeLessThanOrEqual(65_536);
  });
});

describe("a peer that floods control frames", () => {
  const flood = (opcode: string, count: number, from = 0) =>
    Buffer.concat(
      Array.from({ length: count }, (_, i) =>
        Buffer.concat([Buffer.from(`${opcode}8400000000`, "hex"), Buffer.from(String(1000 + ((from + i) % 9000)))]),
      ),
    );

  it("REL-A17 gets the answer to the latest of a chunk, and 1008 above 1,000 in a second", async () => {
    const { peer, settle, frames, clock } = openWithPeer();
    peer.send(flood("89", 1000));
    await settle();
    expect(frames()).toEqual(["pong 1999"]);
    await clock.advance(1000);
    peer.send(flood("89", 1000));
    await settle();
    expect(frames()).toEqual(["pong 1999", "pong 1999"]);
    peer.send(flood("89", 1));
    await settle();
    expect(frames()).toEqual(["pong 1999", "pong 1999", "close 1008 TOO_MANY_CONTROL_FRAMES"]);
  });

  it("REL-A17 is not mistaken for one that pinged honestly while we read nothing", async () => {
    const gates = [createDeferred<void>(), createDeferred<void>()];
    let held = 0;
    const { socket, peer, settle, clock, frames } = openWithPeer({
      handlers: { message: () => gates[held++]?.promise },
    });
    peer.sendText("held");
    for (let i = 0; i < 50; i++) {
      await clock.advance(100);
      peer.send(flood("89", 60)); // 600 a second
      if (i === 20) peer.sendText("held again");
    }
    for (const gate of gates) {
      gate.resolve();
      await settle();
    }
    expect(socket.state).toBe("open");
    peer.send(flood("89", 5001));
    await settle();
    expect(frames().at(-1)).toBe("close 1008 TOO_MANY_CONTROL_FRAMES");
  });

  it("REL-A17 saves no more than a minute of a pause up", async () => {
    const gate = createDeferred<void>();
    const { peer, settle, clock, frames } = openWithPeer({ handlers: { message: () => gate.promise } });
    peer.sendText("held");
    await settle();
    peer.send(flood("89", 1));
    await clock.advance(3_600_000);
    gate.resolve();
    await settle();
    peer.send(flood("89", 60_000));
    await settle();
    expect(frames().at(-1)).toBe("close 1008 TOO_MANY_CONTROL_FRAMES");
  });

  it("REL-A18 and reads nothing makes us keep the latest answer alone", async () => {
    const { socket, peer, settle, frames, runtime } = openWithPeer({
      options: { maxControlFramesPerSecond: Infinity },
      transport: { capacityBytes: 10 },
    });
    peer.pause();
    void socket.send(new Uint8Array(50));
    await settle();
    for (let i = 0; i < 20; i++) {
      peer.send(flood("89", 1000, i));
      await settle();
    }
    expect(socket.bufferedBytes).toBeLessThan(100);
    expect(runtime.ledger.bytes).toBeLessThan(65_536);
    peer.resume();
    await settle();
    expect(frames()).toEqual(["binary 50 bytes", "pong 2018"]);
  });

  it("REL-A19 with pongs nobody asked for changes nothing, and gets 1008 by default", async () => {
    const free = openWithPeer({ options: { maxControlFramesPerSecond: Infinity }, transport: { capacityBytes: 1e6 } });
    for (let i = 0; i < 20; i++) {
      free.peer.send(flood("8a", 5000));
      await free.settle();
    }
    expect({ bytes: free.runtime.ledger.bytes, state: free.socket.state, frames: free.frames() }).toEqual({
      bytes: 0,
      state: "open",
      frames: [],
    });
    const limited = openWithPeer();
    limited.peer.send(flood("8a", 1001));
    await limited.settle();
    expect(limited.frames()).toEqual(["close 1008 TOO_MANY_CONTROL_FRAMES"]);
  });
});

describe("REL-A27 memory that was not cleared", () => {
  it("never reaches the wire: every byte that is sent was written", async () => {
    for (const role of ["client", "server"] as const) {
      const bytes = { ...portableBytes, allocate: (size: number) => new Uint8Array(size).fill(0xaa) };
      const bench = createBench({ bytes });
      const { socket, peer, settle } = openWithPeer({ bench, role });
      const sizes = [0, 1, 125, 126, 2700, 2731, 8192, 8193, 65_536];
      for (const size of sizes) {
        socket.post("x".repeat(size));
        socket.post("é".repeat(size >>> 1));
        socket.post(new Uint8Array(size));
        await socket.sendStream(["y".repeat(size)]);
        void socket.ping();
        peer.sendFrame({ opcode: 9, payload: "p".repeat(Math.min(size, 125)) });
      }
      void socket.close(1000, "reason");
      await settle();
      const clean = new Set(Buffer.from("xypé0123456789"));
      const wire = Buffer.concat(peer.received.filter((f) => f.opcode !== 8).map((f) => f.payload));
      expect([...new Set(wire)].filter((byte) => byte !== 0 && !clean.has(byte))).toEqual([]);
      expect({ unread: peer.unreadHex, last: peer.received.at(-1)?.hex }).toEqual({
        unread: "",
        last: `03e8${Buffer.from("reason").toString("hex")}`,
      });
    }
  });
});
