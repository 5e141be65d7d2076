import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterAll, afterEach, beforeAll } from "vitest";
import { Inbox } from "../../../packages/hawser/test/interop/inbox.js";
import { build, buildTimeoutMs, dotnet, environment } from "./build.js";

/** .NET's names for the states of a WebSocket. */
export type DotnetState = "None" | "Connecting" | "Open" | "CloseSent" | "CloseReceived" | "Closed" | "Aborted";

export interface DotnetDeflate {
  readonly serverContextTakeover?: boolean;
  readonly clientContextTakeover?: boolean;
  readonly serverMaxWindowBits?: number;
  readonly clientMaxWindowBits?: number;
}

/** What a command is given besides its name and socket; `Command.cs` has the same names. */
export interface CommandFields {
  readonly url?: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly userName?: string;
  readonly password?: string;
  readonly fingerprint?: string;
  readonly trustAll?: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly deflate?: DotnetDeflate;
  readonly keepAliveIntervalMs?: number;
  readonly keepAliveTimeoutMs?: number;
  readonly text?: string;
  readonly fragments?: readonly string[];
  readonly size?: number;
  readonly count?: number;
  readonly seed?: number;
  readonly code?: number;
  readonly reason?: string;
  readonly heartbeatIntervalMs?: number;
  readonly reconnectDelayMs?: number;
  readonly delayMs?: number;
  readonly action?: string;
  readonly pid?: string;
  readonly pascalCase?: boolean;
  readonly loginTimeoutMs?: number;
}

/** What a command answers, or an event tells. */
export interface Answer {
  readonly id: number;
  readonly states: readonly DotnetState[];
  readonly state: DotnetState;
  readonly url: string;
  readonly path: string;
  readonly protocol: string | null;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly type: "Text" | "Binary" | "Close";
  readonly text: string;
  readonly message: string;
  readonly pieces: number;
  readonly count: number;
  readonly loggedIn: boolean;
  readonly pid: string;
  readonly hash: string;
  readonly sent: string;
  readonly received: string;
  readonly code: number;
  readonly reason: string;
}

export interface DotnetEvent {
  readonly event: string;
  readonly data: Answer;
}

/** An exception of .NET. */
export class DotnetError extends Error {
  readonly type: string;
  /** WebSocketErrorCode, of a WebSocketException. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly states: readonly DotnetState[];

  constructor(facts: { type: string; code?: string; message: string; status?: number; states?: DotnetState[] }) {
    super(`${facts.type}: ${facts.message}`);
    this.type = facts.type;
    this.code = facts.code;
    this.status = facts.status;
    this.states = facts.states ?? [];
  }
}

interface Line {
  readonly call?: number;
  readonly answer?: Answer;
  readonly error?: ConstructorParameters<typeof DotnetError>[0];
  readonly event?: string;
  readonly data?: Answer;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** The .NET program of a test file: a process that runs our commands. */
export class DotnetPeer {
  readonly events: Inbox<DotnetEvent> = new Inbox();
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: Map<number, Waiting> = new Map();
  #calls = 0;

  constructor(assembly: string) {
    this.#child = spawn(dotnet ?? "dotnet", [assembly], { env: environment, stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#onLine(JSON.parse(line) as Line));
  }

  /** Runs a command; rejects with what it throws. */
  run(run: string, fields: CommandFields & { readonly id?: number } = {}): Promise<Answer> {
    const call = ++this.#calls;
    this.#child.stdin.write(`${JSON.stringify({ ...fields, call, run })}\n`);
    return new Promise((resolve, reject) => this.#waiting.set(call, { resolve, reject }));
  }

  /** The next event of this name; what comes before it is dropped. */
  async next(name: string): Promise<Answer> {
    for (;;) {
      const { event, data } = await this.events.next();
      if (event === name) return data;
      if (event === "failed") throw new Error(`${name} was expected: ${data.message}`);
    }
  }

  /** Ends all its sockets and servers, and forgets what it told of them. */
  async forget(): Promise<void> {
    this.#waiting.clear();
    await this.run("forget");
    this.events.push({ event: "forgotten", data: {} as Answer }); // an event of ours has no data
    await this.next("forgotten");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #onLine({ call, answer, error, event, data }: Line): void {
    if (call === undefined) {
      this.events.push({ event: event ?? "", data: data ?? ({} as Answer) }); // as above
      return;
    }
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (error !== undefined) waiting?.reject(new DotnetError(error));
    else waiting?.resolve(answer ?? ({} as Answer)); // as above
  }
}

/** One WebSocket in the .NET program. */
export class DotnetSocket {
  readonly id: number;
  readonly opened: Answer;
  readonly #peer: DotnetPeer;

  constructor(peer: DotnetPeer, opened: Answer) {
    this.#peer = peer;
    this.opened = opened;
    this.id = opened.id;
  }

  run(run: string, fields: CommandFields = {}): Promise<Answer> {
    return this.#peer.run(run, { ...fields, id: this.id });
  }

  /** Every state that it has had, as far as it was looked at. */
  async states(): Promise<readonly DotnetState[]> {
    return (await this.run("states")).states;
  }

  /** CloseAsync, settled as soon as it has changed the state; `done` settles with it. */
  async beginClose(code: number, reason: string): Promise<{ readonly done: Promise<Answer> }> {
    const done = this.run("close", { code, reason });
    done.catch(() => {}); // told to whoever awaits it
    await this.#peer.next("closing");
    return { done };
  }
}

/** One process for the tests of a describe block; each test finds it without sockets or servers. */
export function usePeer(): () => DotnetPeer {
  let peer: DotnetPeer | undefined;
  beforeAll(async () => {
    peer = new DotnetPeer(await build());
  }, buildTimeoutMs);
  afterEach(() => peer?.forget());
  afterAll(() => peer?.kill());
  return () => {
    if (peer === undefined) throw new Error("the .NET program has not been started");
    return peer;
  };
}
