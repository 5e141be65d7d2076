// `npm run example -- echo`: sets up what is missing, then runs the example of this name. Without a name it lists them.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runInForeground } from "./foreground.mjs";
import { root } from "./run.mjs";
import { EXAMPLES, setup } from "./setup.mjs";

const modules = readdirSync(join(root, EXAMPLES, "src"), { recursive: true })
  .map((file) => String(file).replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length))
  .sort();
// trading/store belongs to trading; recipes/express, without a module named recipes, is one by itself
const names = modules.filter((name) => !modules.some((other) => name.startsWith(`${other}/`)));

const [name = "", ...args] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`usage: npm run example -- NAME\n\nNAME is one of:\n  ${names.join("\n  ")}`);
  process.exit(name === "" ? 0 : 2);
}
if (!(await setup({ projects: [EXAMPLES] }))) process.exit(1);

runInForeground([join(root, EXAMPLES, "dist", `${name}.js`), ...args], { script: "example", name });
