import * as ws from "ws";
import * as protocol from "../../src/protocol/index.js";
import { mutate, type Random } from "./random.js";

const PARAMETERS = [
  "server_no_context_takeover",
  "client_no_context_takeover",
  "server_max_window_bits",
  "client_max_window_bits",
  "x",
];
const PARAMETER_VALUES = ["", "=8", "=9", "=15", "=16", "=7", "=08", '="10"', "=a", '="1\\5"', "= 12"];
const HOSTS = [
  "localhost",
  "LocalHost",
  "127.0.0.1",
  "[::1]",
  "[::ffff:1.2.3.4]",
  "example.com",
  "example.com.",
  "a.b-c_d.e",
  "a..b",
  "-",
  "xn--bcher-kva.example",
  "1.2.3",
  "a@b",
  "a/b",
  "",
  "%41",
  "é",
  "a b",
];
const PORTS = ["", ":80", ":443", ":0", ":65535", ":65536", ":080", ":", ":a", ":1:2"];
const SCHEMES = ["http://", "https://", "ws://", "WSS://", "file://", "", "http:/", "http://user@", "null"];

const { extension, subprotocol } = ws as unknown as {
  extension: { parse(header: string): Record<string, Record<string, (string | true)[]>[]> };
  subprotocol: { parse(header: string): Set<string> };
};

function alter(random: Random, text: string): string {
  if (!random.oneIn(3)) return text;
  return Buffer.from(mutate(random, Buffer.from(text, "latin1"))).toString("latin1");
}

function repeat(random: Random, count: number, create: () => string): string[] {
  return Array.from({ length: random.below(count) }, create);
}

function createOffers(random: Random): string {
  const offer = (): string => {
    const name = random.oneIn(6) ? random.pick(["x-other", "", "a b"]) : "permessage-deflate";
    return [name, ...repeat(random, 4, () => random.pick(PARAMETERS) + random.pick(PARAMETER_VALUES))].join("; ");
  };
  return alter(random, [offer(), ...repeat(random, 3, offer)].join(random.oneIn(8) ? "," : ", "));
}

/** Extensions: what `ws` can read is read the same here, and written and read again. */
export function checkExtensions(random: Random): void {
  const text = createOffers(random);
  const offers = protocol.parseExtensions(text);
  const theirs = attempt(() => extension.parse(text));
  if (offers === undefined) {
    expect(text, theirs === undefined || Object.keys(theirs).length === 0, "ws reads it");
    return;
  }
  const again = protocol.parseExtensions(protocol.formatExtensions(offers));
  expect(text, show(again) === show(offers), "it does not come back from what is written");
  if (theirs === undefined) return;
  const grouped: Record<string, unknown[]> = Object.create(null) as Record<string, unknown[]>;
  for (const { name, parameters } of offers) (grouped[name] ??= []).push(Object.fromEntries(parameters));
  expect(text, JSON.stringify(grouped) === JSON.stringify(theirs), `ws reads ${JSON.stringify(theirs)}`);
}

/** Negotiation: a client that sent one of the offers accepts our answer, and both know the same. */
export function checkNegotiation(random: Random): void {
  const text = createOffers(random);
  const offers = protocol.parseExtensions(text);
  const bits = (): number => 8 + random.below(8);
  const own: protocol.DeflateOptions = {
    serverNoContextTakeover: random.oneIn(2),
    clientNoContextTakeover: random.oneIn(2),
    serverMaxWindowBits: random.oneIn(2) ? 15 : bits(),
    clientMaxWindowBits: random.oneIn(2) ? 15 : bits(),
  };
  const agreement = offers && protocol.acceptDeflateOffer(offers, own);
  if (agreement) {
    const [answer] = protocol.parseExtensions(agreement.header) ?? [];
    const readings = offers.map((offer) => {
      return attempt(() => answer && protocol.checkDeflateAnswer(answer, protocol.formatExtensions([offer])));
    });
    const agreed = readings.some((reading) => reading && isSameAgreement(reading, agreement));
    expect(text, agreed, `no offer agrees with the answer ${agreement.header}`);
    const { server, client } = agreement;
    const within =
      server.windowBits <= (own.serverMaxWindowBits ?? 15) && client.windowBits <= (own.clientMaxWindowBits ?? 15);
    expect(text, within && server.windowBits >= 8 && client.windowBits >= 8, "the answer passes our own limits");
  }
  const offered = protocol.offerDeflate(own);
  const parsed = protocol.parseExtensions(offered) ?? [];
  const reply = protocol.acceptDeflateOffer(parsed, {
    serverMaxWindowBits: bits(),
    clientMaxWindowBits: bits(),
    serverNoContextTakeover: random.oneIn(2),
    clientNoContextTakeover: random.oneIn(2),
  });
  const [confirmed] = protocol.parseExtensions(reply?.header ?? "") ?? [];
  const reading = confirmed && protocol.checkDeflateAnswer(confirmed, offered);
  expect(offered, reply !== null && reading !== undefined && isSameAgreement(reading, reply), "our sides disagree");
}

function isSameAgreement(one: protocol.DeflateAgreement, other: protocol.DeflateAgreement): boolean {
  return JSON.stringify([one.server, one.client]) === JSON.stringify([other.server, other.client]);
}

/** Sub-protocols: what `ws` can read is read the same, and a list of different tokens is read. */
export function checkProtocols(random: Random): void {
  const names = ["chat", "superchat", "a", "A", "v1.json", "", "a b", "é"];
  const text = alter(
    random,
    [random.pick(names), ...repeat(random, 4, () => random.pick(names))].join(random.pick([",", ", ", " ,\t"])),
  );
  const ours = protocol.parseProtocols(text);
  const theirs = attempt(() => [...subprotocol.parse(text)]);
  // ws refuses some whitespace that a list may have
  if (theirs !== undefined) expect(text, ours?.join() === theirs.join(), `ws reads ${theirs.join()}`);
  const elements = text.split(",").map((name) => name.replaceAll(/^[ \t]+|[ \t]+$/g, ""));
  const legal =
    elements.every((name) => /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/.test(name)) && new Set(elements).size === elements.length;
  expect(text, ours?.join() === (legal ? elements.join() : undefined), `it is read as ${ours?.join()}`);
}

/** Hosts and origins: what is taken is what any other reader understands by it. */
export function checkOrigin(random: Random): void {
  const host = alter(random, random.pick(HOSTS) + random.pick(PORTS));
  const address = protocol.parseHost(host);
  if (address !== undefined) {
    const port = address.port === undefined ? "" : `:${address.port}`;
    const again = protocol.parseHost(`${address.host}${port}`);
    expect(host, JSON.stringify(again) === JSON.stringify(address), "it does not come back from what is written");
    expect(host, protocol.hostAllowed(host, [address.host]), "it is not allowed where it is listed");
  }
  const origin = alter(random, random.pick(SCHEMES) + (random.oneIn(3) ? host : random.pick(HOSTS)));
  const secure = random.oneIn(2);
  if (!protocol.originAllowed(origin, host, secure, [])) return;
  const page = attempt(() => new URL(origin.replace(/^ws/i, "http")));
  const named = page === undefined || isNumeric(page.hostname) || page.hostname.replace(/\.$/, "") === address?.host;
  expect(`${origin} at ${host}`, address !== undefined && named, "a page of another host is taken for our own");
}

/** URL parsers write addresses anew, and refuse some names; text that equals is all that is asked here. */
function isNumeric(hostname: string): boolean {
  return /^[[\d]/.test(hostname) || hostname.startsWith("xn--");
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function show(offers: readonly protocol.ExtensionOffer[] | undefined): string {
  return JSON.stringify(offers?.map(({ name, parameters }) => [name, [...parameters]]));
}

function expect(text: string, holds: boolean, message: string): void {
  if (!holds) throw new Error(`${message}: ${JSON.stringify(text)}`);
}
