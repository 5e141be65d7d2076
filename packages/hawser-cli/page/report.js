// The close report: how a connection ended, in words, and what to do next.

import { describeCloseCode } from "./close-codes.js";
import { formatBytes, formatCount, formatDuration, formatMs } from "./format.js";

export const DEFAULT_MAX_MESSAGE_BYTES = 1024 * 1024;

/** Fills the card; returns one sentence for the log and for a screen reader. `onReconnect` runs from its button. */
export function showReport(card, report, { onReconnect, onHide }) {
  const words = explain(report);
  card.replaceChildren();
  card.dataset.code = String(report.code);
  card.dataset.opened = String(report.opened);
  card.dataset.tone = words.tone;

  const head = document.createElement("header");
  const title = textElement("h3", words.title);
  title.id = "report-title";
  if (words.code) title.prepend(textElement("span", String(report.code), "code"), " ");
  head.append(title, renderActions(report, onReconnect, onHide));

  const facts = document.createElement("dl");
  facts.hidden = words.facts.length === 0;
  for (const [name, value] of words.facts) {
    const row = document.createElement("div");
    row.append(textElement("dt", name), textElement("dd", value));
    facts.append(row);
  }

  const next = document.createElement("div");
  next.className = "next";
  next.append(textElement("h4", "What to do next"));
  if (words.next.length === 1) next.append(textElement("p", words.next[0]));
  else {
    const list = document.createElement("ul");
    list.append(...words.next.map((line) => textElement("li", line)));
    next.append(list);
  }
  const finding = textElement("p", "", "finding");
  finding.hidden = true;
  next.append(finding);

  card.append(head, textElement("p", words.meaning, "meaning"), facts, next);
  card.hidden = false;
  card.scrollTop = 0;
  return words.sentence;
}

/** Adds what a look at the server over HTTP has found, to a card that still shows the same report. */
export function addFinding(card, text) {
  const finding = card.querySelector(".finding");
  if (finding === null) return;
  finding.textContent = text;
  finding.hidden = false;
}

function renderActions(report, onReconnect, onHide) {
  const actions = document.createElement("div");
  actions.className = "actions";
  const again = textElement("button", report.opened ? "Reconnect" : "Try again", "primary");
  again.type = "button";
  again.id = "reconnect";
  again.addEventListener("click", onReconnect);
  const hide = textElement("button", "Hide", "quiet");
  hide.type = "button";
  hide.id = "hide-report";
  hide.addEventListener("click", onHide);
  actions.append(again, hide);
  return actions;
}

function explain(report) {
  if (!report.opened) return report.asked?.whileConnecting ? explainCancelled(report) : explainNeverOpened(report);
  const { name, meaning, next } = describeCloseCode(report.code);
  const ownChoice = report.asked !== null && report.wasClean;
  // A browser tells the reason of the server's Close. When that only answers ours, ours is the reason.
  const given = report.reason === "" && ownChoice ? report.asked.reason : report.reason;
  const facts = [
    ["Reason", given === "" ? "none given" : `“${given}”`],
    ["Ended by", endedBy(report)],
    ["Goodbye", report.wasClean ? "clean, from both sides" : "not clean: no closing handshake"],
    ["Open for", formatDuration(report.openMs)],
    ["Sent", traffic(report.sent)],
    ["Received", traffic(report.received)],
    ["Median round trip", report.medianMs === null ? "no echo seen" : formatMs(report.medianMs)],
  ];
  const steps = [ownChoice ? "You chose this, so nothing is wrong. Reconnect whenever you like." : next];
  if (report.code === 1006 && report.sent.largest > DEFAULT_MAX_MESSAGE_BYTES) {
    steps.push("A message above 1 MiB was sent: the server may have cut the line for that (it would be code 1009).");
  }
  const reason = given === "" ? "" : `, “${given}”`;
  const calm = [1000, 1001, 1005, 1012].includes(report.code) || ownChoice;
  return {
    title: name,
    code: true,
    meaning,
    facts,
    next: steps,
    tone: calm ? "calm" : report.wasClean ? "warning" : "fault",
    sentence: `Closed: ${report.code} ${name}${reason}. ${capitalise(endedBy(report))}.`,
  };
}

function endedBy(report) {
  if (report.asked !== null) {
    if (report.wasClean) return `you disconnected with code ${report.asked.code}`;
    return `you disconnected with code ${report.asked.code}, but the server did not answer`;
  }
  if (report.wasClean) return "the server closed the connection";
  if (report.code === 1006) return "nobody: the line broke";
  return "the browser, because of what the server sent";
}

function explainNeverOpened(report) {
  return {
    title: "Could not connect",
    code: false,
    meaning:
      `The connection to ${report.url} was never open (tried for ${formatDuration(report.attemptMs)}). ` +
      "Either nothing answers there or the handshake was refused; browsers do not tell which.",
    facts: [],
    next: [
      "Is the server running, at this host and port?",
      "Does this path have a WebSocket service?",
      "Does the server allow pages of this origin? Its log names the setting (origins).",
      "Did it agree to a sub-protocol that was offered? With wss://, is its certificate trusted?",
    ],
    tone: "fault",
    sentence: "Could not connect: the server cannot be reached, or refused the handshake.",
  };
}

function explainCancelled(report) {
  return {
    title: "Cancelled",
    code: false,
    meaning:
      `You stopped after ${formatDuration(report.attemptMs)}, before ${report.url} had answered. ` +
      "The connection was never open.",
    facts: [],
    next: ["Try again, or choose another address."],
    tone: "calm",
    sentence: "Connecting was cancelled.",
  };
}

function traffic({ messages, bytes }) {
  return messages === 0 ? "nothing" : `${formatCount(messages, "message")}, ${formatBytes(bytes)}`;
}

function capitalise(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function textElement(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== "") node.textContent = text;
  if (className) node.className = className;
  return node;
}
