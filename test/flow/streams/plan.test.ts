/** The plan of a stream: known answers, promises kept or refused, ways out that lead to a plan. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { sojournQuantile } from '../../../lib/flow/numerics/single-server';
import { planQueue } from '../../../lib/flow/queue/plan';
import { kinesisAlarmKnobs, lagKnob, streamAlertKnobs, topicAlarmKnobs } from '../../../lib/flow/streams/alarms';
import { utilisationOf } from '../../../lib/flow/streams/lines';
import {
  cheapBatch,
  keySkew,
  largestBatch,
  loadOf,
  partitionShare,
  recordSecondsIn,
} from '../../../lib/flow/streams/load';
import { planStream, solveStream } from '../../../lib/flow/streams/plan';
import type { StreamPlatformName } from '../../../lib/flow/streams/platforms';
import { brokenBy, divisiblePartitions, withInstances, workerQuestion } from '../../../lib/flow/streams/sizing';
import type { StreamQuestion, StreamWorkload } from '../../../lib/flow/streams/workload';
import { optional, runs, spread } from '../../support/property';

const workload: StreamWorkload = {
  steadyPerSecond: 150,
  peakPerSecond: 444,
  peakSeconds: 900,
  recordSeconds: 0.004,
  batchSeconds: 0.0005,
  recordVariation: 0,
  recordBytes: 256,
  keys: 30_000,
};
const metrics: StreamQuestion = { workload, objective: { latencySeconds: 30, maxLag: 5000 } };
const asked = (more: Partial<StreamQuestion>, work: Partial<StreamWorkload> = {}): StreamQuestion => ({
  ...metrics,
  ...more,
  workload: { ...workload, ...work },
});

function refusal(question: StreamQuestion): CapacityError {
  try {
    planStream('Stream', question);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('it was planned');
}

function failures(question: unknown): readonly string[] {
  try {
    planStream('Stream', question as StreamQuestion);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.failures;
    throw error;
  }
  throw new Error('it was planned');
}

describe('known answers', () => {
  test.each([
    // 4 ms a batch and 0.5 ms a record
    [1, 222],
    [10, 1111],
    [32, 1600],
    [100, 1852],
  ])('batches of %d: one consumer handles %d records a second', (batchSize, perSecond) => {
    const load = loadOf(asked({}, { batchSeconds: 0.004, recordSeconds: 0.0005 }));
    expect(1 / recordSecondsIn(load, batchSize)).toBeCloseTo(perSecond, 0);
  });

  test('4 ms a batch and 0.5 ms a record: batches of 32, and one consumer is enough', () => {
    const question = asked({}, { batchSeconds: 0.004, recordSeconds: 0.0005 });
    expect(cheapBatch(loadOf(question))).toBe(32);
    const plan = planStream('Stream', question);
    expect(plan.value('batchSize')).toBe(32);
    expect(plan.value('instances')).toBe(1);
    expect(plan.value('retryAttempts')).toBe(5);
  });

  test.each([
    ['kinesis-lambda', 1, 5],
    // A batch that fails is halved seven times.
    ['kinesis-lambda', 100, 12],
    // The record alone is tried again.
    ['kinesis-fargate', 100, 5],
    ['kafka-keda', 100, 5],
  ] as const)('%s: of batches of %i a record has %i attempts', (platform, batchSize, attempts) => {
    const plan = planStream('Stream', asked({ platform, batchSize }));
    expect(plan.value('retryAttempts')).toBe(attempts);
  });

  test('three consumers on six partitions, and all of them all day', () => {
    const plan = planStream('Stream', metrics);
    expect(plan.value('instances')).toBe(3);
    expect(plan.value('partitions')).toBe(6);
    expect(plan.value('minInstances')).toBe(3);
    expect(plan.value('batchSize')).toBe(1);
    expect(plan.predictions.busiestUtilisation).toBeCloseTo(0.67, 1);
    expect(plan.value('retentionSeconds')).toBe(86_400);
  });

  test('three consumers on four partitions are no better than two: refused, and six partitions are the way out', () => {
    const load = loadOf(metrics);
    const settings = withInstances({ ...metrics, partitions: 4 }, 1, 3, 1)!;
    expect(partitionShare(4, 3)).toBe(partitionShare(4, 2));
    expect(utilisationOf({ ...load, keys: Number.POSITIVE_INFINITY }, settings)).toBeCloseTo(1, 2);
    const { message } = refusal({ ...metrics, partitions: 4, instances: 3 });
    expect(message).toContain('the busiest of 3 consumers on 4 partitions gets 50.5 %');
    expect(message).toContain('busy 101 % of its time');
  });

  test('one consumer: 199,600 records behind, the last waits 898 s; from one KEDA is too late by twice the lag', () => {
    const { predictions, remarks } = planStream('Stream', metrics);
    expect(predictions.lagOfOne).toBeCloseTo(199_600, 0);
    expect(predictions.waitOfOneSeconds).toBeCloseTo(898.2, 1);
    // The sheet said 9,980 in 45 s: the plan counts 10.5 s more, for a first poll that finds part of the lag.
    expect((444 - 1 / 0.0045) * 45).toBeCloseTo(9980, 0);
    expect(remarks.join()).toContain('Scaled from one pod, 12,309 records pile up in the 55.5 s');
    expect(refusal({ ...metrics, minInstances: 1 }).message).toMatch(/from 1 consumer.* before 3 run/);
  });

  test.each([
    [30_000, 6, 1.027],
    [30_000, 12, 1.045],
    // The sheet said 1.55, which is 1 + √(2·ln 12 ÷ 16.7): 1.546.
    [200, 12, 1.546],
    [Number.POSITIVE_INFINITY, 12, 1],
    [30_000, 1, 1],
  ])('%d keys on %d: the fullest has %d × an even share', (keys, bins, skew) => {
    expect(keySkew(keys, bins)).toBeCloseTo(skew, 3);
  });

  test.each([
    [6, 3, 6],
    [7, 3, 12],
    [10, 5, 10],
    [14, 7, 14],
    [4, 4, 4],
    [1, 1, 1],
    [25, 12, 36],
  ])('at least %d that %d share evenly: %d partitions', (least, instances, partitions) => {
    expect(divisiblePartitions(least, instances)).toBe(partitions);
  });

  test('Kinesis: one shard, of which three batches are worked on at once', () => {
    const plan = planStream('Stream', asked({ platform: 'kinesis-lambda' }));
    expect(plan.value('partitions')).toBe(1);
    expect(plan.value('parallelizationFactor')).toBe(3);
    expect(plan.value('maxRecordAgeSeconds')).toBe(43_200);
    // 1,000 records a second and shard; a second one with head-room from 800/s on.
    const shards = (peakPerSecond: number) =>
      planStream('Stream', asked({ platform: 'kinesis-lambda' }, { peakPerSecond, recordSeconds: 1e-4 })).value(
        'partitions',
      );
    expect([shards(790), shards(810)]).toEqual([1, 2]);
  });

  test('Kinesis: records of 10 KB need shards by their bytes', () => {
    const plan = planStream('Stream', asked({ platform: 'kinesis-lambda' }, { recordBytes: 10_240 }));
    // With head-room 555/s × 10 KB = 5.4 MiB/s.
    expect(plan.value('partitions')).toBe(6);
  });

  test('MSK: a poller reads 5 MB/s and has five batches; on-demand pollers follow after 4 minutes', () => {
    const plan = planStream('Stream', asked({ platform: 'msk-lambda' }));
    expect(plan.value('minimumPollers')).toBe(1);
    expect(plan.value('maximumPollers')).toBe(2);
    const { message } = refusal(asked({ platform: 'msk-lambda', provisionedPollers: false }));
    expect(message).toContain('leave provisionedPollers out');
    const patient = planStream('Stream', asked({ platform: 'msk-lambda', objective: { latencySeconds: 900 } }));
    expect(patient.knobs.map(({ name }) => name)).not.toContain('minimumPollers');
  });

  test('a lag of 5,000 allows 1,666 a pod: the target of the worker, and an alarm at 80 %', () => {
    const { plan, sizing } = solveStream('Stream', metrics);
    const worker = planQueue('Worker', workerQuestion(metrics, sizing.settings));
    expect(worker.value('targetPerReplica')).toBe(1666);
    expect([worker.value('minInstances'), worker.value('maxInstances')]).toEqual([3, 3]);
    expect(lagKnob(plan).value).toBe(4000);
    expect(streamAlertKnobs(plan).find(({ name }) => name === 'alarmHotLag')!.value).toBe(667);
  });

  test('ten times the load: fewer pods outside the peak, each count sharing the partitions evenly', () => {
    const question = asked({ objective: { latencySeconds: 300 } }, { peakPerSecond: 2000 });
    const plan = planStream('Stream', question);
    const [least, most, partitions] = ['minInstances', 'instances', 'partitions'].map((name) => plan.value(name));
    expect(least).toBeLessThan(most);
    expect(partitions % least).toBe(0);
    expect(partitions % most).toBe(0);
    expect(plan.predictions.reactionSeconds).toBeGreaterThan(45);
    expect(plan.predictions.latencyP99Seconds).toBeLessThan(300);
  });

  test('the most frequent key comes to one consumer, however many there are', () => {
    const { message, waysOut } = refusal(asked({}, { hottestKeyRatio: 0.6 }));
    expect(message).toContain('the most frequent key has 60 %');
    expect(waysOut.some((way) => way.startsWith('hottestKeyRatio of'))).toBe(true);
    expect(planStream('Stream', asked({}, { hottestKeyRatio: 0.2 })).predictions.busiestShare).toBeGreaterThan(0.2);
  });

  test('few keys: some consumers have none, and one has several', () => {
    const many = planStream('Stream', metrics).value('instances');
    expect(planStream('Stream', asked({}, { keys: 30 })).value('instances')).toBeGreaterThan(many);
  });

  test('a batch is what Lambda hands over at once, and a quarter of the latency', () => {
    const load = (more: Partial<StreamWorkload>) => loadOf(asked({ platform: 'kinesis-lambda' }, more));
    expect(largestBatch(load({ recordBytes: 100_000 }), 1)).toBe(44);
    // A quarter of the records of 1 s would be 111; two batches of 91 take three quarters of it.
    expect(largestBatch({ ...load({}), latencySeconds: 1 }, 1)).toBe(91);
    expect(largestBatch({ ...load({}), latencySeconds: 2 }, 2)).toBe(111);
  });

  test.each([
    // 148 a second of 4.5 ms, constant, by hand; exponential: −ln(1 − q) ÷ (μ − λ).
    // θ = 169.8/s, C = 0.777: ln(0.777 × e^0.764 ÷ 0.01) ÷ θ.
    [0, 0.0301],
    [1, Math.log(100) / (1 / 0.0045 - 148)],
  ])('a line of one server, variation %d: P99 of %d s', (serviceVariation, seconds) => {
    const server = { arrivalsPerSecond: 148, serviceSeconds: 0.0045, serviceVariation };
    expect(sojournQuantile(0.99, server)! / seconds).toBeCloseTo(1, 2);
  });
});

describe('limits that a plan has to know', () => {
  test('a batch that would take too long is made smaller, not refused', () => {
    const plan = planStream('Stream', {
      platform: 'msk-fargate',
      workload: {
        steadyPerSecond: 5000,
        peakPerSecond: 10_000,
        peakSeconds: 900,
        recordSeconds: 0.001,
        batchSeconds: 1,
        recordVariation: 0,
      },
      objective: { latencySeconds: 4 },
    });
    expect(plan.value('batchSize')).toBeLessThan(1000);
    expect(plan.predictions.latencyP99Seconds).toBeLessThan(4);
  });

  test('two batches are waited for: the one in work, and the own', () => {
    const slow = {
      workload: { steadyPerSecond: 12, recordSeconds: 0.001, batchSeconds: 5 },
      batchSize: 100,
      instances: 1,
    };
    expect(refusal({ ...slow, platform: 'msk-fargate', objective: { latencySeconds: 7 } }).message).toContain('P99');
  });

  test('a batch by hand is no larger than what Lambda hands over', () => {
    const question = asked({ platform: 'msk-lambda', batchSize: 1000 }, { recordBytes: 100_000 });
    expect(failures(question).join()).toContain('batchSize must be at most 44');
  });

  test('a mapping always has 200 pollers at most', () => {
    const question: StreamQuestion = {
      platform: 'msk-lambda',
      workload: { steadyPerSecond: 10_000, recordSeconds: 0.1, recordVariation: 0 },
      objective: { latencySeconds: 100, growthFactor: 1 },
    };
    expect(refusal(question).message).toContain('pollers');
  });

  test('numbers of consumers between two limits are found', () => {
    const plan = planStream('Stream', {
      workload: { steadyPerSecond: 700, recordSeconds: 0.02, recordVariation: 0, keys: 400 },
      objective: { latencySeconds: 30, growthFactor: 100 },
    });
    expect(plan.value('instances')).toBeLessThanOrEqual(40);
  });

  test('what no attempt can handle costs every attempt, and the waits between them', () => {
    expect(planStream('Stream', asked({}, { poisonRatio: 0.01 })).value('instances')).toBeGreaterThan(3);
    expect(recordSecondsIn(loadOf(asked({}, { poisonRatio: 0.01 })), 1)).toBeCloseTo(
      0.0045 + 0.01 * (4 * 0.004 + 0.75),
      6,
    );
  });

  test('few keys: three of them meet in one hash of a hundred', () => {
    // 26 keys on 87 consumers: the fullest of a hundred hashes has four, 0.154 of the records.
    expect(keySkew(26, 87) / 87).toBeGreaterThan(0.11);
    expect(keySkew(2, 2)).toBe(2);
  });

  test.each([
    // Lindley's recursion over 600,000 records, in services.
    [0.2, 2, 13.55],
    [0.05, 5, 35.23],
    [0.2, 5, 61.85],
    [0.05, 10, 103.71],
  ])('a line at %d of its capacity, variation %d: P99 of %d services', (rate, serviceVariation, seconds) => {
    const server = { arrivalsPerSecond: rate, serviceSeconds: 1, serviceVariation };
    expect(Math.abs(sojournQuantile(0.99, server)! / seconds - 1)).toBeLessThan(0.03);
  });

  test('no alarm on a lag that is longer than the latency allows', () => {
    const plan = planStream('Stream', asked({ objective: { latencySeconds: 30, maxLag: 1e12 } }));
    expect(lagKnob(plan).value).toBeLessThanOrEqual(30 * 444);
  });
});

describe('what is asked for is checked', () => {
  test.each<[string, unknown, RegExp]>([
    ['no workload', { objective: { latencySeconds: 1 } }, /workload/],
    ['a share of the hottest key without keys', asked({}, { keys: undefined, hottestKeyRatio: 0.5 }), /needs keys/],
    ['fewer partitions than today', { ...metrics, partitions: 6, currentPartitions: 12 }, /never has fewer/],
    ['more consumers than partitions', { ...metrics, partitions: 4, instances: 5 }, /instances must be at most 4/],
    ['more that always run than all', { ...metrics, instances: 3, minInstances: 4 }, /minInstances must be at most/],
    [
      'growth on Kinesis',
      asked({ platform: 'kinesis-lambda', objective: { latencySeconds: 30, growthFactor: 2 } }),
      /shards are split later/,
    ],
    ['a minimum for tasks', asked({ platform: 'msk-fargate', minInstances: 1 }), /minInstances must be left out/],
    ['a ceiling without a price', asked({ objective: { latencySeconds: 30, monthlyCost: 5 } }), /with a price/],
    ['a misspelt field', asked({}, { recordSecond: 1 } as Partial<StreamWorkload>), /did you mean recordSeconds/],
    ['an unknown platform', asked({ platform: 'kinesis' as StreamPlatformName }), /platform must be one of/],
  ])('%s', (_, question, message) => {
    expect(failures(question).join('; ')).toMatch(message);
  });

  test('a ceiling below the cost is refused with the cost as the way out', () => {
    const question = asked({ platform: 'kinesis-lambda', objective: { latencySeconds: 30, monthlyCost: 5 } });
    const [way] = refusal(question).waysOut;
    const monthlyCost = Number(way.replace('monthlyCost of ', ''));
    expect(() => planStream('S', { ...question, objective: { latencySeconds: 30, monthlyCost } })).not.toThrow();
  });

  test('today’s partitions are kept', () => {
    expect(planStream('Stream', { ...metrics, currentPartitions: 20 }).value('partitions')).toBe(24);
  });
});

const questions: fc.Arbitrary<StreamQuestion> = fc
  .record({
    platform: fc.constantFrom<StreamPlatformName>(
      'kafka-keda',
      'kinesis-lambda',
      'kinesis-fargate',
      'msk-lambda',
      'msk-fargate',
    ),
    steadyPerSecond: spread(0.1, 1000),
    peakTimes: spread(1, 20),
    peakSeconds: fc.integer({ min: 60, max: 3600 }),
    recordSeconds: spread(1e-4, 0.5),
    recordVariation: optional(fc.constantFrom(0, 0.5, 1, 2)),
    batchSeconds: optional(spread(1e-4, 0.1)),
    poisonRatio: optional(spread(1e-5, 0.1)),
    keys: optional(fc.integer({ min: 1, max: 100_000 })),
    latencySeconds: spread(2, 600),
    lagSeconds: optional(spread(5, 600)),
  })
  .map(({ platform, peakTimes, latencySeconds, lagSeconds, steadyPerSecond, ...rest }) => ({
    platform,
    workload: { ...rest, steadyPerSecond, peakPerSecond: steadyPerSecond * peakTimes },
    objective: {
      latencySeconds,
      ...(lagSeconds !== undefined && { maxLag: Math.max(10, steadyPerSecond * peakTimes * lagSeconds) }),
    },
  }));

function planned(question: StreamQuestion) {
  try {
    return solveStream('Stream', question);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
}

describe('over random workloads', () => {
  test('a plan or a refusal, and a plan breaks none of its limits', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const made = planned(question);
        if (made instanceof CapacityError) {
          expect(made.waysOut.length).toBeGreaterThan(0);
          return;
        }
        const { settings, headroom } = made.sizing;
        expect(brokenBy(question, headroom, 1, settings)).toBeUndefined();
        const { predictions } = made.plan;
        expect(predictions.busiestUtilisation).toBeLessThanOrEqual(0.85 * (1 + 1e-9));
        expect(predictions.peakLag).toBeLessThanOrEqual((question.objective.maxLag ?? Infinity) * (1 + 1e-9));
        expect(predictions.breaksAtLoad).toBeGreaterThanOrEqual(headroom * 0.98);
        expect(settings.instances).toBeLessThanOrEqual(settings.partitions * settings.parallelizationFactor);
      }),
      { numRuns: runs / 4 },
    );
  });

  test('more load never needs fewer consumers', () => {
    fc.assert(
      fc.property(questions, fc.double({ min: 1, max: 3, noNaN: true }), (question, times) => {
        // The batch follows from the load, too; a record costs the same in both.
        const fixed = {
          ...question,
          batchSize: 1,
          objective: { ...question.objective, maxLag: undefined, headroom: 1.25 },
        };
        const { steadyPerSecond, peakPerSecond } = fixed.workload;
        const more = { steadyPerSecond: steadyPerSecond * times, peakPerSecond: peakPerSecond! * times };
        const [one, other] = [planned(fixed), planned({ ...fixed, workload: { ...fixed.workload, ...more } })];
        if (one instanceof CapacityError || other instanceof CapacityError) return;
        const { parallelizationFactor } = one.sizing.settings;
        // On Kinesis consumers come in whole shards.
        if (parallelizationFactor > 1) return;
        expect(other.sizing.settings.instances).toBeGreaterThanOrEqual(one.sizing.settings.instances);
      }),
      { numRuns: runs / 4 },
    );
  });

  test('the worker of every plan for Kubernetes is a plan, with the same consumers', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const asked: StreamQuestion = { ...question, platform: 'kafka-keda' };
        const made = planned(asked);
        if (made instanceof CapacityError) return;
        const { settings } = made.sizing;
        const worker = planQueue('Worker', workerQuestion(asked, settings));
        expect(worker.value('maxInstances')).toBe(settings.instances);
        expect(worker.value('minInstances')).toBe(settings.minInstances);
      }),
      { numRuns: runs / 4 },
    );
  });

  test('every way out leads to a plan', () => {
    let tried = 0;
    fc.assert(
      fc.property(questions, fc.integer({ min: 1, max: 4 }), (question, partitions) => {
        const hard = { ...question, partitions, instances: 1 };
        const made = planned(hard);
        if (!(made instanceof CapacityError)) return;
        for (const way of made.waysOut) {
          const changed = taken(hard, way);
          if (changed === undefined) continue;
          tried += 1;
          expect(() => planStream('Stream', changed)).not.toThrow();
        }
      }),
      { numRuns: runs / 4 },
    );
    expect(tried).toBeGreaterThan(runs / 16);
  });
});

/** The question as a way out says. */
function taken(question: StreamQuestion, way: string): StreamQuestion | undefined {
  const [, left] = /^leave (\w+) out/.exec(way) ?? [];
  if (left === 'keys') {
    return { ...question, workload: { ...question.workload, keys: undefined, hottestKeyRatio: undefined } };
  }
  if (left !== undefined) return { ...question, [left]: undefined };
  const [, name, value] = /^(\w+) of ([\d.e+-]+)/.exec(way) ?? [];
  if (name === undefined) return undefined;
  if (name in question) return { ...question, [name]: Number(value) };
  if (name in question.workload) return { ...question, workload: { ...question.workload, [name]: Number(value) } };
  return { ...question, objective: { ...question.objective, [name]: Number(value) } };
}

describe('alarms', () => {
  test('fire between what is planned and what is promised', () => {
    const plan = planStream('Stream', asked({ platform: 'kinesis-lambda' }));
    const value = (name: string) => kinesisAlarmKnobs(plan).find((knob) => knob.name === name)!.value;
    expect(value('alarmAgeMilliseconds')).toBe(24_000);
    expect(topicAlarmKnobs(planStream('Stream', metrics)).find(({ name }) => name === 'alarmLag')!.value).toBe(4000);
  });
});
