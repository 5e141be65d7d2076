// Clients that use their connections, and a crowd that only connects.
import { connect as connectSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "hawser";
import { answerCalls } from "./answer-calls.mjs";

const sockets = [];
let crowd = [];
let wanted = 0;

answerCalls({
  async open({ port, count }) {
    for (let i = 0; i < count; i++) sockets.push(await connect(`ws://127.0.0.1:${port}/`));
  },
  /** Keeps so many silent connections going: one that is ended comes again. */
  async crowd({ port, count }) {
    wanted = count;
    const join = () => {
      const socket = connectSocket({ port, host: "127.0.0.1" });
      crowd.push(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        crowd = crowd.filter((other) => other !== socket);
        if (wanted > 0) setTimeout(join, 50);
      });
    };
    for (let i = 0; i < count; i++) join();
  },
  leave() {
    wanted = 0;
    for (const socket of crowd) socket.destroy();
  },
  /** Sends a message on each connection, and answers how many came back. */
  async echo() {
    const answers = sockets.map(async (socket) => {
      await socket.send("hello");
      return (await socket.receive()) === "hello";
    });
    return (await Promise.all(answers)).filter(Boolean).length;
  },
  /** Settles when a new connection is let in. */
  async openOneMore({ port }) {
    for (;;) {
      try {
        sockets.push(await connect(`ws://127.0.0.1:${port}/`));
        return;
      } catch {
        await sleep(50);
      }
    }
  },
});
