import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { createVirtualRuntime } from "../../testing/index.js";
import { answerAndClose } from "./last-answer.js";

/** A stream whose other side never ends: it keeps what is written. */
function createPeer(): { readonly stream: Duplex; readonly written: () => string } {
  let written = "";
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString();
      done();
    },
  });
  return { stream, written: () => written };
}

it("REL-B27 answers at once, and ends a connection whose peer does not after a second", async () => {
  const runtime = createVirtualRuntime();
  const { stream, written } = createPeer();
  answerAndClose(stream, { status: 404, body: "no" }, runtime);
  expect(stream.writableEnded).toBe(true);
  await runtime.clock.advance(900);
  expect(written()).toMatch(/^HTTP\/1.1 404 Not Found\r\n[^]*\r\n\r\nno$/);
  expect(stream.destroyed).toBe(false);
  await runtime.clock.advance(200);
  expect(stream.destroyed).toBe(true);
});

it("drops what still comes, and takes the timer back when the peer ends", async () => {
  const runtime = createVirtualRuntime();
  const { stream } = createPeer();
  answerAndClose(stream, { status: 404 }, runtime);
  stream.push(Buffer.alloc(100_000));
  stream.push(null);
  await new Promise((resolve) => stream.once("close", resolve));
  expect(runtime.wheel.size).toBe(0);
});

it("does not answer twice, nor to a stream that is gone, nor fail on its errors", () => {
  const runtime = createVirtualRuntime();
  const { stream, written } = createPeer();
  stream.destroy();
  answerAndClose(stream, { status: 404 }, runtime);
  answerAndClose(stream, { status: 404 }, runtime);
  stream.emit("error", new Error("reset"));
  expect(written()).toBe("");
  expect(runtime.wheel.size).toBe(0);
});
