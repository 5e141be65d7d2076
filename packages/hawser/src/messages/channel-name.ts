const channelName = /^[A-Za-z0-9:_.-]{1,255}$/;

/** Whether a channel may have this name: `docs/PROTOCOL.md`, section 5. */
export function isChannelName(value: unknown): value is string {
  return typeof value === "string" && channelName.test(value);
}
