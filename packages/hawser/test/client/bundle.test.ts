import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { timeout } from "../interop/patience.js";
import { bundle } from "./bundle.js";

const entry = new URL("../../src/entries/client.ts", import.meta.url);

/** What a page has to load for all of `hawser/client`. */
const MOST_BYTES = 8 * 1024;

it(
  "hawser/client for browsers is one file of at most 8 KiB compressed, without a module of Node.js",
  { timeout },
  async () => {
    const { code, bytesByFile } = await bundle(entry, { minify: true });
    const bytes = gzipSync(code, { level: 9 }).length;
    const table = [...bytesByFile].toSorted((a, b) => b[1] - a[1]).map(([file, size]) => `${size} ${file}`);
    console.log(
      `hawser/client: ${bytes} bytes compressed, ${code.length} minified; of each file:\n${table.join("\n")}`,
    );
    expect(code).not.toMatch(/["']node:|\brequire\(|\bprocess\b|\bBuffer\b/);
    expect([...bytesByFile.keys()].filter((file) => /-node\.ts$|\/(?:node|socket|server)\//.test(file))).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
  },
);
