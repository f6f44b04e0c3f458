import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { etlAlarmKnobs, etlAlertKnobs, landingAlarmKnobs } from '../../../lib/flow/etl/alarms';
import { batchOf, catchUpOf, sizingOf, streamOf } from '../../../lib/flow/etl/batch';
import { planEtl } from '../../../lib/flow/etl/plan';
import { holds } from '../../../lib/flow/etl/refusals';
import { runStream, steadily } from '../../../lib/flow/etl/simulation';
import type { EtlQuestion } from '../../../lib/flow/etl/workload';
import { runs } from '../../support/property';

/** 2,000 records/s of 1 KB and 1 ms of a core at the peak; windows of 5 minutes, 10 minutes late; 5 minutes fresh. */
const VIEWS = {
  workload: {
    steadyPerSecond: 1000,
    peakPerSecond: 2000,
    recordBytes: 1000,
    coreSecondsPerRecord: 0.001,
    batchSeconds: 15,
    windowSeconds: 300,
    lateSeconds: 600,
    keysPerWindow: 10_000,
  },
  objective: { freshnessSeconds: 300, outageSeconds: 600 },
} as const satisfies EtlQuestion;

const changed = (change: {
  workload?: Partial<EtlQuestion['workload']>;
  objective?: Partial<EtlQuestion['objective']>;
  [choice: string]: unknown;
}): EtlQuestion =>
  ({
    ...VIEWS,
    ...change,
    workload: { ...VIEWS.workload, ...change.workload },
    objective: { ...VIEWS.objective, ...change.objective },
  }) as EtlQuestion;

/** What the error says: the reason and the ways out. */
function refused(question: EtlQuestion): CapacityError {
  try {
    planEtl('Views', question);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('it was planned');
}

describe('known answers', () => {
  const plan = planEtl('Views', VIEWS);

  test.each([
    // ⌈2000 × 0.001 ÷ 0.5⌉
    ['cores', 4],
    ['executors', 1],
    // (300 × 0.8 − 15) ÷ (1 + 2000 × 0.001 ÷ 4)
    ['triggerSeconds', 150],
    // 1.25 × 2000 × 150
    ['maxOffsetsPerTrigger', 375_000],
    ['retentionMilliseconds', 259_200_000],
    // 2.5 MB/s fit into one, and four cores read one each.
    ['partitions', 4],
    ['shufflePartitions', 4],
    // ⌈50 ÷ 4⌉
    ['compactEveryBatches', 13],
    ['watermarkSeconds', 600],
    ['aheadSeconds', 600],
    // 15 + 375,000 × 0.001 ÷ 4 = 108.75, and half a minute
    ['stopSeconds', 139],
    ['executorMemoryMib', 8192],
    ['executorMemoryOverheadMib', 820],
  ])('%s is %d', (name, value) => expect(plan.value(name)).toBe(value));

  test('a batch at the peak takes 90 s, the oldest record is 240 s old and the newest 90 s', () => {
    expect(plan.predictions).toMatchObject({ newestRecordSeconds: 90, oldestRecordSeconds: 240, outputMode: 'update' });
  });

  test('10,000 keys in windows of 5 minutes, 10 minutes late, are 8 MB: no RocksDB', () => {
    expect(plan.predictions).toMatchObject({ stateBytes: 8e6, needsRocksDb: false });
  });

  test('a day writes 2,304 files', () => expect(plan.predictions.filesPerDay).toBeCloseTo(2304, 9));

  test('the stream takes 96 core-hours a day, the batch 24', () => {
    expect(plan.predictions).toMatchObject({ coreHoursPerDay: 96, batchCoreHoursPerDay: 24 });
  });

  test('10 minutes away at noon make the oldest record 949 s old', () => {
    // 600 + the killed batch of 90 + a trigger of 150 + a full batch of 108.75
    expect(plan.predictions.oldestAfterOutageSeconds).toBeCloseTo(948.75, 9);
  });

  // A backlog of 600 s alone, drained as a fluid, is gone after 40 minutes. The killed batch, the wait for a trigger and the
  // last batch add to it.
  test('after that it has caught up within 2,948 s; the outage alone takes 2,400', () => {
    const [outage, peak, capacity] = [600, 2000, 375_000 / 150];
    expect((outage * peak) / (capacity - peak)).toBe(2400);
    expect(plan.predictions.catchUpSeconds).toBeCloseTo(19 * 150 + 15 + 330_000 * 0.00025, 9);
  });

  test('a catch-up within 20 minutes takes larger batches, which still end before the next trigger', () => {
    const fast = planEtl('Views', changed({ objective: { catchUpSeconds: 1200 } }));
    const offsets = fast.value('maxOffsetsPerTrigger');
    expect(offsets).toBeGreaterThan(375_000);
    // (150 − 15) ÷ 0.00025
    expect(offsets).toBeLessThanOrEqual(540_000);
    expect(fast.predictions.catchUpSeconds).toBeLessThanOrEqual(1200);
    expect(fast.value('triggerSeconds')).toBe(150);
  });

  test('the freshness breaks at 1.25 times the peak, because a batch takes no more', () => {
    expect(plan.predictions.breaksAtLoad).toBeCloseTo(1.25, 9);
  });

  test('a month of EMR Serverless: 4 cores and 9 GB for the executor, 1 core and 3 GB for the driver', () => {
    const hour = 5 * 0.042094 + (9 + 3) * 0.004628;
    expect(plan.predictions.monthlyCost).toBeCloseTo(730 * hour, 6);
    expect(plan.predictions.batchMonthlyCost).toBeCloseTo((730 * hour) / 4, 6);
  });

  test('AWS Glue: two workers of one DPU, one of them the driver', () => {
    const { monthlyCost } = planEtl('Views', changed({ platform: 'glue' })).predictions;
    expect(monthlyCost).toBeCloseTo(730 * 2 * 0.44, 6);
  });

  test('a cluster has no price', () => {
    expect(planEtl('Views', changed({ platform: 'spark-operator' })).predictions.monthlyCost).toBeUndefined();
  });

  test('a million keys and a day of lateness belong in RocksDB; a window has no more keys than records', () => {
    const { predictions } = planEtl('Views', changed({ workload: { keysPerWindow: 1e6, lateSeconds: 86_400 } }));
    // ⌈(86,400 + 2 × 150) ÷ 300⌉ + 1
    expect(predictions).toMatchObject({ needsRocksDb: true, stateBytes: 600_000 * 290 * 200 });
  });

  test('what has no window is appended, as fresh as a trigger and its batch', () => {
    const { workload, objective } = VIEWS;
    const { windowSeconds, lateSeconds, keysPerWindow, ...raw } = workload;
    expect(planEtl('Raw', { workload: raw, objective }).predictions).toMatchObject({
      outputMode: 'append',
      oldestRecordSeconds: 240,
      stateBytes: 0,
    });
  });

  test('a window that may be an hour old is appended once it is closed', () => {
    const { predictions } = planEtl('Views', changed({ objective: { freshnessSeconds: 3600 }, triggerSeconds: 150 }));
    // 300 + 600 + 2 × 150 + 90; a window ends at any moment of a trigger interval: 600 + 150 + 150 + 90.
    expect(predictions).toMatchObject({ outputMode: 'append', oldestRecordSeconds: 1290, newestRecordSeconds: 990 });
    // 300 + 600, the killed batch of 90, two triggers, the longest batch of 108.75
    expect(predictions.oldestAfterOutageSeconds).toBeCloseTo(900 + 600 + 90 + 300 + 108.75, 9);
    expect(predictions.oldestAfterRestartSeconds).toBeGreaterThan(1290);
  });
});

test('in append mode a trigger leaves time for the window, the watermark and two triggers', () => {
  const plan = planEtl('Views', changed({ objective: { freshnessSeconds: 3600 }, outputMode: 'append' }));
  // ((3600 − 900) × 0.8 − 15) ÷ 2.5: window and lateness do not grow with the load.
  expect(plan.value('triggerSeconds')).toBe(858);
  const close = planEtl('Views', changed({ objective: { freshnessSeconds: 1100 }, outputMode: 'append' }));
  expect(close.value('executors')).toBe(1);
});

test('what may be appended or merged is never refused because of the one', () => {
  expect(
    planEtl('Views', changed({ objective: { freshnessSeconds: 3600, headroom: 10 } })).knobs.length,
  ).toBeGreaterThan(5);
});

test('where the trigger that leaves room is too short for a batch, a longer one is taken', () => {
  const tight = planEtl('Views', changed({ objective: { freshnessSeconds: 36 } }));
  expect(tight.predictions.oldestRecordSeconds).toBeLessThan(36);
});

test('a catch-up is found between the least and the most that a batch may read, and with a shorter trigger', () => {
  for (const change of [
    { executors: 10, objective: { catchUpSeconds: 300 } },
    { objective: { catchUpSeconds: 400 } },
  ]) {
    const { predictions } = planEtl('Views', changed(change));
    expect(predictions.catchUpSeconds).toBeLessThanOrEqual(change.objective.catchUpSeconds);
  }
});

test('windows stay open for lateness and two triggers', () => {
  const late = { workload: { windowSeconds: 60, lateSeconds: 0 }, triggerSeconds: 140, outputMode: 'update' };
  // ⌈280 ÷ 60⌉ + 1
  expect(planEtl('Views', changed(late)).predictions.stateBytes).toBe(10_000 * 6 * 200);
});

test('a worker of 8 cores is billed for 20 GB, not for the 18 that it uses', () => {
  const { monthlyCost } = planEtl('Views', changed({ executorCores: 8 })).predictions;
  expect(monthlyCost).toBeCloseTo(730 * (9 * 0.042094 + (20 + 3) * 0.004628), 6);
});

test('AWS Glue has 298 executors of G.1X beside the driver', () => {
  const workload = { steadyPerSecond: 297_000, peakPerSecond: 297_000, windowSeconds: 300, keysPerWindow: 100 };
  expect(planEtl('Views', changed({ workload, platform: 'glue' })).value('executors')).toBe(149);
  const most = { ...workload, steadyPerSecond: 590_000, peakPerSecond: 590_000 };
  expect(planEtl('Views', changed({ workload: most, platform: 'glue' })).value('executors')).toBe(295);
});

describe('refused', () => {
  test("the seed's append form: the first record of a window is 15 minutes old when it appears", () => {
    const { reason, waysOut } = refused(changed({ outputMode: 'append' }));
    expect(reason).toContain('in append mode a window of 5 min appears once the watermark of 10 min has passed it');
    expect(reason).toContain('its first record is 15.3 min old at the very least, 5 min are promised');
    expect(waysOut[0]).toBe("the outputMode 'update': MERGE sets each window again in every batch");
    expect(waysOut.some((one) => one.startsWith('freshnessSeconds of '))).toBe(true);
  });

  test.each<[string, Parameters<typeof changed>[0], string, RegExp]>([
    [
      'a promise below the fixed part',
      { objective: { freshnessSeconds: 15 } },
      'a batch takes 15 s',
      /freshnessSeconds of \d+/,
    ],
    [
      'too few executors by hand',
      { executors: 1, executorCores: 2 },
      '2 cores take 2,000 records/s',
      /leave executors out/,
    ],
    [
      'a trigger that is too long',
      { triggerSeconds: 290 },
      'a trigger of 4.83 min and its batch make the oldest record',
      /leave triggerSeconds out/,
    ],
    [
      'batches that are too small',
      { maxOffsetsPerTrigger: 250_000 },
      'maxOffsetsPerTrigger of 250,000 is less than arrives between two triggers',
      /leave maxOffsetsPerTrigger out/,
    ],
    [
      'batches that are too large',
      { maxOffsetsPerTrigger: 700_000, executors: 1 },
      'does not end before the next trigger',
      /leave maxOffsetsPerTrigger out/,
    ],
    [
      'a catch-up within 20 seconds',
      { objective: { catchUpSeconds: 20 } },
      'does not catch up within 20 s',
      /catchUpSeconds of \d+/,
    ],
    [
      'a ceiling of ten dollars',
      { objective: { monthlyCost: 10 } },
      'USD a month, 10 are allowed',
      /monthlyCost of \d+/,
    ],
    [
      'more records than the most executors take',
      { workload: { peakPerSecond: 1e9 } },
      '1,000 at most',
      /coreSecondsPerRecord of/,
    ],
  ])('%s', (_, change, reason, way) => {
    const error = refused(changed(change));
    expect(error.reason).toContain(reason);
    expect(error.waysOut.join('; ')).toMatch(way);
  });

  test('the ways out of a promise below the fixed part were each solved', () => {
    const { waysOut } = refused(changed({ objective: { freshnessSeconds: 60 }, executors: 1 }));
    const number = (name: string) => Number(waysOut.join('; ').match(new RegExp(`${name} of ([\\d.e-]+)`))?.[1]);
    expect(holds(changed({ objective: { freshnessSeconds: number('freshnessSeconds') }, executors: 1 }))).toBe(true);
    const batchSeconds = number('batchSeconds');
    expect(holds(changed({ objective: { freshnessSeconds: 60 }, executors: 1, workload: { batchSeconds } }))).toBe(
      true,
    );
  });

  test('every number outside its range, at once', () => {
    const wrong = changed({ workload: { recordBytes: 0, windowSeconds: 0 }, executors: 0.5, platform: 'flink' });
    expect(() => planEtl('Views', wrong)).toThrow(InvalidInputError);
    expect(() => planEtl('Views', wrong)).toThrow(
      /recordBytes must be between.*lateSeconds needs windowSeconds.*keysPerWindow needs windowSeconds.*platform must be one of.*executors must be a whole number/,
    );
  });
});

describe('a landing', () => {
  const RAW: EtlQuestion = {
    workload: { steadyPerSecond: 3000, recordBytes: 1000, coreSecondsPerRecord: 0.001 },
    objective: { freshnessSeconds: 300 },
    sink: 'landing',
  };

  test('of 3 MB/s is 5 minutes fresh', () => {
    const plan = planEtl('Raw', RAW);
    expect(plan.value('dataFreshnessSeconds')).toBe(300);
    expect(plan.predictions.oldestRecordSeconds).toBe(300);
    expect(landingAlarmKnobs(plan).find(({ name }) => name === 'alarmFreshnessSeconds')?.value).toBe(600);
  });

  test('of 1 MB/s needs 12 minutes', () => {
    const slow = { ...RAW, workload: { ...RAW.workload, steadyPerSecond: 1000 } };
    expect(refused(slow).reason).toContain('is 720 s fresh at best');
    expect(refused(slow).waysOut).toEqual(['freshnessSeconds of 720', "the sink 'aggregate', a Spark job of your own"]);
    expect(planEtl('Raw', { ...slow, objective: { freshnessSeconds: 720 } }).value('dataFreshnessSeconds')).toBe(720);
  });

  test('within 2 minutes is refused whatever arrives', () => {
    const fast = { ...RAW, objective: { freshnessSeconds: 120 } };
    expect(refused(fast).reason).toContain('a managed delivery is 300 to 900 s fresh, 120 s are promised');
  });

  test.each(['msk-standard', 'msk-serverless'] as const)('of %s is refused', (source) => {
    expect(refused({ ...RAW, source }).reason).toContain('has no managed delivery');
  });

  test('within 10 seconds has no way out that was not tried', () => {
    expect(refused({ ...RAW, objective: { freshnessSeconds: 10 } }).waysOut).toEqual(['freshnessSeconds of 300']);
  });

  test('of more than a delivery takes is as many topics as are needed', () => {
    const huge = { ...RAW, workload: { ...RAW.workload, steadyPerSecond: 1e8, coreSecondsPerRecord: 1 } };
    // 10¹¹ bytes/s with a head-room of 1.25
    expect(refused(huge).waysOut).toEqual(['13 topics with a landing each']);
  });

  test('keeps records for whole milliseconds', () => {
    const odd = { ...RAW, objective: { freshnessSeconds: 300, outageSeconds: 500_000.123_45 } };
    expect(Number.isInteger(planEtl('Raw', odd).value('retentionMilliseconds'))).toBe(true);
  });

  test('takes no number of a Spark job', () => {
    expect(() => planEtl('Raw', { ...RAW, triggerSeconds: 60 })).toThrow(/triggerSeconds: a landing has no Spark job/);
  });
});

describe('the alarms', () => {
  const value = (knobs: ReturnType<typeof etlAlarmKnobs>, name: string) =>
    knobs.find((knob) => knob.name === name)?.value;

  test.each([30, 120, 600])('are silent at the peak with head-room, and in a restart of %d s', (restartSeconds) => {
    const plan = planEtl('Views', changed({ restartSeconds }));
    const knobs = etlAlarmKnobs(plan);
    expect(value(knobs, 'alarmFreshnessSeconds')).toBeGreaterThan(150 + batchOf(streamOf(VIEWS), 4, 375_000));
    expect(value(knobs, 'alarmBatchSeconds')).toBeGreaterThan(batchOf(streamOf(VIEWS), 4, 375_000));
    // Killed at the end of a batch that began at 1500 s: reported age from the trigger before until all is taken.
    const job = { triggerSeconds: 150, maxOffsetsPerTrigger: 375_000, cores: 4, fixedSeconds: 15 };
    const killed = { atSeconds: 1589.9, seconds: restartSeconds };
    const run = runStream(steadily(2000), { ...job, coreSecondsPerRecord: 0.001 }, 40_000, killed);
    const above = killed.atSeconds + killed.seconds + run.caughtUpSeconds! - (1350 + 300);
    expect(60 * value(knobs, 'alarmLateWindows')!).toBeGreaterThan(above);
    expect(value(etlAlertKnobs(plan), 'alarmLateSeconds')).toBeGreaterThan(above);
    expect(above).toBeGreaterThan(restartSeconds);
  });

  test('are each a knob of a whole minute within a day', () => {
    const slow = planEtl('Views', changed({ objective: { freshnessSeconds: 86_400 } }));
    const knobs = etlAlarmKnobs(slow);
    expect(60 * value(knobs, 'alarmSlowWindows')!).toBeLessThanOrEqual(86_400);
    expect(60 * value(knobs, 'alarmLateWindows')!).toBeLessThanOrEqual(86_400);
  });
});

const questions = fc
  .record({
    peak: fc.double({ min: 1, max: 50_000, noNaN: true }),
    meanShare: fc.double({ min: 0.05, max: 1, noNaN: true }),
    coreSecondsPerRecord: fc.double({ min: 1e-5, max: 5e-3, noNaN: true }),
    batchSeconds: fc.double({ min: 1, max: 60, noNaN: true }),
    windowSeconds: fc.constantFrom(0, 60, 300, 3600),
    lateSeconds: fc.constantFrom(0, 60, 600),
    freshnessSeconds: fc.integer({ min: 30, max: 7200 }),
    outageSeconds: fc.integer({ min: 0, max: 7200 }),
    headroom: fc.constantFrom(1, 1.25, 2),
    catchUpSeconds: fc.constantFrom(undefined, 1800, 7200),
  })
  .map(
    ({
      peak,
      meanShare,
      windowSeconds,
      lateSeconds,
      coreSecondsPerRecord,
      batchSeconds,
      ...objective
    }): EtlQuestion => ({
      workload: {
        steadyPerSecond: peak * meanShare,
        peakPerSecond: peak,
        recordBytes: 1000,
        coreSecondsPerRecord,
        batchSeconds,
        ...(windowSeconds > 0 && { windowSeconds, lateSeconds, keysPerWindow: 100 }),
      },
      objective,
      platform: 'spark-operator',
    }),
  );

describe('over random workloads', () => {
  test('a plan keeps its promise at the peak with head-room, and after an outage, in the simulation', () => {
    fc.assert(
      fc.property(questions, fc.double({ min: 0, max: 1, noNaN: true }), (question, phase) => {
        const sizing = sizingOf(question);
        if (typeof sizing === 'string') return;
        const stream = streamOf(question);
        const plan = planEtl('Any', question);
        const job = {
          triggerSeconds: plan.value('triggerSeconds'),
          maxOffsetsPerTrigger: plan.value('maxOffsetsPerTrigger'),
          cores: plan.value('cores'),
          fixedSeconds: stream.fixedSeconds,
          coreSecondsPerRecord: stream.coreSeconds,
        };
        const { triggerSeconds } = job;
        const high = runStream(steadily(stream.headroom * stream.peak), job, 20 * triggerSeconds);
        const waits = plan.predictions.outputMode === 'append' && stream.windowSeconds > 0;
        const window = waits ? stream.windowSeconds + stream.lateSeconds + triggerSeconds : 0;
        expect(high.oldestSeconds + window).toBeLessThanOrEqual(stream.freshness * (1 + 1e-6));

        const at = (5 + phase) * triggerSeconds;
        const seconds = Math.min(1e7, at + stream.outage + 2 * plan.predictions.catchUpSeconds + 3 * triggerSeconds);
        const killed = runStream(steadily(stream.peak), job, seconds, { atSeconds: at, seconds: stream.outage });
        expect(killed.oldestSeconds).toBeLessThanOrEqual(plan.predictions.oldestAfterOutageSeconds + 1e-3);
        expect(killed.caughtUpSeconds).toBeLessThanOrEqual(plan.predictions.catchUpSeconds + 1e-3);
      }),
      { numRuns: runs },
    );
  });

  test('more load never needs fewer executors', () => {
    fc.assert(
      fc.property(questions, fc.double({ min: 1, max: 3, noNaN: true }), (question, times) => {
        const { steadyPerSecond, peakPerSecond = steadyPerSecond } = question.workload;
        const more = sizingOf({
          ...question,
          workload: {
            ...question.workload,
            steadyPerSecond: times * steadyPerSecond,
            peakPerSecond: times * peakPerSecond,
          },
        });
        const less = sizingOf(question);
        if (typeof more === 'string') return;
        expect(typeof less).not.toBe('string');
        expect((less as typeof more).executors).toBeLessThanOrEqual(more.executors);
      }),
      { numRuns: runs },
    );
  });

  const IN_WORKLOAD = ['coreSecondsPerRecord', 'batchSeconds', 'windowSeconds', 'lateSeconds'];
  const wayOut = /^(freshnessSeconds|catchUpSeconds|headroom|coreSecondsPerRecord|batchSeconds) of ([\d.e-]+)/;

  test('a refusal names ways out, and each number among them makes a plan', () => {
    let seen = 0;
    fc.assert(
      fc.property(questions, (question) => {
        const sizing = sizingOf(question);
        if (typeof sizing !== 'string') return;
        const { waysOut } = refused(question);
        expect(waysOut.length).toBeGreaterThan(0);
        for (const way of waysOut) {
          const [, name, text] = way.match(wayOut) ?? [];
          if (name === undefined) continue;
          seen += 1;
          const part = IN_WORKLOAD.includes(name) ? 'workload' : 'objective';
          expect(holds({ ...question, [part]: { ...question[part], [name]: Number(text) } })).toBe(true);
        }
      }),
      { numRuns: runs },
    );
    expect(seen).toBeGreaterThan(20);
  });
});

test('without head-room the batches are still larger than what arrives, so that an outage ends', () => {
  const question = changed({ objective: { headroom: 1 } });
  expect(
    catchUpOf(streamOf(question), sizingOf(question) as Exclude<ReturnType<typeof sizingOf>, string>),
  ).toBeLessThan(604_800);
});
