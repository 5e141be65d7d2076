// C0 and C1 controls, DEL; line and paragraph separators; what sets or overrides the direction of writing. Whoever may put
// them into a line of a log or a terminal can end that line, rewrite what stands there, or turn its meaning round.
// oxlint-disable-next-line no-control-regex -- these characters are what it is about
const unprintable = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]+/g;

/** What a stranger wrote, on one line: what steers a terminal becomes a space; cut behind `maxCharacters`. */
export function toPlainLine(text: string, maxCharacters: number): string {
  // a character is at most two units; so much is looked at, however long the text is
  const line = Array.from(text.slice(0, 2 * maxCharacters + 2).replace(unprintable, " "));
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters).join("")}…` : line.join("");
}
