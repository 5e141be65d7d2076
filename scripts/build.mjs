// `npm run build`: installs if needed, then compiles every zone. `--clean` first deletes what earlier builds left:
// `tsc -b --clean` would keep the output of deleted sources.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";
import { EXAMPLES, PROGRAM, setup } from "./setup.mjs";

if (process.argv.includes("--clean")) {
  for (const folder of ["packages/hawser", "packages/hawser-cli", "examples"]) {
    rmSync(join(root, folder, "dist"), { recursive: true, force: true });
  }
}
process.exitCode = (await setup({ projects: [PROGRAM, EXAMPLES] })) ? 0 : 1;
