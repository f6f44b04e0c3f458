/** Amounts as people write them and as this command prints them: `400/s`, `90ms`, `5 min`, `2GB`, `99.9 %`, `1,000`. */
import { UsageError } from './io';

/** What an option counts. */
export type Amount = 'per-second' | 'seconds' | 'bytes' | 'ratio' | 'multiple' | 'usd' | 'count' | 'items';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const NOTHING = { '': 1 };

/** Units by what is counted, each with how many of the plain ones it is. `m` is a minute, as in `2m30s` elsewhere. */
const UNITS: Readonly<Record<Amount, Readonly<Record<string, number>>>> = {
  'per-second': {
    '': 1,
    '/s': 1,
    '/min': 1 / MINUTE,
    '/m': 1 / MINUTE,
    '/h': 1 / HOUR,
    '/day': 1 / DAY,
    '/d': 1 / DAY,
  },
  seconds: {
    '': 1,
    us: 1e-6,
    µs: 1e-6,
    ms: 1e-3,
    s: 1,
    sec: 1,
    m: MINUTE,
    min: MINUTE,
    h: HOUR,
    d: DAY,
    day: DAY,
    days: DAY,
  },
  bytes: {
    '': 1,
    B: 1,
    kB: 1e3,
    KB: 1e3,
    MB: 1e6,
    GB: 1e9,
    TB: 1e12,
    KiB: 2 ** 10,
    MiB: 2 ** 20,
    GiB: 2 ** 30,
    TiB: 2 ** 40,
  },
  ratio: { '': 1, '%': 0.01 },
  multiple: { '': 1, x: 1, '×': 1 },
  usd: { '': 1, $: 1, USD: 1 },
  count: NOTHING,
  items: NOTHING,
};

/** The line of a help text that says so. */
export const AMOUNTS_HELP = 'Amounts take units, as they are printed: 400/s, 90 ms, 5 min, 2 GB, 99.9 %, 1,000.';

const FORM = /^([+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(\D*)$/i;

/**
 * The amount that an option was given, in its plain unit.
 *
 * @throws UsageError when it is no number, or has a unit that this option does not take
 */
export function amount(flag: string, given: string, what: Amount = 'count'): number {
  const units = UNITS[what];
  // A price may have its sign in front.
  const text = what === 'usd' ? given.trim().replace(/^\$\s*/, '') : given.trim();
  const [, digits, unit] = FORM.exec(text) ?? [];
  if (digits === undefined) throw new UsageError(`${flag} must be a number, got ${text === '' ? "''" : given}`);
  if (!Object.hasOwn(units, unit)) {
    const taken = Object.keys(units).filter((one) => one !== '');
    throw new UsageError(
      `${flag} must be a number${taken.length > 0 ? `, alone or with ${taken.join(', ')}` : ''}, got ${given}`,
    );
  }
  const value = Number(digits.replaceAll(',', '')) * units[unit];
  if (!Number.isFinite(value)) throw new UsageError(`${flag} must be a finite number, got ${given}`);
  return exact(value);
}

/** `90ms` is 0.09 and not 0.09000000000000001: the last bit of the product is noise. */
function exact(value: number): number {
  const rounded = Number(value.toPrecision(15));
  return Math.abs(rounded - value) <= 2 * Number.EPSILON * Math.abs(value) ? rounded : value;
}
