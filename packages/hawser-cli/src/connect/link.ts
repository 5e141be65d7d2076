import type { Message } from "hawser/socket";

/** Tells something about the connection, if the user wants to hear so much. */
export type Tell = (level: "info" | "warn", text: string) => void;

/** What a conversation is carried over: one connection, or one after the other. */
export interface Link {
  readonly isOpen: boolean;
  /** Whether something waits to be sent, so that an answer cannot be there yet. */
  readonly isBusy: boolean;
  /** Hands over each message, and waits until it is done with. Settles when it is over, with the exit code. @throws ProgramError */
  run(onMessage: (message: Message) => Promise<void>): Promise<number>;
  /** @throws HawserError */
  send(data: Message): Promise<void>;
  /** The round trip in milliseconds. @throws HawserError */
  ping(): Promise<number>;
  /** Says that nothing more will be sent; what is still on its way comes until the peer has closed too. @throws HawserError */
  sayGoodbye(code: number, reason: string): Promise<void>;
  /** Ends it with 1000. */
  close(): void;
  /** Ends it at once. */
  abort(): void;
}
