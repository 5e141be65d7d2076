// `node run.mjs OPTIONS`: runs the lab once, from the built package, and prints its result, and what is wrong with it.
import { runLab } from "./scenarios/lab.mjs";

console.log(JSON.stringify(await runLab(JSON.parse(process.argv[2]))));
