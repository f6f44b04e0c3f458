/** The law of the line against exact answers: exponential services, for which it is no approximation. */
import { type Course, LineLaw } from '../../../lib/flow/queue/forecast/line-law';
import { longestLines } from '../../../lib/flow/queue/forecast/longest-line';

const sum = (list: Iterable<number>) => [...list].reduce((a, b) => a + b, 0);

/** Two slots of rate 1; 1.2/s before and after, 2.1/s for `seconds`. */
const course = (seconds: number, slotsLater = 2): Course => ({
  spells: [
    { from: 0, seconds: seconds / 2, arrivalsPerSecond: 2.1, slots: 2, draining: false },
    { from: seconds / 2, seconds: seconds / 2, arrivalsPerSecond: 2.1, slots: slotsLater, draining: false },
    { from: seconds, seconds: Number.POSITIVE_INFINITY, arrivalsPerSecond: 1.2, slots: slotsLater, draining: true },
  ],
  steadyPerSecond: 1.2,
  work: 1,
  variation: 1,
});

/** The law after `seconds` of M/M/2 by uniformisation: a Poisson number of jumps, one level up or down or none. */
function uniformised(seconds: number, below = 400): Float64Array {
  const jumps = 2.1 + 2;
  const deaths = (level: number) => Math.min(level, 2);
  let law = new Float64Array(below);
  law[0] = 1;
  for (let n = 1; n < below; n += 1) law[n] = (law[n - 1] * 1.2) / deaths(n);
  const norm = sum(law);
  law = law.map((share) => share / norm);
  const result = new Float64Array(below);
  let weight = Math.exp(-jumps * seconds);
  for (let k = 0; k < jumps * seconds + 12 * Math.sqrt(jumps * seconds) + 20; k += 1) {
    const next = new Float64Array(below);
    for (let n = 0; n < below; n += 1) {
      result[n] += weight * law[n];
      if (n + 1 < below) next[n + 1] += (law[n] * 2.1) / jumps;
      if (n > 0) next[n - 1] += (law[n] * deaths(n)) / jumps;
      next[n] += law[n] * (1 - (2.1 + deaths(n)) / jumps);
    }
    law = next;
    weight *= (jumps * seconds) / (k + 1);
  }
  return result;
}

test('the law at the end of the peak is the exact one', () => {
  const law = new LineLaw(course(60));
  let end = new Float64Array(0);
  let moment = 0;
  law.walk((spell, at, _items, shares) => {
    if (spell === 1) [moment, end] = [at, shares.slice()];
  });
  expect(moment).toBeGreaterThan(57);
  const exact = uniformised(moment);
  for (const items of [2, 10, 20, 40]) {
    const tail = sum(end.filter((_, i) => law.levels[i] >= items));
    expect(Math.abs(tail / sum(exact.slice(items)) - 1)).toBeLessThan(0.01);
  }
});

test('of a peak, all items are visited: those of the peak, and those that come until the line is empty', () => {
  let items = 0;
  let later = 0;
  new LineLaw(course(60)).walk((spell, _at, arrived, shares) => {
    if (spell < 2) items += arrived * sum(shares);
    else later += arrived * sum(shares);
  });
  expect(items).toBeCloseTo(2.1 * 60, 6);
  // The line at the end shrinks by 2 − 1.2 = 0.8/s: 1.2 ÷ 0.8 items come for each that waits.
  const waiting = sum(uniformised(60).map((share, n) => share * Math.max(0, n - 2)));
  expect(Math.abs(later / (1.5 * waiting) - 1)).toBeLessThan(0.02);
});

test('P(the longest line ≥ n) falls from 1, and its mean is the sum of these', () => {
  const law = new LineLaw(course(60));
  const exceeds = Array.from({ length: 120 }, (_, i) => law.exceeds(i + 1));
  for (const [i, share] of exceeds.slice(1).entries()) expect(share).toBeLessThanOrEqual(exceeds[i] + 1e-9);
  expect(exceeds[0]).toBeGreaterThan(0.99);
  const { mean, classes } = longestLines(course(60));
  expect(Math.abs(mean / sum(exceeds) - 1)).toBeLessThan(0.02);
  expect(sum(classes.map(({ share }) => share))).toBeCloseTo(1, 9);
});

test('slots that come half-way shorten the line of the second half alone', () => {
  const longest = (slots: number) => longestLines(course(60, slots)).mean;
  expect(longest(4)).toBeLessThan(longest(2));
  expect(longest(4)).toBeGreaterThan(longestLines(course(30)).mean * 0.9);
});

test('a longer peak never has the shorter lines', () => {
  let before = 0;
  for (const seconds of [1, 3, 10, 30, 100, 300, 1000]) {
    const { mean } = longestLines(course(seconds));
    expect(mean).toBeGreaterThan(before);
    before = mean;
  }
});
