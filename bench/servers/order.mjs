// The one action that every peer carries out: the same schema, the same answer.
import { z } from "zod";

export const orderSchema = z.object({
  symbol: z.string().min(1).max(16),
  side: z.enum(["buy", "sell"]),
  volume: z.string().regex(/^\d{1,12}(\.\d{1,8})?$/),
  price: z.string().regex(/^\d{1,12}(\.\d{1,8})?$/),
  type: z.number().int(),
});

let orders = 0;

export function placeOrder({ symbol, volume, price }) {
  return {
    external_order_id: String(++orders),
    external_volume: volume,
    external_price: price,
    external_symbol: symbol,
  };
}
