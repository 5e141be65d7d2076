import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const factor = Number(process.env["HAWSER_TEST_TIMEOUT_FACTOR"] ?? 1);

/** How long one run of the lab may take. */
export const LAB_LIMIT_MS: number = 400_000 * factor;

const script = fileURLToPath(new URL("run.mjs", import.meta.url));

export interface LabSetup {
  readonly seed: number;
  /** For so long it goes on at most. */
  readonly seconds: number;
  /** It ends when so much time is over and all that is expected has happened. @default `seconds` */
  readonly minSeconds?: number;
  readonly attacks: readonly AttackSetup[];
  /** Processes of attackers. @default 2 */
  readonly processes?: number;
  /** The ends that the server must have reported, by the code of the error. */
  readonly closes?: readonly string[];
  /** What the server's handlers may have been given. */
  readonly mostReceivedBytes?: number;
  /** Options of the server; "Infinity" in place of the number. */
  readonly options?: object;
  /** @default 512 */
  readonly cageMiB?: number;
  /** A line of shell that the server's process begins with. */
  readonly setUp?: string;
}

interface AttackSetup {
  readonly kind: string;
  readonly count: number;
  /** The others begin when the server has accepted these. */
  readonly first?: boolean;
  /** The ways in which the server must have ended at least one. */
  readonly expect?: readonly string[];
}

export interface LabResult {
  /** What is wrong; nothing, if all is well. */
  readonly wrong: readonly string[];
  readonly attacks: Readonly<Record<string, AttackResult>>;
  /** The most that the server had at a time. */
  readonly peak: { readonly files: number; readonly sockets: number };
  readonly newcomers: { readonly tried: number; readonly admitted: number };
  readonly echoes: { readonly echoes: number };
  /** How memory was bounded, and what the server took of it. */
  readonly memory: { readonly bound: string; readonly maxBytes: number };
}

interface AttackResult {
  readonly begun: number;
  readonly mostAtOnce: number;
  readonly endings: Readonly<Record<string, number>>;
}

/** Runs the attack lab in processes of its own, from the built package. */
export async function runLab(setup: LabSetup): Promise<LabResult> {
  const echoLimitMs = 60_000 * factor;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [script, JSON.stringify({ canaries: 3, echoLimitMs, ...setup })],
    { timeout: LAB_LIMIT_MS, maxBuffer: 16 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as LabResult;
}
