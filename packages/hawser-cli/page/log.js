// The log: a bounded list of what went over the wire and what happened to it. Everything that came from the network
// reaches the page through textContent, so a message can never become markup.

import { formatBytes, formatClock, formatCount, formatHex, formatMs } from "./format.js";

const MAX_ENTRIES = 1_000;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
const MAX_SHOWN_CHARACTERS = 1_200;
const MAX_SHOWN_LINES = 14;
const HEX_PREVIEW_BYTES = 32;
const ARROWS = { sent: "→", received: "←", note: "·" };

/** `elements`: scroller, list, dropped, empty, latest. */
export function createLog(elements) {
  const { scroller, list, dropped, empty, latest } = elements;
  let kept = [];
  let keptBytes = 0;
  let droppedCount = 0;
  let pending = [];
  let following = true;
  let lastTop = 0;

  function add(entry) {
    pending.push({ at: new Date(), bytes: 0, kind: "text", rttMs: null, ...entry });
    // A hidden tab draws no frames; what would be dropped at the next one can go now.
    if (pending.length > 2 * MAX_ENTRIES) droppedCount += pending.splice(0, pending.length - MAX_ENTRIES).length;
    if (pending.length === 1) requestAnimationFrame(flush);
  }

  // One pass a frame: a flood of messages costs one layout, not one for each.
  function flush() {
    if (pending.length > MAX_ENTRIES) droppedCount += pending.splice(0, pending.length - MAX_ENTRIES).length;
    const fragment = document.createDocumentFragment();
    for (const entry of pending) {
      entry.element = renderEntry(entry);
      fragment.append(entry.element);
      kept.push(entry);
      keptBytes += entry.bytes;
    }
    pending = [];
    list.append(fragment);
    trim();
    if (following) scrollToLatest();
    else latest.hidden = false;
  }

  function trim() {
    let count = 0;
    while (kept.length - count > MAX_ENTRIES || (keptBytes > MAX_KEPT_BYTES && kept.length - count > 1)) {
      keptBytes -= kept[count].bytes;
      kept[count].element.remove();
      count += 1;
    }
    kept = kept.slice(count);
    droppedCount += count;
    empty.hidden = kept.length > 0;
    dropped.hidden = droppedCount === 0;
    const [gone, limit] = [droppedCount, MAX_ENTRIES].map((count) => count.toLocaleString("en"));
    dropped.textContent = `${gone} older dropped: the log keeps the last ${limit}, and 32 MiB of messages at most.`;
  }

  function clear() {
    kept = [];
    pending = [];
    keptBytes = 0;
    droppedCount = 0;
    list.replaceChildren();
    trim();
    scrollToLatest();
  }

  function scrollToLatest() {
    scroller.scrollTop = scroller.scrollHeight;
    lastTop = scroller.scrollTop;
    following = true;
    latest.hidden = true;
  }

  // Reading further up must not be disturbed: the log follows only while its end is in view. Only a move upwards stops
  // it; a scroll event that comes late, after new entries or a resize, does not.
  scroller.addEventListener("scroll", () => {
    const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 32;
    if (atEnd) following = true;
    else if (scroller.scrollTop < lastTop - 1) following = false;
    lastTop = scroller.scrollTop;
    if (following) latest.hidden = true;
  });
  latest.addEventListener("click", () => {
    scrollToLatest();
    scroller.focus({ preventScroll: true });
  });
  new ResizeObserver(() => following && scrollToLatest()).observe(scroller);

  return {
    note: (text) => add({ direction: "note", data: text }),
    add,
    clear,
    toText: () => kept.map(entryToText).join("\n"),
  };
}

function renderEntry(entry) {
  const item = document.createElement("li");
  item.dataset.direction = entry.direction;
  item.dataset.kind = entry.kind;
  item.dataset.bytes = String(entry.bytes);
  const time = element("time", formatClock(entry.at));
  time.dateTime = entry.at.toISOString();
  const arrow = element("span", ARROWS[entry.direction], "arrow");
  arrow.setAttribute("aria-hidden", "true");
  const body = element("div", "", "body");
  item.append(time, arrow, body);
  if (entry.direction === "note") {
    body.textContent = entry.data;
    return item;
  }
  body.append(element("span", `${entry.direction}: `, "unseen"));
  if (entry.kind === "binary") renderBinary(body, entry);
  else renderText(body, entry.data);
  item.append(renderFacts(entry));
  return item;
}

function renderFacts(entry) {
  const facts = element("span", "", "facts");
  if (entry.kind === "binary") facts.append(element("span", "binary", "kind"));
  facts.append(element("span", formatBytes(entry.bytes), "size"));
  if (entry.rttMs !== null) {
    const rtt = element("span", formatMs(entry.rttMs), "rtt");
    rtt.title = "Round trip: from sending to the echo";
    facts.append(rtt);
  }
  return facts;
}

function renderText(body, text) {
  const cut = cutText(text);
  const content = element("span", cut, "text");
  body.append(content);
  if (text === "") content.append(element("em", "empty message"));
  if (cut.length === text.length) return;
  const more = element("button", `Show all ${formatCount(text.length, "character")}`, "more");
  more.type = "button";
  more.setAttribute("aria-expanded", "false");
  more.addEventListener("click", () => {
    const expand = more.getAttribute("aria-expanded") === "false";
    content.textContent = expand ? text : cut;
    more.setAttribute("aria-expanded", String(expand));
    more.textContent = expand ? "Show less" : `Show all ${formatCount(text.length, "character")}`;
  });
  body.append(document.createTextNode(" "), more);
}

function cutText(text) {
  let end = Math.min(text.length, MAX_SHOWN_CHARACTERS);
  for (let at = -1, lines = 0; lines < MAX_SHOWN_LINES; lines += 1) {
    at = text.indexOf("\n", at + 1);
    if (at < 0 || at > end) break;
    if (lines === MAX_SHOWN_LINES - 1) end = at;
  }
  // Never between the halves of a surrogate pair.
  if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1] ?? "")) end -= 1;
  return text.slice(0, end);
}

function renderBinary(body, entry) {
  const preview = new Uint8Array(entry.data, 0, Math.min(HEX_PREVIEW_BYTES, entry.data.byteLength));
  const rest = entry.data.byteLength > preview.length ? " …" : "";
  if (entry.name) body.append(element("span", `${entry.name} `, "file-name"));
  body.append(element("code", preview.length === 0 ? "no bytes" : formatHex(preview) + rest, "hex"));
  const save = element("a", "Save", "save");
  save.href = "#";
  save.setAttribute("aria-label", `Save these ${formatBytes(entry.bytes)} as a file`);
  save.addEventListener("click", (event) => {
    event.preventDefault();
    const stamp = formatClock(entry.at).replace(/[:.]/g, "-");
    saveBlob(new Blob([entry.data]), entry.name ?? `${entry.direction}-${stamp}.bin`);
  });
  body.append(document.createTextNode(" "), save);
}

function entryToText(entry) {
  const start = `${entry.at.toISOString()}\t${entry.direction}`;
  if (entry.direction === "note") return `${start}\t${entry.data}`;
  const rtt = entry.rttMs === null ? "" : `${entry.rttMs.toFixed(2)} ms`;
  const content =
    entry.kind === "text"
      ? JSON.stringify(entry.data)
      : formatHex(new Uint8Array(entry.data, 0, Math.min(1024, entry.bytes)));
  return `${start}\t${entry.kind}\t${entry.bytes} bytes\t${rtt}\t${content}`;
}

/** Offers bytes as a download. The object URL lives only as long as the click needs it. */
export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function element(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== "") node.textContent = text;
  if (className) node.className = className;
  return node;
}
