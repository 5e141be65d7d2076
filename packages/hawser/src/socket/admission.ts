import { queueFull } from "./connection-errors.js";
import type { SendQueue } from "./send-queue.js";
import type { SocketKind } from "./socket-kind.js";

/** What a stream is counted with while it waits for its turn, or for its source. */
const STREAM_OVERHEAD_BYTES = 1024;

/**
 * Lets a message of `size` bytes (characters, for a text: its bytes are counted when that matters) into the queue.
 * @throws ConnectionError QUEUE_FULL; an empty queue takes any one message
 */
export function admitMessage(
  queue: SendQueue,
  { options, runtime }: Pick<SocketKind, "options" | "runtime">,
  size: number,
  content: string | Uint8Array | undefined,
): void {
  const { maxQueueBytes, softQueueBytes } = options;
  let buffered = queue.bufferedBytes;
  if (buffered > softQueueBytes) {
    // What was gathered in this turn may find room with the transport.
    queue.flush();
    buffered = queue.bufferedBytes;
  }
  if (buffered === 0) return;
  const bytes =
    typeof content === "string" && buffered + size * 3 > maxQueueBytes ? runtime.bytes.utf8ByteLength(content) : size;
  if (buffered + bytes > maxQueueBytes) throw queueFull(bytes, buffered, maxQueueBytes);
}

/**
 * What a stream will bring is asked for piece by piece; but the streams themselves must not be without number.
 * @throws ConnectionError QUEUE_FULL
 */
export function admitStream({ streams, bufferedBytes }: SendQueue, maxQueueBytes: number): void {
  const buffered = bufferedBytes + streams * STREAM_OVERHEAD_BYTES;
  if (streams > 0 && buffered + STREAM_OVERHEAD_BYTES > maxQueueBytes) {
    throw queueFull(STREAM_OVERHEAD_BYTES, buffered, maxQueueBytes);
  }
}
