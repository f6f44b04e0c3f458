/** Format of Kubernetes quantities: `500m`, `1Gi`, `2.5`, `1e3`. */
import type { Value } from '../../document';

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Characters of a quantity. */
const LONGEST = 64;

/** Cores, bytes or pieces; undefined when absent, not decided, or not a quantity. */
export function quantity(value: Value): number | undefined {
  return parseQuantity(value.text());
}

/**
 * A quantity in its base unit.
 *
 * Source: Kubernetes API conventions, "Quantity"
 */
export function parseQuantity(text: string | undefined): number | undefined {
  // A number of more digits than a double has is meant to be slow to read.
  if (text !== undefined && text.length > LONGEST) return undefined;
  const match = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)\s*$/.exec(text ?? '');
  if (!match || !Object.hasOwn(SUFFIXES, match[2])) return undefined;
  const amount = Number(match[1]) * SUFFIXES[match[2]];
  return Number.isFinite(amount) ? amount : undefined;
}

/** Bytes as a person reads them: `512 MiB`. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** A number without the noise of binary fractions: 0.1 × 3 is 0.3. */
export function plain(value: number): string {
  return String(Number(value.toPrecision(6)));
}
