import { expect, it } from "vitest";
import { dealsSchema, loginSchema, orderIdSchema, orderSchema } from "../../src/trading/schemas.js";

const order = { symbol: "LLG", side: "buy", volume: "100.0" };

/** What a schema makes of data: its value, or the fields that it refuses. */
function validate(
  schema: typeof orderSchema | typeof dealsSchema | typeof loginSchema | typeof orderIdSchema,
  data: unknown,
): unknown {
  const result = schema["~standard"].validate(data);
  return result.issues === undefined ? result.value : result.issues.map(({ path }) => path.join("."));
}

it.each<[string, object, string]>([
  ["a number for a volume", { volume: 100 }, "volume"],
  ["a volume of nothing", { volume: "0.000" }, "volume"],
  ["a volume that is not written out", { volume: "1e3" }, "volume"],
  ["no volume", { volume: null }, "volume"],
  ["a symbol that is not traded", { symbol: "constructor" }, "symbol"],
  ["a side that is none", { side: "hold" }, "side"],
  ["a limit below nothing", { price: "-1" }, "price"],
  ["a limit of nothing", { price: "0" }, "price"],
])("refuses an order with %s", (_name, wrong, path) => {
  expect(validate(orderSchema, { ...order, ...wrong })).toEqual([path]);
});

it("takes an order with and without a limit, and drops what it does not know", () => {
  expect(validate(orderSchema, { ...order, more: 1 })).toEqual({ ...order, price: null });
  expect(validate(orderSchema, { ...order, price: "1989.1" })).toEqual({ ...order, price: "1989.1" });
});

it("reads names with an upper-case letter, as .NET writes them; where both are there, the lower-case one holds", () => {
  expect(validate(dealsSchema, { Login: 7, Symbol: "LLG" })).toEqual({ login: 7, symbol: "LLG" });
  expect(validate(dealsSchema, { Login: 7, login: 8 })).toEqual({ login: 8, symbol: undefined });
  expect(validate(loginSchema, { Username: "a", Password: "b" })).toEqual({ username: "a", password: "b", type: 1 });
});

it("reads whole numbers in digits, and refuses what a number cannot hold", () => {
  expect(validate(orderIdSchema, { order_id: "860" })).toEqual({ order_id: 860 });
  expect(validate(orderIdSchema, { order_id: 860 })).toEqual({ order_id: 860 });
  for (const id of ["", "8.5", 8.5, -1, "99999999999999999", 2 ** 53, {}, true]) {
    expect(validate(orderIdSchema, { order_id: id })).toEqual(["order_id"]);
  }
});

it.each([undefined, null, "text", 5, [[]]])("takes %j for no record", (data) => {
  expect(validate(loginSchema, data)).toEqual([""]);
});

it("is not led astray by names of Object's own", () => {
  expect(validate(loginSchema, JSON.parse('{"__proto__":{"username":"a","password":"b"}}'))).toEqual([
    "username",
    "password",
  ]);
});
