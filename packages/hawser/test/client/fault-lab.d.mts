import type { WebSocketClass } from "hawser/client";

/** A server that can be stopped and started again; it echoes, or answers requests, login and subscriptions. */
export interface LabServer {
  readonly name: string;
  /** "gateway": it speaks docs/PROTOCOL.md. "none": it echoes. */
  readonly envelope: "gateway" | "none";
  /** @default "/" */
  readonly path?: string;
  /** Settles with the port. */
  start(): Promise<number>;
  /** Ends all connections, somehow, and listens no more. */
  stop(): Promise<void>;
  /** Closes all connections with 1012, where it can. */
  sendAway?(): void;
}

export interface FaultRun {
  readonly fault: string;
  readonly server: LabServer;
  /** "node", or a class that the client connects with. */
  readonly connector: "node" | WebSocketClass;
  readonly seed: number;
  /** Whether the application disconnects at some point of the fault. */
  readonly disconnects: boolean;
  /** How long anything may take, before it is called a hang. */
  readonly limitMs: number;
}

export interface FaultResult {
  /** What is wrong; nothing, if all is well. */
  readonly wrong: readonly string[];
  readonly attempts: number;
  /** Promises of the application that were settled. */
  readonly settled: number;
}

export declare const faults: readonly string[];
/** Those that need a connection with TLS. */
export declare const tlsFaults: ReadonlySet<string>;

/** One client, one fault, and what must hold of them. */
export declare function runFault(run: FaultRun): Promise<FaultResult>;

export interface LabTls {
  readonly cert: string;
  readonly key: string;
}

export declare function createOurServer(tls?: LabTls): LabServer;
export declare function createWsServer(tls?: LabTls): LabServer;

/** Of the TLS servers here, that the lab's clients know. */
export declare const serverCertificate: LabTls;
