export type { Attachment } from "./listener/attachments.js";
export type { ServerDeflateOptions } from "./deflate-options.js";
export type { Logger } from "./logs/logger.js";
export { createServer } from "./server.js";
export type { ServerCloseOptions } from "./close-options.js";
export type { Server, ServerState } from "./server.js";
export type { ServerStats } from "./server-stats.js";
export type { ServerAddress } from "./listener/server-address.js";
export type { RequestHandler, ServerOptions } from "./server-options.js";
export type { ClientCertificateMode, ServerTlsOptions } from "./tls-options.js";
export type {
  BroadcastOptions,
  PathParams,
  ServiceFunction,
  ServiceHandle,
  ServiceHandlers,
  ServiceOptions,
  ServiceRequest,
  ServiceSocket,
  ServiceStreamFunction,
  ServiceStreamHandlers,
} from "./service-types.js";
export type { ServerLimits } from "./limits/server-limits.js";
