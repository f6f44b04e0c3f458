/** Known answers of the chain on levels, on every whole number and further apart. */
import fc from 'fast-check';
import { BirthDeath, ratesOn } from '../../../lib/flow/numerics/birth-death';

const wholes = (count: number) => Float64Array.from({ length: count }, (_, i) => i);
const sum = (list: Iterable<number>) => [...list].reduce((a, b) => a + b, 0);
const meanOf = (levels: Float64Array, law: Float64Array) => sum(law.map((share, i) => share * levels[i]));

/** One slot or `slots` of them, each with rate 1. */
function chain(levels: Float64Array, rate: number, slots = 1): BirthDeath {
  const births = levels.map(() => rate);
  const deaths = levels.map((level) => Math.min(level, slots));
  return new BirthDeath(ratesOn(levels, births, deaths));
}

/** The law at one level. */
function at(levels: Float64Array, level: number): Float64Array {
  return levels.map((one) => (one === level ? 1 : 0));
}

describe('the settled law', () => {
  test('of one slot is geometric', () => {
    const law = chain(wholes(200), 0.8).settled();
    for (const n of [0, 1, 5, 20]) expect(law[n]).toBeCloseTo(0.2 * 0.8 ** n, 12);
  });

  test('of slots for all is Poisson', () => {
    const law = chain(wholes(60), 3, 60).settled();
    expect(law[3]).toBeCloseTo((Math.exp(-3) * 27) / 6, 12);
  });

  test('does not overflow far above the capacity', () => {
    expect(sum(chain(wholes(3000), 50).settled())).toBeCloseTo(1, 9);
  });

  test('stays as it is', () => {
    const stage = chain(wholes(100), 0.7);
    const law = stage.settled();
    const before = law.slice();
    stage.advance(law, 5);
    for (const n of [0, 3, 10]) expect(law[n]).toBeCloseTo(before[n], 12);
  });
});

describe('through time', () => {
  test('slots for all: the mean rises as 1 − e⁻ᵗ', () => {
    const levels = wholes(40);
    const stage = chain(levels, 4, 40);
    const law = at(levels, 0);
    for (let k = 0; k < 100; k += 1) stage.advance(law, 0.01);
    expect(meanOf(levels, law)).toBeCloseTo(4 * (1 - Math.exp(-1)), 3);
    expect(sum(law)).toBeCloseTo(1, 12);
  });

  test('levels apart: a long line keeps mean and variance of its drift', () => {
    const levels = Float64Array.from({ length: 200 }, (_, i) => 10 * i);
    const stage = chain(levels, 1.2);
    const law = at(levels, 1000);
    for (let k = 0; k < 50; k += 1) stage.advance(law, 10);
    const mean = meanOf(levels, law);
    expect(mean).toBeCloseTo(1000 + 0.2 * 500, 4);
    expect(sum(law.map((share, i) => share * (levels[i] - mean) ** 2)) / (2.2 * 500)).toBeCloseTo(1, 3);
  });

  test('what leaves the levels is lost, and is told apart by where it leaves', () => {
    const levels = wholes(50);
    const stage = chain(levels, 0.5);
    const law = at(levels, 11);
    expect(stage.leavesBelow(law, 11, 12)).toBeCloseTo(1 / 1.5, 12);
    for (let k = 0; k < 400; k += 1) stage.advance(law, 0.5, 11, 20);
    expect(sum(law)).toBeLessThan(1e-6);
  });

  test('nothing is lost or negative on levels that nothing leaves', () => {
    const given = fc.record({
      load: fc.double({ min: 0.2, max: 2, noNaN: true }),
      slots: fc.integer({ min: 1, max: 20 }),
      seconds: fc.double({ min: 0.01, max: 100, noNaN: true }),
    });
    fc.assert(
      fc.property(given, ({ load, slots, seconds }) => {
        const levels = wholes(80);
        const law = chain(levels, 0.5 * slots, slots).settled();
        const stage = chain(levels, load * slots, slots);
        for (let k = 1; k <= 20; k += 1) stage.advance(law, (seconds * (2 * k - 1)) / 400);
        expect(sum(law)).toBeCloseTo(1, 9);
        for (const share of law) expect(share).toBeGreaterThan(-1e-3);
      }),
    );
  });
});

test('the time until an empty line is that of a busy period: 1 ÷ (1 − ρ) services for each item', () => {
  const levels = wholes(400);
  const spent = chain(levels, 0.75).secondsSpent(at(levels, 3), 1);
  expect(sum(spent)).toBeCloseTo(3 / 0.25, 6);
});

test('ruin: at capacity the way up is as likely as the distances say, below it as (1/ρⁱ − 1) ÷ (1/ρⁿ − 1)', () => {
  const fair = chain(wholes(30), 1).climbs(0, 10);
  expect(fair[3]).toBeCloseTo(0.3, 12);
  const falling = chain(wholes(30), 0.5).climbs(0, 10);
  expect(falling[3]).toBeCloseTo((2 ** 3 - 1) / (2 ** 10 - 1), 12);
});
