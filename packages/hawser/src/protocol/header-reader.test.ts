import { expect, it } from "vitest";
import { HeaderReader } from "./header-reader.js";

function readHeader(reader: HeaderReader, hex: string): number {
  const bytes = new Uint8Array(Buffer.from(hex, "hex"));
  reader.reset();
  return reader.read(bytes, 0, bytes.length, false);
}

it("reads each length and key with nothing left over from the header before", () => {
  const reader = new HeaderReader({ role: "server", deflate: false, allowNonMinimalLengths: false });

  readHeader(reader, "82ff0000000500000001fffefdfc");
  const long = { length: reader.length, key: reader.key };
  readHeader(reader, "82fe007e01020304");
  const middle = { length: reader.length, key: reader.key };
  readHeader(reader, "828500000000");

  expect(long).toEqual({ length: 5 * 2 ** 32 + 1, key: 0xfffefdfc | 0 });
  expect(middle).toEqual({ length: 126, key: 0x01020304 });
  expect([reader.length, reader.key, reader.error]).toEqual([5, 0, null]);
});

it("stops behind the header, and at the byte that is at fault", () => {
  const options = { role: "client", deflate: false, allowNonMinimalLengths: false } as const;
  const whole = new HeaderReader(options);
  const faulty = new HeaderReader(options);

  const end = readHeader(whole, "820261628202");
  const fault = readHeader(faulty, "8bffff");

  expect([end, whole.whole, whole.fin, whole.opcode]).toEqual([2, true, true, 2]);
  expect([fault, faulty.whole, faulty.error?.code]).toEqual([1, false, "OPCODE_RESERVED"]);
});
