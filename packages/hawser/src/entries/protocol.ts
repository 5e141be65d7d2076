/** The WebSocket engine without I/O: frames, handshake text, negotiation, close codes. For every runtime. */
export * from "../protocol/index.js";
