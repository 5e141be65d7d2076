import { describe, expect, it } from "vitest";
import { createVirtualRuntime } from "../testing/index.js";
import type { SessionConnection } from "./session.js";
import { SessionRegistry } from "./session-registry.js";
import { GatewaySession } from "./session.js";

const connection = { remoteAddress: "127.0.0.1" } as unknown as SessionConnection; // nothing else of it is looked at

function createRegistry(
  limits: { maxSessionsPerUser?: number; resumeWindowMs?: number } = {},
  maxWaiting = 100_000,
): {
  registry: SessionRegistry;
  ended: string[];
  runtime: ReturnType<typeof createVirtualRuntime>;
  open: (user: string) => GatewaySession;
} {
  const runtime = createVirtualRuntime();
  const ended: string[] = [];
  const registry = new SessionRegistry({
    limits: { maxSessionsPerUser: 20, resumeWindowMs: 60_000, ...limits },
    runtime,
    maxWaiting,
    onEnded: (session) => void ended.push(session.id),
  });
  const open = (user: string): GatewaySession => {
    const session = registry.create({ id: user });
    if (session === null) throw new Error("no session was made");
    registry.attach(session, { id: user }, connection);
    return session;
  };
  return { registry, ended, runtime, open };
}

describe("the sessions of a user", () => {
  it("are found, whichever of them ends first", () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const { registry, open } = createRegistry();
      const sessions = [open("ann"), open("ann"), open("ann")];
      open("bob");
      const left = new Set(sessions);
      for (const index of order) {
        const session = sessions[index] as GatewaySession; // 0, 1 and 2 are there
        registry.end(session);
        left.delete(session);
        expect(new Set(registry.ofUser("ann"))).toEqual(left);
      }
      expect(registry.users).toBe(1);
    }
  });

  it("that wait for their connection make room, the oldest first", () => {
    const { registry, ended, open } = createRegistry({ maxSessionsPerUser: 3 });
    const [first, second, third] = [open("ann"), open("ann"), open("ann")];
    expect(registry.create({ id: "ann" })).toBeNull();
    registry.detach(second);
    registry.detach(first);
    open("ann");
    expect(ended).toEqual([first.id]);
    open("ann");
    expect(ended).toEqual([first.id, second.id]);
    expect(registry.create({ id: "ann" })).toBeNull();
    expect(third.connected).toBe(true);
  });
});

describe("sessions without a connection", () => {
  it("end when their window does, all on one timer", async () => {
    const { registry, ended, runtime, open } = createRegistry();
    for (let count = 0; count < 10; count++) {
      registry.detach(open(`user ${count}`));
      // oxlint-disable-next-line no-await-in-loop -- time goes on between them
      await runtime.clock.advance(1000);
    }
    expect(runtime.wheel.size).toBe(1);
    await runtime.clock.advance(50_100);
    expect(ended).toHaveLength(1);
    await runtime.clock.advance(10_000);
    expect(ended).toHaveLength(10);
    expect([registry.byId.size, registry.users, runtime.wheel.size]).toEqual([0, 0, 0]);
  });

  it("that are taken over in time stay", async () => {
    const { registry, ended, runtime, open } = createRegistry();
    const session = open("ann");
    registry.detach(session);
    const secret = registry.attach(session, { id: "ann" }, connection);
    await runtime.clock.advance(120_000);
    expect(ended).toEqual([]);
    expect(registry.findResumable({ id: "ann" }, session.id, secret)).toBe(session);
    expect(registry.findResumable({ id: "ann" }, session.id, `${secret.slice(1)}x`)).toBeUndefined();
  });

  it("wait without end where the window is Infinity", async () => {
    const { registry, runtime, open } = createRegistry({ resumeWindowMs: Infinity });
    registry.detach(open("ann"));
    await runtime.clock.advance(86_400_000);
    expect(registry.byId.size).toBe(1);
  });

  it("are so many at most: with more the oldest are forgotten", () => {
    const { registry, ended, open } = createRegistry({}, 1000);
    const first = open("user 0");
    registry.detach(first);
    for (let count = 1; count < 1005; count++) registry.detach(open(`user ${count}`));
    expect(registry.byId.size).toBe(1000);
    expect([ended.length, ended[0]]).toEqual([5, first.id]);
  });
});

it("has no secret before a session was attached, and none after it ended", () => {
  const { registry } = createRegistry();
  const session = registry.create({ id: "ann" }) as GatewaySession; // the first of its user
  expect(GatewaySession.canResume(session, "")).toBe(false);
  expect(registry.findResumable({ id: "ann" }, session.id, "")).toBeUndefined();
  registry.end(session);
  registry.end(session);
  expect(registry.byId.size).toBe(0);
});
