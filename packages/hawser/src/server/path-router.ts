import { UsageError } from "../internal/errors.js";

/**
 * Finds what is registered for a path. A pattern is made of static segments and parameters (`/echo/:room`). Segments are
 * compared after percent-decoding, case-sensitive; a trailing slash makes no difference; a static segment wins over a
 * parameter. A tree of segments: the work for a request is bounded by the patterns that share its beginning.
 */

/** The parameters of a path, in a frozen record without prototype: no name can reach `Object.prototype`. */
export type PathParameters = Readonly<Record<string, string>>;

export interface PathMatch<T> {
  readonly value: T;
  readonly params: PathParameters;
}

interface Branch<T> {
  readonly statics: Map<string, Branch<T>>;
  parameter: Branch<T> | null;
  end: { readonly value: T; readonly pattern: string; readonly names: readonly string[] } | null;
}

export class PathRouter<T> {
  readonly #root: Branch<T> = createBranch();

  /**
   * @returns the function that takes the pattern out again
   * @throws UsageError INVALID_ARGUMENT for a malformed pattern, or one that matches the same paths as another
   */
  add(pattern: string, value: T): () => void {
    const segments = parsePattern(pattern);
    let branch = this.#root;
    for (const { isParameter, text } of segments) {
      branch = isParameter ? openParameter(branch) : openStatic(branch, text);
    }
    if (branch.end !== null) {
      const message = `the path ${pattern} is taken by ${branch.end.pattern}: remove that service first, or choose another path`;
      throw new UsageError("INVALID_ARGUMENT", message, { facts: { path: pattern, takenBy: branch.end.pattern } });
    }
    const names = segments.filter((segment) => segment.isParameter).map((segment) => segment.text);
    const end = { value, pattern, names };
    branch.end = end;
    return () => {
      // twice removed, or removed after the path was given to another: nothing of ours is left
      if (branch.end === end) branch.end = null;
    };
  }

  /** What is registered for `path`: a request's path, without query, not yet decoded. */
  match(path: string): PathMatch<T> | undefined {
    const segments = decodeSegments(path);
    if (segments === undefined) return undefined;
    const values: string[] = [];
    const end = findEnd(this.#root, segments, 0, values);
    if (end === null) return undefined;
    return { value: end.value, params: createParams(end.names, values) };
  }
}

/** The path, percent-decoded, or undefined when it cannot be: `%` without two digits, or bytes that are not UTF-8. */
export function decodePath(path: string): string | undefined {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Segments are cut before they are decoded: `%2F` is a character of its segment, not a border. */
function decodeSegments(path: string): string[] | undefined {
  if (!path.startsWith("/")) return undefined;
  const segments: string[] = [];
  for (const segment of splitPath(path)) {
    const decoded = decodePath(segment);
    if (decoded === undefined) return undefined;
    segments.push(decoded);
  }
  return segments;
}

function splitPath(path: string): string[] {
  const end = path.endsWith("/") ? path.length - 1 : path.length;
  return end <= 0 ? [] : path.slice(1, end).split("/");
}

function findEnd<T>(branch: Branch<T>, segments: readonly string[], at: number, values: string[]): Branch<T>["end"] {
  const segment = segments[at];
  if (segment === undefined) return branch.end;
  const next = branch.statics.get(segment);
  const found = next === undefined ? null : findEnd(next, segments, at + 1, values);
  // an empty segment is no value: `/echo//` is not `/echo/:room`
  if (found !== null || branch.parameter === null || segment === "") return found;
  values.push(segment);
  const foundBehind = findEnd(branch.parameter, segments, at + 1, values);
  if (foundBehind === null) values.pop();
  return foundBehind;
}

const noParams: PathParameters = Object.freeze(Object.create(null) as Record<string, string>);

function createParams(names: readonly string[], values: readonly string[]): PathParameters {
  if (names.length === 0) return noParams;
  const params = Object.create(null) as Record<string, string>;
  names.forEach((name, index) => {
    params[name] = values[index] ?? "";
  });
  return Object.freeze(params);
}

interface PatternSegment {
  readonly text: string;
  readonly isParameter: boolean;
}

function parsePattern(pattern: string): PatternSegment[] {
  if (typeof pattern !== "string" || !pattern.startsWith("/")) refusePattern(pattern, 'a path that begins with "/"');
  if (/[?#\s]/.test(pattern)) refusePattern(pattern, "a path without query, fragment or white space");
  const segments = splitPath(pattern).map((segment): PatternSegment => {
    if (segment.startsWith(":")) {
      const name = segment.slice(1);
      if (!/^[A-Za-z_$][\w$]*$/.test(name)) refusePattern(pattern, 'a letter, then letters, digits and "_" behind ":"');
      return { text: name, isParameter: true };
    }
    const text = decodePath(segment);
    if (text === undefined || text === "") refusePattern(pattern, "no empty segment, and every % with two digits");
    if (text === "." || text === "..") refusePattern(pattern, 'no "." or ".." segment: no request has one');
    return { text, isParameter: false };
  });
  const names = segments.filter((segment) => segment.isParameter).map((segment) => segment.text);
  if (new Set(names).size !== names.length) refusePattern(pattern, "each parameter once");
  return segments;
}

function refusePattern(pattern: string, expected: string): never {
  const message = `path is ${JSON.stringify(pattern)}: expected ${expected}`;
  throw new UsageError("INVALID_ARGUMENT", message, { facts: { name: "path", value: String(pattern) } });
}

function createBranch<T>(): Branch<T> {
  return { statics: new Map(), parameter: null, end: null };
}

function openStatic<T>(branch: Branch<T>, text: string): Branch<T> {
  let next = branch.statics.get(text);
  if (next === undefined) branch.statics.set(text, (next = createBranch()));
  return next;
}

function openParameter<T>(branch: Branch<T>): Branch<T> {
  branch.parameter ??= createBranch();
  return branch.parameter;
}
