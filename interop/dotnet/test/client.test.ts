import { X509Certificate } from "node:crypto";
import type { AdmitResult, HandshakeInfo } from "hawser/server";
import { describe, expect, it } from "vitest";
import { timeout } from "../../../packages/hawser/test/interop/patience.js";
import { testCertificate } from "../../../packages/hawser/test/support/test-certificate.js";
import { dotnet } from "./build.js";
import { clientWebSocket as openPair, OurEnd, startServer } from "./pairs.js";
import { DotnetSocket, usePeer } from "./peer.js";

const fingerprint = new X509Certificate(testCertificate.cert).fingerprint256.replaceAll(":", "");

describe.skipIf(dotnet === undefined)("ClientWebSocket and our server", { timeout }, () => {
  const peer = usePeer();

  it("request headers and cookies arrive, and headers of the 101", async () => {
    const requests: HandshakeInfo[] = [];
    const admit = (request: HandshakeInfo): AdmitResult => {
      requests.push(request);
      return { headers: { "X-Session": "s-1" } };
    };
    const server = await startServer({}, (it) => it.service("/socket", { admit }));
    const opened = await peer().run("connect", {
      url: `${server.url}/socket?room=harbour`,
      headers: { Authorization: "Bearer t0ken", "X-Client": "dotnet" },
      cookies: { sid: "abc", theme: "dark" },
    });
    expect(opened).toMatchObject({ status: 101, states: ["None", "Connecting", "Open"] });
    expect(opened.headers["x-session"]).toBe("s-1");
    const [request] = requests;
    expect(request?.query.get("room")).toBe("harbour");
    expect(request?.headers.get("authorization")).toBe("Bearer t0ken");
    expect(request?.headers.get("x-client")).toBe("dotnet");
    expect(request?.headers.get("cookie")).toBe("sid=abc; theme=dark");
    expect(request?.origin).toBe(undefined);
  });

  it("credentials are sent after a 401 that asks for them", async () => {
    const seen: (string | undefined)[] = [];
    const admit = ({ headers }: HandshakeInfo): AdmitResult => {
      const authorization = headers.get("authorization");
      seen.push(authorization);
      if (authorization !== undefined) return {};
      return { status: 401, headers: { "WWW-Authenticate": 'Basic realm="harbour"' } };
    };
    const server = await startServer({}, (it) => it.service("/socket", { admit }));
    const opened = await peer().run("connect", { url: `${server.url}/socket`, userName: "mft", password: "pass" });
    expect(opened.states.at(-1)).toBe("Open");
    expect(seen).toEqual([undefined, `Basic ${btoa("mft:pass")}`]);
  });

  it("a refusal is an exception with its status there", async () => {
    const server = await startServer({}, (it) => it.service("/socket", { admit: () => ({ status: 403 }) }));
    for (const [path, status] of [
      ["/socket", 403],
      ["/nowhere", 404],
    ] as const) {
      const connecting = peer().run("connect", { url: `${server.url}${path}` });
      await expect(connecting).rejects.toMatchObject({
        type: "WebSocketException",
        code: "NotAWebSocket",
        status,
        states: ["None", "Connecting", "Closed"],
      });
    }
  });

  it("wss: a self-signed certificate is trusted by its fingerprint, and only by the right one", async () => {
    const { ours, theirs } = await openPair(peer(), { tls: testCertificate, theirs: { fingerprint } });
    const hash = ours.echo();
    const { sent, received } = await theirs.run("exchange", { count: 300, seed: 7 });
    expect(received).toBe(sent);
    expect(hash.toHex()).toBe(sent);
    await theirs.run("close");
    expect((await theirs.states()).at(-1)).toBe("Closed");
    expect(await ours.report).toMatchObject({ clean: true });

    const wrong = openPair(peer(), { tls: testCertificate, theirs: { fingerprint: fingerprint.replace(/^../, "00") } });
    await expect(wrong).rejects.toMatchObject({ type: "WebSocketException", states: ["None", "Connecting", "Closed"] });
  });

  it("wss: the callback of ServicePointManager, which trusts everything in the original samples, is not asked", async () => {
    const trusting = openPair(peer(), { tls: testCertificate, theirs: { trustAll: true } });
    await expect(trusting).rejects.toMatchObject({
      type: "WebSocketException",
      states: ["None", "Connecting", "Closed"],
    });
  });

  it("pongs that nobody asked for, .NET's default keep-alive, do no harm", async () => {
    const { ours, theirs } = await openPair(peer(), { theirs: { keepAliveIntervalMs: 10 } });
    await theirs.run("keepQuiet", { delayMs: 300 });
    await theirs.run("close");
    const report = await ours.report;
    expect(report).toMatchObject({ clean: true, error: null, messagesReceived: 0 });
    expect(report.bytesReceived).toBeGreaterThan(5 * 6); // at least five pongs besides the Close
  });

  it("their pings are answered in time", async () => {
    const { theirs } = await openPair(peer(), { theirs: { keepAliveIntervalMs: 50, keepAliveTimeoutMs: 1500 } });
    await theirs.run("keepQuiet", { delayMs: 2000 });
    expect(await theirs.states()).toEqual(["None", "Connecting", "Open"]);
  });

  it("their pings are answered by nobody while we do not read, and they abort", async () => {
    const { ours, theirs } = await openPair(peer(), { theirs: { keepAliveIntervalMs: 50, keepAliveTimeoutMs: 400 } });
    let release = (): void => {};
    ours.onMessage = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    await theirs.run("send", { text: "hold" });
    await expect(theirs.run("receive")).rejects.toBeInstanceOf(Error);
    expect(await theirs.states()).toEqual(["None", "Connecting", "Open", "Aborted"]);
    release();
    expect(await ours.report).toMatchObject({ code: 1006, initiator: "error" });
  });

  it("their pings need a receive of theirs: without it they do not see our pongs", async () => {
    const { ours, theirs } = await openPair(peer(), { theirs: { keepAliveIntervalMs: 50, keepAliveTimeoutMs: 400 } });
    const { states } = await theirs.run("keepBusyElsewhere");
    expect(states).toEqual(["None", "Connecting", "Open", "Aborted"]);
    expect(await ours.report).toMatchObject({ code: 1006, initiator: "error", error: { code: "CONNECTION_LOST" } });
  });

  it("server.close: EndpointUnavailable there, and a clean end", async () => {
    const ours = new OurEnd();
    const server = await startServer({}, (it) => it.service("/socket", ours.handlers));
    const theirs = new DotnetSocket(peer(), await peer().run("connect", { url: `${server.url}/socket` }));
    const closing = server.close({ spreadMs: 0 });
    expect(await theirs.run("receive")).toMatchObject({ type: "Close", code: 1001 });
    await theirs.run("close");
    await closing;
    expect(await ours.report).toMatchObject({ code: 1001, clean: true, initiator: "local" });
  });

  it.each([1012, 1013, 4029])("%i, which has no name there, arrives", async (code) => {
    const { ours, theirs } = await openPair(peer());
    const report = ours.socket.close(code, "later");
    expect(await theirs.run("receive")).toMatchObject({ type: "Close", code, reason: "later" });
    await theirs.run("close");
    expect(await report).toMatchObject({ code, clean: true });
  });

  describe("the original client", () => {
    it("answers our text heartbeat, which the application does not see", async () => {
      const ours = new OurEnd();
      const heartbeat = { mode: "text", intervalMs: 20, timeoutMs: 5000 } as const;
      const server = await startServer({ heartbeat }, (it) => it.service("/", ours.handlers));
      start(server.url, { heartbeatIntervalMs: 60_000 });
      await ours.opened();
      for (let beat = 0; beat < 3; beat++) expect(await peer().next("message")).toMatchObject({ text: "Ping" });
      await ours.socket.close();
      expect(await peer().next("disconnected")).toMatchObject({ state: "Closed", code: 1000 });
      const report = await ours.report;
      expect(report.messagesReceived).toBeGreaterThanOrEqual(2); // its Pongs
      expect(report.roundTripMs).toBeGreaterThanOrEqual(0);
    });

    it("has its text heartbeat answered, which the application does not see", async () => {
      const ours = new OurEnd();
      const seen: unknown[] = [];
      ours.onMessage = (data) => seen.push(data);
      const server = await startServer({ heartbeat: { mode: "text" } }, (it) => it.service("/", ours.handlers));
      start(server.url, { heartbeatIntervalMs: 20 });
      for (let beat = 0; beat < 3; beat++) {
        await peer().next("ping");
        expect(await peer().next("message")).toMatchObject({ text: "Pong" });
      }
      expect(seen).toEqual([]);
    });

    it("sends its heartbeat as ordinary messages to a service without one in text", async () => {
      const ours = new OurEnd();
      const server = await startServer({}, (it) => it.service("/", ours.handlers));
      start(server.url, { heartbeatIntervalMs: 20 });
      expect(await ours.messages.take(2)).toEqual(["Ping", "Ping"]);
    });

    it("comes back whenever the server was restarted", async () => {
      let port = 0;
      for (let round = 0; round < 3; round++) {
        const ours = new OurEnd();
        const server = await startServer({ port }, (it) => it.service("/", ours.handlers));
        if (round === 0) start(server.url, { reconnectDelayMs: 20 });
        ({ port } = server.address());
        await ours.opened();
        await peer().next("connected");
        await ours.socket.send(`round ${round}`);
        expect(await peer().next("message")).toMatchObject({ text: `round ${round}` });
        if (round === 1) ours.socket.abort();
        await server.close({ spreadMs: 0 });
        const ended = await peer().next("disconnected");
        expect(ended).toMatchObject(round === 1 ? { state: "Aborted" } : { state: "Closed", code: 1001 });
      }
    });

    /** Runs until the test is over. */
    function start(url: string, options: { heartbeatIntervalMs?: number; reconnectDelayMs?: number }): void {
      peer()
        .run("startOriginalClient", { url, ...options })
        .catch(() => {});
    }
  });
});
