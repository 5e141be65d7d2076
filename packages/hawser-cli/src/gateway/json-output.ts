/** C1, DEL and what turns the direction of writing: JSON leaves them as they are, but they steer terminals. */
const unescaped = /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;

/** JSON on one line, as exact as any, with everything escaped that could steer a terminal. */
export function formatJson(value: unknown): string {
  // what is absent is null: the reader expects JSON
  return JSON.stringify(value ?? null).replaceAll(
    unescaped,
    (character) => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
