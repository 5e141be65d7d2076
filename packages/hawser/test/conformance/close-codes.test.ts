import { expect, it } from "vitest";
import { portableBytes } from "../../src/internal/portable-bytes.js";
import { Engine } from "./engine.js";

/** RFC 6455 §7.4 and the registry of close codes. */
function isLegal(code: number): boolean {
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  return registered.includes(code) || (code >= 3000 && code < 5000);
}

function receiveClose(code: number): string {
  const engine = new Engine({ deflate: null }, { role: "client", mode: "message", bytes: portableBytes });
  engine.push(Uint8Array.of(0x88, 2, code >>> 8, code & 0xff), 0, 4);
  const [event] = engine.events;
  return event?.type === "close" ? `close ${event.code}` : `${engine.fault?.code} ${engine.fault?.closeCode}`;
}

it("takes the legal ones of all 65,536 close codes, and answers the others with 1002", () => {
  const codes = Array.from({ length: 65_536 }, (_, code) => code);

  expect(codes.map(receiveClose)).toEqual(
    codes.map((code) => (isLegal(code) ? `close ${code}` : "CLOSE_CODE_INVALID 1002")),
  );
});
