import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ActionError } from "../../src/entries/gateway.js";
import { createVirtualRuntime } from "../../src/testing/index.js";
import { startGateway } from "../support/gateway-fixture.js";
import type { WireMessage } from "../support/gateway-fixture.js";

const still = { server: { heartbeat: false } } as const;

describe("before login", () => {
  it("every action that is not public is refused, whether there is one or not", async () => {
    const { connect } = await startGateway({}, (gateway) => {
      gateway.action("orders", {}, () => []).action("time", { public: true }, () => 5);
    });
    const peer = await connect();
    for (const action of ["orders", "nothing", "subscribe", "unsubscribe", "publish", "history", "logout", "refresh"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await peer.ask({ action, channel: "c" })).toMatchObject({
        actionAck: action,
        status: 0,
        error: { code: "UNAUTHENTICATED", temporary: false },
      });
    }
    expect(await peer.ask({ action: "time" })).toMatchObject({ status: 1, data: 5 });
    expect(await peer.ask({ action: "ping" })).toMatchObject({ actionAck: "ping", status: 1 });
  });

  it("a public action knows no user, and after login knows one", async () => {
    const { connect } = await startGateway({}, (gateway) => {
      gateway.action("who", { public: true }, (_data, { user, session }) => [user?.id ?? null, session === undefined]);
    });
    const peer = await connect();
    expect(await peer.ask({ action: "who" })).toMatchObject({ data: [null, true] });
    await peer.ask({ action: "login", data: { user: "ann" } });
    expect(await peer.ask({ action: "who" })).toMatchObject({ data: ["ann", false] });
  });

  it("the text Ping is answered with the text Pong, and a text Pong dropped", async () => {
    const { connect } = await startGateway();
    const peer = await connect();
    peer.send("Pong").send("Ping");
    expect(await peer.nextText()).toBe("Pong");
  });

  it("REL-D8 a connection that does not log in is closed with 4401 after 10 s", async () => {
    const runtime = createVirtualRuntime();
    const { connect } = await startGateway({ runtime, ...still });
    const peer = await connect();
    await peer.ask({ action: "ping" });
    await runtime.clock.advance(9900);
    expect(await peer.ask({ action: "ping" })).toMatchObject({ status: 1 });
    await runtime.clock.advance(200);
    expect(await peer.code()).toBe(4401);
  });

  it("REL-D8 a login ends that timeout, a logout begins it again", async () => {
    const runtime = createVirtualRuntime();
    const { connect } = await startGateway({ runtime, ...still });
    const peer = await connect();
    await peer.ask({ action: "login", data: { user: "ann" } });
    await runtime.clock.advance(60_000);
    expect(await peer.ask({ action: "logout" })).toEqual({ pid: "p2", actionAck: "logout", status: 1 });
    await runtime.clock.advance(10_100);
    expect(await peer.code()).toBe(4401);
  });

  it.each([
    ["plain", false],
    ["compressed, however short that made it,", true],
  ])("REL-C4 a message of more than 4 KiB, %s ends the connection with 1009", async (_name, perMessageDeflate) => {
    const { connect } = await startGateway({ server: { perMessageDeflate } });
    const peer = await connect({ perMessageDeflate });
    expect(peer.socket.extensions !== "").toBe(perMessageDeflate);
    peer.send({ action: "login", data: { user: "x".repeat(4096) } });
    expect(await peer.code()).toBe(1009);
  });

  it("after login 64 KiB may come, and after logout 4 KiB again", async () => {
    const { login } = await startGateway({}, (gateway) => {
      gateway.action("length", {}, (data) => String(data).length);
    });
    const peer = await login("ann");
    expect(await peer.ask({ action: "length", data: "x".repeat(65_000) })).toMatchObject({ data: 65_000 });
    await peer.ask({ action: "logout" });
    peer.send({ action: "length", data: "x".repeat(4096) });
    expect(await peer.code()).toBe(1009);
  });

  it("after login more than 64 KiB end the connection with 1009", async () => {
    const { login } = await startGateway();
    const peer = await login("ann");
    peer.send({ action: "length", data: "x".repeat(65_536) });
    expect(await peer.code()).toBe(1009);
  });
});

describe("login", () => {
  it("answers the session, its secret, and what the application gives", async () => {
    const { connect, gateway } = await startGateway({ loginData: (user) => ({ user: user.id }) });
    const peer = await connect();
    const answer = await peer.ask({ pid: "1", action: "login", data: { user: "ann", password: "right" } });
    expect(answer).toEqual({
      pid: "1",
      actionAck: "login",
      status: 1,
      session: expect.stringMatching(/^[\w-]{22}$/) as string,
      resume: expect.stringMatching(/^[\w-]{22}$/) as string,
      data: { user: "ann" },
    });
    expect(gateway.sessions.get(String(answer["session"]))).toMatchObject({ connected: true, user: { id: "ann" } });
  });

  it("is read as .NET's serializers write it", async () => {
    const { connect } = await startGateway();
    const peer = await connect();
    peer.send('{"Pid":"1","Action":"login","Data":{"user":"ann"},"ActionAck":null,"Status":null}');
    expect(await peer.next()).toMatchObject({ pid: "1", actionAck: "login", status: 1 });
  });

  it("is refused with LOGIN_REFUSED, and after the fifth time the connection is closed with 4403", async () => {
    const { connect } = await startGateway();
    const peer = await connect();
    const attempt = { action: "login", data: { user: "ann", password: "wrong" } };
    for (let count = 0; count < 5; count++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await peer.ask(attempt)).toMatchObject({ status: 0, error: { code: "LOGIN_REFUSED", temporary: false } });
    }
    expect(await peer.closed).toEqual({ code: 4403, reason: "too many refused logins" });
  });

  it("is refused with the code of an ActionError, and with INTERNAL for whatever else is thrown", async () => {
    const { connect, errors } = await startGateway({
      authenticate: (data) => {
        if (data === "busy") throw new ActionError("RATE_LIMITED", "later", { retryAfterMs: 500 });
        throw new Error("the database is at 10.0.0.7");
      },
    });
    const peer = await connect();
    expect(await peer.ask({ action: "login", data: "busy" })).toMatchObject({
      error: { code: "RATE_LIMITED", message: "later", temporary: true, retryAfterMs: 500 },
    });
    expect(await peer.ask({ action: "login", data: "broken" })).toMatchObject({
      error: { code: "INTERNAL", message: "the server failed" },
    });
    expect(errors).toMatchObject([{ code: "HANDLER_FAILED", cause: { message: "the database is at 10.0.0.7" } }]);
  });

  it.each([[{}], [{ id: 7 }], [{ id: "" }], [{ id: "x".repeat(256) }], ["ann"], [true]])(
    "is INTERNAL when authenticate answers %j",
    async (answer) => {
      const { connect, errors } = await startGateway({ authenticate: () => answer as never });
      const peer = await connect();
      expect(await peer.ask({ action: "login" })).toMatchObject({ error: { code: "INTERNAL" } });
      expect(errors).toHaveLength(1);
    },
  );

  it("holds back what is sent behind it until it is decided", async () => {
    const { connect } = await startGateway(
      {
        authenticate: async () => {
          await new Promise(setImmediate);
          return { id: "ann" };
        },
      },
      (gateway) => gateway.action("who", {}, (_data, { user }) => user.id),
    );
    const peer = await connect();
    peer.send({ pid: "1", action: "login" }).send({ pid: "2", action: "who" });
    expect(await peer.next()).toMatchObject({ pid: "1", status: 1 });
    expect(await peer.next()).toMatchObject({ pid: "2", data: "ann" });
  });

  it("may be decided by whatever can be waited for, as databases answer", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- what it is about
    const query = { then: (resolve: (user: unknown) => void) => resolve({ id: "ann" }) };
    const { connect } = await startGateway({ authenticate: () => query as never });
    const peer = await connect();
    expect(await peer.ask({ action: "login" })).toMatchObject({ status: 1 });
  });

  it("that is never decided ends with the login timeout", async () => {
    const runtime = createVirtualRuntime();
    let asked = 0;
    const { connect } = await startGateway({
      runtime,
      ...still,
      authenticate: () => {
        asked++;
        return new Promise(() => {});
      },
    });
    const peer = await connect();
    peer.send({ pid: "1", action: "login" }).send({ pid: "2", action: "login" });
    await expect.poll(() => asked).toBe(1);
    await runtime.clock.advance(10_100);
    await runtime.clock.advance(5100);
    expect(await peer.code()).toBe(4401);
    expect(asked).toBe(1);
  });

  it("of a user whose data makes loginData fail is INTERNAL, and there is no session", async () => {
    const { connect, gateway, errors } = await startGateway({
      loginData: () => {
        throw new Error("no");
      },
    });
    const peer = await connect();
    expect(await peer.ask({ action: "login", data: { user: "ann" } })).toMatchObject({ error: { code: "INTERNAL" } });
    expect([gateway.stats().sessions, errors.length]).toEqual([0, 1]);
  });

  it("of the same user again refreshes the session, with a new secret", async () => {
    const { connect, gateway } = await startGateway({
      authenticate: (data) => ({ id: "ann", data }),
    });
    const peer = await connect();
    const first = await peer.ask({ action: "login", data: 1 });
    const second = await peer.ask({ action: "refresh", data: 2 });
    expect(second).toMatchObject({ actionAck: "refresh", status: 1, session: first["session"] });
    expect(second["resume"]).not.toBe(first["resume"]);
    expect(gateway.sessions.get(String(first["session"]))?.user.data).toBe(2);
    expect(await peer.ask({ action: "login", data: 3 })).toMatchObject({ session: first["session"] });
    expect(gateway.stats()).toMatchObject({ sessions: 1, users: 1, connections: 1 });
  });

  it("of another user is refused with CONFLICT: log out first", async () => {
    const { login } = await startGateway();
    const peer = await login("ann");
    expect(await peer.ask({ action: "login", data: { user: "bob" } })).toMatchObject({
      error: { code: "CONFLICT", temporary: false },
    });
    await peer.ask({ action: "logout" });
    expect(await peer.ask({ action: "login", data: { user: "bob" } })).toMatchObject({ status: 1 });
  });

  it("is refused for the twenty-first session of a user, until one has ended", async () => {
    const { login, connect, gateway } = await startGateway();
    const peers = await Promise.all(Array.from({ length: 20 }, () => login("ann")));
    const peer = await connect();
    const attempt = { action: "login", data: { user: "ann" } };
    expect(await peer.ask(attempt)).toMatchObject({ error: { code: "TOO_MANY_SESSIONS", temporary: true } });
    await peers[7]?.ask({ action: "logout" });
    expect(await peer.ask(attempt)).toMatchObject({ status: 1 });
    expect(gateway.stats()).toMatchObject({ sessions: 20, users: 1 });
  });

  it("a session without a connection makes room for a new one", async () => {
    const { login, connect, gateway } = await startGateway({ limits: { maxSessionsPerUser: 2 } });
    const gone = await login("ann");
    await login("ann");
    gone.socket.terminate();
    await expect.poll(() => [...gateway.sessions.values()].filter((session) => !session.connected).length).toBe(1);
    const peer = await connect();
    expect(await peer.ask({ action: "login", data: { user: "ann" } })).toMatchObject({ status: 1 });
    expect(gateway.stats().sessions).toBe(2);
  });
});

describe("with the handshake", () => {
  const bearer = {
    authenticateAtHandshake: true,
    authenticate: (data: unknown, { headers }: { headers: ReadonlyMap<string, string> }) => {
      const token = headers.get("authorization");
      if (token === "Bearer bad") throw new ActionError("LOGIN_REFUSED", "no");
      if (token === "Bearer busy") throw new ActionError("UNAVAILABLE", "no", { retryAfterMs: 1500 });
      return token === "Bearer good" ? { id: "ann" } : data === "later" ? { id: "bob" } : null;
    },
  };

  it("the session exists at once, and a push tells of it", async () => {
    const { connect, gateway } = await startGateway(bearer, (it) => it.action("who", {}, (_data, { user }) => user.id));
    const peer = await connect({ headers: { Authorization: "Bearer good" } });
    const push = await peer.next();
    expect(push).toEqual({
      actionAck: "login",
      status: 1,
      session: [...gateway.sessions.keys()][0],
      resume: expect.any(String) as string,
    });
    expect(await peer.ask({ action: "who" })).toMatchObject({ data: "ann" });
  });

  it("who brings nothing may log in later", async () => {
    const { connect } = await startGateway(bearer);
    const peer = await connect();
    expect(await peer.ask({ action: "login", data: "later" })).toMatchObject({ status: 1 });
  });

  it.each([
    ["Bearer bad", 401, undefined],
    ["Bearer busy", 503, "2"],
  ])("%s is answered %i", async (authorization, status, retryAfter) => {
    const { server } = await startGateway(bearer);
    const answer = await new Promise<IncomingMessage>((resolve) => {
      const client = new WebSocket(`${server.url}/gateway`, { headers: { authorization } });
      client.on("error", () => {}).on("unexpected-response", (_request, response) => resolve(response));
    });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["retry-after"]).toBe(retryAfter);
  });

  it("REL-E3 cookies are shown to nobody when there is no Origin: only a page's are proof", async () => {
    const seen: (string | undefined)[] = [];
    const { connect, server } = await startGateway({
      authenticateAtHandshake: true,
      authenticate: (data, { headers }) => {
        seen.push(headers.get("cookie"));
        return data === undefined ? null : { id: "ann" };
      },
    });
    const bare = await connect({ headers: { Cookie: "session=1" } });
    await bare.ask({ action: "login", data: 1 });
    expect(seen).toEqual([undefined, undefined]);
    const page = await connect({ headers: { Cookie: "session=1" }, origin: server.url.replace("ws", "http") });
    await page.ask({ action: "login", data: 1 });
    expect(seen.slice(2)).toEqual(["session=1", "session=1"]);
  });
});

it("a service may have an admit of its own: then nobody is known from the handshake on", async () => {
  const { connect, gateway } = await startGateway({
    authenticateAtHandshake: true,
    authenticate: () => ({ id: "ann" }),
    service: { admit: () => ({ data: { mine: true } }) },
  });
  const peer = await connect();
  expect(gateway.stats()).toMatchObject({ connections: 1, sessions: 0 });
  expect(await peer.ask({ action: "login" })).toMatchObject({ status: 1 });
});

it("a gateway put at a path in stream mode closes with 1011, and says why", async () => {
  const { connect, gateway, errors } = await startGateway({ service: { mode: "stream" } });
  const peer = await connect();
  expect(await peer.code()).toBe(1011);
  expect(errors).toMatchObject([{ code: "HANDLER_FAILED", cause: { code: "INVALID_STATE" } }]);
  await expect.poll(() => gateway.stats().connections).toBe(0);
});

it("an action's context has the handshake", async () => {
  const { connect } = await startGateway({}, (gateway) => {
    gateway.action("info", { public: true }, (_data, { info }) => ({
      ...info,
      query: [...info.query],
      headers: info.headers.get("x-test"),
      signal: info.signal.aborted,
    }));
  });
  const peer = await connect({ query: "?a=1&b=%20", protocols: ["hawser.v1", "other"], headers: { "X-Test": "yes" } });
  expect(peer.socket.protocol).toBe("hawser.v1");
  expect(((await peer.ask({ action: "info" })) as { data: WireMessage }).data).toEqual({
    url: "/gateway?a=1&b=%20",
    path: "/gateway",
    query: [
      ["a", "1"],
      ["b", " "],
    ],
    params: {},
    headers: "yes",
    protocols: ["hawser.v1", "other"],
    remoteAddress: "127.0.0.1",
    secure: false,
    signal: false,
  });
});
