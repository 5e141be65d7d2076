import { parseHex } from "../option-values.js";

/** What a typed line asks for. */
export type TypedLine =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly bytes: Uint8Array }
  | { readonly kind: "ping" }
  | { readonly kind: "close"; readonly code: number; readonly reason: string }
  | { readonly kind: "help" }
  | { readonly kind: "fault"; readonly message: string };

export const typedHelp = `a line is sent as a text message; lines for this program:
  exit                    close with 1000
  /ping                   measure the round trip
  /binary 48 65 6c 6c 6f  send bytes
  /close 4000 reason      close with a code and a reason
  /send exit              send a line as it is, also one of these`;

const NORMAL = 1000;

/** Reads a line. Commands beside `exit` are known only to `commands: true`: input from a file is sent as it is. */
export function parseTypedLine(line: string, { commands }: { readonly commands: boolean }): TypedLine {
  if (line.trim() === "exit") return { kind: "close", code: NORMAL, reason: "" };
  if (!commands || !line.startsWith("/")) return { kind: "text", text: line };
  const [, name = "", rest = ""] = /^\/(\S*) ?(.*)$/s.exec(line) ?? [];
  const command = Object.hasOwn(commandParsers, name) ? commandParsers[name] : undefined;
  return command === undefined ? refuse(`/${name} is not known: /help lists what is, /send sends`) : command(rest);
}

const commandParsers: Readonly<Record<string, ((rest: string) => TypedLine) | undefined>> = {
  help: () => ({ kind: "help" }),
  ping: () => ({ kind: "ping" }),
  send: (text) => ({ kind: "text", text }),
  binary: (rest) => {
    const bytes = parseHex(rest);
    return bytes === undefined
      ? refuse(`/binary ${rest}: expected pairs of hexadecimal digits`)
      : { kind: "binary", bytes };
  },
  close: (rest) => {
    const [, digits, reason = ""] = /^(\d+\b)?\s*(.*)$/s.exec(rest) ?? [];
    return { kind: "close", code: digits === undefined ? NORMAL : Number(digits), reason };
  },
};

function refuse(message: string): TypedLine {
  return { kind: "fault", message };
}
