import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { readLogin } from "./login-choice.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

it("takes --login, --user with its file, or the environment", () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-login-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "password"), "open sesame\n");
  expect(readLogin({})).toBe(undefined);
  vi.stubEnv("HAWSER_LOGIN", '{"token":"x"}');
  expect(readLogin({})).toEqual({ token: "x" });
  expect(readLogin({ login: '{"username":"a"}' })).toEqual({ username: "a" });
  const given = { user: "me", passwordFile: join(folder, "password") };
  expect(readLogin(given)).toEqual({ username: "me", password: "open sesame" });
});

it.each([
  [{ login: "{}", user: "me" }, /^--login and --user exclude each other/],
  [{ user: "me" }, /^--user needs its password: add --password-file FILE$/],
  [{ passwordFile: "x" }, /^--password-file needs its user/],
  [{ login: '{"password":"hunter2"' }, /^--login is no JSON: expected one like/],
])("refuses %j", (choice, message) => {
  expect(() => readLogin(choice)).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }),
  );
  expect(() => readLogin(choice)).not.toThrow(/hunter2/);
});
