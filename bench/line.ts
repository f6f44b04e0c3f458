/** One printed result: the measured value, the other side of the ratio, and whether the ratio holds its target. */
export interface Line {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The other side of the ratio, in the same unit. */
  readonly against: number;
  readonly ratio: number;
  /** The largest ratio that is good enough; a miss says so with `ok: false`. */
  readonly target?: number;
  readonly ok?: false;
}

/** A line whose ratio must be at most `target`; without a target it is only printed. */
export function line(
  name: string,
  value: number,
  unit: string,
  against: number,
  target = Number.POSITIVE_INFINITY,
): Line {
  const ratio = value / against;
  const rounded = { name, value: figure(value), unit, against: figure(against), ratio: figure(ratio) };
  return ratio <= target ? rounded : { ...rounded, target, ok: false };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function figure(value: number): number {
  return Number(value.toPrecision(4));
}
