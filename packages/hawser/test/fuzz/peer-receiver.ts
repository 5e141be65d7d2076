import type { EventEmitter } from "node:events";
import * as ws from "ws";
import type { ModelOptions } from "./model.js";

/** The parser of `ws`, which its types do not name. */
interface Receiver extends EventEmitter {
  _write(chunk: Uint8Array, encoding: string, callback: (error?: Error) => void): void;
}

const { Receiver: PeerReceiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number; allowSynchronousEvents: boolean }) => Receiver;
};

/** The key under which `ws` keeps the close code of an error. */
function readCloseCode(error: Error): number {
  const key = Object.getOwnPropertySymbols(error).find((symbol) => symbol.description === "status-code");
  return key === undefined ? 0 : ((error as unknown as Record<symbol, number>)[key] ?? 0);
}

/** What `ws` makes of the bytes, in the words of the model. */
export function runReceiver(options: ModelOptions, bytes: Uint8Array): string[] {
  const lines: string[] = [];
  const receiver = new PeerReceiver({
    isServer: options.role === "server",
    maxPayload: options.maxMessageBytes,
    allowSynchronousEvents: true,
  });
  receiver.on("message", (data: Buffer, isBinary: boolean) => {
    lines.push(`${isBinary ? "binary" : "text"} ${data.toString("hex")}`);
  });
  receiver.on("ping", (data: Buffer) => lines.push(`ping ${data.toString("hex")}`));
  receiver.on("pong", (data: Buffer) => lines.push(`pong ${data.toString("hex")}`));
  receiver.on("conclude", (code: number, reason: Buffer) => lines.push(`close ${code} ${reason.toString("hex")}`));
  receiver._write(Buffer.from(bytes), "", (error) => {
    if (error) lines.push(`failed ${readCloseCode(error)}`);
  });
  return lines;
}
