// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation's Fn::Sub is written so
/** What fuzzing has in common: how many rounds, from which seed, and how long one may take. */
import fc from 'fast-check';

/** Names that objects inherit, and texts that mean something to one reader or another. */
export const HOSTILE_TEXTS = [
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'prototype',
  '',
  ' ',
  '*',
  '?',
  '.',
  '$',
  '\\',
  '(',
  '[',
  '(a+)+$',
  '${',
  '${x',
  '${AWS::Region}',
  '{{',
  '{{ .Values.x }}',
  '{{resolve:x}}',
  'null',
  'NaN',
  'Infinity',
  '-0',
  '1e999',
  '0x10',
  '2026-11-28T00:00:00Z',
  '* * * * *',
  'cron(',
  'rate(1 minute)',
  'arn:aws:sqs:eu-west-1:111122223333:x',
  '\u0000',
  '\u001b[2J',
  '\ud800',
  '😀',
  'a\nb',
] as const;

/** Numbers at the edges of what a number can be. */
export const HOSTILE_NUMBERS = [
  0,
  -0,
  -1,
  1,
  0.1,
  5e-324,
  1.7e308,
  2 ** 31,
  2 ** 53,
  1e21,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
] as const;

/** Rounds of `npm test`, which are 1 % of those of `npm run test:long`. */
export function rounds(long: number): number {
  return process.env.LONG ? long : Math.ceil(long / 100);
}

/** Longest that one round may take, in milliseconds. A slow one is asked twice more: the machine may have paused. */
const BOUND_MS = 1000;

/** Does it, and again when it was slow. */
export function withinBound(act: () => void): void {
  const taken = () => {
    const start = performance.now();
    act();
    return performance.now() - start;
  };
  if (taken() > BOUND_MS) expect(Math.min(taken(), taken())).toBeLessThan(BOUND_MS);
}

/** What no sentence for a person holds: the words of a fault of ours. */
export const FAULTS =
  /TypeError|RangeError|call stack|Cannot read|is not (a function|iterable)|\bundefined\b|\bNaN\b|\[object|could not judge/;

/** One of these. */
export const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
