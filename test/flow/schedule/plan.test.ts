/** The plan of a schedule: known answers, promises kept or refused, ways out that lead to a plan. */
import fc from 'fast-check';
import { CHORES } from '../../../lib/cases/case-04-cron-stampede';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import { WEEK_MINUTES } from '../../../lib/flow/schedule/calendar';
import { cronSchedule, UNIX_CRON } from '../../../lib/flow/schedule/cron';
import { planSchedule } from '../../../lib/flow/schedule/plan';
import { PERIOD_MINUTES } from '../../../lib/flow/schedule/recurrence';
import { fullestMinute, minuteOf } from '../../../lib/flow/schedule/schedule';
import { choreOf, loadOf } from '../../../lib/flow/schedule/spread';
import { longestWaits } from '../../../lib/flow/schedule/waits';
import { deliveryKnobs, runsQuestion, timeLimitCheck } from '../../../lib/flow/schedule/worker';
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
  // A run of a minute that begins up to 10 s, or 60 s, after its minute is active in two of them.
  test.each([
    [1000, 1, 34, 35],
    [200, 1, 7, 8],
    [60, 1, 3, 3],
    [36, 5, 5, 5],
  ])(
    '%d jobs of %d min in an hour: %d at once in the fullest minute, %d on EventBridge',
    (count, minutes, ...fullest) => {
      const jobs = hourly(count, minutes);
      const plans = (['kubernetes', 'eventbridge'] as const).map((scheduler) =>
        planSchedule('Nightly', { jobs, scheduler }),
      );
      expect(plans.map((plan) => plan.value('fullestMinuteRuns'))).toEqual(fullest);
      expect(plans[0].predictions.unspreadRuns).toBe(count);
    },
  );

  test('case 4: CPU 51 %, P95 164 ms, five runs at once', () => {
    const plan = planSchedule('Chores', CHORES);
    expect(plan.predictions.cpuRatio).toBeCloseTo(0.5125, 10);
    expect(plan.predictions.onlineLatencySeconds).toBeCloseTo(0.164, 3);
    expect(plan.value('maxConcurrent')).toBe(5);
    // (0.6 − 0.45) × 16
    expect(plan.value('coresForRuns')).toBeCloseTo(2.4, 10);
    // An hour without the run and the node, so that a late run ends before the next one
    expect(plan.value('startingDeadlineSeconds.chore-01')).toBe(2400);
    // 300 s and 15 minutes for a new node
    expect(plan.value('activeDeadlineSeconds.chore-01')).toBe(1200);
    // Twice an hour, the run and its node
    expect(plan.value('alarmSilenceSeconds.chore-01')).toBe(8400);
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
    const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
    expect(new Set(names.map(minute)).size).toBeGreaterThan(3);
    // All 60 minutes are equally free.
    expect(names.map(minute)).toEqual(names.map(minuteOf));
  });

  test('a pinned job stays, and the others keep clear of it', () => {
    const pinned = { name: 'report', cron: '0 * * * *', durationSeconds: 1800, durationVariation: 0, pinned: true };
    const plan = planSchedule('Nightly', { jobs: [pinned, ...hourly(4, 3)] });
    expect(plan.job('report').expression).toBe('0 * * * *');
    for (const { offsetMinutes } of plan.jobs.slice(1)) expect(offsetMinutes).toBeGreaterThanOrEqual(31);
    expect(plan.value('fullestMinuteRuns')).toBe(1);
  });
});

describe('what cannot be kept is refused', () => {
  const host = { cores: 16, onlineUtilisation: 0.45 };
  const many = hourly(400, 5, { cpu: 0.2 });

  test('chores that need more than the promise leaves, with cores that suffice', () => {
    const question = { jobs: many, host, objective: { cpuRatio: 0.6 } };
    const { message } = refusal(question);
    expect(message).toMatch(/^Nightly: 41 runs meet in the fullest minute and take 8.2 cores; .* leaves 2.4; /);
    const cores = Number(/; ([\d,]+) cores/.exec(message)![1].replaceAll(',', ''));
    // The requests are the same: they keep a smaller share of more cores busy.
    const larger = (of: number) => ({ cores: of, onlineUtilisation: (16 * 0.45) / of });
    expect(cores).toBe(26);
    expect(() => planSchedule('Nightly', { ...question, host: larger(cores) })).not.toThrow();
    expect(() => planSchedule('Nightly', { ...question, host: larger(cores - 1) })).toThrow(CapacityError);
    const share = Number(/runs in (\d+) % of the time/.exec(message)![1]) / 100;
    const shorter = (of: number) => hourly(400, 5 * of, { cpu: 0.2 });
    expect(() => planSchedule('Nightly', { ...question, jobs: shorter(share) })).not.toThrow();
    expect(() => planSchedule('Nightly', { ...question, jobs: shorter(share + 0.01) })).toThrow(CapacityError);
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
      /5 runs are active on average, .* at least 7/,
    ],
    [
      'more runs in one minute than may run, where none waits',
      { jobs: hourly(35, 5), maxConcurrent: 3 },
      /4 runs meet .* CronJobs do not wait; maxConcurrent of at least 4, or a queue of Kueue/,
    ],
    [
      'a head-room that is not there',
      { jobs: hourly(1, 50), objective: { headroom: 1.5 } },
      /with head-room 4,500 s, and the next run begins after 3,600 s; .* or a headroom of 1\.2$/,
    ],
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
    expect(plan.explain()).toContain('and 2 run at once: the others wait in the queue, and the last begins');
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
    expect(refusal({ jobs, scheduler: 'eventbridge' }).message).toContain('has no form for Amazon EventBridge');
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
        // Whole minutes are placed, with head-room and the 10 s of the controller.
        const placed = (seconds: number) => Math.min(periodSeconds / 60, Math.ceil((1.25 * seconds + 10) / 60));
        const even = list.reduce((sum, job) => sum + placed(job.durationSeconds) / (periodSeconds / 60), 0);
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

  test('what is planned is what the written schedules fire, counted minute by minute', () => {
    fc.assert(
      fc.property(jobs, (list) => {
        const plan = planSchedule('Random', { jobs: list });
        const perMinute = new Float64Array(WEEK_MINUTES);
        for (const [index, { expression }] of plan.jobs.entries()) {
          const { minutes, days } = cronSchedule(UNIX_CRON, expression)!;
          // 10 s after its minute at most, and never beyond the next run.
          const { durationSeconds, periodSeconds } = list[index];
          const length = Math.min(periodSeconds / 60, Math.ceil((durationSeconds + 10) / 60 - 1e-9));
          for (let day = 0; day < 7; day += 1) {
            if (!days[day]) continue;
            for (const minute of minutes) {
              for (let more = 0; more < length; more += 1) perMinute[(day * 1440 + minute + more) % WEEK_MINUTES] += 1;
            }
          }
        }
        expect(Math.max(...perMinute)).toBe(plan.value('fullestMinuteRuns'));
      }),
      { numRuns: Math.min(runs, 50) },
    );
  });
});

describe('dates count on the calendar', () => {
  const pinned = (cron: string, index: number, more: Partial<ScheduledJob> = {}): ScheduledJob => ({
    name: `job-${index}`,
    cron,
    durationSeconds: 600,
    durationVariation: 0,
    pinned: true,
    ...more,
  });
  const dates = Array.from({ length: 28 }, (_, index) => index + 1);

  test('28 monthly jobs on 28 dates never meet', () => {
    const jobs = dates.map((date) => pinned(`0 2 ${date} * *`, date));
    expect(planSchedule('Monthly', { jobs, maxConcurrent: 1 }).predictions.fullestRuns).toBe(1);
  });

  test('twelve yearly jobs, one a month, take the cores of one', () => {
    const jobs = dates.slice(0, 12).map((month) => pinned(`0 2 1 ${month} *`, month, { cpu: 0.5 }));
    const host = { cores: 4, onlineUtilisation: 0.4 };
    const plan = planSchedule('Yearly', { jobs, host, objective: { cpuRatio: 0.6 } });
    expect(plan.predictions.cpuRatio).toBeCloseTo(0.525, 10);
  });

  test('a date and a weekday meet, in some year; so do runs that last into the next date', () => {
    const count = (...crons: [string, number][]) =>
      planSchedule('Both', {
        jobs: crons.map(([cron, seconds], index) => pinned(cron, index, { durationSeconds: seconds })),
      }).predictions.fullestRuns;
    expect(count(['0 2 13 * *', 600], ['0 2 * * 5', 600])).toBe(2);
    expect(count(['0 2 13 * *', 600], ['0 3 * * 5', 600])).toBe(1);
    expect(count(['50 23 31 12 *', 1200], ['0 0 1 1 *', 600])).toBe(2);
    expect(count(['0 2 1 * *', 3 * 86_400], ['0 2 4 * *', 600], ['0 2 3 * *', 600])).toBe(2);
  });

  test('the count is that of the calendar of the rules', () => {
    const cron = fc
      .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 2 }))
      .map(([hour, date, kind]) => [`0 ${hour} ${date} * *`, `0 ${hour} * * ${date}`, `0 ${hour} ${date} 1,7 *`][kind]);
    fc.assert(
      fc.property(fc.array(cron, { minLength: 1, maxLength: 20 }), (crons) => {
        const jobs = crons.map((one, index) => pinned(one, index, { durationSeconds: 30 }));
        const fullest = fullestMinute(crons.map((one) => cronSchedule(UNIX_CRON, one)!));
        expect(planSchedule('Random', { jobs }).predictions.fullestRuns).toBe(fullest.firing.length);
      }),
      { numRuns: Math.min(runs, 50) },
    );
  });

  test('jobs of one date are spread over its hour', () => {
    const jobs = dates
      .slice(0, 6)
      .map((index) => ({ ...pinned('0 2 1 * *', index), pinned: false, durationSeconds: 420 }));
    expect(planSchedule('Spread', { jobs }).predictions).toMatchObject({ fullestRuns: 1, unspreadRuns: 6 });
  });

  test('a burst of one date waits for itself alone', () => {
    const jobs = dates.map((date) => pinned(`0 2 ${date} * *`, date));
    const same = dates.slice(0, 5).map((index) => pinned('0 2 1 * *', index + 28));
    const late = (list: ScheduledJob[]) =>
      planSchedule('Burst', { jobs: list, scheduler: 'eventbridge', maxConcurrent: 1 }).remarks.join();
    expect(late(jobs)).toBe('');
    // The first of the month has six: five wait for those before, and a minute until they begin.
    expect(late([...jobs, ...same])).toContain('the last begins 3,060 s after its minute');
  });
});

describe('head-room', () => {
  test('is planned for: 1.25 × the time of a run is still within the bound', () => {
    const plan = planSchedule('Chores', CHORES);
    const slower = CHORES.jobs.map((job) => ({ ...job, durationSeconds: 1.25 * job.durationSeconds }));
    expect(Math.max(...loadOf({ jobs: slower }, plan))).toBeLessThanOrEqual(plan.value('maxConcurrent'));
    expect(plan.predictions.breaksAtDuration).toBeGreaterThan(1.25);
  });

  // Places made for runs of 1 × the time do not keep these.
  test.each([
    [20, 1.5, 3],
    [36, 1.5, 5],
  ])('%d jobs of 5 min with a given head-room of %d fit on the cores of %d', (count, headroom, most) => {
    const host = { cores: 16, onlineUtilisation: 0.45 };
    const objective = { cpuRatio: 0.45 + (0.2 * most) / 16, headroom };
    const plan = planSchedule('Chores', { jobs: hourly(count, 5, { cpu: 0.2 }), host, objective });
    expect(plan.predictions.breaksAtDuration).toBeGreaterThan(headroom);
  });

  test('maxConcurrent is a promise where nothing waits: the plan says when it breaks', () => {
    const free = planSchedule('Chores', { jobs: hourly(36, 5) });
    const bound = planSchedule('Chores', { jobs: hourly(36, 5), maxConcurrent: 5 });
    expect(bound.predictions.breaksAtDuration).toBeLessThan(free.predictions.breaksAtDuration);
  });

  test('the default yields, and moves none while the promise holds without it', () => {
    const jobs = hourly(36, 5);
    const tight = planSchedule('Chores', { jobs: hourly(37, 10), maxConcurrent: 8 });
    expect(tight.remarks.join()).toContain('the promise breaks before runs take 1.25 × the time');
    const roomy = planSchedule('Chores', { jobs });
    const long = { name: 'long', periodSeconds: 3600, durationSeconds: 3300, durationVariation: 0 };
    const more = planSchedule('Chores', { jobs: [...jobs, long] });
    expect(more.jobs.slice(0, 36)).toEqual(roomy.jobs);
  });

  test('a run with few very long ones counts as its mean, which 95 % of them end before', () => {
    const { fullestRuns, meanRuns } = planSchedule('Rare', {
      jobs: hourly(20, 30, { durationVariation: 10 }),
    }).predictions;
    expect(fullestRuns).toBeGreaterThanOrEqual(meanRuns);
  });
});

describe('a run that does not end before its next one', () => {
  const question = { jobs: [{ name: 'sync', periodSeconds: 3600, durationSeconds: 3000 }] };

  test('is refused, with ways out that each lead to a plan', () => {
    const { message } = refusal(question);
    expect(message).toContain('95 % of them take up to 5,816 s, and the next run begins after 3,600 s');
    const share = Number(/in (\d+) % of the time/.exec(message)![1]) / 100;
    const variation = Number(/a durationVariation of ([\d.]+)/.exec(message)![1]);
    const period = Number(/a period of ([\d,]+) s/.exec(message)![1].replaceAll(',', ''));
    const planned = (more: Partial<ScheduledJob>) => () =>
      planSchedule('Nightly', { jobs: [{ ...question.jobs[0], ...more }] });
    expect(planned({ durationSeconds: 3000 * share })).not.toThrow();
    expect(planned({ durationSeconds: 3000 * (share + 0.01) })).toThrow(CapacityError);
    expect(planned({ durationVariation: variation })).not.toThrow();
    expect(planned({ durationVariation: variation + 0.01 })).toThrow(CapacityError);
    expect(planned({ periodSeconds: period })).not.toThrow();
  });
});

describe('every way out leads to a plan', () => {
  const pinned = { name: 'noon', cron: '0 * * * *', durationSeconds: 300, durationVariation: 0, pinned: true };
  const jobs = [...hourly(11, 5), pinned, { ...pinned, name: 'also' }, { ...pinned, name: 'too' }];

  test('maxConcurrent: what never catches up is offered as many as meet', () => {
    const { message } = refusal({ jobs, maxConcurrent: 1 });
    const maxConcurrent = Number(/maxConcurrent of at least (\d+)/.exec(message)![1]);
    expect(() => planSchedule('Nightly', { jobs, maxConcurrent })).not.toThrow();
    expect(() => planSchedule('Nightly', { jobs, maxConcurrent: maxConcurrent - 1 })).toThrow(CapacityError);
  });

  test('a burst on Google waits in its queue as on EventBridge', () => {
    const burst = Array.from({ length: 50 }, (_, index) => ({ ...pinned, name: `p-${index}` }));
    const { message } = refusal({
      jobs: burst,
      scheduler: 'google',
      maxConcurrent: 5,
      objective: { startWithinSeconds: 600 },
    });
    const maxConcurrent = Number(/maxConcurrent of at least (\d+)/.exec(message)![1]);
    const planned = (more: number) => () =>
      planSchedule('Nightly', {
        jobs: burst,
        scheduler: 'google',
        maxConcurrent: more,
        objective: { startWithinSeconds: 600 },
      });
    expect(planned(maxConcurrent)).not.toThrow();
    expect(planned(maxConcurrent - 1)).toThrow(CapacityError);
  });
});

describe('windows and starts hold for every job', () => {
  test('an offset outside the window is refused, a pinned job outside it is named', () => {
    const objective = { windowSeconds: 600 };
    expect(refusal({ jobs: hourly(1, 1, { offsetMinutes: 10 }), objective }).message).toContain(
      'jobs.offsetMinutes of job-0 must lie within objective.windowSeconds, 600, got 10 min',
    );
    expect(() => planSchedule('X', { jobs: hourly(1, 1, { offsetMinutes: 9 }), objective })).not.toThrow();
    const late = { name: 'late', cron: '50 * * * *', pinned: true, durationSeconds: 60 };
    expect(planSchedule('X', { jobs: [late], objective }).remarks).toEqual([
      'pinned outside the window of 600 s, and left there: late',
    ]);
  });

  test('a run that may begin after its next one is refused', () => {
    const planned = (startWithinSeconds: number) => () =>
      planSchedule('X', { jobs: hourly(1, 5), objective: { startWithinSeconds } });
    expect(planned(3600)).not.toThrow();
    expect(planned(3601)).toThrow(/startWithinSeconds must be at most the 3,600 s from a run of job-0/);
  });
});

test('before is what was written: jobs on 60 different minutes do not meet', () => {
  const jobs = Array.from({ length: 60 }, (_, index) => ({
    name: `job-${index}`,
    cron: `${index} * * * *`,
    durationSeconds: 40,
    durationVariation: 0,
  }));
  expect(planSchedule('Written', { jobs }).predictions.unspreadRuns).toBe(1);
});

test('5,000 mixed jobs are planned, and refused, in seconds', () => {
  const periods = [900, 3600, 7200, 21_600, 86_400, 604_800];
  const jobs = Array.from({ length: 5000 }, (_, index) => ({
    name: `job-${index}`,
    periodSeconds: periods[index % 6],
    durationSeconds: periods[index % 6] * 0.02,
    cpu: 0.1,
  }));
  const began = process.cpuUsage();
  planSchedule('Many', { jobs });
  // Compiled it takes less than a second; in a sandbox everything takes longer.
  expect(process.cpuUsage(began).user / 1e6).toBeLessThan(5);
  const refused = process.cpuUsage();
  const host = { cores: 8, onlineUtilisation: 0.5 };
  const asked = { jobs: jobs.slice(0, 1000), host, objective: { cpuRatio: 0.6, windowSeconds: 600 } };
  expect(() => planSchedule('Many', asked)).toThrow(CapacityError);
  expect(process.cpuUsage(refused).user / 1e6).toBeLessThan(10);
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
  expect(worker.value('maxInstances')).toBe(plan.value('maxConcurrent'));
});

test('jobs pinned to one minute are a burst for their queue: what waits is what does not run at once', () => {
  const question = (pinned: boolean): ScheduleQuestion => ({
    scheduler: 'eventbridge',
    maxConcurrent: 10,
    jobs: Array.from({ length: 40 }, (_, index) => ({
      name: `report-${index}`,
      cron: '0 * * * *',
      durationSeconds: 20,
      durationVariation: 0,
      pinned,
    })),
  });
  const expected = (pinned: boolean) => {
    const asked = runsQuestion(question(pinned), planSchedule('Reports', question(pinned)));
    // A fixed crew, so that no run waits for a start.
    const fixed = { ...asked, consumer: { ...asked.consumer, minInstances: 10 } };
    return { burst: asked.workload.burstItems, ...planQueue('Worker', fixed).predictions };
  };
  const together = expected(true);
  expect(together.burst).toBe(40);
  expect(together.peakBacklog).toBeCloseTo(30, 0);
  // Four rounds of 20 s, the last one done after 80 s; a burst is predicted within 15 % (test/flow/queue/burst).
  expect(Math.abs(together.latencyP99Seconds / 80 - 1)).toBeLessThan(0.15);
  const apart = expected(false);
  expect(apart.burst ?? 0).toBeLessThanOrEqual(2);
  expect(apart.latencyP99Seconds).toBeLessThan(25);
});

describe('short and long jobs in one queue', () => {
  const mixed = (daily: number): ScheduleQuestion => ({
    scheduler: 'eventbridge',
    jobs: [
      { name: 'often', periodSeconds: 300, durationSeconds: 10 },
      { name: 'archive', periodSeconds: 86_400, durationSeconds: daily, durationVariation: 0 },
    ],
  });
  const asked = (question: ScheduleQuestion, ...more: number[]) =>
    runsQuestion(question, planSchedule('Mixed', question), ...more);

  test('the time limit is that of the longest job, however rarely it runs; on a function the time-out of the function', () => {
    expect(asked(mixed(2000)).consumer?.itemTimeoutSeconds).toBe(2000);
    expect(asked(mixed(800), 900).consumer?.itemTimeoutSeconds).toBe(900);
  });

  test('the variation of the mix is held at what a queue takes, and the plan keeps the limit', () => {
    const question = asked(mixed(7200));
    expect(question.workload.serviceVariation).toBe(10);
    expect(planQueue('Mixed', { ...question, platform: 'fargate' }).value('itemTimeoutSeconds')).toBe(7200);
  });

  test('every job that a function would end is named, with its time', () => {
    const plan = planSchedule('Mixed', mixed(800));
    expect(timeLimitCheck(plan, 400)).toMatchObject({
      refused: true,
      message: expect.stringContaining('archive (800 s)'),
    });
    expect(timeLimitCheck(plan, 800).refused).toBe(false);
    expect(timeLimitCheck(planSchedule('Mixed', mixed(7200)), 900).message).toContain('use WorkerCompute.fargate()');
  });
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
      '60 runs meet in the fullest minute and 10 run at once: the others wait in the queue, and the last begins 360 s after its minute',
    );
    expect(burst(60).remarks).toEqual([]);
  });

  test('that cannot begin in time is refused, with the least that may run at once', () => {
    expect(() => burst(1, 200)).toThrow(/would begin 12,000 s late, and it may 3,600 s.*maxConcurrent of at least 4/s);
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
    expect(remarks.join()).toContain('the last begins 1,140 s after its minute');
  });

  test('never waits longer when more may run at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 }), (count, seconds) => {
        const chores = pinned(count, seconds).map((job) => choreOf(job, {}));
        const spread = { chores, offsets: chores.map(() => 0) };
        const waits = [1, 2, 5, 40].map((atOnce) => Math.max(...longestWaits(spread, atOnce)));
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
