// What campaigns run is TypeScript: the tests' own code over the sources. It is bundled into .cache/ and imported there.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";

const tests = join(import.meta.dirname, "..");
const sources = join(tests, "../src");
const cache = join(tests, "../../../.cache");

/**
 * Bundles and imports the fuzzer and the runner of vectors. `mutant` plants a fault: { file, find, replace }, with `file` in
 * src/ and `find` once in it.
 */
export async function loadHarness(name, mutant) {
  const folder = join(cache, `campaign-${name}`);
  await build({
    configFile: false,
    root: tests,
    logLevel: "error",
    plugins: mutant === undefined ? [] : [plant(mutant)],
    resolve: { conditions: ["hawser:source", "node", "import"] },
    build: {
      ssr: true,
      minify: false,
      target: "node20",
      outDir: folder,
      emptyOutDir: true,
      rollupOptions: {
        input: {
          fuzz: join(tests, "fuzz/run.ts"),
          corpus: join(tests, "fuzz/corpus.ts"),
          vectors: join(tests, "conformance/run.ts"),
          encoding: join(tests, "conformance/vector.ts"),
        },
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
      },
    },
  });
  const load = (entry) => import(`${pathToFileURL(join(folder, `${entry}.mjs`)).href}?${name}`);
  const entries = ["fuzz", "corpus", "vectors", "encoding"];
  const [{ runFuzz }, { createCorpus, readCorpus }, { runVector }, { encodeVector }] = await Promise.all(
    entries.map(load),
  );
  const vectors = readVectors();
  const corpus = createCorpus(vectors, readCorpus(join(tests, "fuzz")));
  return {
    runFuzz,
    runVector,
    encodeVector,
    vectors,
    corpus,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function readVectors() {
  const folder = join(tests, "conformance/vectors");
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")).vectors);
}

function plant({ file, find, replace }) {
  const path = join(sources, file);
  return {
    name: "plant",
    enforce: "pre",
    transform(code, id) {
      if (id !== path) return undefined;
      if (code.split(find).length !== 2) throw new Error(`${file} does not have this once: ${find}`);
      return { code: code.replace(find, () => replace), map: null };
    },
  };
}
