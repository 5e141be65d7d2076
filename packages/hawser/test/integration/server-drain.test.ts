import { expect, it } from "vitest";
import type { CloseReport, ServiceHandle } from "../../src/entries/server.js";
import { startBusyClients } from "../support/busy-clients.js";
import { connectWs, receiveClose, startServer } from "../support/server-fixture.js";
import type { Server } from "../../src/server/index.js";

/** What the server did for one client. */
interface Account {
  accepted: number;
  fulfilled: number;
  refused: number;
  report: CloseReport | null;
}

/** Answers each message; every second one by `send`, whose promise is watched. */
function addBusy(server: Server, accounts: Map<number, Account>): ServiceHandle<Account> {
  return server.service<Account, "/busy/:number">("/busy/:number", {
    admit({ params }) {
      const account: Account = { accepted: 0, fulfilled: 0, refused: 0, report: null };
      accounts.set(Number(params.number), account);
      return { data: account };
    },
    message(socket, data) {
      const account = socket.data;
      if (socket.state !== "open") return;
      account.accepted += 1;
      if (account.accepted % 2 === 0) {
        socket.post(data);
        account.fulfilled += 1;
        return;
      }
      socket.send(data).then(
        () => (account.fulfilled += 1),
        () => (account.refused += 1),
      );
    },
    close(socket, report) {
      socket.data.report = report;
    },
  });
}

const CLIENTS = 1000;

/** A thousand clients share the machine with whatever else runs. */
const LIMIT_MS = 90_000 * Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

it(
  "tells 1012 to 1,000 busy connections, each with its handshake, and loses nothing that send took (REL-G2)",
  async () => {
    const code = 1012;
    const accounts = new Map<number, Account>();
    const server = await startServer({}, (home) => addBusy(home, accounts));
    const busy = startBusyClients(`${server.url}/busy/#`, { count: CLIENTS, inFlight: 2, pauseMs: 200 });
    await busy.open;
    expect(server.sockets.size).toBe(CLIENTS);

    await server.close({ code });

    expect(server.sockets.size).toBe(0);
    expect(server.state).toBe("closed");
    const clients = await busy.over;
    const told = clients.map((client) => ({ code: client.code, faults: client.faults, received: client.received }));
    const owed = clients.map(({ number }) => ({ code, faults: [], received: accounts.get(number)?.accepted }));
    expect(told).toEqual(owed);
    const ended = [...accounts.values()].map(({ report, refused, accepted, fulfilled }) => ({
      clean: report?.clean,
      sent: report?.sent?.code,
      initiator: report?.initiator,
      refused,
      unsettled: accepted - fulfilled,
    }));
    expect(new Set(ended.map((end) => JSON.stringify(end)))).toEqual(
      new Set([JSON.stringify({ clean: true, sent: code, initiator: "local", refused: 0, unsettled: 0 })]),
    );
    const least = Math.min(...clients.map(({ received }) => received));
    expect(least).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

it("goes on as before for the delay, and tells by its state that it goes", async () => {
  const server = await startServer();
  expect(server.state).toBe("listening");
  const early = await connectWs(server, "/echo");
  const earlyClose = receiveClose(early);
  const closed = server.close({ delayMs: 300, spreadMs: 0 });
  expect(server.state).toBe("draining");
  // a load balancer that has not heard of it yet
  const late = await connectWs(server, "/echo");
  const lateClose = receiveClose(late);
  expect(server.sockets.size).toBe(2);
  expect((await earlyClose).code).toBe(1001);
  expect((await lateClose).code).toBe(1001);
  await closed;
  expect(server.state).toBe("closed");
});

it("tells the states of its life", async () => {
  const server = await startServer();
  const states = [server.state];
  const closing = server.close();
  states.push(server.state);
  await closing;
  expect([...states, server.state]).toEqual(["listening", "closing", "closed"]);
});
