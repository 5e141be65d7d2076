// A client that reads slowly: replies overtake the channel data that waits for it. And one that stops: 4008.
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { AuditRecord } from "../../src/entries/gateway.js";
import { defaultRuntime } from "../../src/node/index.js";
import type { ServiceOptions } from "../../src/server/index.js";
import { eventually, GatewayPeer, startGateway } from "../support/gateway-peer.js";
import type { Stage } from "../support/gateway-peer.js";

const MESSAGE_BYTES = 16_384;
/** What the outbox holds of it when a request comes. */
const WAITING_BYTES = 400_000;
const WITHOUT_LANES: ServiceOptions = { softQueueBytes: 64 * 1024 * 1024, maxQueueBytes: 64 * 1024 * 1024 };

interface Slow extends Stage {
  readonly peer: GatewayPeer;
  /** Publishes until the server has to keep so many bytes for the peer, or it is closed as too slow; answers the number of the last one. */
  readonly fill: (bytes: number) => Promise<number>;
  /** The most that the server kept meanwhile. */
  readonly most: () => number;
  /** Requests that the server has answered. */
  readonly answered: () => number;
  readonly audit: AuditRecord[];
}

/** A subscriber that reads nothing for the moment. */
async function openSlow(service: ServiceOptions = {}): Promise<Slow> {
  const audit: AuditRecord[] = [];
  let answered = 0;
  const stage = await startGateway({ audit: (record) => audit.push(record) }, {}, service);
  const { gateway, server } = stage;
  gateway.channel("deals").action("mark", {}, () => ++answered);
  const peer = await GatewayPeer.logIn(server, "one");
  await peer.subscribe("deals");
  peer.socket.pause();
  let published = 0;
  const padding = "x".repeat(MESSAGE_BYTES);
  const { ledger } = defaultRuntime();
  let most = 0;
  const fill = async (bytes: number): Promise<number> => {
    while (ledger.bytes < bytes && gateway.stats().closedAsSlow === 0) {
      most = Math.max(most, ledger.bytes);
      await gateway.publish("deals", { n: ++published, padding });
      await new Promise((resolve) => setImmediate(resolve));
    }
    return published;
  };
  return { ...stage, peer, fill, most: () => most, answered: () => answered, audit };
}

/** The numbers of the publications, with "reply" where a response came. */
function order({ peer }: Slow): (number | "reply")[] {
  return peer.received
    .filter(({ actionAck }) => actionAck === "mark" || actionAck === "message")
    .map(({ pid, data }) => (pid === undefined ? (data as { n: number }).n : "reply"));
}

/** Lets the peer read a little at a time until all has come. */
async function readSlowly(slow: Slow, last: number): Promise<void> {
  const { socket, received } = slow.peer;
  const done = (): boolean => received.some(({ data }) => (data as { n?: number } | undefined)?.n === last);
  while (!(done() && order(slow).includes("reply"))) {
    socket.resume();
    await once(socket, "message");
    socket.pause();
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.resume();
}

/** How many publications came behind the reply that were published before the request. */
async function countOvertaken(service: ServiceOptions): Promise<{ overtaken: number; inOrder: boolean }> {
  const slow = await openSlow(service);
  const last = await slow.fill(WAITING_BYTES);
  const reply = slow.peer.request("mark");
  await eventually(() => slow.answered() === 1, "the request");
  await readSlowly(slow, last);
  expect(await reply).toMatchObject({ status: 1, data: 1 });
  const came = order(slow);
  const numbers = came.filter((item) => item !== "reply");
  const inOrder = numbers.every((number, at) => number === at + 1) && numbers.length === last;
  return { overtaken: came.length - 1 - came.indexOf("reply"), inOrder };
}

describe("a client that goes on reading, slowly", () => {
  it("gets replies ahead of the channel data that waits in the outbox; nothing is lost and each lane is in order", async () => {
    const { overtaken, inOrder } = await countOvertaken({});
    // but for what the socket's own queue held, of which some bytes may be a part of a message
    expect(overtaken).toBeGreaterThanOrEqual(Math.floor((WAITING_BYTES - 65_536) / MESSAGE_BYTES) - 3);
    expect(inOrder).toBe(true);
  });

  it("gets them behind everything where there are no lanes: the socket's own queue takes all of it", async () => {
    expect(await countOvertaken(WITHOUT_LANES)).toEqual({ overtaken: 0, inOrder: true });
  });

  it("gets nothing of a channel behind the answer to unsubscribe, which overtakes what waits", async () => {
    const slow = await openSlow();
    const last = await slow.fill(WAITING_BYTES);
    const answer = slow.peer.unsubscribe("deals");
    await eventually(() => slow.gateway.stats().subscriptions === 0, "the request");
    await slow.gateway.publish("deals", { n: last + 1 });
    slow.peer.socket.resume();
    expect(await answer).toBe("done");
    const end = slow.peer.received.length;
    await slow.peer.roundTrip();
    expect(slow.peer.received.slice(end).map(({ actionAck }) => actionAck)).toEqual(["ping"]);
    expect(order(slow).length).toBeLessThan(last);
  });

  it("gets nothing of a channel behind `unsubscribed`, either", async () => {
    const slow = await openSlow();
    await slow.fill(WAITING_BYTES);
    await slow.gateway.unsubscribe({ user: "one" }, "deals");
    slow.peer.socket.resume();
    await slow.peer.until(() => slow.peer.received.some(({ actionAck }) => actionAck === "unsubscribed"), "the push");
    await slow.peer.roundTrip();
    expect(slow.peer.received.slice(-2).map(({ actionAck }) => actionAck)).toEqual(["unsubscribed", "ping"]);
  });
});

describe("REL-D1 a client that stops reading", () => {
  it("is closed with 4008 when its outbox overflows, sees that if it reads on, and the gateway says so", async () => {
    const { peer, gateway, audit } = await fillUp();
    peer.socket.resume();
    expect(await peer.closed).toBe(4008);
    await eventually(() => gateway.stats().connections === 0, "the end");
    expect(audit.filter(({ what }) => what === "disconnect")).toMatchObject([{ user: "one", outcome: "4008" }]);
    expect(gateway.stats().closedAsSlow).toBe(1);
    expect(defaultRuntime().ledger.bytes).toBe(0);
  });

  it("is told of as 4008 though it never reads again", async () => {
    const { gateway, audit } = await fillUp({ closeTimeoutMs: 200 });
    await eventually(() => gateway.stats().connections === 0, "the end");
    expect(audit.filter(({ what }) => what === "disconnect")).toMatchObject([{ user: "one", outcome: "4008" }]);
    expect(gateway.stats().closedAsSlow).toBe(1);
  });

  it("is told of as 4008 when it takes nothing for the write timeout, with little that waits", async () => {
    const slow = await openSlow({ writeTimeoutMs: 300 });
    await slow.fill(100_000);
    await eventually(() => slow.gateway.stats().connections === 0, "the end");
    expect(slow.audit.filter(({ what }) => what === "disconnect")).toMatchObject([{ outcome: "4008" }]);
    expect(slow.gateway.stats().closedAsSlow).toBe(1);
  });

  /** Publishes until the outbox has overflowed. */
  async function fillUp(service: ServiceOptions = {}): Promise<Slow> {
    const slow = await openSlow(service);
    await slow.fill(Infinity);
    // the outbox, the socket's soft limit and a message above it, and what each message costs beside its bytes
    expect(slow.most()).toBeLessThan(1024 * 1024 + 65_536 + 2 * MESSAGE_BYTES + 64 * 1000);
    return slow;
  }
});
