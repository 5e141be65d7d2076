import type { Duplex } from "node:stream";
import { createDeferred } from "../../internal/deferred.js";
import { WheelTimer } from "../../internal/timer-wheel.js";
import type { RefusalResponse } from "../../protocol/index.js";
import type { Admission, AdmitResult, Runtime } from "../../socket/index.js";
import { EarlyBytes } from "./early-bytes.js";

/** How the decision about a connection came out. */
export type AdmissionOutcome =
  | { readonly kind: "admitted"; readonly admission: Admission; readonly head: Uint8Array }
  | { readonly kind: "refused"; readonly answer: RefusalResponse; readonly rule: string }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "gone" };

export type Decide = (signal: AbortSignal) => AdmitResult | Promise<AdmitResult>;

export interface AdmissionPlace {
  readonly stream: Duplex;
  /** Bytes that came right behind the request. */
  readonly head: Uint8Array;
  readonly runtime: Runtime;
  readonly timeoutMs: number;
  /** The admissions that wait, so that a closing server can end them. */
  readonly pending: Set<PendingAdmission>;
}

export interface PendingAdmission {
  /** Ends the wait with 503. */
  cancel(): void;
}

const overflow = { status: 400, body: "too many bytes were sent before the answer" };
const tooLate = { status: 503, body: "the decision took too long" };
const closing = { status: 503, body: "the server is closing" };

/**
 * Asks `decide`. An answer that is no promise settles at once, and nothing is set up for it; otherwise the wait ends with
 * the first of: the decision, the client's going away, the timeout, too many bytes, the server's closing. Whatever came
 * first, `signal` is aborted unless it was the decision.
 */
export function runAdmission(decide: Decide, place: AdmissionPlace): AdmissionOutcome | Promise<AdmissionOutcome> {
  const controller = new AbortController();
  let decision: AdmitResult | Promise<AdmitResult>;
  try {
    decision = decide(controller.signal);
  } catch (error) {
    return { kind: "failed", error };
  }
  if (!isPromise(decision)) return judge(decision, place.head);
  return waitForDecision(decision, controller, place);
}

async function waitForDecision(
  decision: Promise<AdmitResult>,
  controller: AbortController,
  place: AdmissionPlace,
): Promise<AdmissionOutcome> {
  const { stream, runtime, pending } = place;
  const early = new EarlyBytes();
  const outcome = createDeferred<AdmissionOutcome>();
  const refuse = (answer: RefusalResponse, rule: string): void => outcome.resolve({ kind: "refused", answer, rule });
  const keep = (chunk: Uint8Array): void => {
    if (!early.add(chunk)) refuse(overflow, "early-bytes");
  };
  // a FIN before the 101 means the same: no WebSocket can come of a connection that is half closed
  const leave = (): void => outcome.resolve({ kind: "gone" });
  const timer = new WheelTimer(() => refuse(tooLate, "admit-timeout"));
  const entry = { cancel: () => refuse(closing, "server-closing") };

  keep(place.head);
  stream.on("data", keep).on("end", leave).on("close", leave);
  stream.resume();
  runtime.wheel.arm(timer, place.timeoutMs);
  pending.add(entry);
  // `resolve`, because a thenable of the application may throw where a promise rejects
  Promise.resolve(decision).then(
    (result) => outcome.resolve(judge(result, early)),
    (error: unknown) => outcome.resolve({ kind: "failed", error }),
  );
  try {
    const settled = await outcome.promise;
    if (settled.kind === "gone" || settled.kind === "refused") controller.abort();
    return settled;
  } finally {
    pending.delete(entry);
    runtime.wheel.cancel(timer);
    stream.off("data", keep).off("end", leave).off("close", leave);
    // what arrives until the socket takes over waits in the stream
    stream.pause();
  }
}

function judge(result: AdmitResult, head: Uint8Array | EarlyBytes): AdmissionOutcome {
  if (result === null || (typeof result !== "object" && result !== undefined)) {
    return { kind: "failed", error: new TypeError(`admit answered ${String(result)}: expected nothing or an object`) };
  }
  if (result !== undefined && "status" in result) return { kind: "refused", answer: result, rule: "admit" };
  return { kind: "admitted", admission: result ?? {}, head: head instanceof EarlyBytes ? head.take() : head };
}

function isPromise(value: AdmitResult | Promise<AdmitResult>): value is Promise<AdmitResult> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
