import { expect, it } from "vitest";
import { parseExtensions } from "../protocol/index.js";
import { agreeDeflate } from "./deflate-options.js";
import type { ServerDeflateOptions } from "./deflate-options.js";
import { resolveServerOptions } from "./server-options.js";
import type { ServerOptions } from "./server-options.js";

it("fills in the defaults", () => {
  expect(resolveServerOptions({})).toMatchObject({
    host: "127.0.0.1",
    port: 0,
    path: null,
    tls: null,
    origins: [],
    hosts: null,
    protocols: [],
    deflate: null,
    handshakeTimeoutMs: 10_000,
    handshakeLimits: { maxHeaderBytes: 8192, maxHeaders: 100, maxTargetBytes: 4096 },
    onRequest: null,
  });
});

it.each<[object, string]>([
  [{ port: 65_536 }, "port is 65536: expected a whole number from 0 to 65535"],
  [{ port: "80" }, 'port is "80": expected a whole number from 0 to 65535'],
  [{ host: "" }, 'host is "": expected a string that is not empty'],
  [{ path: "/tmp/a", port: 1 }, 'path is "/tmp/a": expected either path, or host and port'],
  [{ origins: "http://a" }, 'origins is "http://a": expected an array of origins, or "*"'],
  [{ origins: ["example.com"] }, 'an allowed origin must be written like "https://example.com"'],
  [{ hosts: ["http://a"] }, 'hosts is "http://a": expected names like "example.com" or "example.com:8443"'],
  [{ protocols: ["a b"] }, "protocols is an array of other things: expected an array of sub-protocol names"],
  [{ protocols: ["a", "a"] }, "protocols is an array of other things: expected an array of sub-protocol names"],
  [{ handshakeTimeoutMs: 0 }, "handshakeTimeoutMs is 0: expected a whole number from 1 to 2147483647"],
  [{ maxMessageBytes: -1 }, "maxMessageBytes is -1: expected"],
  [{ heartbeat: { intervalMs: 0 } }, "heartbeat.intervalMs is 0: expected"],
  [{ onRequest: "page" }, 'onRequest is "page": expected a function'],
  [{ logger: {} }, "logger: expected the methods debug, info, warn and error"],
  [{ perMessageDeflate: { serverMaxWindowBits: 7 } }, "serverMaxWindowBits must be an integer from 8 to 15, got 7"],
  [{ perMessageDeflate: { serverNoContextTakeover: 1 } }, "serverNoContextTakeover is 1: expected true or false"],
])("refuses %j", (options, message) => {
  expect(() => resolveServerOptions(options)).toThrow(message);
});

it.each<[object, string]>([
  [{ prot: 1 }, "createServer has no option prot: did you mean port?"],
  [{ maxMessagesBytes: 1 }, "createServer has no option maxMessagesBytes: did you mean maxMessageBytes?"],
  [{ Origins: [] }, "createServer has no option Origins: did you mean origins?"],
  [{ heartbeat: { interval: 1 } }, "heartbeat has no option interval: did you mean intervalMs?"],
  [{ perMessageDeflate: { treshold: 1 } }, "perMessageDeflate has no option treshold: known are thresholdBytes"],
])("refuses the unknown name in %j and names the nearest one", (options, message) => {
  expect(() => resolveServerOptions(options)).toThrow(message);
});

it("refuses options that are no object", () => {
  const port = 8080 as unknown as ServerOptions; // the old habit of `listen(port)`
  expect(() => resolveServerOptions(port)).toThrow("createServer is number: expected an object");
});

it("keeps a copy of lists that nobody can change", () => {
  const origins = ["https://a.example"];
  const resolved = resolveServerOptions({ origins });
  origins.push("https://evil.example");
  expect(resolved.origins).toEqual(["https://a.example"]);
});

it("chooses the compression threshold by what is kept between messages", () => {
  const offers = parseExtensions("permessage-deflate") ?? [];
  const agree = (perMessageDeflate: boolean | ServerDeflateOptions): number | undefined =>
    agreeDeflate(offers, resolveServerOptions({ perMessageDeflate }).deflate)?.thresholdBytes;

  expect(agree(true)).toBe(1024);
  expect(agree({ serverNoContextTakeover: false })).toBe(64);
  expect(agree({ serverNoContextTakeover: false, thresholdBytes: 7 })).toBe(7);
});
