/** The limit that follows the work: one step, and a program of which half is lost for two minutes. */
import fc from 'fast-check';
import { CapacityError } from '../../../lib/flow/errors';
import { ConcurrencyLimit, type LimitSettings, nextLimit } from '../../../lib/flow/services/limit';
import { planService } from '../../../lib/flow/services/plan';
import { type ProgramPhase, runSlowingServer, type SlowingPhase } from '../../../lib/flow/services/slowdown';
import { ServiceLimit, type ServiceQuestion } from '../../../lib/flow/services/workload';
import { runs } from '../../support/property';

const settings: LimitSettings = {
  name: 'aimd',
  initial: 30,
  floor: 8,
  ceiling: 30,
  serviceSeconds: 0.1,
  tolerance: 1.2,
  windowRequests: 57,
};
const gradient: LimitSettings = { ...settings, name: 'gradient' };

describe('one step', () => {
  test.each<[string, LimitSettings, number, number, boolean, number]>([
    ['as planned and not all used: it stays', settings, 20, 0.1, false, 20],
    ['as planned and used: one more', settings, 20, 0.1, true, 21],
    ['up to the ceiling', settings, 30, 0.1, true, 30],
    ['within the tolerance is as planned', settings, 20, 0.119, true, 21],
    ['slower: 1 ÷ 1.2 of it, used or not', settings, 30, 0.2, false, 25],
    ['down to the floor', settings, 8, 0.5, true, 8],
    ['a small limit falls by one at least', { ...settings, floor: 1 }, 2, 0.2, true, 1],
    ['a gradient falls by what was measured', gradient, 30, 0.15, true, 20],
    ['by half at most', gradient, 30, 0.9, true, 15],
    ['and rises by half a square root', gradient, 16, 0.1, true, 18],
  ])('%s', (_, own, current, mean, wasFull, next) => {
    expect(nextLimit(own, current, mean, wasFull)).toBe(next);
  });

  test('it changes at the end of a window only, and each window begins anew', () => {
    const limit = new ConcurrencyLimit({ ...settings, windowRequests: 3 });
    expect([0.2, 0.2, 0.2].map((seconds) => limit.record(seconds, true))).toEqual([false, false, true]);
    expect(limit.current).toBe(25);
    expect([0.1, 0.1, 0.1].map((seconds) => limit.record(seconds, false))).toEqual([false, false, false]);
    expect(limit.current).toBe(25);
  });

  test('whatever is measured, it stays between floor and ceiling', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(settings, gradient),
        fc.array(fc.record({ seconds: fc.double({ min: 0, max: 10, noNaN: true }), isFull: fc.boolean() }), {
          maxLength: 200,
        }),
        (own, work) => {
          const limit = new ConcurrencyLimit({ ...own, windowRequests: 2 });
          for (const { seconds, isFull } of work) limit.record(seconds, isFull);
          expect(limit.current).toBeGreaterThanOrEqual(own.floor);
          expect(limit.current).toBeLessThanOrEqual(own.ceiling);
          expect(Number.isInteger(limit.current)).toBe(true);
        },
      ),
      { numRuns: runs },
    );
  });
});

const asked: ServiceQuestion = {
  platform: 'kubernetes',
  workload: { peakPerSecond: 543, steadyPerSecond: 250, serviceSeconds: 0.1, serviceVariation: 0.5 },
  objective: { latencySeconds: 0.4, errorRatio: 0.015 },
  slotsPerInstance: 30,
};
const plan = (limit: ServiceLimit, changed: Partial<ServiceQuestion> = {}) =>
  planService('Api', { ...asked, ...changed, limit });

describe('the plan', () => {
  test('the slots are the ceiling, a quarter the floor, and a window tells a fifth from chance', () => {
    const made = plan(ServiceLimit.AIMD);
    expect(made.value('limitInitial')).toBe(30);
    expect(made.value('limitCeiling')).toBe(30);
    expect(made.value('limitFloor')).toBe(8);
    expect(made.value('limitServiceSeconds')).toBe(0.1);
    // 3 × 0.5 ÷ 0.2, squared.
    expect(made.value('limitWindowRequests')).toBe(57);
  });

  test('the queue leaves time for work that is as much slower as the limit lets it become', () => {
    // 0.4 s − 1.2 × 0.2511 s, in which 30 slots begin 29.
    expect(plan(ServiceLimit.AIMD).value('waitSeconds')).toBeCloseTo(0.09865, 4);
    expect(plan(ServiceLimit.AIMD).value('queueBound')).toBe(29);
    expect(plan(ServiceLimit.FIXED).value('queueBound')).toBe(44);
  });

  test('where the work fits and a fifth more does not, the way out is to leave the limit out', () => {
    const tight = { objective: { latencySeconds: 0.28, errorRatio: 0.2 } };
    expect(() => plan(ServiceLimit.FIXED, tight)).not.toThrow();
    expect(() => plan(ServiceLimit.AIMD, tight)).toThrow(CapacityError);
    expect(() => plan(ServiceLimit.AIMD, tight)).toThrow(
      /the work alone takes 251 ms at 99 %, and 1\.2 times that before the limit falls, 280 ms are promised; leave limit out/,
    );
  });
});

/** 270/s, nine tenths of what an instance of 30 slots does; then half of its program is lost, then it is back. */
function slowing(
  limit: ServiceLimit,
  seed: number,
  half: Omit<ProgramPhase, 'seconds'> = { processors: 15 },
): SlowingPhase[] {
  const made = plan(limit);
  const value = (name: string) => made.value(name);
  return runSlowingServer(
    {
      requestsPerSecond: 270,
      serviceSeconds: 0.1,
      serviceVariation: 0.5,
      slots: 30,
      queueBound: value('queueBound'),
      waitSeconds: value('waitSeconds'),
      deadlineSeconds: value('serverDeadlineSeconds'),
      ...(limit !== ServiceLimit.FIXED && {
        limit: {
          name: limit,
          initial: value('limitInitial'),
          floor: value('limitFloor'),
          ceiling: value('limitCeiling'),
          serviceSeconds: value('limitServiceSeconds'),
          tolerance: value('limitTolerance'),
          windowRequests: value('limitWindowRequests'),
        },
      }),
      phases: [
        { seconds: 60, processors: 30 },
        { seconds: 20, ...half },
        { seconds: 120, ...half },
        { seconds: 20, processors: 30 },
        { seconds: 60, processors: 30 },
      ],
    },
    seed,
  );
}

const lateOf = ({ overdue, latencies }: SlowingPhase) => overdue / latencies.count;
const servedOf = ({ overdue, latencies, requests }: SlowingPhase) => (270 * (latencies.count - overdue)) / requests;

describe('half of the program is lost for two minutes', () => {
  test('with fixed slots each request takes twice as long, and more than a fifth of what was accepted is late', () => {
    const [, , half] = slowing(ServiceLimit.FIXED, 1);
    expect(lateOf(half)).toBeGreaterThan(0.2);
    expect(half.latencies.quantile(0.99)).toBeGreaterThan(0.6);
    expect(servedOf(half)).toBeLessThan(120);
  });

  describe.each([ServiceLimit.AIMD, ServiceLimit.GRADIENT])('%s', (limit) => {
    test.each([1, 2, 3])(
      'seed %d: the limit follows, the promise is kept for what is accepted, and it comes back',
      (seed) => {
        const [before, falling, half, rising, after] = slowing(limit, seed);
        // As planned nothing is lost.
        expect(before.settledLimit).toBeGreaterThan(29);
        expect(servedOf(before)).toBeGreaterThan(0.985 * 270);
        // Its own 15 to 15 × the tolerance.
        expect(half.settledLimit).toBeGreaterThanOrEqual(14);
        expect(half.settledLimit).toBeLessThanOrEqual(15 * 1.25);
        expect(half.latencies.quantile(0.99)).toBeLessThanOrEqual(0.4 * 1.01);
        expect(lateOf(half)).toBeLessThanOrEqual(0.011);
        // Almost all of the 150/s that are left.
        expect(servedOf(half)).toBeGreaterThan(0.9 * 150);
        // Twenty seconds are enough both ways.
        expect(lateOf(falling)).toBeLessThan(0.02);
        expect(rising.settledLimit).toBeGreaterThan(28);
        expect(after.settledLimit).toBeGreaterThan(29);
        expect(servedOf(after)).toBeGreaterThan(0.985 * 270);
      },
    );
  });

  test('the same seed runs the same', () => {
    expect(slowing(ServiceLimit.AIMD, 4)).toEqual(slowing(ServiceLimit.AIMD, 4));
  });

  test('with fixed slots and the whole program it is the simulation of the gate', () => {
    const [before] = slowing(ServiceLimit.FIXED, 5);
    expect(before.latencies.quantile(0.99)).toBeCloseTo(0.266, 1);
    expect(before.refused / before.requests).toBeLessThan(0.01);
  });
});

describe('each request takes twice as long, however few there are', () => {
  const downstream = { processors: 30, speed: 0.5 };

  test('with fixed slots half of the capacity is left, of which a quarter is late', () => {
    const [, , half] = slowing(ServiceLimit.FIXED, 1, downstream);
    expect(servedOf(half)).toBeGreaterThan(110);
    expect(servedOf(half)).toBeLessThan(120);
    expect(lateOf(half)).toBeCloseTo(0.24, 1);
  });

  test.each([ServiceLimit.AIMD, ServiceLimit.GRADIENT])(
    '%s: fewer requests are no quicker, which the limit notices: it returns to the slots, and serves more than fixed ones',
    (limit) => {
      const [, , half, , after] = slowing(limit, 1, downstream);
      expect(half.settledLimit).toBeGreaterThan(28);
      // Its queue is shorter, so that less of what begins is late.
      expect(servedOf(half)).toBeGreaterThan(servedOf(slowing(ServiceLimit.FIXED, 1, downstream)[2]));
      expect(lateOf(half)).toBeLessThan(0.16);
      expect(after.settledLimit).toBeGreaterThan(29);
    },
  );
});

describe.each([ServiceLimit.AIMD, ServiceLimit.GRADIENT])('%s, whatever becomes slower', (limit) => {
  test.each<Omit<ProgramPhase, 'seconds'>>([
    ...[0.9, 0.8, 0.7, 0.6].map((speed) => ({ processors: 30, speed })),
    ...[25, 20, 15, 10].map((processors) => ({ processors })),
    ...[20, 15].map((processors) => ({ processors, speed: 2 / 3 })),
  ])('%j: at most a sixth less is in time than with fixed slots, and all of it afterwards', (loss) => {
    const [fixed, follows] = [ServiceLimit.FIXED, limit].map((name) => slowing(name, 6, loss));
    expect(servedOf(follows[2]) / servedOf(fixed[2])).toBeGreaterThan(5 / 6);
    expect(servedOf(follows[4])).toBeGreaterThan(0.97 * 270);
  });
});

describe('a limit that was cut in vain', () => {
  const windowOf = (limit: ConcurrencyLimit, seconds: number) => {
    for (let request = 0; request < settings.windowRequests; request += 1) limit.record(seconds, true);
    return limit.current;
  };
  const windows = (limit: ConcurrencyLimit, count: number, seconds: number) =>
    Array.from({ length: count }, () => windowOf(limit, seconds));

  test('returns, stays for ten windows, and twice as long after the next trial', () => {
    const limit = new ConcurrencyLimit(settings);
    const trial = [25, 21, 18, 15, 13, 30];
    expect(windows(limit, 6, 0.2)).toEqual(trial);
    expect(windows(limit, 10, 0.2)).toEqual(Array(10).fill(30));
    expect(windows(limit, 6, 0.2)).toEqual(trial);
    expect(windows(limit, 20, 0.2)).toEqual(Array(20).fill(30));
    expect(windowOf(limit, 0.2)).toBe(25);
  });

  test('ten windows as planned, one after another, and the next trial is the first', () => {
    const limit = new ConcurrencyLimit(settings);
    windows(limit, 22, 0.2);
    windows(limit, 10, 0.1);
    windows(limit, 6, 0.2);
    expect(windows(limit, 11, 0.2)).toEqual([...Array(10).fill(30), 25]);
  });

  test('of two slots one may be cut in vain as well', () => {
    const limit = new ConcurrencyLimit({ ...settings, initial: 2, ceiling: 2, floor: 1 });
    expect(windows(limit, 3, 0.2)).toEqual([1, 1, 2]);
  });
});
