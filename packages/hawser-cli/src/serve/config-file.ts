import { dirname, resolve } from "node:path";
import { z } from "zod";
import { logLevels } from "../log-levels.js";
import { MAX_LIMIT, MIN_MEMORY_BYTES } from "../option-values.js";
import { toOneLine } from "../plain-text.js";
import { ProgramError } from "../program-error.js";
import { readTextFile } from "../text-file.js";
import type { GivenOptions } from "./serve-options.js";

/** Apart from the rest of the program, and loaded only when there is a file: zod takes some 40 ms. */

const text = z.string().min(1);
const path = text.describe("a path, relative to the file that names it");

function count(min: number, max: number = MAX_LIMIT): z.ZodType<number> {
  return z.int().min(min).max(max).describe(`a whole number from ${min} to ${max}`);
}

function countOrOff(min: number): z.ZodType<number> {
  return z
    .union([z.int().min(min).max(MAX_LIMIT), z.literal("off").transform(() => Infinity)])
    .describe(`a whole number from ${min} to ${MAX_LIMIT}, or "off"`);
}

function texts(what: string): z.ZodType<readonly string[]> {
  return z.union([text.transform((one) => [one]), z.array(text)]).describe(`${what}, or an array of them`);
}

/** Each option by its name on the command line, in camelCase. The description is what an error says was expected. */
const schema = z.strictObject({
  host: text.describe("an address of this machine"),
  port: count(0, 65_535),
  socket: path,
  root: path,
  demo: z.boolean().describe("true or false"),
  timeIntervalMs: count(1),
  logLevel: z.enum(logLevels).describe(`one of ${logLevels.join(", ")}`),
  drainDelayMs: count(0),
  tls: z.literal("self-signed").describe('"self-signed"'),
  tlsCert: path,
  tlsKey: path,
  tlsPfx: path,
  tlsPassphrase: z.string().describe("a text"),
  tlsPassphraseFile: path,
  tlsClientCa: path,
  origin: texts('an origin such as "https://example.com", or "*"'),
  allowedHost: texts('a name such as "example.com"'),
  trustedProxy: texts('an address or a network such as "10.0.0.0/8"'),
  exempt: texts('an address or a network such as "10.0.0.0/8", or "off"'),
  deflate: z.boolean().describe("true or false"),
  maxMessageBytes: count(1),
  maxConnections: count(1),
  maxConnectionsPerIp: countOrOff(1),
  maxOpeningsPerSecond: countOrOff(1),
  rateLimit: countOrOff(1),
  maxMemoryBytes: count(MIN_MEMORY_BYTES, Number.MAX_SAFE_INTEGER),
} satisfies Record<keyof GivenOptions, z.ZodType>);

type ConfigKey = keyof typeof schema.shape;

export const configKeys: readonly string[] = Object.keys(schema.shape);

const pathKeys = ["socket", "root", "tlsCert", "tlsKey", "tlsPfx", "tlsPassphraseFile", "tlsClientCa"] as const;

/** What the library calls otherwise: "hosts" is not the host to listen on. */
const libraryNames: ReadonlyMap<string, ConfigKey> = new Map([
  ["hosts", "allowedHost"],
  ["trustedProxies", "trustedProxy"],
  ["maxConnectionsPerAddress", "maxConnectionsPerIp"],
  ["perMessageDeflate", "deflate"],
  ["path", "socket"],
]);

/** Not repeated in an error. */
const secretKeys: ReadonlySet<string> = new Set<ConfigKey>(["tlsPassphrase"]);

/**
 * Reads the options that a JSON file gives; its paths are relative to it.
 * @throws ProgramError with one line that names the file, and each key that is wrong, its value and what was expected
 */
export function readConfigFile(file: string): GivenOptions {
  const config = parseJson(file, readTextFile("--config", file));
  const result = schema.partial().safeParse(config);
  if (!result.success) throw refuse(file, describeIssues(result.error.issues, config));
  const folder = dirname(resolve(file));
  const paths = pathKeys.flatMap((key) => {
    const value = result.data[key];
    return value === undefined ? [] : [[key, resolve(folder, value)]];
  });
  // JSON has no undefined: a key that is there has a value
  return { ...result.data, ...Object.fromEntries(paths) } as GivenOptions;
}

function parseJson(file: string, content: string): unknown {
  try {
    // an editor on Windows begins its files with a byte order mark
    return JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const message = toOneLine(cause instanceof Error ? cause.message : String(cause), 200);
    throw refuse(file, `it is no JSON: ${message}${findLine(message, content)}`, cause);
  }
}

/** Where that is, if Node tells the position, and not the line itself, as from version 22 on. */
function findLine(message: string, content: string): string {
  const position = /position (\d+)$/.exec(message)?.[1];
  return position === undefined ? "" : ` (line ${content.slice(0, Number(position)).split("\n").length})`;
}

function describeIssues(issues: readonly z.core.$ZodIssue[], config: unknown): string {
  const values = new Map<string, unknown>(typeof config === "object" && config !== null ? Object.entries(config) : []);
  const faults = new Set<string>();
  for (const issue of issues) {
    const [key] = issue.path;
    if (issue.code === "unrecognized_keys") {
      for (const unknown of issue.keys) faults.add(describeUnknown(unknown));
    } else if (typeof key === "string" && isKey(key)) {
      const value = secretKeys.has(key) ? "not usable" : formatValue(values.get(key));
      faults.add(`"${key}" is ${value}: expected ${schema.shape[key].description}`);
    } else {
      faults.add('expected an object, such as {"port": 8443}');
    }
  }
  return [...faults].join("; ");
}

function describeUnknown(key: string): string {
  const wanted = simplify(key);
  const meant = libraryNames.get(key) ?? configKeys.find((known) => simplify(known) === wanted);
  const advice =
    meant === undefined ? "expected the name of an option of hawser serve, in camelCase" : `did you mean "${meant}"?`;
  return `"${toOneLine(key, 40)}" is unknown: ${advice}`;
}

/** Whether a name was written in another case, with dashes or in the plural. */
function simplify(name: string): string {
  return name
    .replaceAll(/[^a-z0-9]/gi, "")
    .toLowerCase()
    .replace(/s$/, "");
}

function formatValue(value: unknown): string {
  return toOneLine(JSON.stringify(value), 60);
}

function isKey(key: string): key is ConfigKey {
  return Object.hasOwn(schema.shape, key);
}

function refuse(file: string, why: string, cause?: unknown): ProgramError {
  return new ProgramError(`--config ${file} cannot be used: ${why}`, cause === undefined ? {} : { cause });
}
