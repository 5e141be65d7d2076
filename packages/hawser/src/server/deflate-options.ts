import { setUpDeflate } from "../node/index.js";
import type { CompressorOptions, DeflateSettings } from "../node/index.js";
import { acceptDeflateOffer } from "../protocol/index.js";
import type { DeflateOptions, ExtensionOffer } from "../protocol/index.js";
import type { SocketParts } from "../socket/index.js";

/** Compression of messages, as the server agrees to it. */
export interface ServerDeflateOptions extends DeflateOptions, CompressorOptions {}

/** What is agreed on with a client, or null for nothing. Without memory for its window, a client has to forget it. */
export function agreeDeflate(
  offers: readonly ExtensionOffer[],
  settings: DeflateSettings | null,
): SocketParts["deflate"] {
  if (settings === null) return null;
  const { options, port } = settings;
  const agreement = acceptDeflateOffer(offers, options);
  if (agreement === null) return null;
  if (!agreement.client.takeover || port.canKeep(agreement.client)) return setUpDeflate(settings, agreement);
  const without = acceptDeflateOffer(offers, { ...options, clientNoContextTakeover: true });
  return without === null ? null : setUpDeflate(settings, without);
}
