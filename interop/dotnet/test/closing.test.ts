import { describe, expect, it } from "vitest";
import { timeout } from "../../../packages/hawser/test/interop/patience.js";
import { dotnet } from "./build.js";
import { allWays, clientWebSocket } from "./pairs.js";
import type { OpenPair, Pair, PairOptions } from "./pairs.js";
import { DotnetError, usePeer } from "./peer.js";

describe.skipIf(dotnet === undefined).each(allWays)(
  "%s: the end of a connection",
  { timeout },
  (_name, open: OpenPair) => {
    const peer = usePeer();
    const openPair = (options?: PairOptions): Promise<Pair> => open(peer(), options);
    /** A client has been None and Connecting before; a server gets its socket open. */
    const before = open === clientWebSocket ? ["None", "Connecting"] : [];

    it("they close: open, close-received, closed here, Open, CloseSent, Closed there", async () => {
      // our answer waits until theirs was seen as CloseSent
      const { ours, theirs } = await openPair({ ours: { autoClose: false } });
      const closing = await theirs.beginClose(4001, "Closing");
      await expect.poll(() => ours.socket.state).toBe("close-received");
      const report = await ours.socket.close(4001);
      expect(report).toMatchObject({
        code: 4001,
        reason: "Closing",
        clean: true,
        initiator: "remote",
        received: { code: 4001, reason: "Closing" },
        error: null,
      });
      expect(await closing.done).toMatchObject({ code: 4001, states: [...before, "Open", "CloseSent", "Closed"] });
      expect(ours.states).toEqual(["open", "close-received", "closed"]);
    });

    it("they close, and our default answers by itself", async () => {
      const { ours, theirs } = await openPair();
      expect(await theirs.run("close", { code: 1000, reason: "Closing" })).toMatchObject({ code: 1000, reason: "" });
      expect(await ours.report).toMatchObject({ code: 1000, reason: "Closing", clean: true, initiator: "remote" });
      expect(ours.states).toEqual(["open", "close-received", "closed"]);
      expect((await theirs.states()).at(-1)).toBe("Closed");
    });

    it("we close: open, close-sent, closed here, Open, CloseReceived, Closed there", async () => {
      const { ours, theirs } = await openPair();
      const closed = ours.socket.close(4002, "ours");
      ours.note();
      expect(await theirs.run("receive")).toMatchObject({
        type: "Close",
        code: 4002,
        reason: "ours",
        states: [...before, "Open", "CloseReceived"],
      });
      expect(ours.socket.state).toBe("close-sent");
      expect(await theirs.run("close", { code: 1000, reason: "Closing" })).toMatchObject({
        states: [...before, "Open", "CloseReceived", "Closed"],
      });
      expect(await closed).toMatchObject({
        code: 4002,
        reason: "ours",
        clean: true,
        initiator: "local",
        sent: { code: 4002, reason: "ours" },
        received: { code: 1000, reason: "Closing" },
        error: null,
      });
      expect(ours.states).toEqual(["open", "close-sent", "closed"]);
    });

    it("both close at once: both are CloseSent before either Close has arrived", async () => {
      const { ours, theirs } = await openPair();
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        ours.onMessage = () => {
          resolve();
          return new Promise<void>((go) => {
            release = go; // nothing is read until then, their Close neither
          });
        };
      });
      await theirs.run("send", { text: "hold" });
      await held;
      const closing = await theirs.beginClose(4003, "theirs");
      expect((await theirs.states()).at(-1)).toBe("CloseSent");
      expect(ours.socket.state).toBe("open");
      await ours.socket.closeOutput(4004, "ours");
      ours.note();
      expect(ours.socket.state).toBe("close-sent");
      release();
      expect(await ours.report).toMatchObject({
        clean: true,
        sent: { code: 4004, reason: "ours" },
        received: { code: 4003, reason: "theirs" },
        error: null,
      });
      expect(await closing.done).toMatchObject({
        code: 4004,
        reason: "ours",
        states: [...before, "Open", "CloseSent", "Closed"],
      });
      expect(ours.states).toEqual(["open", "close-sent", "closed"]);
    });

    it("they close their output and receive what we still have to say", async () => {
      const { ours, theirs } = await openPair({ ours: { autoClose: false } });
      const half = await theirs.run("closeOutput", { code: 1000, reason: "said all" });
      expect(half.states).toEqual([...before, "Open", "CloseSent"]);
      await expect.poll(() => ours.socket.state).toBe("close-received");
      await ours.socket.send("still here");
      await ours.socket.send(new Uint8Array(300_000));
      const closed = ours.socket.close(1000, "so did we");
      expect(await theirs.run("receive")).toMatchObject({ text: "still here" });
      expect(await theirs.run("receive")).toMatchObject({ type: "Binary", count: 300_000 });
      expect(await theirs.run("receive")).toMatchObject({
        type: "Close",
        code: 1000,
        reason: "so did we",
        states: [...before, "Open", "CloseSent", "Closed"],
      });
      expect(await closed).toMatchObject({ clean: true, initiator: "remote", messagesSent: 2, error: null });
      expect(ours.states).toEqual(["open", "close-received", "closed"]);
    });

    it("we close our output and receive what they still have to say", async () => {
      const { ours, theirs } = await openPair();
      await ours.socket.closeOutput(1000, "said all");
      ours.note();
      expect(await theirs.run("receive")).toMatchObject({ type: "Close", reason: "said all" });
      await theirs.run("send", { text: "still here" });
      const { hash } = await theirs.run("send", { size: 300_000, seed: 1 });
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
      await theirs.run("closeOutput", { code: 1000, reason: "so did we" });
      expect(await ours.messages.take(2)).toEqual(["still here", expect.objectContaining({ length: 300_000 })]);
      expect(await ours.report).toMatchObject({ clean: true, initiator: "local", messagesReceived: 2, error: null });
      expect(ours.states).toEqual(["open", "close-sent", "closed"]);
      expect(await theirs.states()).toEqual([...before, "Open", "CloseReceived", "Closed"]);
    });

    it("they abort: aborted here, too", async () => {
      const { ours, theirs } = await openPair();
      expect((await theirs.run("abort")).states).toEqual([...before, "Open", "Aborted"]);
      expect(await ours.report).toMatchObject({ code: 1006, clean: false, initiator: "error", received: null });
      expect((await ours.report).error?.code).toBe("CONNECTION_LOST");
      expect(ours.states).toEqual(["open", "aborted"]);
    });

    it("we abort: their receive throws, and they are Aborted, too", async () => {
      const { ours, theirs } = await openPair();
      const receiving = theirs.run("receive").catch((error: unknown) => error);
      ours.socket.abort("enough");
      ours.note();
      expect(await receiving).toMatchObject({ type: "WebSocketException", code: "ConnectionClosedPrematurely" });
      expect(await theirs.states()).toEqual([...before, "Open", "Aborted"]);
      expect(await ours.report).toMatchObject({ code: 1006, clean: false, initiator: "local" });
      expect(ours.states).toEqual(["open", "aborted"]);
    });

    it("a token cancelled in the middle of their receive aborts", async () => {
      const { ours, theirs } = await openPair();
      const receiving = theirs.run("receive").catch((error: unknown) => error);
      await theirs.run("cancel");
      expect(await receiving).toBeInstanceOf(DotnetError);
      expect(await theirs.states()).toEqual([...before, "Open", "Aborted"]);
      expect((await ours.report).error?.code).toBe("CONNECTION_LOST");
      expect(ours.states).toEqual(["open", "aborted"]);
    });

    it("the codes of .NET's WebSocketCloseStatus arrive", async () => {
      for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011]) {
        const { ours, theirs } = await openPair();
        await theirs.run("close", { code, reason: "Grüße 🚢" });
        expect(await ours.report).toMatchObject({ code, reason: "Grüße 🚢", clean: true });
      }
    });

    it("a message over our limit ends with 1009, MessageTooBig there", async () => {
      const { ours, theirs } = await openPair({ ours: { maxMessageBytes: 1000 } });
      await theirs.run("send", { size: 1001, seed: 1 });
      expect(await theirs.run("receive")).toMatchObject({ type: "Close", code: 1009, reason: "MESSAGE_TOO_BIG" });
      await theirs.run("close", { code: 1000 });
      expect(await ours.report).toMatchObject({ code: 1009, initiator: "error", sent: { code: 1009 } });
    });
  },
);
