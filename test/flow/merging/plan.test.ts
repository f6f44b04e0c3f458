/** The plan of a queue that merges: known answers, promises kept or refused, ways out that lead to a plan. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { coalescingAlarmKnobs, coalescingAlertKnobs } from '../../../lib/flow/merging/alarms';
import { costOf } from '../../../lib/flow/merging/costs';
import { batchLimit, fullestCycle, keysPerSecond, meanCycle } from '../../../lib/flow/merging/cycles';
import { fullestShare, loadOf, shardsTake } from '../../../lib/flow/merging/load';
import { cycleOf, distinctKeys, keyGroups } from '../../../lib/flow/merging/occupancy';
import { planCoalescing, ratioWithReaders } from '../../../lib/flow/merging/plan';
import { leastWindow } from '../../../lib/flow/merging/sizing';
import { MERGER_BYTES } from '../../../lib/flow/merging/transports';
import type { MergingPlan, MergingQuestion, MergingWorkload } from '../../../lib/flow/merging/workload';
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
    const question = { ...withKeys(30_000), workers: 1, objective: { freshnessSeconds: 300 } };
    // On one shard; a plan takes two, because a merger does not have the memory for a batch of three minutes.
    expect(leastWindow(question, loadOf(question), 1, 1)).toBeCloseTo(54, 0);
    expect(refusal({ ...question, objective: storm.objective }).message).toMatch(
      /a delay of 2\.\d+ min, 2 min are promised/,
    );
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

  test('CloudFront has 3,000 in progress: 1,000 keys need a cycle of 20 s, with head-room 25 s', () => {
    const question: MergingQuestion = {
      ...withKeys(1000, { keySeconds: 1e-6 }),
      transport: 'kinesis',
      invalidator: 'cloudfront',
    };
    const { value, predictions } = cloudfront(question);
    // 20 s are exactly 3,000 a minute: the least slowness of one invalidation would be a refusal.
    const load = loadOf(question);
    expect(leastWindow(question, load, 3, 1)).toBe(20);
    expect(value('windowSeconds')).toBe(25);
    expect(predictions.keysPerSecond).toBeCloseTo(40, 0);
    expect(predictions.breaksAtLoad).toBeGreaterThanOrEqual(1.25);
    expect(
      planCoalescing('Merge', { ...question, objective: { freshnessSeconds: 120, headroom: 1.25 } }).value(
        'windowSeconds',
      ),
    ).toBe(25);
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
    // 2 × 1.8 s of work, 7 calls of 5 s that hang, 3 s of waits, 5 s to set aside and to answer: a time-out of 14 s ended
    // a flush before a key that hangs had its attempts, so that it was never set aside.
    expect(plan.value('callTimeoutSeconds')).toBe(5);
    expect(plan.value('flushTimeoutSeconds')).toBe(47);
    expect(plan.value('terminationGracePeriodSeconds')).toBe(52);
    expect(plan.value('asideAfterSeconds')).toBe(900);
    expect(plan.value('keysPerCall')).toBe(100);
    expect(plan.predictions.keysPerSecond).toBeCloseTo(277, 0);
    expect(plan.predictions.ratioWithOneMoreReader).toBeCloseTo(3.21, 2);
    expect(plan.remarks.join()).toContain('Do not scale the readers of a stream');
  });

  test('a key takes its own time, whatever the workers', () => {
    const question: MergingQuestion = {
      ...withKeys(10, { keySeconds: 30, peakPerSecond: 100 }),
      objective: { freshnessSeconds: 60 },
    };
    // A window, a key, and a key of the flush before.
    expect(refusal(question).message).toMatch(/a delay of|of work/);
    const plan = planCoalescing('Merge', { ...question, objective: { freshnessSeconds: 120 } });
    expect(plan.predictions.worstDelaySeconds).toBeGreaterThanOrEqual(60 + plan.value('windowSeconds'));
    // With a quarter more keys, 12.5 at once; 12 would take two after another.
    expect(plan.value('workers')).toBe(13);
    expect(plan.value('callTimeoutSeconds')).toBeGreaterThan(2 * 30);
    expect(plan.value('callTimeoutSeconds')).toBeLessThan(plan.value('flushTimeoutSeconds'));
  });

  test.each([
    [10, 30, 24, 1],
    [10, 30, 6, 2],
    [24, 2, 24, 1],
    [25, 2, 24, 2],
  ])('%d keys of %d s, %d at once: %d after another', (keys, keySeconds, workers, rounds) => {
    const settings = { windowSeconds: 20, shards: 1, workers };
    const load = loadOf(withKeys(keys, { keySeconds }));
    expect(meanCycle(load, settings).workSeconds).toBeCloseTo(rounds * keySeconds, 3);
    expect(fullestCycle(load, settings).workSeconds).toBeCloseTo(rounds * keySeconds, 3);
  });

  test('an invalidation of CloudFront takes effect after a minute, which is part of the delay', () => {
    const question: MergingQuestion = {
      ...withKeys(1000, { keySeconds: 1e-6 }),
      transport: 'kinesis',
      invalidator: 'cloudfront',
    };
    const { predictions, value } = cloudfront(question);
    expect(predictions.worstDelaySeconds).toBeCloseTo(value('windowSeconds') + 1 + 60, 0);
    const { message } = refusal({ ...question, objective: { freshnessSeconds: 25 } });
    expect(message).toMatch(/60 s until Amazon CloudFront has invalidated them/);
  });

  test('Lambda polls a shard of Kinesis once a second, which is part of the delay', () => {
    const kinesis = planCoalescing('Merge', { ...storm, transport: 'kinesis', windowSeconds: 3, shards: 1 + 2 });
    const load = loadOf({ ...storm, transport: 'kinesis' });
    const cycle = fullestCycle(load, { windowSeconds: 3, shards: 3, workers: 1 });
    expect(kinesis.predictions.worstDelaySeconds).toBeCloseTo(cycle.seconds + cycle.workSeconds + 1, 9);
  });

  test('a popular key fills its stream first: each is as long as the fullest needs', () => {
    const question: MergingQuestion = {
      workload: {
        steadyPerSecond: 100,
        peakPerSecond: 38_000,
        peakSeconds: 3600,
        distinctKeys: 10_000,
        keySkew: 1,
        keySeconds: 1e-4,
      },
      objective: { freshnessSeconds: 300 },
      transport: 'redis-stream',
    };
    const plan = planCoalescing('Merge', question);
    const share = fullestShare(loadOf(question).groups, plan.value('shards'));
    // Twice the events of fifteen minutes; an even share of them is full after ten.
    expect(plan.value('maxLengthPerStream')).toBeGreaterThanOrEqual(2 * 900 * 38_000 * share);
    expect(plan.value('maxLength')).toBe(plan.value('shards') * plan.value('maxLengthPerStream'));
    expect(coalescingAlertKnobs(plan).find(({ name }) => name === 'alarmStreamLength')!.value).toBe(
      plan.value('maxLengthPerStream') / 2,
    );
  });

  test('a batch fits into the memory of a merger: more shards, or fewer events of it', () => {
    const long = planCoalescing('Merge', {
      ...withKeys(100_000, { keySeconds: 0.01, peakPerSecond: 4000 }),
      objective: { freshnessSeconds: 3600 },
    });
    expect(long.value('maxBatch') * (2 * 256 + 1000)).toBeLessThanOrEqual(MERGER_BYTES * (3 / 8));
    const large = planCoalescing('Merge', {
      ...withKeys(10, { steadyPerSecond: 1, peakPerSecond: 7, keySeconds: 1e-3, eventBytes: 1_048_576 }),
      objective: { freshnessSeconds: 60 },
    });
    expect(large.value('maxBatch')).toBe(95);
  });

  test('what the other days of the month cost', () => {
    const plan = planCoalescing('Merge', {
      ...withKeys(1000, { keySeconds: 1e-5 }),
      transport: 'kinesis',
      invalidator: 'cloudfront',
    });
    // Ten events a second of a thousand keys are hardly merged in 25 s.
    expect(plan.predictions.steadyCostPerMonth! / 114_000).toBeCloseTo(1, 1);
    expect(plan.explain()).toContain('invalidations of a month without a peak');
  });

  test('a month of case 9 on Kinesis, by hand', () => {
    const { predictions } = planCoalescing('Merge', { ...storm, transport: 'kinesis' });
    const shards = 720 * 3 * 0.015;
    const records = (30 * (85_800 * 10 + 600 * RATE) * 0.014) / 1e6;
    // Ten events a second, each a key of 1.8 ms: a flush of each shard begins its window of 3 s with an event.
    const calls = (30 * 86_400 * (3 / (3 + 0.3)) * 0.2) / 1e6;
    const seconds = 30 * (85_800 * 10 * 0.0018 + 600 * 0.5) * 0.0000133334;
    expect(predictions.monthlyCost! / (shards + records + calls + seconds)).toBeCloseTo(1, 2);
    expect(planCoalescing('Merge', { ...storm, transport: 'kinesis' }).explain()).toContain(
      'a month with one peak a day',
    );
    expect(planCoalescing('Merge', storm).predictions).not.toHaveProperty('monthlyCost');
  });

  test('a retention above a day costs more a shard; on SQS each event is a send and its part of two requests', () => {
    const cost = (more: Partial<MergingQuestion>) =>
      planCoalescing('Merge', { ...storm, ...more }).predictions.monthlyCost!;
    const day = cost({ transport: 'kinesis' });
    expect(cost({ transport: 'kinesis', outageSeconds: 86_400 }) - day).toBeCloseTo(720 * 3 * 0.02, 6);
    // Of two weeks, what is kept beyond the first by the GB.
    const [two, week] = [7, 3.5].map((days) => cost({ transport: 'kinesis', outageSeconds: days * 86_400 }));
    const kept = 7 * (85_800 * 10 + 600 * RATE) * 256;
    expect(two - week).toBeCloseTo((kept / 2 ** 30) * 0.023, 6);
    const low = withKeys(50, { steadyPerSecond: 1, peakPerSecond: 150, keySeconds: 1e-6 });
    const events = 30 * (85_800 + 600 * 150);
    const empty = 30 * 86_400 * 0.25;
    const calls =
      30 * 86_400 * (2 / (planCoalescing('Merge', { ...low, transport: 'sqs' }).value('windowSeconds') + 2));
    const sqs = planCoalescing('Merge', { ...low, transport: 'sqs' }).predictions.monthlyCost!;
    expect(sqs / (((1.2 * events + empty) * 0.4 + calls * 0.2) / 1e6)).toBeCloseTo(1, 1);
  });

  test('a ceiling on a month makes the window longer, and names the month that would do', () => {
    const question: MergingQuestion = {
      ...withKeys(1000, { steadyPerSecond: 1, keySeconds: 1e-5 }),
      transport: 'kinesis',
      invalidator: 'cloudfront',
      objective: { freshnessSeconds: 300 },
    };
    const free = planCoalescing('Merge', question);
    const monthlyCost = 0.97 * free.predictions.monthlyCost!;
    const bound = planCoalescing('Merge', { ...question, objective: { freshnessSeconds: 300, monthlyCost } });
    expect(bound.value('windowSeconds')).toBeGreaterThan(free.value('windowSeconds'));
    expect(bound.predictions.monthlyCost).toBeLessThanOrEqual(monthlyCost);
    expect(bound.knobs.find(({ name }) => name === 'windowSeconds')!.formula).toContain('a month with one peak a day');
    expect(refusal({ ...question, objective: { freshnessSeconds: 300, monthlyCost: 1 } }).message).toMatch(
      /a month with one peak a day costs .* USD in a window of .*, and 1 are allowed/,
    );
    expect(() => planCoalescing('Merge', { ...storm, objective: { freshnessSeconds: 120, monthlyCost: 100 } })).toThrow(
      'objective.monthlyCost needs a transport with a price',
    );
  });

  test('alarms: between what is predicted and what is promised', () => {
    const plan = planCoalescing('Merge', { ...storm, transport: 'kinesis' });
    const value = (name: string) => coalescingAlarmKnobs(plan).find((knob) => knob.name === name)!.value;
    expect(value('alarmDelaySeconds')).toBe(96);
    expect(value('alarmAgeMilliseconds')).toBe(96_000);
    const tight = planCoalescing('Merge', { ...storm, objective: { freshnessSeconds: 5.5, headroom: 1.01 } });
    const late = coalescingAlertKnobs(tight).find(({ name }) => name === 'alarmDelaySeconds')!.value;
    // Were it what is predicted, every other flush of a peak would be late.
    expect(late).toBeCloseTo((tight.predictions.worstDelaySeconds + 5.5) / 2, 9);
    expect(late).toBeGreaterThan(0.8 * 5.5);
  });

  test('alarms: the metric of the merger does not see the minute that CloudFront takes', () => {
    const plan = planCoalescing('Merge', {
      ...withKeys(1000, { keySeconds: 1e-6 }),
      transport: 'kinesis',
      invalidator: 'cloudfront',
    });
    const late = coalescingAlarmKnobs(plan).find(({ name }) => name === 'alarmDelaySeconds')!.value;
    expect(late).toBeCloseTo((plan.predictions.worstDelaySeconds + 120) / 2 - 60, 9);
  });

  test.each(['kinesis', 'redis-stream'] as const)('alarms: two readers fire, one does not: %s', (transport) => {
    const question: MergingQuestion = { ...storm, transport };
    const plan = planCoalescing('Merge', question);
    const knobs = transport === 'kinesis' ? coalescingAlarmKnobs(plan) : coalescingAlertKnobs(plan);
    const value = (name: string) => knobs.find((knob) => knob.name === name)!.value;
    const threshold =
      transport === 'kinesis' ? value('alarmKeys') / value('alarmWindowSeconds') : value('alarmKeysPerSecond');
    const sizing = { windowSeconds: plan.value('windowSeconds'), shards: plan.value('shards'), workers: 1 };
    const keysOf = (readers: number) => RATE / ratioWithReaders(question, sizing, readers);
    expect(keysOf(1)).toBeLessThan(0.8 * threshold);
    expect(keysOf(2)).toBeGreaterThan(1.2 * threshold);
    // A quarter more events and keys, for which it is planned, is no alarm.
    const more = { ...question, workload: { ...workload, peakPerSecond: 1.25 * RATE, distinctKeys: 1250 } };
    expect((1.25 * RATE) / ratioWithReaders(more, sizing, 1)).toBeLessThan(threshold);
    // Sooner than the storm of ten minutes is over.
    const seconds =
      transport === 'kinesis'
        ? value('alarmUnmergedWindows') * value('alarmWindowSeconds')
        : value('alarmUnmergedSeconds');
    expect(seconds).toBeLessThanOrEqual(300);
  });

  test('alarms: where a cycle takes five minutes, so does a sample', () => {
    const plan = planCoalescing('Merge', {
      workload: { steadyPerSecond: 10, peakPerSecond: 60, peakSeconds: 3600, distinctKeys: 3000, keySeconds: 0.05 },
      objective: { freshnessSeconds: 900 },
      transport: 'kinesis',
    });
    const value = (name: string) => coalescingAlarmKnobs(plan).find((knob) => knob.name === name)!.value;
    expect(plan.predictions.cycleSeconds).toBeGreaterThan(240);
    expect(value('alarmWindowSeconds')).toBeGreaterThanOrEqual(plan.predictions.cycleSeconds);
    expect(value('alarmWindowSeconds')).toBeGreaterThanOrEqual(plan.value('flushTimeoutSeconds'));
    for (const name of ['alarmLateWindows', 'alarmUnmergedWindows', 'alarmRefusedWindows', 'alarmIdleWindows']) {
      expect([name, value(name)]).toEqual([name, 1]);
    }
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
    [
      'a month above the ceiling',
      {
        ...storm,
        transport: 'kinesis',
        invalidator: 'cloudfront',
        objective: { freshnessSeconds: 100, monthlyCost: 100_000 },
      },
    ],
    [
      'a month that shards alone cost',
      { ...storm, transport: 'kinesis', objective: { freshnessSeconds: 60, monthlyCost: 20 } },
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
  if (name === 'freshnessSeconds' || name === 'invalidationCost' || name === 'monthlyCost') {
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
    callSeconds: fc.constantFrom(0, 0.05),
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

test('more freshness is never a refusal, and more keys are never a shorter delay', () => {
  fc.assert(
    fc.property(questions, fc.double({ min: 1.1, max: 4, noNaN: true }), (question, times) => {
      const own = planned(question);
      const fresher = planned({
        ...question,
        objective: { freshnessSeconds: question.objective.freshnessSeconds * times },
      });
      if (!(own instanceof CapacityError)) expect(fresher).not.toBeInstanceOf(CapacityError);
      // In the same settings, more keys are a longer delay.
      const settings = { windowSeconds: 5, shards: 2, workers: 3 };
      const delay = (one: MergingQuestion) => fullestCycle(loadOf(one), settings).worstDelaySeconds;
      const { workload } = question;
      const more = { ...question, workload: { ...workload, distinctKeys: Math.ceil(times * workload.distinctKeys) } };
      expect(delay(more)).toBeGreaterThanOrEqual(delay(question) * (1 - 1e-3));
    }),
    { numRuns: runs / 4 },
  );
});

describe('a call has a part of its own', () => {
  const question: MergingQuestion = withKeys(1000, { callSeconds: 0.05 });
  const settings = { windowSeconds: 1.8, shards: 1, workers: 1 };

  test('1,000 keys are ten calls, each with its 50 ms: half a second of a flush, not a twentieth', () => {
    const load = loadOf(withKeys(1000, { callSeconds: 0.05, peakPerSecond: 100_000 }));
    expect(meanCycle(load, settings).workSeconds).toBeCloseTo(1000 * KEY_SECONDS + 10 * 0.05, 3);
    expect(planCoalescing('Merge', question).predictions.worstDelaySeconds).toBeGreaterThan(
      planCoalescing('Merge', storm).predictions.worstDelaySeconds + 2 * 0.4,
    );
  });

  test('it counts in what a reader is busy with, and in the time that one call may take', () => {
    const plan = planCoalescing('Merge', withKeys(1000, { callSeconds: 2 }));
    // A call of 100 keys of 1.8 ms takes 2.18 s, of which half may be work of the time.
    expect(plan.predictions.keysPerSecond * (2 / 100 + KEY_SECONDS)).toBeLessThanOrEqual(
      0.5 * plan.value('workers') * (1 + 1e-9),
    );
    expect(plan.value('callTimeoutSeconds')).toBe(Math.ceil(2 * (2 + plan.value('keysPerCall') * KEY_SECONDS)) + 4);
    expect(plan.value('flushTimeoutSeconds')).toBeGreaterThan(7 * plan.value('callTimeoutSeconds') + 2 * 10 * 2);
  });
});

describe('values of a call to a function', () => {
  test('large values are fewer keys a call: with every character escaped they are within 6 MB', () => {
    const large: MergingQuestion = {
      ...withKeys(20, { eventBytes: 100_000, peakPerSecond: 100 }),
      transport: 'kinesis',
    };
    const keys = planCoalescing('Merge', large).value('keysPerCall');
    expect(keys).toBe(29);
    expect(keys * 2 * 100_000).toBeLessThan(6_000_000);
    // A service that is called by HTTP has no such limit that is known here, and neither cache nor CloudFront gets values.
    expect(planCoalescing('Merge', { ...large, transport: 'redis-stream' }).value('keysPerCall')).toBe(100);
    expect(planCoalescing('Merge', { ...large, invalidator: 'cache' }).value('keysPerCall')).toBe(1000);
  });
});

describe('wildcards of CloudFront', () => {
  const question = (wildcardKeys: number, more: Partial<MergingQuestion> = {}): MergingQuestion => ({
    ...withKeys(1000, { keySeconds: 1e-5, wildcardKeys }),
    objective: { freshnessSeconds: 200 },
    transport: 'kinesis',
    invalidator: 'cloudfront',
    ...more,
  });

  test('20 of them, with a quarter more, are at most 15 a minute in a cycle of 100 s', () => {
    const plan = planCoalescing('Merge', question(20));
    expect(plan.value('windowSeconds')).toBe(100);
    expect(plan.knob('windowSeconds').formula).toContain('no more wildcards are in progress');
    expect(planCoalescing('Merge', question(3)).value('windowSeconds')).toBe(25);
  });

  test('more than a window can hold are refused, with a number that can', () => {
    const { message, waysOut } = refusal(question(100));
    expect(message).toContain('100 wildcards in a window of');
    const [, most] = /wildcardKeys of (\d+)/.exec(waysOut.join())!;
    expect(planCoalescing('Merge', question(Number(most))).value('windowSeconds')).toBeLessThanOrEqual(139);
  });

  test('one in place of too many paths: above what CloudFront takes, and its price is in a remark', () => {
    const plan = planCoalescing('Merge', question(0, { wildcardFallback: true }));
    // 3,000 in progress, 9 readers, cycles shorter than the minute of one.
    expect(plan.value('readers')).toBe(9);
    expect(plan.value('wildcardAboveKeys')).toBe(333);
    expect(plan.remarks.join()).toContain('It costs 0.005 USD, and the paths more than 1.665 USD.');
    expect(plan.remarks.join()).toContain('evicts all that is cached below it');
    // Nothing else of the plan counts on it.
    const without = planCoalescing('Merge', question(0));
    expect(plan.predictions).toEqual(without.predictions);
    expect(plan.knobs.filter(({ name }) => name !== 'wildcardAboveKeys')).toEqual(without.knobs);
    expect(without.remarks.join()).not.toContain('evicts');
  });

  test('it is never sent at the load that is planned for, so that what is priced is what is sent', () => {
    let planned = 0;
    for (const keys of [10, 1000, 2000, 2800]) {
      for (const windowSeconds of [undefined, 100, 300]) {
        const asked = { ...withKeys(keys, { keySeconds: 1e-5 }), objective: { freshnessSeconds: 1000 } };
        const one: MergingQuestion = {
          ...asked,
          transport: 'kinesis',
          invalidator: 'cloudfront',
          wildcardFallback: true,
          windowSeconds,
          shards: windowSeconds === undefined ? undefined : 80,
        };
        let plan: MergingPlan;
        try {
          plan = planCoalescing('Merge', one);
        } catch (error) {
          if (error instanceof CapacityError) continue;
          throw error;
        }
        const sizing = {
          windowSeconds: plan.value('windowSeconds'),
          shards: plan.value('shards'),
          workers: plan.value('workers'),
        };
        const { headroom } = plan.knob('wildcardAboveKeys').inputs;
        const { keys: fullest } = fullestCycle(loadOf(one, Number(headroom)), sizing);
        expect(plan.value('wildcardAboveKeys')).toBeGreaterThanOrEqual(fullest);
        planned += 1;
      }
    }
    // The other five have no window, or too few shards for it.
    expect(planned).toBe(7);
  });

  test('the fallback is for what has wildcards', () => {
    expect(() => planCoalescing('Merge', question(0, { invalidator: 'rebuild', wildcardFallback: true }))).toThrow(
      'wildcardFallback needs an invalidator that has wildcards',
    );
  });

  test('a service has none', () => {
    expect(() => planCoalescing('Merge', question(3, { invalidator: 'rebuild' }))).toThrow(
      'wildcardKeys needs an invalidator that has wildcards',
    );
  });
});
