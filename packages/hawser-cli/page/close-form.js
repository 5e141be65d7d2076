// The disconnect form: a code and a reason that the browser will accept, checked while they are typed.

import { checkCloseReason, describeCloseCode, MAX_REASON_BYTES, parseCloseCode } from "./close-codes.js";

/** `elements`: form, code, reason, codeError, reasonError, codeHelp, reasonCount. `close(code, reason)` does it. */
export function createCloseForm(elements, close) {
  const { form, code, reason, codeError, reasonError, codeHelp, reasonCount } = elements;

  function check() {
    const parsed = parseCloseCode(code.value);
    const checked = checkCloseReason(reason.value);
    reasonCount.textContent = `${checked.bytes} of ${MAX_REASON_BYTES} bytes`;
    reasonCount.toggleAttribute("data-over", checked.error !== null);
    showError(code, codeError, parsed.error);
    showError(reason, reasonError, checked.error);
    codeHelp.textContent = parsed.error ? "" : `${parsed.code} · ${describeCloseCode(parsed.code).name}`;
    if (parsed.error) return { wrong: code };
    return checked.error === null ? { code: parsed.code, reason: reason.value } : { wrong: reason };
  }

  code.addEventListener("input", check);
  reason.addEventListener("input", check);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const result = check();
    if (result.wrong) result.wrong.focus();
    else close(result.code, result.reason);
  });
  check();

  return {
    hasFocus: () => form.contains(document.activeElement),
    focus() {
      code.focus();
      code.select();
    },
  };
}

/** An error stands beside its field and is tied to it; `text` null or undefined takes it away. */
export function showError(input, place, text) {
  place.textContent = text ?? "";
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}
