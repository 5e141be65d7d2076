// A client and a server with a fault between them. While the fault lasts the application keeps asking; when it ends the client
// has to be back; in the end nothing may be left unsettled. Which moment is hit is drawn from the seed.
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { createClient } from "hawser/client";
import { createFaultProxy, createSeededRandom } from "hawser/testing";
import { EventLog } from "./fault-lab-log.mjs";
import { otherCertificate, startBadServer, trustedAuthority } from "./fault-lab-servers.mjs";

export { createOurServer, createWsServer, serverCertificate } from "./fault-lab-servers.mjs";

/** So many ends must have been seen before a fault is over. */
const ENDS = 2;
const MOST_REQUESTS = 30;

/** Each fault: how it begins, and how it ends. `lab` has the proxy, the server, the seed's random numbers. */
const table = {
  "the port is closed": {
    begin: ({ proxy }) => (proxy.refuse(), proxy.resetAll()),
    end: ({ proxy }) => proxy.accept(),
  },
  "reset before the request": each((connection) => connection.reset()),
  "closed before the request": each((connection) => connection.close()),
  "reset inside the request": each(({ toServer }, { random }) => toServer.set(cut(random.below(100)))),
  "reset before the 101": each(({ toClient }) => toClient.set(cut(0))),
  "reset inside the 101": each(({ toClient }, { random, headBytes }) =>
    toClient.set(cut(1 + random.below(headBytes - 1))),
  ),
  "closed inside the 101": each(({ toClient }, { random, headBytes }) =>
    toClient.set({ ...cut(1 + random.below(headBytes - 1)), cutBy: "close" }),
  ),
  "reset right after the 101": each((connection, { headBytes }) =>
    connection.toClient.at(headBytes, () => connection.reset()),
  ),
  "closed right after the 101": each((connection, { headBytes }) =>
    connection.toClient.at(headBytes, () => connection.close()),
  ),
  "reset inside a frame to the client": each(({ toClient }, { random, headBytes }) =>
    toClient.set(cut(headBytes + 1 + random.below(30))),
  ),
  "closed inside a frame to the client": each(({ toClient }, { random, headBytes }) =>
    toClient.set({ ...cut(headBytes + 1 + random.below(30)), cutBy: "close" }),
  ),
  "reset inside a frame to the server": each(({ toServer }, { random }) => toServer.set(cut(180 + random.below(200)))),
  "reset anywhere": each((connection, { random }) => connection.set(anywhere(random))),
  "reset while it is closing": {
    begin: (lab) => {
      for (const connection of lab.proxy.connections) connection.toServer.set(cut(connection.toServer.passedBytes));
      lab.server.sendAway?.();
      if (lab.server.sendAway === undefined) lab.proxy.resetAll();
      lab.onConnection = (connection) => connection.reset();
    },
    end: (lab) => {
      lab.onConnection = undefined;
    },
  },
  "half-open": whole({ silent: true }),
  stalled: whole({ stalled: true }),
  "half-open in the handshake": {
    begin: (lab) => {
      lab.onConnection = (connection) => connection.silence();
      lab.proxy.resetAll();
    },
    end: (lab) => {
      lab.onConnection = undefined;
    },
  },
  "an answer 401": answered({ status: 401 }),
  "an answer 403": answered({ status: 403 }),
  "an answer 429 with Retry-After": answered({ status: 429, retryAfter: 1 }),
  "an answer 503 with Retry-After": answered({ status: 503, retryAfter: 1 }),
  "an answer with a bad Sec-WebSocket-Accept": answered({ badAccept: true }),
  "an answer that is not HTTP": answered({ garbage: true }),
  "the wrong certificate": {
    begin: async (lab) => {
      lab.bad = await startBadServer({ tls: otherCertificate });
      lab.proxy.target = lab.bad.port;
      lab.proxy.resetAll();
    },
    end: restoreTarget,
  },
  "a server that restarts": {
    begin: async (lab) => {
      await lab.server.stop();
      for (let round = 0; round < 3; round++) {
        lab.proxy.target = await lab.server.start();
        await Promise.race([lab.log.next("open"), lab.log.ended(lab.log.ends + 2), lab.log.gone]);
        await lab.server.stop();
      }
    },
    end: async (lab) => {
      lab.proxy.target = await lab.server.start();
    },
  },
};

export const faults = Object.keys(table);
export const tlsFaults = new Set(["the wrong certificate"]);

/** Something for every connection there is and comes. */
function each(action) {
  return {
    begin: (lab) => {
      lab.onConnection = (connection) => action(connection, lab);
      lab.proxy.resetAll();
    },
    end: (lab) => {
      lab.onConnection = undefined;
      lab.proxy.set({});
    },
  };
}

function whole(faults) {
  return {
    begin: ({ proxy }) => proxy.set({ toServer: faults, toClient: faults }),
    end: ({ proxy }) => proxy.set({}),
  };
}

/** Another server answers meanwhile. */
function answered(answer) {
  return {
    begin: async (lab) => {
      lab.bad = await startBadServer(answer);
      lab.expect = answer;
      lab.proxy.target = lab.bad.port;
      lab.proxy.resetAll();
    },
    end: restoreTarget,
  };
}

async function restoreTarget(lab) {
  lab.proxy.target = lab.port;
  await lab.bad.close();
}

const cut = (bytes) => ({ cutAfterBytes: bytes });

function anywhere(random) {
  const place = { ...cut(random.below(600)), cutBy: random.below(2) === 0 ? "reset" : "close" };
  return random.below(2) === 0 ? { toServer: place } : { toClient: place };
}

export async function runFault({ fault, server, connector, seed, disconnects, limitMs }) {
  const { begin, end } = table[fault];
  const random = createSeededRandom(seed);
  const isSecure = tlsFaults.has(fault);
  const port = await server.start();
  const proxy = await createFaultProxy({
    target: port,
    seed,
    onConnection: (connection) => lab.onConnection?.(connection),
  });
  const client = createClient(
    `${isSecure ? "wss" : "ws"}://127.0.0.1:${proxy.port}${server.path ?? "/"}`,
    options({ server, connector, limitMs }),
  );
  const log = new EventLog(client, limitMs);
  const lab = {
    connector,
    server,
    port,
    proxy,
    client,
    log,
    random,
    headBytes: await measureHead({ port, isSecure, server, limitMs }),
  };
  const asked = new Asked(client, server.envelope);
  try {
    await log.within("connect", client.connect());
    if (server.envelope === "gateway") asked.subscribe("news");
    await log.within("the first answer", asked.askUntilAnswered());

    const endsBefore = log.ends;
    const faulty = Promise.resolve(begin(lab));
    asked.askMany(5);
    if (disconnects) await disconnectSometime(lab, asked);
    else if (fault === "a server that restarts") await log.within("the restarts", faulty);
    else await seen(lab, endsBefore);
    await log.within("the fault", faulty);
    asked.askMany(5);
    await log.within("end of the fault", end(lab));

    if (disconnects) await checkGone(lab);
    else await checkBack(lab, asked, endsBefore);
  } catch (error) {
    log.wrong.push(`${error.message}; ${log.describe()}`);
  } finally {
    await log.within("disconnect", client.disconnect()).catch((error) => log.wrong.push(error.message));
    await asked.check(log);
    log.finish();
    const over = [lab.bad?.close(), proxy.close(), server.stop()];
    await log.within("the end of the lab", Promise.all(over)).catch((error) => log.wrong.push(error.message));
  }
  return { wrong: log.wrong, attempts: log.attempts, settled: asked.settled };
}

/** The fault has done what it does. */
function seen({ log, expect, connector }, endsBefore) {
  if (expect?.status === undefined || connector !== "node") return log.ended(endsBefore + ENDS);
  return log.closed(({ httpStatus }) => httpStatus === expect.status, `an answer ${expect.status}`);
}

/** Short delays: what is tested is what happens, not when. */
function options({ server, connector, limitMs }) {
  // a slow machine has more time for everything
  const shortMs = Math.ceil(limitMs / 15);
  const heartbeat = { intervalMs: 200, timeoutMs: shortMs };
  const isNode = connector === "node";
  return {
    envelope: server.envelope,
    ...(server.envelope === "gateway" && { login: { user: "demo" } }),
    reconnect: { initialDelayMs: 20, maxDelayMs: 100, stableMs: 100 },
    connectTimeoutMs: 2 * shortMs,
    loginTimeoutMs: 2 * shortMs,
    requestTimeoutMs: 2 * shortMs,
    closeTimeoutMs: shortMs,
    ...(isNode && { node: { heartbeat, ca: trustedAuthority } }),
    ...(!isNode && { WebSocketClass: connector, heartbeat }),
  };
}

/** At a moment of the seed's, the application has enough. */
async function disconnectSometime(lab, asked) {
  const { client, log, random } = lab;
  const events = random.below(8);
  const turns = random.below(20);
  await log.sawStates(events);
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  const asking = random.below(2) === 0;
  // what waits for a connection just then
  asked.askMany(2);
  if (lab.server.envelope === "gateway") asked.subscribe("late");
  const gone = client.disconnect();
  if (asking) asked.askMany(2);
  await log.within("disconnect", gone);
  log.disconnected();
  lab.connections = lab.proxy.counters.connections;
}

async function checkGone({ client, log, proxy, connections, server }) {
  if (client.state !== "disconnected") log.wrong.push(`it is ${client.state} after disconnect`);
  // longer than any delay between two attempts, and no harm if it were too short
  await new Promise((resolve) => setTimeout(resolve, 300));
  // a connection that was begun before may come late
  const late = proxy.counters.connections - connections;
  if (late > 1) log.wrong.push(`${late} connections after disconnect, of ${server.name}`);
}

async function checkBack({ client, log, expect, connector }, asked, endsBefore) {
  await log.within("the way back", asked.askUntilAnswered());
  if (client.state !== "open") await log.within("open", log.next("open"));
  if (log.ends <= endsBefore) log.wrong.push("it never noticed the fault");
  await log.within("the subscription", asked.hearUntilHeard());
  if (expect?.status !== undefined && connector === "node") {
    const refused = log.closes.filter(({ httpStatus }) => httpStatus === expect.status);
    const leastMs = (expect.retryAfter ?? 0) * 1000;
    if (refused.some(({ retryInMs }) => !(retryInMs >= leastMs))) log.wrong.push("Retry-After was not honoured");
  }
}

/** What the application has asked for. */
class Asked {
  settled = 0;
  #count = 0;
  #waiting = new Map();
  #client;
  #envelope;
  #echoes = new Map();
  #subscription;
  #heard = 0;
  #wrong = [];

  constructor(client, envelope) {
    this.#client = client;
    this.#envelope = envelope;
    if (envelope === "none") client.on("message", ({ message }) => this.#echoes.get(String(message))?.());
  }

  subscribe(channel) {
    this.#subscription = this.#client.subscribe(channel);
    this.#track("subscribe", this.#subscription.ready);
    this.#subscription.on(() => this.#heard++);
  }

  askMany(count) {
    for (let left = count; left > 0 && this.#waiting.size < MOST_REQUESTS; left--) this.#ask().catch(() => {});
    // a request that nobody answers, or an echo that nobody waits for
    this.#track("send", this.#client.send({ action: "ping" })).catch(() => {});
  }

  /** Asks until there is an answer: a request may be lost with its connection. */
  async askUntilAnswered() {
    for (;;) {
      const outcome = await this.#ask().then(
        () => "answered",
        (error) => error,
      );
      if (outcome === "answered") return;
      throwIfOver(outcome);
    }
  }

  /** Every subscription brings a publication here. */
  async hearUntilHeard() {
    if (this.#subscription === undefined) return;
    const heard = this.#heard;
    while (this.#heard === heard) await this.#client.request("publish-news", {}).catch(throwIfOver);
  }

  /** All promises are settled by now: `disconnect` leaves none. */
  async check(log) {
    await new Promise((resolve) => setImmediate(resolve));
    for (const what of this.#waiting.values()) log.wrong.push(`${what} is not settled`);
    log.wrong.push(...this.#wrong);
  }

  #ask() {
    const value = ++this.#count;
    if (this.#envelope === "gateway") {
      const answered = this.#client.request("echo", { value }).then((data) => {
        if (data?.value !== value) this.#wrong.push(`request ${value} was answered ${JSON.stringify(data)}`);
      });
      return this.#track(`request ${value}`, answered);
    }
    const text = `message ${value}`;
    const sent = this.#track(text, this.#client.send(text));
    // an echo is nobody's promise: one that does not come is asked for again
    const echoed = new Promise((resolve, reject) => {
      this.#echoes.set(text, resolve);
      setTimeout(() => reject(new Error("no echo")), 2000).unref();
    });
    echoed.catch(() => {});
    return sent.then(() => echoed);
  }

  #track(what, promise) {
    const key = Symbol(what);
    this.#waiting.set(key, what);
    const settle = () => {
      this.#waiting.delete(key);
      this.settled++;
    };
    promise.then(settle, settle);
    return promise;
  }
}

/** What no other attempt can change. */
function throwIfOver(error) {
  if (["CONNECTION_CLOSED", "NOT_CONNECTED", "INVALID_STATE"].includes(error.code)) throw error;
}

/** How long the 101 of this server is. */
async function measureHead({ port, isSecure, server, limitMs }) {
  const { envelope, path = "/" } = server;
  if (isSecure) return 0;
  const socket = connectTcp(port, "127.0.0.1");
  await once(socket, "connect");
  const protocol = envelope === "gateway" ? "Sec-WebSocket-Protocol: hawser.v1\r\n" : "";
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n${protocol}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  let head = "";
  const signal = AbortSignal.timeout(limitMs);
  while (!head.includes("\r\n\r\n")) head += String((await once(socket, "data", { signal }))[0]);
  socket.destroy();
  return head.indexOf("\r\n\r\n") + 4;
}
