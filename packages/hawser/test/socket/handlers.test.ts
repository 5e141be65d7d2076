import { describe, expect, it } from "vitest";
import { createBench, openWithPeer } from "../support/socket-fixture.js";
import type { Handlers } from "../../src/socket/index.js";

const frame = { open: null, message: "81 81 00000000 61", closing: "88 82 00000000 03e8", error: "8f 80 00000000" };

describe("REL-A32 a handler that fails", () => {
  const failures: [string, () => unknown][] = [
    [
      "throws",
      () => {
        throw new Error("bug");
      },
    ],
    ["rejects", () => Promise.reject(new Error("bug"))],
    // oxlint-disable-next-line typescript/only-throw-error -- applications do
    [
      "throws what has no text",
      () => {
        throw Object.create(null);
      },
    ],
    [
      "answers with a broken promise",
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- applications have such promises
        then: () => {
          throw new Error("bug");
        },
      }),
    ],
  ];

  it.each(failures)("in open or message ends its connection with 1011 and no other: it %s", async (_name, fail) => {
    const bench = createBench();
    const other = openWithPeer({ bench, handlers: { message: (s, data) => void s.post(data) } });
    for (const name of ["open", "message"] as const) {
      const errors: string[] = [];
      const { socket, peer, settle, frames } = openWithPeer({
        bench,
        handlers: { [name]: fail, error: (_s: unknown, error: { code: string }) => void errors.push(error.code) },
      });
      if (name === "message") peer.sendHex(frame.message);
      await settle();
      expect({ errors, frames: frames() }).toEqual({ errors: ["HANDLER_FAILED"], frames: ["close 1011"] });
      peer.sendClose(1011);
      peer.end();
      expect(await socket.closed).toMatchObject({
        code: 1011,
        clean: true,
        initiator: "error",
        error: { code: "HANDLER_FAILED" },
      });
    }
    other.peer.sendText("alive");
    await other.settle();
    expect(other.frames()).toEqual(["text alive"]);
  });

  it.each(failures)(
    "in closing answers the Close or has done so, in error and close is contained: it %s",
    async (_n, fail) => {
      const closing = openWithPeer({ handlers: { closing: fail as () => void } });
      closing.peer.sendHex(frame.closing);
      await closing.settle();
      expect(closing.frames()).toHaveLength(1);
      closing.peer.end();
      expect(await closing.socket.closed).toMatchObject({ clean: true });
      const handlers: Handlers = { error: fail as () => void, close: fail as () => void };
      const failing = openWithPeer({ handlers });
      failing.peer.sendHex(frame.error);
      await failing.settle();
      failing.peer.end();
      expect(await failing.socket.closed).toMatchObject({ code: 1002, error: { code: "OPCODE_RESERVED" } });
      await failing.settle();
    },
  );

  it("after its connection began to close is told to error, unless it only awaited the connection", async () => {
    const errors: unknown[] = [];
    const { socket, peer, settle } = openWithPeer({
      transport: { capacityBytes: 10 },
      handlers: {
        message: async (s, data) => {
          await s.send(new Uint8Array(100));
          if (data === "bug") throw new Error("bug");
        },
        error: (_s, error) => void errors.push(error.message),
      },
    });
    peer.pause();
    peer.sendText("quiet");
    await settle();
    socket.abort();
    await settle();
    expect(errors).toEqual([]);
    const second = openWithPeer({
      handlers: {
        message: async (s) => {
          await s.closed;
          throw new Error("bug");
        },
        error: (_s, error) => void errors.push(error.message),
      },
    });
    second.peer.sendText("bug");
    await second.settle();
    second.socket.abort();
    await second.settle();
    expect(errors).toEqual(["a handler failed: bug"]);
  });

  it("in the peer's fault is told once, as the fault", async () => {
    const errors: string[] = [];
    const { peer, settle, frames } = openWithPeer({
      handlers: {
        message: () => Promise.reject(new Error("bug")),
        error: (_s, error) => void errors.push(error.code),
      },
    });
    peer.sendHex(frame.error);
    peer.sendHex(frame.message);
    await settle();
    expect({ errors, frames: frames() }).toEqual({
      errors: ["OPCODE_RESERVED"],
      frames: ["close 1002 OPCODE_RESERVED"],
    });
  });

  it("that returns no promise from open is not waited for", async () => {
    const { peer, settle, frames } = openWithPeer({
      handlers: {
        open: ((s: { post(text: string): boolean }) => s.post("hi")) as never,
        message: (s) => void s.post("got"),
      },
    });
    peer.sendHex(frame.message);
    await settle();
    expect(frames()).toEqual(["text hi", "text got"]);
  });
});
