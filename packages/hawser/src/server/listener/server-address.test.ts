import { expect, it } from "vitest";
import { formatUrl, isLoopback, readAddress } from "./server-address.js";

it.each([
  [{ address: "127.0.0.1", port: 80, family: "IPv4" }, "ws://127.0.0.1:80"],
  [{ address: "0.0.0.0", port: 80, family: "IPv4" }, "ws://127.0.0.1:80"],
  [{ address: "::", port: 80, family: "IPv6" }, "ws://[::1]:80"],
  ["/run/hawser.sock", "ws+unix:///run/hawser.sock"],
])("formats the URL of %j", (address, url) => {
  expect(formatUrl(readAddress(address), false)).toBe(url);
});

it("formats the URL of a server with TLS", () => {
  expect(formatUrl({ host: "10.0.0.1", port: 1, path: null }, true)).toBe("wss://10.0.0.1:1");
});

it.each([
  ["127.0.0.1", true],
  ["127.8.8.8", true],
  ["::1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.0.1", false],
])("knows whether %s is loopback", (host, expected) => {
  expect(isLoopback({ host, port: 1, path: null })).toBe(expected);
});
