/**
 * Makes ids for the sockets of one server: short, never twice, and hardly the same in two servers or after a restart. They
 * are names, not secrets.
 */
export function createSocketIds(random: (target: Uint8Array) => void): () => string {
  const bytes = new Uint8Array(4);
  random(bytes);
  const prefix = Buffer.from(bytes).toString("hex");
  let count = 0;
  return () => `${prefix}-${(++count).toString(36)}`;
}
