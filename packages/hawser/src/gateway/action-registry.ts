import { checkLimit } from "../internal/check-limit.js";
import { UsageError } from "../internal/errors.js";
import { checkOptionNames } from "../internal/option-names.js";
import { RESERVED_ACTIONS } from "../messages/index.js";
import type { StandardSchema } from "../messages/index.js";
import type { ActionContext, ActionOptions } from "./gateway-types.js";
import { checkName, unexpected } from "./gateway-options.js";

/** What an action does, with every default filled in. */
export interface ActionDefinition {
  readonly name: string;
  readonly input: StandardSchema | undefined;
  readonly output: StandardSchema | undefined;
  readonly public: boolean;
  readonly idempotent: boolean;
  readonly timeoutMs: number;
  readonly handler: (data: unknown, context: ActionContext) => unknown;
  /** One of the gateway's own: it answers with the channel that it was asked about. */
  readonly ofChannel: boolean;
}

export const ACTION_TIMEOUT_MS = 30_000;

const optionNames = [
  "input",
  "output",
  "public",
  "idempotent",
  "timeoutMs",
] as const satisfies readonly (keyof ActionOptions<StandardSchema, StandardSchema>)[];

/** @throws UsageError INVALID_ARGUMENT, naming the option, its value and what was expected */
export function defineAction(name: unknown, options: unknown, handler: unknown): ActionDefinition {
  const action = checkName("action", name);
  if (RESERVED_ACTIONS.has(action)) {
    throw new UsageError("INVALID_ARGUMENT", `the action ${action} is the gateway's own: give yours another name`, {
      facts: { name: "action", value: action },
    });
  }
  checkOptionNames(`the action ${action}`, options, optionNames);
  const { input, output, timeoutMs, ...flags } = options as ActionOptions<
    StandardSchema | undefined,
    StandardSchema | undefined
  >; // its names were checked; its values are now
  const isPublic: unknown = flags.public ?? false;
  const idempotent: unknown = flags.idempotent ?? false;
  if (typeof isPublic !== "boolean") throw unexpected("public", isPublic, "true or false");
  if (typeof idempotent !== "boolean") throw unexpected("idempotent", idempotent, "true or false");
  if (typeof handler !== "function") throw unexpected("the handler", handler, "a function");
  return Object.freeze({
    name: action,
    input: checkSchema("input", input),
    output: checkSchema("output", output),
    public: isPublic,
    idempotent,
    timeoutMs: checkLimit("timeoutMs", timeoutMs ?? ACTION_TIMEOUT_MS),
    handler: handler as ActionDefinition["handler"], // checked just now; its arguments are the gateway's to give
    ofChannel: false,
  });
}

function checkSchema(name: string, schema: unknown): StandardSchema | undefined {
  if (schema === undefined) return undefined;
  const isObject = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  const standard: unknown = isObject && "~standard" in schema ? schema["~standard"] : undefined;
  const isStandard = typeof standard === "object" && standard !== null && "validate" in standard;
  if (isStandard && typeof standard.validate === "function") return schema as StandardSchema; // as far as can be seen
  throw unexpected(name, schema, "a schema with the interface of Standard Schema: of Zod, Valibot, ArkType, …");
}
