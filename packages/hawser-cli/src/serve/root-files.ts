import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import type { Context } from "hono";
import { createUsageError, ProgramError, systemCode } from "../program-error.js";

/** Answers with a file of the folder, or undefined when the folder has none for the path. */
export type FileHandler = (context: Context) => Promise<Response | undefined>;

interface FoundFile {
  /** Absolute, without links. */
  readonly path: string;
  readonly etag: string;
  readonly modifiedMs: number;
}

/**
 * Serves the files of a folder to GET and HEAD: `index.html` for a folder, never a list; nothing whose name begins with a dot,
 * and nothing that lies elsewhere, whatever the path or a link says. The answers are Hono's; which file may be read, and
 * whether the client has it already, is decided here.
 * @throws ProgramError when it is no folder that can be read
 */
export async function createFileHandler(root: string): Promise<FileHandler> {
  const folder = await openFolder(root);
  return async (context) => {
    if (context.req.method !== "GET" && context.req.method !== "HEAD") return undefined;
    const { pathname, search } = new URL(context.req.url);
    const names = splitPath(pathname);
    if (names === undefined) return undefined;
    const found = await findFile(folder, names);
    if (found === undefined) return undefined;
    if (found === "folder") {
      const index = await findFile(folder, [...names, "index.html"]);
      if (index === undefined || index === "folder") return undefined;
      // without the slash the page's own links would lead elsewhere
      if (!pathname.endsWith("/")) return context.redirect(`${pathname}/${search}`, 301);
      return sendFile(context, index);
    }
    return pathname.endsWith("/") ? undefined : sendFile(context, found);
  };
}

async function openFolder(root: string): Promise<string> {
  try {
    const folder = await realpath(resolve(root));
    if (!(await stat(folder)).isDirectory()) throw createUsageError(`--root ${root} is no folder`);
    await access(folder, constants.R_OK | constants.X_OK);
    return folder;
  } catch (cause) {
    if (cause instanceof ProgramError) throw cause;
    const code = systemCode(cause);
    throw new ProgramError(`--root ${root} ${faults[code] ?? `cannot be read (${code})`}`, { cause });
  }
}

const faults: Readonly<Record<string, string>> = {
  ENOENT: "does not exist: give a folder of files",
  ENOTDIR: "is no folder",
  EACCES: "may not be read by this user: change its permissions",
};

/** The names in a path, decoded; undefined when one of them is not the name of a file that may be served. */
function splitPath(pathname: string): readonly string[] | undefined {
  const parts = pathname.replace(/^\//, "").replace(/\/$/, "").split("/");
  if (parts.length === 1 && parts[0] === "") return pathname === "/" ? [] : undefined;
  try {
    const names = parts.map((part) => decodeURIComponent(part));
    return names.every(isServable) ? names : undefined;
  } catch {
    return undefined;
  }
}

/** Empty is "//"; a dot begins ".", ".." and what is hidden; the others would name something else than they seem to. */
function isServable(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- NUL ends a path for the system, and none of the others is in a name
  return name !== "" && !name.startsWith(".") && !/[/\\:\u0000-\u001F\u007F]/.test(name);
}

async function findFile(folder: string, names: readonly string[]): Promise<FoundFile | "folder" | undefined> {
  try {
    const path = await realpath(join(folder, ...names));
    if (!isWithin(folder, path)) return undefined;
    const { size, mtimeMs, ...entry } = await readEntry(path);
    if (entry.isFolder) return "folder";
    // a pipe or a device would not end
    if (!entry.isFile) return undefined;
    await access(path, constants.R_OK);
    const etag = `"${size.toString(36)}-${Math.trunc(mtimeMs).toString(36)}"`;
    return { path, etag, modifiedMs: Math.floor(mtimeMs / 1000) * 1000 };
  } catch {
    // not there, not permitted, a name too long: for a stranger all the same
    return undefined;
  }
}

async function readEntry(path: string): Promise<{ size: number; mtimeMs: number; isFile: boolean; isFolder: boolean }> {
  const entry = await stat(path);
  return { size: entry.size, mtimeMs: entry.mtimeMs, isFile: entry.isFile(), isFolder: entry.isDirectory() };
}

/** A link may lead to another place of the folder, but neither out of it nor to what is hidden. */
function isWithin(folder: string, path: string): boolean {
  if (path === folder) return true;
  const base = folder.endsWith(sep) ? folder : folder + sep;
  return path.startsWith(base) && path.slice(base.length).split(sep).every(isServable);
}

async function sendFile(context: Context, file: FoundFile): Promise<Response | undefined> {
  context.header("ETag", file.etag);
  context.header("Accept-Ranges", "bytes");
  // the browser asks each time, and mostly hears that nothing has changed
  context.header("Cache-Control", "no-cache");
  if (isFresh(context, file)) {
    context.header("Last-Modified", new Date(file.modifiedMs).toUTCString());
    return context.body(null, 304);
  }
  if (!isRangeOf(context, file)) context.req.raw.headers.delete("Range");
  const answer = await serveStatic({ path: file.path })(context, () => Promise.resolve());
  return answer ?? undefined;
}

/** RFC 9110 §13.2.2: a tag decides alone, where there is one. */
function isFresh(context: Context, { etag, modifiedMs }: FoundFile): boolean {
  const tags = context.req.header("If-None-Match");
  if (tags !== undefined) {
    return tags.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
  }
  const since = Date.parse(context.req.header("If-Modified-Since") ?? "");
  return since >= modifiedMs;
}

/** Whether a part may be answered: of one range, and of this version of the file when the client has begun with another. */
function isRangeOf(context: Context, { etag, modifiedMs }: FoundFile): boolean {
  if (!/^bytes=(?:\d+-\d*|-\d+)$/.test(context.req.header("Range") ?? "")) return false;
  const version = context.req.header("If-Range");
  return version === undefined || version === etag || Date.parse(version) === modifiedMs;
}
