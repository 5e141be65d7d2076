import { describe, expect, it } from "vitest";
import { createAddressSet, unmapAddress } from "./address-set.js";

describe("an address set", () => {
  const set = createAddressSet("exempt", ["192.0.2.7", "10.0.0.0/8", "::1", "fd00::/8"]);

  it.each([
    ["192.0.2.7", true],
    ["192.0.2.8", false],
    ["10.255.0.1", true],
    ["11.0.0.1", false],
    ["::1", true],
    ["::2", false],
    ["fd12:3456::1", true],
    ["fe80::1", false],
  ])("knows of %s: %s", (address, listed) => {
    expect(set.has(address)).toBe(listed);
  });

  it("understands an IPv4 address written as IPv6, as a socket of both families gives it", () => {
    expect([set.has("::ffff:10.1.2.3"), set.has("::FFFF:192.0.2.7"), set.has("::ffff:192.0.2.8")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("leaves the zone of an address out", () => {
    expect(createAddressSet("exempt", ["fe80::/10"]).has("fe80::1%eth0")).toBe(true);
  });

  it("takes mapped addresses and networks in its list", () => {
    const mapped = createAddressSet("exempt", ["::ffff:192.0.2.7", "::ffff:10.0.0.0/104"]);
    expect([mapped.has("192.0.2.7"), mapped.has("10.9.9.9"), mapped.has("11.0.0.1")]).toEqual([true, true, false]);
  });

  it("has no address of what has none, or something else", () => {
    expect([set.has(undefined), set.has(""), set.has("localhost"), set.has("10.0.0.0/8")]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it("is empty for an empty list", () => {
    expect(createAddressSet("exempt", []).has("127.0.0.1")).toBe(false);
  });

  it("may hold every address there is", () => {
    const all = createAddressSet("exempt", ["0.0.0.0/0", "::/0"]);
    expect([all.has("203.0.113.1"), all.has("2001:db8::1")]).toEqual([true, true]);
  });

  it.each([
    "localhost",
    "",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/8x",
    "::/129",
    "10.0.0",
    "fe80::1%eth0",
    "::ffff:10.0.0.0/8",
  ])("refuses %j, with the option's name", (entry) => {
    const refused = {
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^trustedProxies is ".*": expected an array/),
    };
    expect(() => createAddressSet("trustedProxies", [entry])).toThrow(expect.objectContaining(refused));
  });

  it("refuses what is no list of texts", () => {
    expect(() => createAddressSet("exempt", "127.0.0.1")).toThrow(/^exempt is "127.0.0.1": expected an array/);
    expect(() => createAddressSet("exempt", [1])).toThrow(/^exempt is an array of other things/);
  });
});

it("takes an IPv4 address out of its IPv6 form, and nothing else", () => {
  expect(["::ffff:192.0.2.1", "192.0.2.1", "::1", "fe80::1%eth0"].map(unmapAddress)).toEqual([
    "192.0.2.1",
    "192.0.2.1",
    "::1",
    "fe80::1",
  ]);
});
