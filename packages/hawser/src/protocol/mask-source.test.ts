import { randomFillSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MaskSource } from "./mask-source.js";

const allocate = (bytes: number): Uint8Array => new Uint8Array(bytes);

describe("MaskSource", () => {
  it("REL-A33 gives out each four bytes of the random source once, in order", () => {
    let word = 0;
    const counting = (target: Uint8Array): void => {
      const view = new DataView(target.buffer, target.byteOffset, target.length);
      for (let at = 0; at < target.length; at += 4) view.setUint32(at, word++);
    };
    const source = new MaskSource(counting, allocate);

    const keys = Array.from({ length: 5000 }, () => source.next());

    expect(keys).toEqual(Array.from({ length: 5000 }, (_, at) => at));
  });

  it("asks for nothing before the first key, and then for many at once", () => {
    const asked: number[] = [];
    const source = new MaskSource((target) => asked.push(target.length), allocate);

    const before = asked.length;
    source.next();
    source.next();

    expect([before, asked]).toEqual([0, [4096]]);
  });

  it("gives keys with the highest bit set as uint32", () => {
    const source = new MaskSource((target) => target.set([0xff, 0xfe, 0xfd, 0xfc]), allocate);

    expect(source.next()).toBe(0xfffefdfc);
  });

  it("REL-A33 spreads 10^6 keys of a real source evenly, without repeats beyond chance", () => {
    const source = new MaskSource((target) => void randomFillSync(target), allocate);
    const counts = new Uint32Array(4 * 256);
    const seen = new Set<number>();

    for (let at = 0; at < 1_000_000; at++) {
      const key = source.next();
      seen.add(key);
      for (let octet = 0; octet < 4; octet++) {
        const cell = octet * 256 + ((key >>> (8 * octet)) & 0xff);
        counts[cell] = (counts[cell] ?? 0) + 1;
      }
    }
    const expected = 1_000_000 / 256;
    const chiSquares = [0, 1, 2, 3].map((octet) => {
      return counts
        .subarray(octet * 256, octet * 256 + 256)
        .reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    });

    // 255 degrees of freedom: mean 255, deviation 23; about 116 of 10^6 repeat by chance, with a deviation of 11
    expect(Math.max(...chiSquares)).toBeLessThan(420);
    expect(Math.min(...chiSquares)).toBeGreaterThan(120);
    expect(1_000_000 - seen.size).toBeLessThan(230);
  });
});
