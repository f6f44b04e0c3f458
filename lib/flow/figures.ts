/**
 * Numbers as a person reads them.
 */

/** A number as a person reads it: four significant digits, no exponent below 10^15. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'never' : String(value);
  const digits = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
  const text = String(digits);
  // Loading the tables of toLocaleString takes longer than all of `backpressure size`; most numbers need only commas.
  if (text.includes('e')) return digits.toLocaleString('en-US', { maximumFractionDigits: 12 });
  return text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
}

/** A ratio as a percentage with three significant digits. */
export function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}

/** A size as a person reads it, in units of 1024, rounded up. */
export function sizeText(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'no size';
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const scaled = bytes / 1024 ** unit;
  return `${scaled >= 10 ? Math.ceil(scaled) : Math.ceil(scaled * 10) / 10} ${units[unit]}`;
}

/** Down to three significant digits: an error prints what was tried. */
export function roundedDown(value: number): number {
  return rounded(value, Math.floor);
}

/** Up to three significant digits. */
export function roundedUp(value: number): number {
  return rounded(value, Math.ceil);
}

function rounded(value: number, to: (number: number) => number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 2);
  return Number((to(value / unit) * unit).toPrecision(3));
}

/** Units of time and the duration from which each is used. */
const UNITS: readonly { readonly from: number; readonly seconds: number; readonly unit: string }[] = [
  { from: 172_800, seconds: 86_400, unit: 'days' },
  { from: 7_200, seconds: 3_600, unit: 'h' },
  { from: 120, seconds: 60, unit: 'min' },
  { from: 0.9995, seconds: 1, unit: 's' },
  { from: 0.0009995, seconds: 1e-3, unit: 'ms' },
  { from: 0, seconds: 1e-6, unit: 'µs' },
];

/** Seconds in words: `350 ms`, `42 s`, `12.5 min`, `2.3 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'never';
  if (seconds === 0) return '0 s';
  const { seconds: one, unit } = UNITS.find(({ from }) => Math.abs(seconds) >= from)!;
  return `${Number((seconds / one).toPrecision(3))} ${unit}`;
}
