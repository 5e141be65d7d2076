import { fileURLToPath } from "node:url";
import { build } from "vite";

export interface BundleOptions {
  /** @default false */
  readonly minify?: boolean;
  /** The name by which a script finds the exports. @default an ECMAScript module */
  readonly globalName?: string;
}

export interface Bundle {
  readonly code: string;
  /** What each file takes of it, before it is minified. */
  readonly bytesByFile: ReadonlyMap<string, number>;
}

/** What a bundler makes of a file for browsers: one script, from the sources. */
export async function bundle(file: URL, { minify = false, globalName }: BundleOptions = {}): Promise<Bundle> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: fileURLToPath(new URL("./", file)),
    // not `node`: as in a browser
    resolve: { conditions: ["hawser:source", "browser", "module", "import", "default"] },
    build: {
      write: false,
      minify,
      target: "es2022",
      // of a library in modules vite leaves the spaces
      rolldownOptions: {
        input: fileURLToPath(file),
        preserveEntrySignatures: "strict",
        output: {
          format: globalName === undefined ? "es" : "iife",
          ...(globalName !== undefined && { name: globalName }),
        },
      },
    },
  });
  const [output] = Array.isArray(result) ? result : [result];
  if (output === undefined || !("output" in output)) throw new Error("vite made no bundle");
  const [chunk, ...others] = output.output;
  if (others.length > 0) throw new Error(`vite made ${others.length} files too many`);
  const sizes = Object.entries(chunk.modules).map(([path, { renderedLength }]): [string, number] => [
    path.replace(/^.*\/packages\//, ""),
    renderedLength,
  ]);
  return { code: chunk.code, bytesByFile: new Map(sizes) };
}
