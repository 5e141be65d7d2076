import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as ws from "ws";

import { acceptDeflateOffer, checkDeflateAnswer, offerDeflate } from "./deflate-negotiation.js";
import type { DeflateOptions } from "./deflate-negotiation.js";
import { parseExtensions } from "./extension-header.js";
import type { ExtensionOffer } from "./extension-header.js";

const takeover: DeflateOptions = { serverNoContextTakeover: false, clientNoContextTakeover: false };
const accept = (header: string, options?: DeflateOptions): ReturnType<typeof acceptDeflateOffer> =>
  acceptDeflateOffer(parseExtensions(header) ?? [], options);
const check = (answer: string, offered: string): ReturnType<typeof checkDeflateAnswer> =>
  checkDeflateAnswer(parseExtensions(answer)?.[0] as ExtensionOffer, offered);

describe("a server", () => {
  it("by default keeps no window on either side", () => {
    expect(accept("permessage-deflate; client_max_window_bits")).toEqual({
      header: "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
      server: { windowBits: 15, takeover: false },
      client: { windowBits: 15, takeover: false },
    });
  });

  it.each([
    // offer, answer, server's bits and takeover, client's bits and takeover
    ["", "", 15, true, 15, true],
    ["; server_no_context_takeover", "; server_no_context_takeover", 15, false, 15, true],
    ["; client_no_context_takeover", "; client_no_context_takeover", 15, true, 15, false],
    ["; client_max_window_bits", "", 15, true, 15, true],
    ["; client_max_window_bits=15", "; client_max_window_bits=15", 15, true, 15, true],
    ["; client_max_window_bits=8", "; client_max_window_bits=8", 15, true, 8, true],
    ["; server_max_window_bits=15", "; server_max_window_bits=15", 15, true, 15, true],
    ["; server_max_window_bits=8", "; server_max_window_bits=8", 8, true, 15, true],
    ['; server_max_window_bits="10"', "; server_max_window_bits=10", 10, true, 15, true],
  ] as const)(
    "that allows all answers the offer %j with %j",
    (offer, answer, serverBits, server, clientBits, client) => {
      expect(accept(`permessage-deflate${offer}`, takeover)).toEqual({
        header: `permessage-deflate${answer}`,
        server: { windowBits: serverBits, takeover: server },
        client: { windowBits: clientBits, takeover: client },
      });
    },
  );

  it.each([
    ["", "; server_max_window_bits=10", 10],
    ["; server_max_window_bits=9", "; server_max_window_bits=9", 9],
    ["; server_max_window_bits=12", "; server_max_window_bits=10", 10],
  ])("with a window of 10 bits answers %j with %j", (offer, answer, windowBits) => {
    expect(accept(`permessage-deflate${offer}`, { ...takeover, serverMaxWindowBits: 10 })).toMatchObject({
      header: `permessage-deflate${answer}`,
      server: { windowBits },
    });
  });

  it.each([
    ["; client_max_window_bits", "; client_max_window_bits=10", 10],
    ["; client_max_window_bits=9", "; client_max_window_bits=9", 9],
    ["; client_max_window_bits=12", "; client_max_window_bits=10", 10],
  ])("that wants 10 bits of the client answers %j with %j", (offer, answer, windowBits) => {
    expect(accept(`permessage-deflate${offer}`, { ...takeover, clientMaxWindowBits: 10 })).toMatchObject({
      header: `permessage-deflate${answer}`,
      client: { windowBits },
    });
  });

  it("REL-C12 that wants a small window declines a client that cannot be told", () => {
    expect(accept("permessage-deflate; server_max_window_bits=10", { clientMaxWindowBits: 10 })).toBeNull();
  });

  it.each([
    "server_max_window_bits",
    "server_max_window_bits=0",
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=999",
    "server_max_window_bits=08",
    "server_max_window_bits=+9",
    "server_max_window_bits=1e1",
    "server_max_window_bits=10.0",
    "server_max_window_bits=9; server_max_window_bits=9",
    "server_max_window_bits=9; server_max_window_bits=10",
    "client_max_window_bits=0",
    "client_max_window_bits=7",
    "client_max_window_bits=16",
    "client_max_window_bits=010",
    "client_max_window_bits=a",
    "client_max_window_bits; client_max_window_bits=10",
    "server_no_context_takeover=true",
    "server_no_context_takeover=1",
    "server_no_context_takeover; server_no_context_takeover",
    "client_no_context_takeover=false",
    "client_no_context_takeover; client_no_context_takeover",
    "Server_no_context_takeover",
    "unknown",
    "constructor",
    "__proto__=1",
  ])("REL-B21 declines an offer with %s", (parameters) => {
    expect(accept(`permessage-deflate; ${parameters}`)).toBeNull();
  });

  it("takes the first offer that it can accept", () => {
    const header =
      "x-webkit-deflate-frame, permessage-deflate; unknown, permessage-deflate; server_max_window_bits=9, permessage-deflate";
    expect(accept(header, takeover)).toHaveProperty("header", "permessage-deflate; server_max_window_bits=9");
  });

  it.each(["permessage-bzip2", "Permessage-Deflate", "constructor"])("declines the extension %s", (header) => {
    expect(accept(header)).toBeNull();
  });

  it("declines when nothing was offered", () => {
    expect(acceptDeflateOffer([])).toBeNull();
  });

  it("declines a parameter without any value, as no parser gives it", () => {
    const offer = { name: "permessage-deflate", parameters: new Map([["server_no_context_takeover", []]]) };
    expect(acceptDeflateOffer([offer])).toBeNull();
  });
});

describe("every combination of an offer's parameters", () => {
  const windows = ["7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];
  const serverBits = ["", "; server_max_window_bits", ...windows.map((bits) => `; server_max_window_bits=${bits}`)];
  const clientBits = ["", "; client_max_window_bits", ...windows.map((bits) => `; client_max_window_bits=${bits}`)];
  const offers = ["", "; server_no_context_takeover"].flatMap((server) =>
    ["", "; client_no_context_takeover"].flatMap((client) =>
      serverBits.flatMap((bits) => clientBits.map((more) => `permessage-deflate${server}${client}${bits}${more}`)),
    ),
  );

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])("REL-C12 is answered as ws does, with no takeover of server %s and client %s", (server, client) => {
    expect(offers).toHaveLength(576);
    const ours = offers.map((offer) =>
      parametersOf(accept(offer, { serverNoContextTakeover: server, clientNoContextTakeover: client })?.header),
    );
    expect(ours).toEqual(offers.map((offer) => acceptByWs(offer, server, client)));
  });
});

interface WsDeflate {
  accept(offers: unknown[]): Record<string, number | true>;
}
type WsDeflateClass = new (options: Record<string, unknown>) => WsDeflate;
interface WsExtension {
  parse(header: string): Record<string, unknown[]>;
}

interface WsInternals {
  readonly PerMessageDeflate: WsDeflateClass;
  readonly extension: WsExtension;
}

/** What ws answers: parameters as text by name; null when it declines. */
function acceptByWs(offer: string, server: boolean, client: boolean): Record<string, string> | null {
  const { PerMessageDeflate, extension } = ws as unknown as WsInternals; // the package's types leave both out
  const options = {
    isServer: true,
    ...(server && { serverNoContextTakeover: true }),
    ...(client && { clientNoContextTakeover: true }),
  };
  try {
    const accepted = new PerMessageDeflate(options).accept(extension.parse(offer)["permessage-deflate"] ?? []);
    return Object.fromEntries(Object.entries(accepted).map(([name, value]) => [name, String(value)]));
  } catch {
    return null;
  }
}

function parametersOf(header: string | undefined): Record<string, string> | null {
  const [extension] = parseExtensions(header ?? "") ?? [];
  return extension === undefined
    ? null
    : Object.fromEntries([...extension.parameters].map(([name, values]) => [name, values.map(String).join()]));
}

describe("a client", () => {
  it.each([
    [{}, "; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"],
    [takeover, "; client_max_window_bits"],
    [
      { ...takeover, serverMaxWindowBits: 8, clientMaxWindowBits: 9 },
      "; server_max_window_bits=8; client_max_window_bits=9",
    ],
    [{ ...takeover, serverMaxWindowBits: 15, clientMaxWindowBits: 15 }, "; client_max_window_bits"],
  ])("with the options %j offers %j", (options, offer) => {
    expect(offerDeflate(options)).toBe(`permessage-deflate${offer}`);
  });

  it.each([
    // offer, answer, server's bits and takeover, client's bits and takeover
    ["", "", 15, true, 15, true],
    ["", "; server_no_context_takeover", 15, false, 15, true],
    ["", "; client_no_context_takeover", 15, true, 15, false],
    ["", "; server_max_window_bits=9", 9, true, 15, true],
    ["; server_no_context_takeover", "", 15, true, 15, true],
    ["; client_no_context_takeover", "", 15, true, 15, false],
    ["; client_max_window_bits", "", 15, true, 15, true],
    ["; client_max_window_bits", "; client_max_window_bits=8", 15, true, 8, true],
    ["; client_max_window_bits=10", "", 15, true, 10, true],
    ["; client_max_window_bits=10", "; client_max_window_bits=10", 15, true, 10, true],
    ["; client_max_window_bits=10", "; client_max_window_bits=9", 15, true, 9, true],
    ["; server_max_window_bits=10", "; server_max_window_bits=10", 10, true, 15, true],
    ["; server_max_window_bits=10", "; server_max_window_bits=8", 8, true, 15, true],
  ] as const)("that offered %j takes the answer %j", (offer, answer, serverBits, server, clientBits, client) => {
    expect(check(`permessage-deflate${answer}`, `permessage-deflate${offer}`)).toEqual({
      header: `permessage-deflate${answer}`,
      server: { windowBits: serverBits, takeover: server },
      client: { windowBits: clientBits, takeover: client },
    });
  });

  it.each([
    ["", "; client_max_window_bits=15", "client_max_window_bits was not offered"],
    ["; client_max_window_bits", "; client_max_window_bits", "client_max_window_bits has no value"],
    ["; client_max_window_bits=10", "; client_max_window_bits=11", "client_max_window_bits is larger than the offer's"],
    [
      "; server_max_window_bits=10",
      "; server_max_window_bits=11",
      "server_max_window_bits is larger than the offer's, or missing",
    ],
    ["; server_max_window_bits=10", "", "server_max_window_bits is larger than the offer's, or missing"],
    ["", "; server_max_window_bits=0", "the parameter server_max_window_bits is unknown, or its value is not allowed"],
    ["", "; server_max_window_bits=7", "the parameter server_max_window_bits is unknown, or its value is not allowed"],
    ["", "; server_max_window_bits=16", "the parameter server_max_window_bits is unknown, or its value is not allowed"],
    [
      "",
      "; server_max_window_bits=999",
      "the parameter server_max_window_bits is unknown, or its value is not allowed",
    ],
    [
      "",
      "; server_max_window_bits=9; server_max_window_bits=9",
      "the parameter server_max_window_bits came more than once",
    ],
    [
      "",
      "; server_no_context_takeover=1",
      "the parameter server_no_context_takeover is unknown, or its value is not allowed",
    ],
    ["", "; __proto__", "the parameter __proto__ is unknown, or its value is not allowed"],
  ])("REL-B21 that offered %j fails for the answer %j", (offer, answer, rule) => {
    expect(() => check(`permessage-deflate${answer}`, `permessage-deflate${offer}`)).toThrow(
      expect.objectContaining({ name: "ConnectionError", code: "HANDSHAKE_INVALID", facts: { rule } }),
    );
  });

  it.each([
    ["permessage-bzip2", "permessage-deflate"],
    ["permessage-deflate", "permessage-bzip2"],
    ["permessage-deflate", ""],
  ])("REL-B21 fails for the extension %s when it offered %j", (answer, offered) => {
    expect(() => check(answer, offered)).toThrow(`the extension ${answer} was not offered`);
  });

  it("fails for an offer of its own that it could not have made", () => {
    expect(() => check("permessage-deflate", "permessage-deflate; unknown")).toThrow(
      /the parameter unknown is unknown/,
    );
  });
});

describe("both sides", () => {
  const bits = fc.integer({ min: 8, max: 15 });
  const anyOptions = fc.record({
    serverNoContextTakeover: fc.boolean(),
    clientNoContextTakeover: fc.boolean(),
    serverMaxWindowBits: bits,
    clientMaxWindowBits: bits,
  });

  it("REL-C12 always agree, and on the same, whatever each wants", () => {
    fc.assert(
      fc.property(anyOptions, anyOptions, (client, server) => {
        const offered = offerDeflate(client);
        const agreement = accept(offered, server);
        expect(check(agreement?.header ?? "", offered)).toEqual(agreement);
        expect(agreement?.server.windowBits).toBeLessThanOrEqual(
          Math.min(client.serverMaxWindowBits, server.serverMaxWindowBits),
        );
        expect(agreement?.client.windowBits).toBeLessThanOrEqual(
          Math.min(client.clientMaxWindowBits, server.clientMaxWindowBits),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    [{ serverMaxWindowBits: 7 }, "serverMaxWindowBits"],
    [{ serverMaxWindowBits: 16 }, "serverMaxWindowBits"],
    [{ clientMaxWindowBits: 9.5 }, "clientMaxWindowBits"],
    [{ clientMaxWindowBits: NaN }, "clientMaxWindowBits"],
  ])("refuse the options %j, naming %s", (options, option) => {
    const refused = expect.objectContaining({
      name: "UsageError",
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(`${option} must be an integer from 8 to 15`),
    });
    expect(() => offerDeflate(options)).toThrow(refused);
    expect(() => accept("permessage-deflate", options)).toThrow(refused);
  });
});
