// Puts the parts together: one connection at a time, its state on the page, and what each control does.

import { addressOf, parseAddress, parseProtocols } from "./address.js";
import { createCloseForm, showError } from "./close-form.js";
import { createComposer } from "./composer.js";
import { Connection } from "./connection.js";
import { createGatewayPanel } from "./gateway.js";
import { formatBytes, formatDuration, formatMs, median } from "./format.js";
import { createLog, saveBlob } from "./log.js";
import { probeServer } from "./probe.js";
import { addFinding, showReport } from "./report.js";
import { createRope } from "./rope.js";

// How long a chosen service waits for the goodbye of the one before it.
const MAX_GOODBYE_MS = 2_000;

const STATE_WORDS = { connecting: "Connecting", open: "Open", closing: "Closing", closed: "Closed" };

const $ = (id) => document.getElementById(id);
const rope = createRope($("rope"));
const log = createLog({
  scroller: $("log"),
  list: $("entries"),
  dropped: $("dropped"),
  empty: $("empty"),
  latest: $("latest"),
});
const composer = createComposer(
  {
    form: $("message-form"),
    message: $("message"),
    file: $("file"),
    chooseFile: $("choose-file"),
    attachment: $("attachment"),
    attachmentName: $("attachment-name"),
    attachmentRemove: $("attachment-remove"),
    size: $("message-size"),
    note: $("message-note"),
  },
  send,
);
const closeForm = createCloseForm(
  {
    form: $("close-form"),
    code: $("close-code"),
    reason: $("close-reason"),
    codeError: $("code-error"),
    reasonError: $("reason-error"),
    codeHelp: $("code-help"),
    reasonCount: $("reason-count"),
  },
  disconnect,
);

const gateway = createGatewayPanel(
  {
    root: $("gateway"),
    login: $("gateway-login"),
    hint: $("gateway-hint"),
    tiles: $("gateway-tiles"),
    deal: $("gateway-deal"),
    note: $("gateway-note"),
  },
  send,
);

let connection = null;
let state = "closed";
let stateSince = performance.now();
let attempts = 0;

// ---- connecting ----

async function connect() {
  const address = parseAddress($("url").value);
  const offer = parseProtocols($("protocols").value);
  showFieldError("url", address.error);
  showFieldError("protocols", offer.error);
  if (offer.error) $("options").open = true;
  if (address.error || offer.error) return $(address.error ? "url" : "protocols").focus();

  const attempt = (attempts += 1);
  await partFromCurrent();
  if (attempt !== attempts) return; // another choice was made meanwhile
  $("report").hidden = true;
  gateway.hide();
  composer.say("");
  $("far-end").textContent = shortAddress(address.url);
  $("state-facts").textContent = "";
  markService(address.url);
  try {
    connection = openConnection(address.url, offer.protocols);
  } catch (error) {
    // The browser's own refusal: a forbidden port, or mixed content beyond what was checked.
    showState("closed", "Not connected");
    return showFieldError("url", `The browser refuses this connection: ${error.message}`);
  }
  showState("connecting");
  showCounters();
}

function openConnection(url, protocols) {
  const mine = new Connection(url, protocols, {
    state: (next) => connection === mine && next !== "closed" && showState(next),
    open: (facts) => onOpen(url, facts),
    message: (data, bytes, rttMs) => onMessage(mine, data, bytes, rttMs),
    close: (report) => onClose(mine, report),
  });
  return mine;
}

async function partFromCurrent() {
  if (connection === null || connection.state === "closed") return;
  const old = connection;
  old.replaced = true;
  old.close(1000, "another connection was chosen");
  const timer = setTimeout(() => old.abandon(), MAX_GOODBYE_MS);
  await old.closed;
  clearTimeout(timer);
}

function onOpen(url, { openingMs, protocol, extensions }) {
  const facts = [protocol && `sub-protocol ${protocol}`, extensions && extensions.split(";")[0]].filter(Boolean);
  $("state-facts").textContent = facts.join(" · ");
  gateway.opened(url === addressOf("/gateway"));
  log.note([`Connected to ${url} in ${formatMs(openingMs)}`, ...facts].join(" · "));
}

function onMessage(from, data, bytes, rttMs) {
  log.add({ direction: "received", kind: typeof data === "string" ? "text" : "binary", data, bytes, rttMs });
  // Our own "Ping" that comes back as an echo has a round trip; the server's does not.
  if (data === "Ping" && rttMs === null && $("heartbeat").checked && from.state === "open") send("Pong");
  if (typeof data === "string") gateway.received(data);
  showCounters();
}

function onClose(from, report) {
  gateway.closed();
  if (from.replaced) return log.note(`Left ${report.url}`);
  const focusWasHere = closeForm.hasFocus() || [$("connect"), document.body].includes(document.activeElement);
  const sentence = showReport($("report"), report, { onReconnect: reconnect, onHide: hideReport });
  showState("closed", report.opened ? "Closed" : "Not connected");
  $("state-facts").textContent = report.opened ? `code ${report.code}` : "";
  $("announce").textContent = sentence;
  log.note(sentence);
  // The button that was pressed can do nothing more (and lost its focus); the next useful one is Reconnect.
  if (focusWasHere && report.opened && report.asked) $("reconnect").focus({ preventScroll: true });
  $("report").scrollIntoView({ block: "nearest" });
  if (report.asked || report.code !== 1006) return;
  void probeServer(report).then((finding) => {
    if (finding !== null && connection === from) addFinding($("report"), finding);
  });
}

function reconnect() {
  composer.focusForTyping();
  void connect();
}

function hideReport() {
  $("report").hidden = true;
  $("connect").focus();
}

// ---- sending ----

function send(data, name) {
  if (state !== "open") return whyNotSent();
  const bytes = connection.send(data);
  if (bytes === null) return whyNotSent();
  log.add({ direction: "sent", kind: typeof data === "string" ? "text" : "binary", data, bytes, name });
  showCounters();
  watchBuffer();
  return null;
}

function whyNotSent() {
  if (state === "connecting") return "Still connecting: send again when the state says open. Your message is kept.";
  if (state === "closing") return "The connection is closing: nothing more can be sent. Your message is kept.";
  return "Not connected, so nothing was sent. Connect first; your message is kept.";
}

let bufferTimer = 0;

/** Looks again for as long as the browser holds back bytes of ours; a page gets no event for this. */
function watchBuffer() {
  clearTimeout(bufferTimer);
  const bytes = connection.state === "open" ? connection.bufferedBytes : 0;
  $("buffered").hidden = bytes === 0;
  $("buffered").textContent = bytes === 0 ? "" : `${formatBytes(bytes)} waiting to leave`;
  if (bytes > 0) bufferTimer = setTimeout(watchBuffer, 100);
}

// ---- disconnecting ----

function disconnect(code, reason) {
  if (state === "open") connection.close(code, reason);
}

// ---- what is shown ----

function showState(next, word = STATE_WORDS[next]) {
  if (next !== state || next === "connecting") stateSince = performance.now();
  state = next;
  document.body.dataset.state = next;
  $("state").dataset.state = next;
  $("state").textContent = word;
  if (next !== "closed") $("announce").textContent = word;
  $("connect").textContent =
    { connecting: "Cancel", open: "Connect again", closing: "Connect again" }[next] ?? "Connect";
  $("connect").classList.toggle("primary", next !== "open"); // one main button at a time: when open it is Send
  $("send").setAttribute("aria-disabled", String(next !== "open"));
  $("disconnect").disabled = next !== "open";
  document.title = `${word} · Hawser`;
  rope.show(next);
  showStateTime();
  if (next === "closed") $("buffered").hidden = true;
}

function showStateTime() {
  const seconds = performance.now() - stateSince;
  $("state-time").textContent = connection === null ? "" : `for ${seconds < 1000 ? "0 s" : formatDuration(seconds)}`;
}

let countersFrame = 0;

function showCounters() {
  countersFrame ||= requestAnimationFrame(() => {
    countersFrame = 0;
    const { sent, received, roundTrips } = connection;
    $("sent-count").textContent = formatTraffic(sent);
    $("received-count").textContent = formatTraffic(received);
    $("median").textContent = roundTrips.length === 0 ? "–" : formatMs(median(roundTrips));
  });
}

function formatTraffic({ messages, bytes }) {
  return messages === 0 ? "0" : `${messages.toLocaleString("en")} (${formatBytes(bytes)})`;
}

function markService(url) {
  for (const button of document.querySelectorAll("[data-service]")) {
    if (addressOf(button.dataset.service) === url) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

function shortAddress(url) {
  const { host, pathname } = new URL(url);
  return host + pathname;
}

function showFieldError(id, text) {
  showError($(id), $(`${id}-error`), text);
}

// ---- controls ----

$("connect-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (state === "connecting") connection.close();
  else void connect();
});
for (const button of document.querySelectorAll("[data-service]")) {
  button.addEventListener("click", () => {
    $("url").value = addressOf(button.dataset.service);
    composer.focusForTyping();
    void connect();
  });
}
// Enter would press the button, which says Cancel while connecting; whoever edits an address means that one.
$("connect-form").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !["url", "protocols"].includes(event.target.id)) return;
  event.preventDefault();
  void connect();
});
$("url").addEventListener("input", () => showFieldError("url", null));
$("protocols").addEventListener("input", () => showFieldError("protocols", null));

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
  if (closeForm.hasFocus()) composer.focus();
  else if (state === "open") closeForm.focus();
  else $("connect").focus();
});

$("clear-log").addEventListener("click", () => log.clear());
$("save-log").addEventListener("click", () =>
  saveBlob(new Blob([`${log.toText()}\n`], { type: "text/plain" }), "hawser-log.txt"),
);
$("copy-log").addEventListener("click", () => void copyLog($("copy-log")));

async function copyLog(button) {
  try {
    await navigator.clipboard.writeText(log.toText());
    flash(button, "Copied");
  } catch {
    flash(button, "Not allowed"); // no secure context, or the browser said no: Save still works
  }
}

function flash(button, text) {
  button.textContent = text;
  $("announce").textContent = text;
  setTimeout(() => (button.textContent = "Copy"), 1_500);
}

/** The gateway is there only when the server was started so. */
async function findGateway() {
  try {
    const health = await (await fetch("/healthz", { cache: "no-store" })).json();
    document.querySelector('[data-service="/gateway"]').hidden = health.gateway !== true;
  } catch {
    // not our server, or it is about to stop: the connection tells
  }
}

setInterval(showStateTime, 1_000);
void findGateway();
$("url").value = addressOf("/echo");
showState("closed", "Not connected");
composer.focus();
void connect();
