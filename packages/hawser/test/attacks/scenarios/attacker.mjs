// A process full of attackers: of each kind a number, kept up, until they are told to go.
import { createSeededRandom } from "hawser/testing";
import { answerCalls } from "../../endurance/scenarios/answer-calls.mjs";
import { getKind } from "./attack-kinds.mjs";
import { AttackPeer } from "./attack-peer.mjs";

/** Where all of 127.0.0.0/8 is ours, attackers come from several addresses: there are not enough ports at one. */
const ADDRESSES = process.platform === "linux" ? 8 : 1;
/** Connections begun in one turn: more would only wait for a place at the server. */
const AT_ONCE = 500;

const attacks = new Map();

answerCalls({
  /** Begins `count` connections of a kind, or changes their number. */
  start({ kind, count, port, seed }) {
    const attack = attacks.get(kind) ?? new Attack(kind, port, seed);
    attacks.set(kind, attack);
    attack.setCount(count);
  },
  counts: () => Object.fromEntries([...attacks].map(([kind, attack]) => [kind, attack.counts])),
  /** Resets every connection, and forgets all counts; settles when all are gone. */
  async stop() {
    const ended = [...attacks.values()];
    attacks.clear();
    await Promise.all(ended.map((attack) => attack.stop()));
  },
});

class Attack {
  #kind;
  #port;
  #random;
  #count = 0;
  #begun = 0;
  #waiting = 0;
  #upgraded = 0;
  #mostAtOnce = 0;
  #peers = new Set();
  #endings = {};
  #wrong = {};
  #ticking;
  #gone;

  constructor(kind, port, seed) {
    this.#kind = getKind(kind);
    this.#port = port;
    this.#random = createSeededRandom(seed);
  }

  get counts() {
    return {
      begun: this.#begun,
      upgraded: this.#upgraded,
      mostAtOnce: this.#mostAtOnce,
      endings: this.#endings,
      wrong: this.#wrong,
    };
  }

  setCount(count) {
    this.#count = count;
    this.#ticking ??= setInterval(() => this.#tick(), this.#kind.tickMs);
    this.#fill();
  }

  async stop() {
    this.#count = 0;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    for (const peer of this.#peers) peer.reset();
    if (this.#peers.size > 0) await new Promise((resolve) => (this.#gone = resolve));
  }

  #fill() {
    const missing = this.#count - this.#peers.size - this.#waiting;
    for (let i = 0; i < Math.min(missing, AT_ONCE); i++) this.#open();
    if (missing > AT_ONCE) setImmediate(() => this.#fill());
  }

  #open() {
    const index = this.#begun++;
    const peer = new AttackPeer({
      port: this.#port,
      localAddress: `127.0.0.${1 + (index % ADDRESSES)}`,
      onConnect: () => this.#kind.connected(peer, this.#random),
      onUpgraded: () => {
        this.#upgraded++;
        this.#kind.upgraded?.(peer, this.#random);
      },
    });
    this.#peers.add(peer);
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#peers.size);
    void peer.outcome.then((outcome) => this.#close(peer, outcome));
  }

  #close(peer, outcome) {
    this.#peers.delete(peer);
    this.#endings[outcome] = (this.#endings[outcome] ?? 0) + 1;
    if (!this.#kind.endings.has(outcome)) this.#wrong[outcome] = (this.#wrong[outcome] ?? 0) + 1;
    if (this.#peers.size === 0) this.#gone?.();
    if (this.#count === 0) return;
    this.#waiting++;
    setTimeout(() => {
      this.#waiting--;
      this.#fill();
    }, this.#random.below(this.#kind.pauseMs));
  }

  #tick() {
    const { tick, ticksBeforeUpgrade } = this.#kind;
    if (tick === undefined) return;
    for (const peer of this.#peers) {
      if (peer.isUpgraded || (ticksBeforeUpgrade && peer.isConnected)) tick(peer);
    }
  }
}
