import { connectorContract } from "../../src/testing/index.js";

/** The names of the contract's rules, for what runs them elsewhere. */
export const connectorRules: readonly string[] = connectorContract("", () =>
  Promise.reject(new Error("never run")),
).map(({ name }) => name.slice(": ".length));
