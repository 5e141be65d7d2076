// Numbers and bytes in words. Pure functions; nothing here touches the page.

const encoder = new TextEncoder();

export function encodeText(text) {
  return encoder.encode(text);
}

export function countUtf8Bytes(text) {
  return encoder.encode(text).byteLength;
}

export function formatBytes(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${trimNumber(bytes / 1024)} KiB`;
  if (bytes < 1024 ** 3) return `${trimNumber(bytes / 1024 ** 2)} MiB`;
  return `${trimNumber(bytes / 1024 ** 3)} GiB`;
}

/** A short span, as a round trip is: more digits where they mean something. */
export function formatMs(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}

/** A long span, as a connection's life is. */
export function formatDuration(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(seconds % 60, 2)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60, 2)} min`;
}

export function formatClock(date) {
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part, 2)).join(":");
  return `${time}.${pad(date.getMilliseconds(), 3)}`;
}

export function formatCount(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

export function formatHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

export function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function trimNumber(value) {
  return value < 100 ? value.toFixed(1).replace(/\.0$/, "") : String(Math.round(value));
}

function pad(value, width) {
  return String(value).padStart(width, "0");
}
