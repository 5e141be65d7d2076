export { createNodeRuntime, defaultRuntime } from "./default-runtime.js";
export { createNodeBytes } from "./node-bytes.js";
export { sha1 } from "./sha1.js";
export { StreamTransport } from "./stream-transport.js";
export { resolveDeflate, setUpDeflate } from "./deflate-settings.js";
export type { CompressorOptions, DeflateSettings } from "./deflate-settings.js";
export { createZlibDeflate } from "./zlib-deflate.js";
export { ZlibPool } from "./zlib-pool.js";
export { checkConnectOptions, refuseConnectOptions } from "./check-connect-options.js";
export { connect } from "./connect.js";
export { connectDefaults } from "./connect-options.js";
export type {
  ConnectDeflateOptions,
  ConnectOptions,
  MessageConnectOptions,
  StreamConnectOptions,
} from "./connect-options.js";
export { createTlsContext, tlsFileNames, toNodeTls } from "./tls-files.js";
export type { NodeTls, TlsFile, TlsFiles } from "./tls-files.js";
export { toDuplex } from "./duplex.js";
