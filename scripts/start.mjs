// `npm start`: sets up what is missing, then runs the program with the gateway to try. Arguments go on: `npm start -- --port 0`.
import { join } from "node:path";
import { runInForeground } from "./foreground.mjs";
import { root } from "./run.mjs";
import { setup } from "./setup.mjs";

if (!(await setup())) process.exit(1);

const program = join(root, "packages/hawser-cli/bin/hawser.js");
runInForeground([program, "serve", "--demo", ...process.argv.slice(2)], { script: "start", name: "hawser" });
