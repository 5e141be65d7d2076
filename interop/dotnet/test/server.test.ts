import { describe, expect, it } from "vitest";
import { timeout } from "../../../packages/hawser/test/interop/patience.js";
import { testCertificate } from "../../../packages/hawser/test/support/test-certificate.js";
import { connect } from "hawser/socket";
import { dotnet } from "./build.js";
import { connectOurs, kestrel } from "./pairs.js";
import { usePeer } from "./peer.js";

describe.skipIf(dotnet === undefined)("servers of .NET and our client", { timeout }, () => {
  const peer = usePeer();

  it.each(["startKestrel", "startHttpListener"])("%s: our headers arrive", async (start) => {
    const { url } = await peer().run(start);
    const headers = { Authorization: "Bearer t0ken", Cookie: "sid=abc" };
    const [, accepted] = await Promise.all([
      connectOurs(new URL("/chat?room=1", url).href, { headers, origin: "https://example.com" }),
      peer().next("accepted"),
    ]);
    expect(accepted).toMatchObject({ path: "/chat", states: ["Open"] });
    expect(accepted.headers).toMatchObject({
      authorization: "Bearer t0ken",
      cookie: "sid=abc",
      origin: "https://example.com",
    });
  });

  it.each(["startKestrel", "startHttpListener"])("%s: a refusal has its status", async (start) => {
    const { url } = await peer().run(start);
    await expect(connect(new URL("/refused", url))).rejects.toMatchObject({
      code: "HANDSHAKE_REFUSED",
      facts: { status: 403 },
    });
  });

  it("Kestrel by wss, its self-signed certificate given as `ca`", async () => {
    const { ours, theirs } = await kestrel(peer(), { tls: testCertificate });
    const hash = ours.echo();
    const { sent, received } = await theirs.run("exchange", { count: 300, seed: 8 });
    expect(received).toBe(sent);
    expect(hash.toHex()).toBe(sent);
    const { url } = await peer().run("startKestrel", testCertificate);
    await expect(connect(url)).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      facts: { reason: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
  });

  it("Kestrel's pings are answered", async () => {
    const { theirs } = await kestrel(peer(), { theirs: { keepAliveIntervalMs: 50, keepAliveTimeoutMs: 1500 } });
    await theirs.run("keepQuiet", { delayMs: 2000 });
    expect(await theirs.states()).toEqual(["Open"]);
  });

  it("the original gateway's socket, which receives in one task and sends from a channel in another", async () => {
    const { ours, theirs } = await kestrel(peer());
    const serving = theirs.run("user");
    const texts = Array.from({ length: 500 }, (_, index) => JSON.stringify({ pid: `p-${index}`, action: "add_deal" }));
    for (const text of texts) ours.socket.post(text);
    expect(await ours.messages.take(texts.length)).toEqual(texts);
    expect(await ours.socket.close(1000, "bye")).toMatchObject({ clean: true, received: { reason: "Socket Close" } });
    expect(await serving).toMatchObject({ count: 500, states: ["Open", "CloseReceived", "Closed"] });
  });

  it("the original server: one client after the other, a text heartbeat of its own, an answer to each text", async () => {
    const { url } = await peer().run("startOriginalServer", { heartbeatIntervalMs: 20 });
    for (let round = 0; round < 2; round++) {
      const ours = await connectOurs(url, { heartbeat: { mode: "text" } });
      // it takes even our answer to its ping for something to answer; the ping itself is not seen
      expect(await ours.messages.next()).toBe("服务端已成功收到消息Pong");
      await ours.socket.send("hello");
      let text = await ours.messages.next();
      while (text === "服务端已成功收到消息Pong") text = await ours.messages.next();
      expect(text).toBe("服务端已成功收到消息hello");
      const report = await ours.socket.close(1000, "bye");
      expect(report).toMatchObject({ clean: true, received: { code: 1000, reason: "Closing" } });
      expect(await peer().next("disconnected")).toMatchObject({ state: "Closed", code: 1000 });
    }
  });

  it("the original server answers our text heartbeat", async () => {
    const { url } = await peer().run("startOriginalServer", { heartbeatIntervalMs: 60_000 });
    const ours = await connectOurs(url, {
      heartbeat: { mode: "text", intervalMs: 20, timeoutMs: 5000, strictPong: true },
    });
    for (let beat = 0; beat < 3; beat++) {
      expect(await peer().next("message")).toMatchObject({ text: "Ping" });
      expect(await ours.messages.next()).toBe("服务端已成功收到消息Ping"); // the Pong behind it is not seen
    }
    expect(ours.socket.roundTripMs).toBeGreaterThanOrEqual(0);
  });
});
