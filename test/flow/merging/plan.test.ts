/** The plan of a queue that merges: known answers, promises kept or refused, ways out that lead to a plan. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { coalescingAlarmKnobs, coalescingAlertKnobs } from '../../../lib/flow/merging/alarms';
import { cycleOf, distinctKeys, keyGroups } from '../../../lib/flow/merging/occupancy';
import { planCoalescing, ratioWithReaders } from '../../../lib/flow/merging/plan';
import { batchLimit, costOf, fullestShare, keysPerSecond, loadOf, shardsTake } from '../../../lib/flow/merging/sizing';
import type { MergingQuestion, MergingWorkload } from '../../../lib/flow/merging/workload';
import { Random } from '../../../lib/flow/numerics/random';
import { runs, spread } from '../../support/property';

const RATE = 1667;
const KEY_SECONDS = 0.0018;
const workload: MergingWorkload = {
  steadyPerSecond: 10,
  peakPerSecond: RATE,
  peakSeconds: 600,
  distinctKeys: 1000,
  keySeconds: KEY_SECONDS,
};
const storm: MergingQuestion = { workload, objective: { freshnessSeconds: 120 }, transport: 'redis-stream' };
const withKeys = (keys: number, more: Partial<MergingWorkload> = {}): MergingQuestion => ({
  ...storm,
  workload: { ...workload, distinctKeys: keys, ...more },
});
const alone = (keys: number, skew = 0) => ({ perSecond: RATE, groups: keyGroups(keys, skew), keyRatio: 1 });

function refusal(question: unknown): CapacityError {
  try {
    planCoalescing('Merge', question as MergingQuestion);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('it was planned');
}

describe('known answers', () => {
  test.each([
    // window, keys, ratio, worst delay: 1,667 events/s, 1.8 ms a key
    [1.8, 1000, 6.0, 5.4],
    [3.6, 1000, 9.0, 7.2],
    [5, 1000, 11.3, 8.6],
  ])('a window of %d s over %d keys: %d events a key, %d s at most', (window, keys, ratio, worst) => {
    const cycle = cycleOf(alone(keys), window, 0, KEY_SECONDS);
    expect(cycle.events / cycle.keys).toBeCloseTo(ratio, 1);
    expect(cycle.worstDelaySeconds).toBeCloseTo(worst, 1);
  });

  test.each([
    [10_000, 13, 4.8],
    [100_000, 36, 3.5],
  ])('by the law of Zipf, %d keys: a cycle of %d s, %d events a key', (keys, seconds, ratio) => {
    const cycle = cycleOf(alone(keys, 1), 5, 0, KEY_SECONDS);
    expect(Math.abs(cycle.seconds / seconds - 1)).toBeLessThan(0.03);
    expect(cycle.events / cycle.keys).toBeCloseTo(ratio, 1);
  });

  test('groups of keys come to the same as every key by itself', () => {
    const weights = Array.from({ length: 20_000 }, (_, rank) => (rank + 1) ** -0.8);
    const total = weights.reduce((sum, one) => sum + one, 0);
    const exact = weights.reduce((sum, one) => sum - Math.expm1((-RATE * 5 * one) / total), 0);
    expect(distinctKeys(alone(20_000, 0.8), 5)).toBeCloseTo(exact, 0);
  });

  test.each([
    [100, 0.2, 1],
    [1000, 1.8, 1],
    [10_000, 18, 1],
    // One worker would need 54 s, which is a delay of 162 s.
    [30_000, 25.4, 2],
  ])('%d keys: a window of %d s, calls at once: %d', (keys, window, workers) => {
    const plan = planCoalescing('Merge', withKeys(keys));
    expect(plan.value('windowSeconds')).toBe(window);
    expect(plan.value('workers')).toBe(workers);
    expect(plan.predictions.worstDelaySeconds).toBeLessThan(120);
  });

  test('30,000 keys and one worker: a window of 54 s is a delay of 162 s', () => {
    const question = { ...withKeys(30_000), workers: 1 };
    expect(
      planCoalescing('Merge', { ...question, objective: { freshnessSeconds: 300 } }).value('windowSeconds'),
    ).toBeCloseTo(54, 0);
    expect(refusal(question).message).toMatch(/a delay of 2\.\d+ min, 2 min are promised/);
  });

  test.each([
    [1, 11.3],
    [2, 5.7],
    [4, 3.0],
    [5, 2.5],
    [17, 1.3],
  ])('%d readers of one group in a window of 5 s: %d events a key', (readers, ratio) => {
    const settings = { windowSeconds: 5, shards: 1, workers: 1 };
    // Dealt out one by one, whatever their keys.
    expect(ratioWithReaders({ ...storm, transport: 'kinesis' }, settings, readers)).toBeCloseTo(ratio, 1);
  });

  test('four readers in a window of 3.6 s: 2.45 events a key dealt out one by one, 2.66 of a Redis stream', () => {
    const settings = { windowSeconds: 3.6, shards: 1, workers: 1 };
    expect(ratioWithReaders({ ...storm, transport: 'kinesis' }, settings, 4)).toBeCloseTo(2.45, 1);
    expect(ratioWithReaders(storm, settings, 4)).toBeCloseTo(2.66, 2);
  });

  test('two shards of Kinesis take 1,667/s, three with head-room and a hash that is not even', () => {
    const load = loadOf({ ...storm, transport: 'kinesis' });
    expect([1, 2].map((shards) => shardsTake(load, shards))).toEqual([false, true]);
    expect(planCoalescing('Merge', { ...storm, transport: 'kinesis' }).value('shards')).toBe(3);
    const half = cycleOf({ perSecond: RATE / 2, groups: load.groups, keyRatio: 1 / 2 }, 5, 0, KEY_SECONDS);
    expect(half.events).toBeCloseTo(4918, -1);
    expect(half.events / half.keys).toBeCloseTo(9.8, 1);
  });

  test('a hash spreads keys unevenly: 1,500/s need a third shard, and hardly any hash fills one more than planned', () => {
    const at = (peakPerSecond: number) =>
      planCoalescing('Merge', { ...withKeys(1000, { peakPerSecond }), transport: 'kinesis' }).value('shards');
    // With head-room 1,812/s and 1,875/s; the fullest of two shards has 54.7 %.
    expect([at(1450), at(1500)]).toEqual([2, 3]);
    const planned = fullestShare(keyGroups(1000, 0), 3);
    expect(planned).toBeCloseTo(0.378, 3);
    const random = new Random(5);
    const fuller = Array.from({ length: 1000 }, () => {
      const shards = [0, 0, 0];
      for (let key = 0; key < 1000; key += 1) shards[Math.floor(random.uniform() * 3)] += 1;
      return Math.max(...shards) / 1000;
    }).filter((share) => share > planned);
    expect(fuller.length).toBeLessThan(10);
  });

  test('a popular key comes to one shard whole, however many there are', () => {
    const groups = keyGroups(1000, 1.5);
    expect(fullestShare(groups, 400)).toBeGreaterThanOrEqual(groups[0].share);
    const { message, waysOut } = refusal({
      ...withKeys(1000, { keySkew: 1.5, peakPerSecond: 10_000 }),
      transport: 'kinesis',
    });
    expect(message).toContain('of which the most popular key has');
    expect(waysOut.length).toBeGreaterThan(0);
  });

  test('a batch of Lambda holds 12 s of a shard: 10,000 events, 6 MB of events of 120 bytes', () => {
    const question: MergingQuestion = { ...withKeys(1000, { eventBytes: 120 }), transport: 'kinesis' };
    expect(batchLimit(loadOf(question)) / (RATE / 2)).toBeCloseTo(11.8, 1);
    expect(batchLimit(loadOf(withKeys(1000, { eventBytes: 40 })), 10_000)).toBe(10_000);
  });

  test('CloudFront has 3,000 in progress: 1,000 keys need a cycle of 20 s', () => {
    const question: MergingQuestion = {
      ...withKeys(1000, { keySeconds: 1e-6 }),
      transport: 'kinesis',
      invalidator: 'cloudfront',
    };
    const { value, predictions } = cloudfront(question);
    expect(value('windowSeconds')).toBe(20);
    expect(predictions.keysPerSecond).toBeCloseTo(50, 0);
  });

  test.each([
    [5, 600],
    [20, 150],
    [60, 50],
  ])('a window of %d s, ten minutes of 1,000 keys: %d USD', (windowSeconds, dollars) => {
    const load = loadOf({ ...withKeys(1000, { keySeconds: 1e-6 }), invalidator: 'cloudfront' });
    const perSecond = keysPerSecond(load, { windowSeconds, shards: 1, workers: 1 });
    expect(costOf(load, perSecond)! / dollars).toBeCloseTo(1, 2);
  });

  test('a ceiling on the price makes the window longer', () => {
    const plan = planCoalescing('Merge', {
      ...withKeys(1000, { keySeconds: 1e-6 }),
      transport: 'kinesis',
      invalidator: 'cloudfront',
      objective: { freshnessSeconds: 300, invalidationCost: 50 },
    });
    expect(plan.value('windowSeconds')).toBe(60);
    expect(plan.predictions.invalidationCost).toBeLessThanOrEqual(50);
  });

  test('case 9: every other number', () => {
    const plan = planCoalescing('Merge', storm);
    expect(plan.value('readers')).toBe(1);
    expect(plan.value('maxLength')).toBe(2 * (600 * RATE + 300 * 10));
    expect(plan.value('flushTimeoutSeconds')).toBe(14);
    expect(plan.value('terminationGracePeriodSeconds')).toBe(19);
    expect(plan.value('keysPerCall')).toBe(100);
    expect(plan.predictions.keysPerSecond).toBeCloseTo(277, 0);
    expect(plan.predictions.ratioWithOneMoreReader).toBeCloseTo(3.21, 2);
    expect(plan.remarks.join()).toContain('Do not scale the readers of a stream');
  });

  test('alarms: never below what is predicted, and a doubled number of keys is one that does not merge', () => {
    const plan = planCoalescing('Merge', { ...storm, transport: 'kinesis' });
    const value = (name: string) => coalescingAlarmKnobs(plan).find((knob) => knob.name === name)!.value;
    expect(value('alarmDelaySeconds')).toBe(96);
    expect(value('alarmAgeMilliseconds')).toBe(96_000);
    expect(value('alarmKeys')).toBe(Math.ceil(2 * 60 * plan.predictions.keysPerSecond));
    const tight = planCoalescing('Merge', { ...storm, objective: { freshnessSeconds: 5.5, headroom: 1.01 } });
    const late = coalescingAlertKnobs(tight).find(({ name }) => name === 'alarmDelaySeconds')!.value;
    expect(late).toBeCloseTo(tight.predictions.worstDelaySeconds, 9);
    expect(late).toBeGreaterThan(0.8 * 5.5);
  });
});

function cloudfront(question: MergingQuestion) {
  const plan = planCoalescing('Merge', question);
  return { value: (name: string) => plan.value(name), predictions: plan.predictions };
}

describe('refusals', () => {
  const CASES: readonly [string, MergingQuestion][] = [
    ['a rebuild that takes too long', withKeys(1_000_000, { keySeconds: 0.5 })],
    ['a freshness below the work', { ...withKeys(30_000), workers: 1 }],
    ['a head-room that is not there', { ...storm, objective: { freshnessSeconds: 5.5, headroom: 3 }, workers: 1 }],
    [
      'a price above the ceiling',
      { ...storm, invalidator: 'cloudfront', objective: { freshnessSeconds: 60, invalidationCost: 1 } },
    ],
    ['hardly any two events of a key', withKeys(1_000_000_000, { keySeconds: 1e-6 })],
    ['more than SQS is for', { ...storm, transport: 'sqs' }],
    ['a window that is too short', { ...storm, windowSeconds: 0.1 }],
    ['too few shards', { ...storm, transport: 'kinesis', shards: 1 }],
  ];

  test.each(CASES)('%s: every way out leads to a plan', (_, question) => {
    const { waysOut, message } = refusal(question);
    expect(message).not.toMatch(/undefined|NaN|Infinity/);
    for (const way of waysOut) {
      if (way.startsWith('a QueueWorker')) continue;
      expect([way, planCoalescing('Merge', taken(question, way)).knobs.length]).toEqual([way, expect.any(Number)]);
    }
  });

  test('merging that saves nothing says so', () => {
    expect(refusal(withKeys(1_000_000_000, { keySeconds: 1e-6 })).message).toContain('merging saves nothing below 1.2');
  });

  test('every failure at once', () => {
    let error: unknown;
    try {
      planCoalescing('Merge', {
        workload: { ...workload, distinctKeys: 0, keySeconds: -1, keySkw: 1 },
        objective: { freshnessSeconds: 0, invalidationCost: 5, headroom: 20 },
        transport: 'kinesis',
        windowSeconds: 0.5,
        workers: 65,
      } as unknown as MergingQuestion);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).failures).toHaveLength(9);
  });
});

/** The question with a way out taken, as its text says it. */
function taken(question: MergingQuestion, way: string): MergingQuestion {
  const [, name, text] = /^(\w+) of ([\d.e-]+)/.exec(way) ?? [];
  const value = Number(text);
  if (name === 'freshnessSeconds' || name === 'invalidationCost') {
    return { ...question, objective: { ...question.objective, [name]: value } };
  }
  if (name !== undefined) return { ...question, workload: { ...question.workload, [name]: value } };
  const [, left] = /^leave (\w+) out/.exec(way) ?? [];
  if (left === 'headroom') return { ...question, objective: { ...question.objective, headroom: undefined } };
  if (left !== undefined) return { ...question, [left]: undefined };
  if (way === 'the transport kinesis') return { ...question, transport: 'kinesis' };
  throw new Error(`a way out that no test knows: ${way}`);
}

const questions = fc.record({
  workload: fc.record({
    steadyPerSecond: spread(1, 100),
    peakPerSecond: spread(100, 5000),
    peakSeconds: fc.constant(300),
    distinctKeys: spread(1, 1e6).map(Math.ceil),
    keySkew: fc.constantFrom(0, 0.5, 1, 1.3),
    keySeconds: spread(1e-4, 0.1),
    flushSeconds: fc.constantFrom(0, 0.2),
  }),
  objective: fc.record({ freshnessSeconds: spread(1, 600) }),
  transport: fc.constantFrom('kinesis' as const, 'redis-stream' as const),
});

function planned(question: MergingQuestion) {
  try {
    return planCoalescing('Merge', question);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
}

test('any workload: a plan within its promise, or a refusal whose ways out lead to a plan', () => {
  let [plans, refusals] = [0, 0];
  fc.assert(
    fc.property(questions, (question) => {
      const made = planned(question);
      if (made instanceof CapacityError) {
        refusals += 1;
        for (const way of made.waysOut.filter((each) => !each.startsWith('a QueueWorker'))) {
          expect(planned(taken(question, way))).not.toBeInstanceOf(CapacityError);
        }
        return;
      }
      plans += 1;
      const { worstDelaySeconds, mergeRatio, breaksAtLoad, keysPerSecond } = made.predictions;
      expect(worstDelaySeconds).toBeLessThanOrEqual(question.objective.freshnessSeconds * (1 + 1e-9));
      expect(mergeRatio).toBeGreaterThanOrEqual(1.2 * (1 - 1e-9));
      expect(breaksAtLoad).toBeGreaterThan(1);
      expect(keysPerSecond * question.workload.keySeconds).toBeLessThanOrEqual(
        0.5 * made.value('workers') * (1 + 1e-9),
      );
    }),
    { numRuns: runs / 4 },
  );
  expect(Math.min(plans, refusals)).toBeGreaterThan(runs / 40);
});

test('more keys never make a shorter delay, nor more freshness a refusal', () => {
  fc.assert(
    fc.property(questions, fc.double({ min: 1.1, max: 4, noNaN: true }), (question, times) => {
      const own = planned(question);
      const fresher = planned({
        ...question,
        objective: { freshnessSeconds: question.objective.freshnessSeconds * times },
      });
      if (!(own instanceof CapacityError)) expect(fresher).not.toBeInstanceOf(CapacityError);
    }),
    { numRuns: runs / 4 },
  );
});
