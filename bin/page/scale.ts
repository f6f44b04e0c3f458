/** Round numbers along an axis. */

/** About so many round steps from 0 to a value or just above it. */
export function roundSteps(value: number, steps: number): number[] {
  if (value <= 0) return [0, 1];
  const rough = value / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil(value / step) + 1 }, (_, index) => index * step);
}

/** A unit of time in which a stretch has numbers that are read at a glance. */
export interface TimeUnit {
  readonly name: string;
  readonly seconds: number;
}

/** The unit for an axis that ends there. */
export function timeUnit(endSeconds: number): TimeUnit {
  if (endSeconds <= 180) return { name: 'seconds', seconds: 1 };
  if (endSeconds <= 3 * 3600) return { name: 'minutes', seconds: 60 };
  return { name: 'hours', seconds: 3600 };
}
