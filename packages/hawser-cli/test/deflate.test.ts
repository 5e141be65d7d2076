import { expect, it } from "vitest";
import { runProgram, startServing } from "./support/program.js";

const line = "the same words again ".repeat(200);

it.each([
  ["both sides ask for it", ["--deflate"], ["--deflate"], true],
  ["the client alone does", [], ["--deflate"], false],
  ["the server alone does", ["--deflate"], [], false],
])("compresses where %s", async (_case, serveArgs, connectArgs, compressed) => {
  const { wsUrl } = await startServing(...serveArgs);
  const args = ["connect", "--linger-ms", "300", ...connectArgs, `${wsUrl}/echo`];
  const { code, stdout, stderr } = await runProgram(args, { input: `${line}\n` });

  expect({ code, stdout }).toEqual({ code: 0, stdout: `${line}\n` });
  expect(stderr.includes(", compressed;")).toBe(compressed);
  const [, sent = "", received = ""] = /1 messages? sent \((.*?)\), 1 received \((.*?)\)/.exec(stderr) ?? [];
  expect([sent, received].map((size) => /^\d{1,3} B$/.test(size))).toEqual([compressed, compressed]);
});
