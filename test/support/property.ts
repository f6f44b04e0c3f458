/** The property that every construct keeps: random props give a valid template or a named error, nothing else. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../lib/flow/errors';
import type { Objective, Workload } from '../../lib/flow/queue/workload';

export const runs = process.env.LONG ? 2000 : 200;

/** Of properties that synthesize: a template takes a hundred times as long as a plan. */
export const templates = runs / 4;

/** Absent one time in three. */
export const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

/** Good values are the rule, or hardly any set of props would get as far as a template. */
export const usually = <T>(good: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 20, arbitrary: good }, { weight: 1, arbitrary: odd });

/** Good values as a rule, one of `bad` now and then. */
export const mostly = <T>(good: fc.Arbitrary<T>, ...bad: T[]) => usually(good, fc.constantFrom(...bad));

/** Evenly over the orders of magnitude from `min` to `max`. */
export const spread = (min: number, max: number) =>
  fc.double({ min: Math.log10(min), max: Math.log10(max), noNaN: true }).map((exponent) => 10 ** exponent);

/**
 * Nothing, or something that can be measured. `fc.double` draws evenly over the representations, so from 0 upwards most
 * of what it gives is below 1e-150, down to denormal numbers that no longer have the digits that a claim speaks of.
 */
export const zeroOr = (min: number, max: number) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 9, arbitrary: spread(min, max) });

/** From 0 to `max` in steps that somebody would write. */
const hundredths = (max: number) => fc.integer({ min: 0, max: 100 * max }).map((value) => value / 100);

/** Workloads of queues, one number in twenty out of range. */
export function workloads(): fc.Arbitrary<Workload> {
  const ratio = mostly(hundredths(0.3), -0.1, 1, 1.1);
  const steady = fc.record({
    steadyPerSecond: mostly(spread(0.001, 100), 0, Number.NaN, Number.POSITIVE_INFINITY),
    serviceSeconds: mostly(spread(0.001, 2), 0, -1, 2000, Number.NaN),
    serviceVariation: optional(mostly(hundredths(3), -1, 11)),
    itemBytes: optional(mostly(spread(1, 1e6), 0)),
    poisonRatio: optional(ratio),
    failureRatio: optional(ratio),
  });
  const peak = fc.record({
    peakPerSecond: mostly(spread(100, 500), Number.NaN, 1e-6),
    peakSeconds: mostly(fc.integer({ min: 0, max: 7200 }), -1),
  });
  return fc.tuple(steady, optional(peak)).map(([one, other]) => ({ ...one, ...other }));
}

/** Promises from seconds to hours, one in twenty out of range. */
export function objectives(): fc.Arbitrary<Objective> {
  return fc.record({
    latencySeconds: mostly(spread(10, 36_000), 0, 0.01, -1, Number.NaN),
    latencyQuantile: optional(mostly(fc.double({ min: 0.5, max: 0.999, noNaN: true }), 0.4, 1)),
    maxBacklog: optional(mostly(spread(10_000, 1e7), 0)),
    monthlyCost: optional(mostly(spread(1000, 1e6), 0, 0.01)),
  });
}

/**
 * Holds the property. What `make` throws must be one of our two errors and speak of `subject`; what it returns must
 * be a template without a hole in it, and keep `claim`.
 */
export function validOrNamed<P, M extends { readonly template: { toJSON(): unknown } }>(
  subject: RegExp,
  props: fc.Arbitrary<P>,
  make: (props: P) => M,
  claim: (made: M, props: P) => void = () => {},
  numRuns = templates,
): void {
  let [valid, refused] = [0, 0];
  fc.assert(
    fc.property(props, (given) => {
      let made: M;
      try {
        made = make(given);
      } catch (error) {
        if (!(error instanceof CapacityError || error instanceof InvalidInputError)) throw error;
        expect(error.message).toMatch(subject);
        expect(error.message).not.toMatch(/undefined|\[object|-1\.88\d+e\+289/);
        refused += 1;
        return;
      }
      valid += 1;
      expect(JSON.stringify(made.template.toJSON())).not.toMatch(/\b(null|undefined|NaN|Infinity)\b/);
      claim(made, given);
    }),
    { numRuns },
  );
  // Neither branch may be thin, or the property says nothing.
  expect(Math.min(valid, refused)).toBeGreaterThan(numRuns / 10);
}
