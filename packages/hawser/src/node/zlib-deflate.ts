import type { DeflatePort } from "../protocol/index.js";
import { deflateDefaults } from "./deflate-rules.js";
import { ZlibDeflater } from "./zlib-deflater.js";
import type { DeflaterSettings } from "./zlib-deflater.js";
import { contextBytes } from "./zlib-handle.js";
import { inflateSettings, ZlibInflater } from "./zlib-inflater.js";
import { ZlibPool } from "./zlib-pool.js";
import { StreamDeflater, StreamInflater } from "./zlib-stream.js";

export interface ZlibDeflateOptions {
  /** zlib's level, 1 (fast) to 9 (small). @default 1 */
  readonly level?: number;
  /** What all contexts that are kept between messages may take, those of other ports over the same pool too. @default 128 MiB */
  readonly maxContextBytes?: number;
  /** What is shared with other ports. @default a new one */
  readonly pool?: ZlibPool;
}

/** permessage-deflate's compressor over `node:zlib`. Connections share its pool's contexts, never data. */
export function createZlibDeflate(options: ZlibDeflateOptions = {}): DeflatePort {
  const { pool = new ZlibPool() } = options;
  const settings: DeflaterSettings = {
    level: options.level ?? deflateDefaults.level,
    maxContextBytes: options.maxContextBytes ?? deflateDefaults.maxContextBytes,
  };
  const [OwnDeflater, OwnInflater] = pool.handles ? [ZlibDeflater, ZlibInflater] : [StreamDeflater, StreamInflater];
  return {
    canKeep: (context) => pool.keptBytes + contextBytes(inflateSettings(context)) <= settings.maxContextBytes,
    createDeflater: (context) => new OwnDeflater(pool, context, settings),
    createInflater: (context) => new OwnInflater(pool, context),
  };
}
