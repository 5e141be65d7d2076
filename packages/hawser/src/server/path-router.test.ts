import { expect, it } from "vitest";
import { UsageError } from "../internal/errors.js";
import { decodePath, PathRouter } from "./path-router.js";

function createRouter(...patterns: string[]): PathRouter<string> {
  const router = new PathRouter<string>();
  for (const pattern of patterns) router.add(pattern, pattern);
  return router;
}

it.each([
  ["/", "/"],
  ["/echo", "/echo"],
  ["/echo", "/echo/"],
  ["/echo/", "/echo"],
  ["/a/b/c", "/a/b/c"],
  ["/café", "/caf%C3%A9"],
  ["/caf%C3%A9", "/caf%C3%A9"],
  ["/with space", "/with%20space"],
])("the pattern %s matches the path %s", (pattern, path) => {
  // white space is refused in a pattern, so it is written encoded there
  expect(createRouter(encodeURI(decodeURI(pattern))).match(path)).toBeDefined();
});

it.each([
  ["/echo", "/Echo"],
  ["/echo", "/echo/more"],
  ["/echo", "/ech"],
  ["/echo", "//echo"],
  ["/echo", "/echo//"],
  ["/echo/:room", "/echo"],
  ["/echo/:room", "/echo/"],
  ["/echo/:room", "/echo//"],
  ["/a/b", "/a%2Fb"],
  ["/:any", "/%E0%A4"],
  ["/:any", "*"],
])("the pattern %s does not match the path %s", (pattern, path) => {
  expect(createRouter(pattern).match(path)).toBeUndefined();
});

it("gives the parameters decoded, in a frozen record without prototype", () => {
  const params = createRouter("/chat/:room/:user").match("/chat/a%2Fb/%E2%82%AC")?.params;
  expect(params).toEqual({ room: "a/b", user: "€" });
  expect(Object.getPrototypeOf(params)).toBeNull();
  expect(Object.isFrozen(params)).toBe(true);
});

it("keeps a parameter named __proto__ an ordinary one", () => {
  const params = createRouter("/:__proto__").match("/evil")?.params;
  expect(Object.entries(params ?? {})).toEqual([["__proto__", "evil"]]);
});

it("prefers a static segment to a parameter, and comes back when the rest does not match", () => {
  const router = createRouter("/chat/:room", "/chat/lobby", "/chat/:room/log", "/:any/lobby/x");
  expect(router.match("/chat/lobby")?.value).toBe("/chat/lobby");
  expect(router.match("/chat/other")?.value).toBe("/chat/:room");
  expect(router.match("/chat/lobby/log")).toMatchObject({ value: "/chat/:room/log", params: { room: "lobby" } });
  expect(router.match("/chat/lobby/x")).toMatchObject({ value: "/:any/lobby/x", params: { any: "chat" } });
});

it.each([
  ["/echo", "/echo/"],
  ["/chat/:room", "/chat/:name"],
  ["/a%20b", "/a%20b"],
])("refuses %s beside %s, which matches the same paths", (first, second) => {
  expect(() => createRouter(first, second)).toThrow(UsageError);
});

it.each(["echo", "", "/a//b", "/a?b", "/a#b", "/a b", "/:", "/:1", "/:a-b", "/:a/:a", "/%zz", "/../a", "/%2e"])(
  "refuses the pattern %s",
  (pattern) => {
    expect(() => createRouter(pattern)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  },
);

it("gives a removed path free again, once", () => {
  const router = new PathRouter<number>();
  const remove = router.add("/echo", 1);
  remove();
  expect(router.match("/echo")).toBeUndefined();
  router.add("/echo", 2);
  remove();
  expect(router.match("/echo")?.value).toBe(2);
});

it("decodes a path, or says that it cannot", () => {
  expect(decodePath("/a%2Fb")).toBe("/a/b");
  expect(decodePath("/plain")).toBe("/plain");
  expect(decodePath("/%")).toBeUndefined();
});
