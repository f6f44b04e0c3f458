import { planEtl } from '../../../lib/flow/etl/plan';
import {
  daily,
  type MicroBatches,
  runNightly,
  runStream,
  runWindows,
  steadily,
} from '../../../lib/flow/etl/simulation';
import type { EtlQuestion } from '../../../lib/flow/etl/workload';

const DAY = 86_400;
const JOB: MicroBatches = {
  triggerSeconds: 150,
  maxOffsetsPerTrigger: 375_000,
  cores: 4,
  fixedSeconds: 15,
  coreSecondsPerRecord: 0.001,
};

test('a day between 0 and 2,000 records/s: 90 s and 240 s at worst, 575 commits', () => {
  const run = runStream(daily(1000, 2000), JOB, DAY);
  expect(run.newestSeconds).toBeCloseTo(90, 1);
  expect(run.oldestSeconds).toBeCloseTo(240, 1);
  expect(run.commits).toBe(575);
});

test('a driver that is killed at the end of a batch at noon and away for 10 minutes: 949 s at worst', () => {
  const run = runStream(daily(1000, 2000), JOB, DAY, { atSeconds: DAY / 2 + 89.9, seconds: 600 });
  expect(run.oldestSeconds).toBeGreaterThan(925);
  expect(run.oldestSeconds).toBeLessThan(949);
});

test('every record is in one committed batch, with a killed batch as well', () => {
  const run = runStream(steadily(100), JOB, 3000, { atSeconds: 700, seconds: 100 });
  expect(run.records % 1).toBeCloseTo(0, 6);
  // Batches at 150, 300, ..., the last of them at 2850.
  expect(run.records).toBeCloseTo(285_000, 6);
});

test('a killed batch is repeated with its own records before what came meanwhile', () => {
  const run = runStream(steadily(100), JOB, 3000, { atSeconds: 610, seconds: 100 });
  // Of the batch of 600 s, again from 710 s on: 15 s and 15,000 records.
  expect(run.newestSeconds).toBeCloseTo(710 + 18.75 - 600, 6);
});

test('a first start behind a backlog reads no more than it may', () => {
  const backlog = { until: (seconds: number) => (seconds > 0 ? 60_000 + seconds : 0) };
  const job = { ...JOB, maxOffsetsPerTrigger: 20_000 };
  const run = runStream(backlog, job, 151);
  expect(run.records).toBeCloseTo(20_000, 0);
});

test('more records than a batch may read are never caught up with', () => {
  const over = runStream(steadily(2600), JOB, DAY);
  expect(over.oldestSeconds).toBeGreaterThan(1000);
  expect(runStream(steadily(2400), JOB, DAY).oldestSeconds).toBeLessThan(300);
});

test('a night: a day at 1,000/s on average, worked on at 2,526/s, is 34,200 s old when it is done', () => {
  const { newestSeconds, oldestSeconds } = runNightly(DAY * 1000, (DAY * 1000) / 34_200);
  expect(newestSeconds).toBeCloseTo(34_200, 6);
  expect(oldestSeconds).toBeCloseTo(34_200 + DAY, 6);
});

test.each([
  // trigger, window, lateness: first record, newest record, open windows
  // None is a multiple of its window, so that windows end at any moment of an interval.
  [151, 300, 600],
  [97, 300, 600],
  [786, 300, 600],
  [200, 60, 0],
  [318, 60, 0],
])(
  'windows appended at a trigger of %d s: as old, and as many open, as the closed forms say',
  (trigger, window, late) => {
    const question: EtlQuestion = {
      workload: {
        steadyPerSecond: 2000,
        recordBytes: 1000,
        coreSecondsPerRecord: 0.001,
        batchSeconds: 15,
        windowSeconds: window,
        lateSeconds: late,
        keysPerWindow: 1,
      },
      objective: { freshnessSeconds: 20_000 },
      outputMode: 'append',
      triggerSeconds: trigger,
      executors: 1,
    };
    const { predictions } = planEtl('Views', question);
    const run = runWindows(2000, { ...JOB, triggerSeconds: trigger }, window, late, 40 * window * trigger);
    expect(run.oldestSeconds).toBeLessThanOrEqual(predictions.oldestRecordSeconds);
    expect(run.oldestSeconds).toBeGreaterThan(predictions.oldestRecordSeconds - window - 1);
    expect(run.newestSeconds).toBeLessThanOrEqual(predictions.newestRecordSeconds!);
    expect(run.newestSeconds).toBeGreaterThan(0.9 * predictions.newestRecordSeconds!);
    const open = predictions.stateBytes / 200;
    expect(run.openWindows).toBeLessThanOrEqual(open);
    expect(run.openWindows).toBeGreaterThan(open - 2);
  },
);
