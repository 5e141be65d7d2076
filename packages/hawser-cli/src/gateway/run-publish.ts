import { exitCodes } from "../exit-codes.js";
import { checkChannel } from "./channel-argument.js";
import { withGateway } from "./gateway-session.js";
import { parseJsonArgument } from "./json-argument.js";
import type { PublishChoice } from "./publish-command.js";

/** Publishes once. Resolves to the exit code. @throws ProgramError when it was refused, or not answered */
export function runPublish(
  url: string,
  { channel, data: text }: { readonly channel: string; readonly data: string },
  { event, key, ...choice }: PublishChoice,
): Promise<number> {
  checkChannel(channel);
  const data = parseJsonArgument("DATA", text);
  return withGateway(url, choice, {}, async ({ client, signal }) => {
    const named = { ...(event === undefined ? {} : { event }), ...(key === undefined ? {} : { key }) };
    await client.publish(channel, data, { ...named, signal });
    return exitCodes.ok;
  });
}
