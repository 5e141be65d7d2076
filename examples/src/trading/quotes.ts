// The market of this example: a price for every symbol and moment, worked out and not stored. It is the same for everyone who asks, before
// and after a restart, so that a chart has a past at once and a test can tell what a price will be.
import { formatDecimal } from "./decimal.js";

export interface Quote {
  readonly symbol: string;
  /** Which moment of the market this is, counted from 1970. */
  readonly tick: number;
  readonly timeMs: number;
  /** A decimal string. */
  readonly price: string;
}

interface Instrument {
  /** Around which the price moves, in units of the last digit. */
  readonly base: number;
  readonly digits: number;
  /** How far it goes, in thousandths of the base. */
  readonly range: number;
}

/** Gold, silver and platinum of London, in dollars for an ounce. */
const instruments = new Map<string, Instrument>([
  ["LLG", { base: 19_891, digits: 1, range: 16 }],
  ["LLS", { base: 23_455, digits: 3, range: 30 }],
  ["LPT", { base: 92_400, digits: 2, range: 24 }],
]);

export const symbols: readonly string[] = [...instruments.keys()];

export interface QuoteClock {
  readonly intervalMs: number;
}

export function quoteAt(symbol: string, tick: number, { intervalMs }: QuoteClock): Quote {
  const instrument = instruments.get(symbol);
  if (instrument === undefined) throw new RangeError(`no symbol ${symbol}: expected one of ${symbols.join(", ")}`);
  const { base, digits, range } = instrument;
  // slow waves are high, quick ones low, as prices are
  const waves =
    wave(symbol, tick, 256) * 8 + wave(symbol, tick, 48) * 4 + wave(symbol, tick, 9) * 2 + wave(symbol, tick, 2);
  const units = base + Math.round((base * range * waves) / (15 * WAVE_HEIGHT * 1000));
  return { symbol, tick, timeMs: tick * intervalMs, price: formatDecimal(units, digits) };
}

/** The last `count` quotes before and with `tick`, oldest first. */
export function quotesUntil(symbol: string, tick: number, options: QuoteClock & { readonly count: number }): Quote[] {
  return Array.from({ length: options.count }, (_, index) =>
    quoteAt(symbol, tick - options.count + 1 + index, options),
  );
}

const WAVE_HEIGHT = 32_768;

/** Between -WAVE_HEIGHT and WAVE_HEIGHT: a straight line from one random point to the next, `period` ticks later. */
function wave(symbol: string, tick: number, period: number): number {
  const from = Math.floor(tick / period);
  const start = randomPoint(symbol, period, from);
  const end = randomPoint(symbol, period, from + 1);
  return start + Math.trunc(((end - start) * (tick - from * period)) / period);
}

/** FNV-1a, with its bits mixed once more: neighbours have to differ. */
function randomPoint(symbol: string, period: number, index: number): number {
  let hash = 0x81_1c_9d_c5;
  for (const character of `${symbol}:${period}:${index}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01_00_01_93);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c_1b_3c_6d);
  return ((hash ^ (hash >>> 13)) & 0xff_ff) - WAVE_HEIGHT;
}
