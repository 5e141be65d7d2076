// What the trading gateway keeps, and the port through which it does. Two databases are behind it: sqlite.ts, postgres.ts.

interface User {
  /** The number that the original clients call Login. */
  readonly login: number;
  readonly username: string;
  /** As `hashPassword` makes it. */
  readonly passwordHash: string;
}

export type Side = "buy" | "sell";

export interface NewOrder {
  readonly login: number;
  /** The request's. With `login` it names the order: asking again finds it instead of placing another. */
  readonly pid: string;
  readonly symbol: string;
  readonly side: Side;
  /** Decimal strings from end to end: no number ever rounds them. */
  readonly volume: string;
  /** The worst price that is accepted; null: any. */
  readonly limit: string | null;
  readonly placedAtMs: number;
}

export interface Order extends NewOrder {
  readonly id: number;
  /** At which price the order was filled; null: it waits. An order is filled when its deal is stored, and nothing else says so. */
  readonly price: string | null;
  readonly filledAtMs: number | null;
}

/** An order that was filled. */
export interface Deal extends Order {
  readonly price: string;
  readonly filledAtMs: number;
}

export interface TradingStore {
  /** Adds those whose name is not taken. Answers how many that were. */
  addUsers(users: readonly Omit<User, "login">[]): Promise<number>;
  findUser(username: string): Promise<User | undefined>;
  /** Stores the order unless its user has one with this pid; answers the one that is there, which may differ. */
  addOrder(order: NewOrder): Promise<Order>;
  findOrder(login: number, id: number): Promise<Order | undefined>;
  /** The user's, newest first. */
  listOrders(login: number, maxOrders: number): Promise<Order[]>;
  /** Everybody's that wait, oldest first. */
  listOpenOrders(): Promise<Order[]>;
  /** Fills the order, once: false when it is filled already. */
  addDeal(orderId: number, price: string, filledAtMs: number): Promise<boolean>;
  /** The user's, newest first. */
  listDeals(query: {
    readonly login: number;
    readonly symbol: string | undefined;
    readonly maxDeals: number;
  }): Promise<Deal[]>;
  close(): Promise<void>;
}
