import { readFileSync } from "node:fs";

/** A file of this package; dist and src are at the same depth. */
export function packageUrl(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(packageUrl("package.json"), "utf8"));
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}
