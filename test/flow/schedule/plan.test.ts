/** The plan of a schedule: known answers, promises kept or refused, ways out that lead to a plan. */
import fc from 'fast-check';
import { CHORES } from '../../../lib/cases/case-04-cron-stampede';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import { planSchedule } from '../../../lib/flow/schedule/plan';
import { PERIOD_MINUTES } from '../../../lib/flow/schedule/recurrence';
import { choreOf, loadOf } from '../../../lib/flow/schedule/spread';
import { longestWaits } from '../../../lib/flow/schedule/waits';
import { deliveryKnobs, runsQuestion } from '../../../lib/flow/schedule/worker';
import type { ScheduledJob, ScheduleQuestion } from '../../../lib/flow/schedule/workload';
import { runs } from '../../support/property';

/** So many hourly jobs of so many minutes. */
function hourly(count: number, minutes: number, more: Partial<ScheduledJob> = {}): ScheduledJob[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `job-${index}`,
    periodSeconds: 3600,
    durationSeconds: 60 * minutes,
    durationVariation: 0,
    ...more,
  }));
}

function refusal(question: unknown): Error {
  try {
    planSchedule('Nightly', question as ScheduleQuestion);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was planned');
}

describe('known answers', () => {
  test.each([
    [1000, 1, 17],
    [200, 1, 4],
    [60, 1, 1],
    [36, 5, 4],
  ])('%d jobs of %d min in an hour: %d at once in the fullest minute', (count, minutes, fullest) => {
    const plan = planSchedule('Nightly', { jobs: hourly(count, minutes) });
    expect(plan.value('fullestMinuteRuns')).toBe(fullest);
    expect(plan.predictions.unspreadRuns).toBe(count);
  });

  test('case 4: CPU 50 %, P95 160 ms, four runs at once', () => {
    const plan = planSchedule('Chores', CHORES);
    expect(plan.predictions.cpuRatio).toBeCloseTo(0.5, 10);
    expect(plan.predictions.onlineLatencySeconds).toBeCloseTo(0.16, 3);
    expect(plan.value('maxConcurrent')).toBe(4);
    // (0.6 − 0.45) × 16
    expect(plan.value('coresForRuns')).toBeCloseTo(2.4, 10);
    expect(plan.value('startingDeadlineSeconds.chore-01')).toBe(3300);
    // 300 s and 15 minutes for a new node
    expect(plan.value('activeDeadlineSeconds.chore-01')).toBe(1200);
    // Twice an hour and the run
    expect(plan.value('alarmSilenceSeconds.chore-01')).toBe(7500);
    expect(
      ['backoffLimit', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit', 'alarmJobs'].map((name) =>
        plan.value(name),
      ),
    ).toEqual([0, 1, 3, 36]);
  });

  test('on EventBridge: how old an event may be, and how many runs an hour without silence has', () => {
    const plan = planSchedule('Chores', { ...CHORES, scheduler: 'eventbridge' });
    expect(plan.value('maximumEventAgeSeconds.chore-36')).toBe(3300);
    expect([plan.value('alarmSilenceSeconds'), plan.value('alarmSilenceRuns')]).toEqual([3600, 36]);
    expect(plan.knobs.some(({ name }) => name.startsWith('activeDeadlineSeconds'))).toBe(false);
  });

  test('one short period is no silence: metrics of the last minutes come late', () => {
    const plan = planSchedule('Chores', { ...CHORES, scheduler: 'eventbridge' });
    expect(plan.value('alarmSilencePeriods')).toBe(2);
    // CloudWatch API, PutMetricAlarm: seven days at most with periods of an hour or more.
    const daily = planSchedule('Daily', {
      jobs: [{ name: 'daily', periodSeconds: 86_400, durationSeconds: 60 }],
      scheduler: 'eventbridge',
    });
    expect(daily.value('alarmSilencePeriods') * daily.value('alarmSilenceSeconds')).toBeLessThanOrEqual(604_800);
  });

  test('a job that does not run every day is not waited for every day', () => {
    const jobs = [
      { name: 'daily', periodSeconds: 86_400, durationSeconds: 60 },
      { name: 'monthly', cron: '0 5 1 * *', durationSeconds: 60 },
    ];
    const plan = planSchedule('Mixed', { jobs, scheduler: 'eventbridge' });
    expect([plan.value('alarmSilenceSeconds'), plan.value('alarmSilenceRuns')]).toEqual([86_400, 1]);
    // 12 times a year
    expect(plan.job('monthly').runsPerWeek).toBeCloseTo((12 * 7) / 365.25, 3);
  });
});

describe('stable', () => {
  test('a job added at the end moves none', () => {
    const jobs = hourly(60, 3);
    const offsets = (list: ScheduledJob[]) =>
      planSchedule('Nightly', { jobs: list }).jobs.map((job) => job.offsetMinutes);
    const more = [...jobs, { name: 'late', cron: '5 3 * * *', durationSeconds: 600, pinned: true }];
    expect(offsets(more).slice(0, 60)).toEqual(offsets(jobs));
  });

  test('a job taken out moves only later ones', () => {
    const jobs = hourly(60, 3);
    const without = jobs.filter((_, index) => index !== 30);
    const before = planSchedule('Nightly', { jobs });
    const after = planSchedule('Nightly', { jobs: without });
    for (const { name } of jobs.slice(0, 30)) expect(after.job(name)).toEqual(before.job(name));
  });

  test('a job that stands alone runs at the minute of its name', () => {
    const minute = (name: string) =>
      planSchedule('One', { jobs: [{ name, periodSeconds: 3600, durationSeconds: 60 }] }).job(name).offsetMinutes;
    expect(new Set(['alpha', 'beta', 'gamma', 'delta', 'epsilon'].map(minute)).size).toBeGreaterThan(3);
    expect(minute('alpha')).toBe(minute('alpha'));
  });

  test('a pinned job stays, and the others keep clear of it', () => {
    const pinned = { name: 'report', cron: '0 * * * *', durationSeconds: 1800, durationVariation: 0, pinned: true };
    const plan = planSchedule('Nightly', { jobs: [pinned, ...hourly(5, 3)] });
    expect(plan.job('report').expression).toBe('0 * * * *');
    for (const { offsetMinutes } of plan.jobs.slice(1)) expect(offsetMinutes).toBeGreaterThanOrEqual(30);
    expect(plan.value('fullestMinuteRuns')).toBe(1);
  });
});

describe('what cannot be kept is refused', () => {
  const host = { cores: 16, onlineUtilisation: 0.45 };
  const many = hourly(400, 5, { cpu: 0.2 });

  test('chores that need more than the promise leaves, with cores that suffice', () => {
    const question = { jobs: many, host, objective: { cpuRatio: 0.6 } };
    const { message } = refusal(question);
    expect(message).toMatch(/^Nightly: 34 runs meet in the fullest minute and take 6.8 cores; .* leaves 2.4; /);
    const cores = Number(/; ([\d,]+) cores/.exec(message)![1].replaceAll(',', ''));
    expect(() => planSchedule('Nightly', { ...question, host: { ...host, cores } })).not.toThrow();
    expect(() => planSchedule('Nightly', { ...question, host: { ...host, cores: cores - 1 } })).toThrow(CapacityError);
  });

  test('a window that is too short, with one that suffices', () => {
    const question = { jobs: hourly(100, 5, { cpu: 0.2 }), host, objective: { cpuRatio: 0.6, windowSeconds: 900 } };
    const { message } = refusal(question);
    const windowSeconds = Number(/a window of ([\d,]+) s/.exec(message)![1].replaceAll(',', ''));
    expect(() => planSchedule('Nightly', { ...question, objective: { cpuRatio: 0.6, windowSeconds } })).not.toThrow();
  });

  test.each([
    [
      'more runs than may run',
      { jobs: hourly(60, 5), maxConcurrent: 4 },
      /5 runs are active on average, .* at least 6/,
    ],
    [
      'more runs in one minute than may run, where none waits',
      { jobs: hourly(35, 5), maxConcurrent: 3 },
      /4 runs meet .* CronJobs do not wait; maxConcurrent of at least 4, or a queue of Kueue/,
    ],
    ['a head-room that is not there', { jobs: hourly(1, 50), objective: { headroom: 1.5 } }, /a head-room of 1\.5/],
  ])('%s', (_, question, message) => {
    const thrown = refusal(question);
    expect(thrown).toBeInstanceOf(CapacityError);
    expect(thrown.message).toMatch(message);
  });

  test('all that is wrong is said at once', () => {
    const thrown = refusal({
      jobs: [
        { name: 'A B', periodSeconds: 5400, durationSeconds: -1 },
        { name: 'x', cron: '5,20 * * * *', durationSeconds: 7 },
        { name: 'x', cron: 'nope', durationSeconds: 7 },
        { name: 'y', durationSeconds: 7 },
        { name: 'slow', periodSeconds: 60, durationSeconds: 60 },
      ],
      objective: { cpuRatio: 0.5, onlineLatencySeconds: 1 },
      timeZone: 'Mars/Base',
      queued: 'yes',
    });
    expect(thrown).toBeInstanceOf(InvalidInputError);
    for (const part of [
      'jobs must have different names, got x twice',
      "beginning with a letter, got 'A B'",
      'which divide the hour, the day or the week, got 5400',
      'minutes that are not evenly spaced',
      "'nope' is not read",
      'jobs.periodSeconds of y or jobs.cron of y must be given, one of them, got neither',
      'jobs.durationSeconds of slow must be below the 60 s to its next run, got 60',
      'objective.cpuRatio needs host',
      "such as Europe/Berlin, got 'Mars/Base'",
      "queued must be one of true, false, got 'yes'",
    ])
      expect(thrown.message).toContain(part);
  });

  test('where runs wait in a queue, fewer may run at once than meet, and the plan says so', () => {
    const pinned = { name: 'noon', cron: '0 * * * *', durationSeconds: 300, durationVariation: 0, pinned: true };
    const jobs = [...hourly(11, 5), pinned, { ...pinned, name: 'also' }, { ...pinned, name: 'too' }];
    expect(() => planSchedule('Nightly', { jobs, maxConcurrent: 2 })).toThrow(CapacityError);
    const plan = planSchedule('Nightly', { jobs, maxConcurrent: 2, queued: true });
    expect(plan.value('maxConcurrent')).toBe(2);
    expect(plan.explain()).toContain('and 2 run at once: the others wait in the queue');
  });

  test.each(['europe/berlin', 'utc', 'Local', '+02:00', ''])(
    'the time zone %j, which an API server refuses',
    (timeZone) => {
      expect(() => planSchedule('X', { jobs: hourly(1, 1), timeZone })).toThrow(
        /^X: timeZone must be a name of the IANA/,
      );
    },
  );

  test.each(['Europe/Berlin', 'Etc/UTC', 'UTC', 'EST5EDT', 'Asia/Calcutta'])(
    'the time zone %s is taken',
    (timeZone) => {
      expect(() => planSchedule('X', { jobs: hourly(1, 1), timeZone })).not.toThrow();
    },
  );

  test('a day that the scheduler has no words for', () => {
    const jobs = [{ name: 'd', cron: '0 3 1 * 1', durationSeconds: 60 }];
    expect(() => planSchedule('X', { jobs })).not.toThrow();
    expect(refusal({ jobs, scheduler: 'eventbridge' }).message).toContain('cannot be said to Amazon EventBridge');
  });
});

describe('over random jobs', () => {
  const jobs = fc
    .array(
      fc.record({
        periodSeconds: fc.constantFrom(...PERIOD_MINUTES.slice(3)).map((minutes) => minutes * 60),
        share: fc.double({ min: 0.001, max: 0.3, noNaN: true }),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((list) =>
      list.map(({ periodSeconds, share }, index) => ({
        name: `job-${index}`,
        periodSeconds,
        durationSeconds: periodSeconds * share,
        durationVariation: 0,
      })),
    );

  test('of one period, the fullest minute is at most twice what an even spread would have', () => {
    fc.assert(
      fc.property(jobs, (mixed) => {
        const [{ periodSeconds }] = mixed;
        const list = mixed.map((job) => ({
          ...job,
          periodSeconds,
          durationSeconds: (job.durationSeconds / job.periodSeconds) * periodSeconds,
        }));
        const { fullestRuns } = planSchedule('Random', { jobs: list }).predictions;
        // Whole minutes are placed.
        const even = list.reduce((sum, job) => sum + Math.ceil(job.durationSeconds / 60) / (job.periodSeconds / 60), 0);
        expect(fullestRuns).toBeLessThanOrEqual(2 * Math.ceil(even));
      }),
      { numRuns: runs },
    );
  });

  test('a job added at the end moves none, and never makes the fullest minute less full', () => {
    fc.assert(
      fc.property(jobs, (list) => {
        const all = planSchedule('Random', { jobs: list });
        if (list.length === 1) return;
        const fewer = planSchedule('Random', { jobs: list.slice(0, -1) });
        expect(all.jobs.slice(0, -1)).toEqual(fewer.jobs);
        expect(all.value('fullestMinuteRuns')).toBeGreaterThanOrEqual(fewer.value('fullestMinuteRuns'));
      }),
      { numRuns: runs },
    );
  });

  test('what is planned is what is counted minute by minute', () => {
    fc.assert(
      fc.property(jobs, (list) => {
        const plan = planSchedule('Random', { jobs: list });
        expect(Math.max(...loadOf({ jobs: list }, plan))).toBe(plan.value('fullestMinuteRuns'));
      }),
      { numRuns: runs },
    );
  });
});

test('the queue of the runs is planned with the bound of the schedule, and keeps its promise', () => {
  const question: ScheduleQuestion = { ...CHORES, scheduler: 'eventbridge' };
  const plan = planSchedule('Chores', question);
  const asked = runsQuestion(question, plan);
  expect(asked.workload.steadyPerSecond).toBeCloseTo(36 / 3600, 12);
  expect(asked.workload.serviceSeconds).toBeCloseTo(300, 9);
  expect(asked.workload.serviceVariation).toBeCloseTo(0, 6);
  expect(asked.objective.latencySeconds).toBeCloseTo(3600, 6);
  const worker = planQueue('Worker', { ...asked, platform: 'lambda' });
  expect(worker.value('maxInstances')).toBe(4);
});

describe('a burst', () => {
  const pinned = (count: number, durationSeconds: number) =>
    Array.from({ length: count }, (_, index) => ({
      name: `report-${index}`,
      cron: '0 2 * * *',
      pinned: true,
      durationSeconds,
      durationVariation: 0,
    }));
  const burst = (maxConcurrent: number, count = 60) =>
    planSchedule('Reports', { jobs: pinned(count, 60), scheduler: 'eventbridge', maxConcurrent });

  test('of 60 at once, ten at a time, is over after six rounds: the last begins five minutes late, and the plan says so', () => {
    expect(burst(10).remarks.join()).toContain(
      '60 runs meet in the fullest minute and 10 run at once: the last begins 300 s after its minute',
    );
    expect(burst(60).remarks).toEqual([]);
  });

  test('that cannot begin in time is refused, with the least that may run at once', () => {
    expect(() => burst(1, 200)).toThrow(/would begin 11,940 s late, and it may 3,600 s.*maxConcurrent of at least 4/s);
    expect(burst(4, 200).value('maxConcurrent')).toBe(4);
    expect(() => burst(3, 200)).toThrow(CapacityError);
  });

  test('that begins before the last one is over waits for it', () => {
    const jobs = ['a', 'b', 'c'].map((name, index) => ({
      name,
      cron: `${index} * * * *`,
      pinned: true,
      durationSeconds: 600,
      durationVariation: 0,
    }));
    const { remarks } = planSchedule('Rest', { jobs, scheduler: 'eventbridge', maxConcurrent: 1 });
    expect(remarks.join()).toContain('the last begins 1,080 s after its minute');
  });

  test('never waits longer when more may run at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 }), (count, seconds) => {
        const chores = pinned(count, seconds).map((job) => choreOf(job, undefined));
        const waits = [1, 2, 5, 40].map((atOnce) =>
          Math.max(
            ...longestWaits(
              chores,
              chores.map(() => 0),
              atOnce,
            ),
          ),
        );
        expect([...waits].sort((a, b) => b - a)).toEqual(waits);
        expect(waits[0]).toBeCloseTo((count - 1) * seconds, 6);
        expect(waits[3]).toBe(0);
      }),
      { numRuns: runs },
    );
  });
});

test('a run that was done is remembered for as long as a copy of it can come back', () => {
  const values = Object.fromEntries(deliveryKnobs().map(({ name, value }) => [name, value]));
  expect(values).toEqual({ undeliveredRetentionSeconds: 1_209_600, idempotencySeconds: 2_419_200, alarmSkipped: 0 });
});
