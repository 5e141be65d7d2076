import type { Server } from "hawser/server";
import type { Logger } from "pino";
import { stripControls } from "../plain-text.js";
import { type GivenOptions, mergeOptions, type ServeFlags, type ServeOptions } from "./serve-options.js";
import { checkAccess, formatAccess } from "./server-settings.js";
import type { Services } from "./services.js";
import { reloadTls } from "./tls-files.js";

/** The options that are those of the certificate: its files are read again even when these did not change. */
const tlsOptions = [
  "tls",
  "tlsCert",
  "tlsKey",
  "tlsPfx",
  "tlsPassphrase",
  "tlsPassphraseFile",
] as const satisfies readonly (keyof ServeOptions)[];

export interface ReloadTargets {
  readonly server: Server;
  readonly services: Services;
  readonly log: Logger;
}

export interface Reload {
  reload(): Promise<void>;
  /** What is in use now. */
  readonly options: ServeOptions;
}

/** The options that the command line and the file that it names give together. @throws ProgramError for a file that is wrong */
export async function readOptions(flags: ServeFlags): Promise<ServeOptions> {
  const { config, ...given } = flags;
  return mergeOptions(await readFile(config), given);
}

async function readFile(config: string | undefined): Promise<GivenOptions> {
  if (config === undefined) return {};
  const { readConfigFile } = await import("./config-file.js");
  return readConfigFile(config);
}

/**
 * Makes what reads the settings and the certificate again, and puts what it can to use; nobody is disconnected.
 * A file that is wrong changes nothing. What happened is in the log. One call at a time; it never rejects.
 */
export function createReload(flags: ServeFlags, first: ServeOptions, targets: ReloadTargets): Reload {
  let current = first;
  let running: Promise<void> = Promise.resolve();
  const reload = async (): Promise<void> => {
    const { log } = targets;
    let wanted: ServeOptions;
    try {
      wanted = await readOptions(flags);
    } catch (error) {
      log.error(`nothing was changed: ${describe(error)}`);
      return;
    }
    if (!isUsable(wanted, log) || !(await renewCertificate(current, wanted, targets))) return;
    current = apply(current, wanted, targets);
  };
  return {
    reload() {
      // what nobody has thought of must not end a server that runs
      running = running
        .then(reload)
        .catch((error: unknown) => targets.log.error({ err: error }, "reading again failed"));
      return running;
    },
    get options() {
      return current;
    },
  };
}

/** Whether the library takes what only it can judge; a server that never listens is made to see. */
function isUsable(wanted: ServeOptions, log: Logger): boolean {
  try {
    checkAccess(wanted);
    return true;
  } catch (error) {
    log.error(`nothing was changed: ${describe(error)}`);
    return false;
  }
}

/** Whether the rest may go on: a certificate that cannot be used leaves everything as it was. */
async function renewCertificate(current: ServeOptions, wanted: ServeOptions, targets: ReloadTargets): Promise<boolean> {
  // a server without TLS cannot get it, nor one with it lose it
  if (!hasTlsFiles(current) || !hasTlsFiles(wanted)) return true;
  return reloadTls(wanted, targets.server, targets.log);
}

function hasTlsFiles({ tlsCert, tlsKey, tlsPfx }: ServeOptions): boolean {
  return (tlsCert ?? tlsKey ?? tlsPfx) !== undefined;
}

/** Puts the changed options to use; answers what is in use then. */
function apply(current: ServeOptions, wanted: ServeOptions, { server, services, log }: ReloadTargets): ServeOptions {
  const changed = listChanges(current, wanted);
  const renewed = new Set<string>(hasTlsFiles(current) && hasTlsFiles(wanted) ? tlsOptions : []);
  const appliers = new Map<string, () => void>([
    ["timeIntervalMs", () => services.setTimeInterval(wanted.timeIntervalMs)],
    ["drainDelayMs", () => {}],
    ["origin", () => server.setOrigins(formatAccess(wanted).origins ?? [])],
    ["allowedHost", () => server.setHosts(formatAccess(wanted).hosts ?? null)],
    ["logLevel", () => (log.level = wanted.logLevel)],
  ]);
  const applied = changed.filter((name) => appliers.has(name) || renewed.has(name));
  const ignored = changed.filter((name) => !applied.includes(name));
  for (const name of applied) appliers.get(name)?.();
  if (ignored.length > 0) log.warn({ ignored }, `only a restart changes ${ignored.join(", ")}`);
  log.info(
    { changed: applied },
    applied.length === 0
      ? "settings read again: nothing to change"
      : `settings read again: changed ${applied.join(", ")}`,
  );
  return { ...current, ...pick(wanted, applied) };
}

function listChanges(current: ServeOptions, wanted: ServeOptions): readonly (keyof ServeOptions)[] {
  const names = new Set([...Object.keys(current), ...Object.keys(wanted)]) as Set<keyof ServeOptions>; // their keys
  return [...names].filter((name) => JSON.stringify(current[name]) !== JSON.stringify(wanted[name])).sort();
}

function pick(options: ServeOptions, names: readonly (keyof ServeOptions)[]): Partial<ServeOptions> {
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

function describe(error: unknown): string {
  return stripControls(error instanceof Error ? error.message : String(error));
}
