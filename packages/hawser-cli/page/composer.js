// The message box: text or one file, the history of what was sent, and the keys that go with them.

import { countUtf8Bytes, formatBytes } from "./format.js";
import { DEFAULT_MAX_MESSAGE_BYTES } from "./report.js";

const MAX_HISTORY = 100;

/** `send(data, name?)` returns null when sent, otherwise a sentence that says why not. */
export function createComposer(elements, send) {
  const { form, message, file, chooseFile, attachment, attachmentName, attachmentRemove, size, note } = elements;
  const history = [];
  let position = 0;
  let attached = null;

  function showSize() {
    const bytes = attached === null ? countUtf8Bytes(message.value) : attached.size;
    size.textContent = attached === null && bytes > 0 ? formatBytes(bytes) : "";
    say(bytes > DEFAULT_MAX_MESSAGE_BYTES ? warnOfSize(bytes) : "", "warning");
  }

  function say(text, tone = "") {
    note.textContent = text;
    note.dataset.tone = tone;
  }

  function attach(chosen) {
    attached = chosen ?? null;
    attachment.hidden = attached === null;
    attachmentName.textContent =
      attached === null ? "" : `${attached.name} · ${formatBytes(attached.size)} · one binary message`;
    if (attached === null) file.value = "";
    else message.focus(); // so that Enter sends it
    showSize();
  }

  async function submit() {
    if (attached !== null) return submitFile(attached);
    if (message.value === "") return say("Type something first, or attach a file.", "warning");
    const problem = send(message.value);
    if (problem !== null) return say(problem, "warning");
    remember(message.value);
    message.value = "";
    showSize();
  }

  async function submitFile(chosen) {
    let data;
    try {
      data = await chosen.arrayBuffer();
    } catch {
      return say(`${chosen.name} could not be read. It may have been moved, or be too large for the browser.`, "error");
    }
    const problem = send(data, chosen.name);
    if (problem !== null) return say(problem, "warning");
    attach(null);
  }

  function remember(text) {
    if (history.at(-1) !== text) history.push(text);
    if (history.length > MAX_HISTORY) history.shift();
    position = history.length;
  }

  // The arrows belong to the text while there is some, unless it is an earlier message that is being shown unchanged.
  function walk(step) {
    const shown = message.value === "" || message.value === history[position];
    const wanted = position + step;
    if (!shown || wanted < 0 || wanted > history.length) return false;
    position = wanted;
    message.value = history[position] ?? "";
    showSize();
    return true;
  }

  message.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void submit();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      if (walk(event.key === "ArrowUp" ? -1 : 1)) event.preventDefault();
    }
  });
  message.addEventListener("input", () => {
    if (message.value === "") position = history.length;
    showSize();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });

  chooseFile.addEventListener("click", () => file.click());
  file.addEventListener("change", () => attach(file.files[0]));
  attachmentRemove.addEventListener("click", () => {
    attach(null);
    message.focus();
  });

  // Files may be dropped anywhere: beside the box, the browser would leave the page and show the file.
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    document.body.dataset.dropping = "";
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) delete document.body.dataset.dropping;
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    delete document.body.dataset.dropping;
    const files = event.dataTransfer.files;
    attach(files[0]);
    if (files.length > 1) say("Only the first file was taken: one message carries one file.", "warning");
  });

  return {
    say,
    focus: () => message.focus(),
    /** Not on touch screens, where focus would raise the keyboard over the page unasked. */
    focusForTyping: () => matchMedia("(pointer: coarse)").matches || message.focus(),
  };
}

function warnOfSize(bytes) {
  const limit = formatBytes(DEFAULT_MAX_MESSAGE_BYTES);
  const excess = `${formatBytes(bytes)} is above the server's default limit of ${limit}`;
  return `${excess}: unless that was raised, it will close with code 1009. You may send it anyway.`;
}
