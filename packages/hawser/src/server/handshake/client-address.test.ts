import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { createTrustedProxies, readClient } from "./client-address.js";
import type { Client } from "./client-address.js";

interface Sent {
  readonly peer?: string | undefined;
  readonly encrypted?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly trusted?: readonly string[];
}

/** What is read of a request that came from `peer`, by default a trusted proxy. */
function read({ headers = {}, trusted = ["10.0.0.0/8", "fd00::/8"], ...sent }: Sent): Client {
  const socket = new Socket();
  const peer = "peer" in sent ? sent.peer : "10.0.0.1";
  Object.defineProperty(socket, "remoteAddress", { value: peer });
  const request = new IncomingMessage(Object.assign(socket, { encrypted: sent.encrypted === true }));
  request.headers = headers;
  return readClient(request, createTrustedProxies(trusted));
}

const readAddress = (list: string): string | undefined => read({ headers: { "x-forwarded-for": list } }).remoteAddress;

describe("the client of a request", () => {
  it.each(["192.0.2.1", "2001:db8::1"])("is the peer when nobody is trusted: %s", (peer) => {
    const headers = { "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" };
    expect(read({ peer, headers, trusted: [] })).toEqual({
      remoteAddress: peer,
      secure: false,
      forwardedHost: undefined,
    });
  });

  it("REL-B26 is the peer when that is not one of the trusted", () => {
    const headers = { "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" };
    expect(read({ peer: "192.0.2.1", headers, encrypted: false })).toEqual({
      remoteAddress: "192.0.2.1",
      secure: false,
      forwardedHost: undefined,
    });
  });

  it.each([
    // what the proxies wrote, whom they had it from
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.1:51342", "192.0.2.1"],
    ["2001:db8::7", "2001:db8::7"],
    ["[2001:db8::7]", "2001:db8::7"],
    ["[2001:db8::7]:51342", "2001:db8::7"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["[::ffff:192.0.2.1]:1", "192.0.2.1"],
    [" 192.0.2.1\t", "192.0.2.1"],
    // proxies behind proxies
    ["192.0.2.1, 10.0.0.2", "192.0.2.1"],
    ["192.0.2.1,10.0.0.2:80,fd12::1,[fd12::2]:80", "192.0.2.1"],
    ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
    // what the client wrote itself stands further left
    ["1.2.3.4, 192.0.2.1", "192.0.2.1"],
    ["10.0.0.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"],
    ["127.0.0.1, ::1, 192.0.2.1", "192.0.2.1"],
    // elements that are empty mean nothing
    ["192.0.2.1,", "192.0.2.1"],
    [",192.0.2.1, ,", "192.0.2.1"],
  ])("REL-B26 is read from %j as %s", (list, expected) => {
    expect(readAddress(list)).toBe(expected);
  });

  it.each([
    "",
    " ",
    ",",
    ",,,,",
    "unknown",
    "_hidden",
    "evil.example",
    "192.0.2",
    "192.0.2.1.5",
    "192.0.2.256",
    "0192.0.2.1",
    "0xc0.0.2.1",
    "192.0.2.1:",
    "192.0.2.1:123456",
    "192.0.2.1 192.0.2.2",
    '"192.0.2.1"',
    "for=192.0.2.1",
    "http://192.0.2.1",
    "[192.0.2.1]x",
    "[2001:db8::7",
    "2001:db8::7]",
    "[]",
    "[]:80",
    "[2001:db8::7]:123456",
    "10.0.0.0/8",
    "null",
    "1.2.3.4, unknown",
  ])("REL-B26 is the proxy where it says no more than %j", (list) => {
    expect(readAddress(list)).toBe("10.0.0.1");
  });

  it("REL-B26 is sought in so many proxies and no more", () => {
    expect(readAddress(`192.0.2.1${",10.0.0.2".repeat(31)}`)).toBe("192.0.2.1");
    expect(readAddress(`192.0.2.1${",10.0.0.2".repeat(32)}`)).toBe("10.0.0.2");
    expect(readAddress(`192.0.2.1${",".repeat(100_000)}`)).toBe("10.0.0.1");
  });

  it("is the peer where the proxy sends no list", () => {
    expect(read({})).toEqual({ remoteAddress: "10.0.0.1", secure: false, forwardedHost: undefined });
  });

  it("is written without IPv6 where it is an address of IPv4", () => {
    expect(read({ peer: "::ffff:192.0.2.1" }).remoteAddress).toBe("192.0.2.1");
    expect(read({ peer: "::ffff:10.0.0.1", headers: { "x-forwarded-for": "192.0.2.1" } }).remoteAddress).toBe(
      "192.0.2.1",
    );
  });

  it.each([
    [undefined, false, false],
    [undefined, true, true],
    ["https", false, true],
    ["HTTPS", false, true],
    ["wss", false, true],
    ["http", true, false],
    ["ws", true, false],
    ["http, https", false, true],
    ["https, http", true, false],
    ["https,", false, false],
    ["spdy", true, true],
    ["", true, true],
  ])("came by TLS, with X-Forwarded-Proto %j on a connection with TLS %s: %s", (scheme, encrypted, secure) => {
    const headers: Record<string, string> = scheme === undefined ? {} : { "x-forwarded-proto": scheme };
    expect(read({ encrypted, headers }).secure).toBe(secure);
  });

  it.each([
    ["example.com", "example.com"],
    ["example.com:8443", "example.com:8443"],
    ["evil.example, example.com", "example.com"],
    ["", undefined],
    ["http://example.com", undefined],
    ["user@example.com", undefined],
    ["example.com/path", undefined],
    ["example.com:0", undefined],
  ])("asked for the host, with X-Forwarded-Host %j: %s", (value, host) => {
    expect(read({ headers: { "x-forwarded-host": value } }).forwardedHost).toBe(host);
  });
});

describe("a Unix socket", () => {
  const headers = { "x-forwarded-for": "192.0.2.1" };

  it("is a proxy when it is listed, for it has no address", () => {
    expect(read({ peer: undefined, headers, trusted: ["unix"] }).remoteAddress).toBe("192.0.2.1");
    expect(read({ peer: undefined, headers }).remoteAddress).toBeUndefined();
    expect(read({ peer: "127.0.0.1", headers, trusted: ["unix"] }).remoteAddress).toBe("127.0.0.1");
  });

  it("is not meant by a connection that has lost its address", () => {
    const socket = new Socket();
    socket.destroy();
    const request = new IncomingMessage(socket);
    request.headers = headers;
    expect(readClient(request, createTrustedProxies(["unix"])).remoteAddress).toBeUndefined();
  });
});

it.each([["10.0.0.0/33"], ["localhost"], ["*"], ["true"], [""]])("refuses %j in trustedProxies", (entry) => {
  expect(() => createTrustedProxies([entry])).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("trustedProxies") }),
  );
});
