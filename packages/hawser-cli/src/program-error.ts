import { exitCodes } from "./exit-codes.js";

/** An end of the program that its user can do something about: one line, and an exit code. */
export class ProgramError extends Error {
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.exitCode = options.exitCode ?? exitCodes.failure;
  }

  override get name(): string {
    return "ProgramError";
  }
}

/** The user's own slip: a wrong option or argument. */
export function createUsageError(message: string, cause?: unknown): ProgramError {
  return new ProgramError(message, { exitCode: exitCodes.usage, ...(cause === undefined ? {} : { cause }) });
}

/** Node's code of a failed system call, or "". */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
