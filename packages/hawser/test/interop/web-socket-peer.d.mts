export type PeerCommand =
  | { readonly run: "open"; readonly url: string; readonly protocols?: readonly string[] }
  | { readonly run: "forget" }
  | { readonly run: "send"; readonly text: string }
  | { readonly run: "sendBytes"; readonly size: number; readonly seed: number }
  | { readonly run: "sendSeries"; readonly count: number; readonly seed: number }
  | { readonly run: "collect"; readonly count: number }
  | { readonly run: "close"; readonly code?: number; readonly reason?: string };

export type PeerReport =
  | { readonly event: "open"; readonly protocol: string; readonly extensions: string }
  | {
      readonly event: "message";
      readonly isText: boolean;
      readonly size: number;
      readonly hash: number;
      readonly text?: string;
    }
  | { readonly event: "collecting" }
  | { readonly event: "collected"; readonly hash: number }
  | { readonly event: "close"; readonly code: number; readonly reason: string; readonly wasClean: boolean }
  | { readonly event: "forgotten" }
  | { readonly event: "error" }
  | { readonly event: "refused"; readonly name: string };

export function makeBytes(size: number, seed: number): Uint8Array<ArrayBuffer>;
export function makeMessage(index: number, seed: number): string | Uint8Array<ArrayBuffer>;
export function digest(message: string | Uint8Array, hash?: number): number;
export function createPeer(report: (report: PeerReport) => void): (command: PeerCommand) => void;
