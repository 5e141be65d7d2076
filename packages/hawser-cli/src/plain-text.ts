// C0 but for newline and tab, DEL, C1: a peer that may write them to a terminal can rewrite what stands there, set its title,
// or make it type. Line and paragraph separators, and what sets or overrides the direction of writing: with these it can make
// a line look like another one.
// oxlint-disable-next-line no-control-regex -- these characters are what it is about
const controls = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;

/** What a peer wrote, without the characters that steer a terminal or turn the direction of writing. */
export function stripControls(text: string): string {
  return text.replaceAll(controls, "");
}

/** The same on one line, cut to `maxCharacters`. */
export function toOneLine(text: string, maxCharacters: number): string {
  const line = Array.from(stripControls(text.replaceAll(/\s+/g, " ")).trim());
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters).join("")}…` : line.join("");
}

/** A URL or request target without what may be secret: query, user and password. */
export function redactUrl(url: string): string {
  const query = url.indexOf("?");
  const bare = query < 0 ? url : `${url.slice(0, query)}?…`;
  return bare.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1…@");
}
