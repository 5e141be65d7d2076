import type { DeflatePort } from "../protocol/index.js";
import { deflateDefaults } from "./deflate-rules.js";
import { ZlibDeflater } from "./zlib-deflater.js";
import { canUseHandles } from "./zlib-handle.js";
import { ZlibInflater } from "./zlib-inflater.js";
import { ZlibPool } from "./zlib-pool.js";
import { StreamDeflater, StreamInflater } from "./zlib-stream.js";

export interface ZlibDeflateOptions {
  /** zlib's level, 1 (fast) to 9 (small). @default 1 */
  readonly level?: number;
  /** Contexts of each kind that wait to be used again. @default 16 */
  readonly maxFreeContexts?: number;
  /** Whether to use zlib's native handles; false: only what Node documents, slower. @default whether they are the known ones */
  readonly handles?: boolean;
}

/** permessage-deflate's compressor over `node:zlib`. One for the process is enough: it shares contexts, never data. */
export function createZlibDeflate(options: ZlibDeflateOptions = {}): DeflatePort {
  const { level = deflateDefaults.level, maxFreeContexts = deflateDefaults.maxFreeContexts } = options;
  const { handles = canUseHandles() } = options;
  if (!handles) {
    return {
      createDeflater: (context) => new StreamDeflater(context, level),
      createInflater: (context) => new StreamInflater(context),
    };
  }
  const pool = new ZlibPool(level, maxFreeContexts);
  return {
    createDeflater: (context) => new ZlibDeflater(pool, context),
    createInflater: (context) => new ZlibInflater(pool, context),
  };
}
