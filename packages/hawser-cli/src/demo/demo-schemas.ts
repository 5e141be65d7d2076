import { z } from "zod";

/** Apart from the rest of the program, and loaded only with --demo: zod takes some 40 ms. */

const symbol = z.string().min(1).max(32);

/** A decimal string, as exact as it was written; a number is taken, too. */
const aDecimal = 'expected a decimal such as "100.0", or a number';
const volume = z
  .union([z.string().regex(/^\d{1,12}(\.\d{1,8})?$/, aDecimal), z.number().positive().max(1e12)], aDecimal)
  .transform((given) => withPoint(typeof given === "string" ? given : given.toFixed(8).replace(/0+$/, "")));

function withPoint(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.$/, ".0") : `${digits}.0`;
}

const orderId = z.union(
  [z.string().min(1).max(32), z.int().positive().transform(String)],
  "expected the order_id of an order",
);

export const credentials: z.ZodType<{ username: string; password: string }> = z.object({
  username: z.string(),
  password: z.string(),
});

export const newOrder: z.ZodType<{ symbol: string; side: "buy" | "sell"; volume: string }> = z.object({
  symbol,
  side: z.enum(["buy", "sell"]).default("buy"),
  volume,
});

export const orderQuery: z.ZodType<{ order_id: string }> = z.object({ order_id: orderId });

/** Of an order that was added, or one's own. */
export const newDeal: z.ZodType<{ order_id: string } | { symbol: string; volume: string }> = z.union(
  [z.object({ order_id: orderId }), z.object({ symbol, volume })],
  "expected order_id, or symbol and volume",
);

export const dealQuery: z.ZodType<{ symbol?: string | undefined; limit: number }> = z
  .object({ symbol: symbol.optional(), limit: z.int().min(1).max(1000).default(100) })
  .prefault({});
