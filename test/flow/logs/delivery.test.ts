import fc from 'fast-check';
import { TASK_LOGS } from '../../../lib/cases/case-01-log-flood';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { archiveWorkload, planLogDelivery } from '../../../lib/flow/logs/delivery/plan';
import { routerOf } from '../../../lib/flow/logs/delivery/router';
import type { LogDeliveryQuestion } from '../../../lib/flow/logs/delivery/workload';
import { simulateOutage } from '../../../lib/flow/logs/simulation/router';
import { planStorage } from '../../../lib/flow/storage/plan';
import { optional, runs, spread } from '../../support/property';

const MIB = 1024 ** 2;
const DAY = 86_400;
const of = (changed: Partial<LogDeliveryQuestion> = {}) => planLogDelivery('Logs', { ...TASK_LOGS, ...changed });
const plan = of();
const value = (name: string) => plan.value(name);

/** Five lines of 200 bytes a second, and an outage of four hours. */
const QUIET = { steadyBytesPerSecond: 1000 };
const FOUR_HOURS = { diskBudgetBytes: 50e9, outageSeconds: 4 * 3600 };
const MODEST = { workload: QUIET, objective: FOUR_HOURS };

function refusal(changed: Partial<LogDeliveryQuestion>): CapacityError {
  try {
    of(changed);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('known answers', () => {
  test('the buffer holds the lines of the outage with their envelopes, the peak first, in files that are not full, and a tenth more', () => {
    // Those of the flush before the outage wait too.
    const logged = 2e6 * 1800 + 84e3 * (12_600 + 5);
    expect(logged / 1e9).toBeCloseTo(4.66, 2);
    const bytes = (logged / 250) * 550;
    const chunks = Math.ceil(14_405 / 5 + bytes / 2_048_000);
    expect(chunks).toBe(7886);
    expect(plan.predictions.bufferBytes).toBeCloseTo(bytes + chunks * 36 * 1024, 0);
    expect(value('storageTotalLimitBytes') / 1e9).toBeCloseTo(11.6, 1);
    expect(value('storageTotalLimitBytes') % MIB).toBe(0);
  });

  test('trap: the files of a quiet task take four times what its lines take: 150 MiB where 36 MB were logged', () => {
    const quiet = of(MODEST);
    expect((1000 * 4 * 3600 * 500) / 200).toBe(36e6);
    expect(quiet.value('storageTotalLimitBytes')).toBe(150 * MIB);
    // A line every 10 s is a chunk every 10 s.
    const rare = of({ workload: { steadyBytesPerSecond: 20 }, objective: FOUR_HOURS });
    expect(rare.predictions.bufferBytes).toBeCloseTo(1441 * (36 * 1024 + 500), -3);
  });

  test('a peak that outlasts the outage fills the buffer on, and drains last', () => {
    const patient = { diskBudgetBytes: 50e9, outageSeconds: 600, lagSeconds: 3600 };
    const slow = of({ objective: patient, streamBytesPerSecond: 2e6 });
    // 2 MB/s × 2.2 come for half an hour, 2 MB/s leave for the last 20 minutes of it.
    expect(slow.predictions.bufferBytes).toBeGreaterThan(4.4e6 * 1800 - 2e6 * 1200);
    expect(slow.predictions.bufferBytes).toBeLessThan(1.05 * (4.4e6 * 1800 - 2e6 * 1200));
    const left = 4.4e6 * 1800 - 2e6 * 1200;
    expect(slow.predictions.drainSeconds).toBeCloseTo(60 + 1200 + left / (2e6 - 2.2 * 84e3), 0);
  });

  test('the disk of a task has 20 GiB for programs beside it', () => {
    expect(value('ephemeralStorageGiB')).toBe(31);
    expect(of({ platform: 'ec2' }).knobs.map(({ name }) => name)).not.toContain('ephemeralStorageGiB');
  });

  test('half of the memory of a router is for chunks of 2 MiB', () => {
    expect(value('maxChunksUp')).toBe(64);
    expect(of({ routerMemoryBytes: 1024 * MIB }).value('maxChunksUp')).toBe(256);
  });

  test('the driver holds ten seconds of the peak', () => {
    expect([value('driverBufferLines'), value('driverBufferBytes')]).toEqual([80_000, 20e6]);
    // The ECS agent takes fewer than 2^29 lines.
    const many = of({
      workload: { steadyBytesPerSecond: 1e9, lineBytes: 10 },
      objective: { diskBudgetBytes: 1e18, outageSeconds: 1 },
      streamBytesPerSecond: 1e14,
      platform: 'ec2',
    });
    expect(many.value('driverBufferLines')).toBe(2 ** 29 - 1);
    // A line of 1 MiB comes in 64 parts.
    const long = of({ workload: { ...TASK_LOGS.workload, lineBytes: MIB } });
    expect(long.value('driverBufferLines')).toBe(Math.ceil(20e6 / 16_384));
  });

  test('trap: a quiet task keeps what the driver has by default, of lines up to 16 MiB: a stack trace is more than ten seconds of it', () => {
    const driver = (workload: LogDeliveryQuestion['workload']) => {
      const quiet = of({ workload, objective: FOUR_HOURS });
      return [quiet.value('driverBufferLines'), quiet.value('driverBufferBytes')];
    };
    expect(driver(QUIET)).toEqual([Math.ceil((16 * MIB) / 200), 10 * MIB]);
    expect(driver({ ...QUIET, lineBytes: 10 })).toEqual([1_048_576, 10 * MIB]);
  });

  test('a line that is sent by itself is billed as 5 KiB: 20 times what joined lines cost', () => {
    const { monthlyIngestCost, monthlyIngestCostByLine } = of({ lineOnly: true }).predictions;
    expect([monthlyIngestCost, monthlyIngestCostByLine].map(Math.round)).toEqual([9, 178]);
    expect(monthlyIngestCostByLine / monthlyIngestCost).toBeGreaterThan(20);
  });

  test('a backlog of lines drains in 16 minutes at 5 MiB/s, in 81 at 1 MiB/s, and with their envelopes in 35', () => {
    const patient = { ...TASK_LOGS.objective, lagSeconds: 14_400 };
    const minutes = (changed: Partial<LogDeliveryQuestion>) => Math.round(of(changed).predictions.drainSeconds / 60);
    expect(minutes({ lineOnly: true })).toBe(16);
    expect(minutes({ lineOnly: true, objective: patient, streamBytesPerSecond: MIB })).toBe(82);
    expect(minutes({})).toBe(35);
  });

  test('Firehose collects as little as makes objects four times the smallest that is worth moving', () => {
    expect([value('bufferingMebibytes'), value('bufferingSeconds')]).toEqual([5, 60]);
    expect(plan.predictions.objectBytes).toBe((5 * MIB) / 10);
    const quiet = of({ workload: { steadyBytesPerSecond: 1000 } });
    expect(quiet.value('bufferingSeconds')).toBe(900);
  });

  test('of a stream that is there already nothing is derived: it has what is given, or what Firehose gives', () => {
    const own = of({ existingStream: true });
    expect([own.value('bufferingMebibytes'), own.value('bufferingSeconds')]).toEqual([5, 300]);
    expect(own.knob('bufferingSeconds').formula).toMatch(/Firehose’s own default/);
    expect(own.value('alarmFreshnessSeconds')).toBe(600);
    const slow = of({ existingStream: true, bufferingSeconds: 900, bufferingMebibytes: 128 });
    expect(slow.value('alarmFreshnessSeconds')).toBe(1800);
    expect(slow.predictions.deliveredSeconds).toBe(slow.predictions.lagSeconds + 900);
    expect(slow.knob('bufferingSeconds').formula).toBe('given');
  });

  test('each task makes a request with each flush; more tasks than the stream takes requests flush less often', () => {
    const { predictions } = of({ tasks: 1 });
    expect(predictions.requestsPerSecond).toBe(1 / 5);
    expect(value('streamRequestsPerSecond')).toBe(2000);
    const crowd = (tasks: number) => of({ tasks, workload: { steadyBytesPerSecond: 40 }, objective: FOUR_HOURS });
    // 5 MiB/s take 2,000 requests/s: 10,000 tasks are the most with a flush of 5 s, and here a line comes each 5 s.
    expect(crowd(10_000).value('flushSeconds')).toBe(5);
    const many = of({ tasks: 12_000, workload: { steadyBytesPerSecond: 80 }, objective: FOUR_HOURS });
    expect(many.value('flushSeconds')).toBe(6);
    expect(many.predictions.requestsPerSecond).toBe(2000);
    // Fewer lines than flushes are fewer requests.
    const hour = { ...FOUR_HOURS, outageSeconds: 3600 };
    const rare = of({ tasks: 12_000, workload: { steadyBytesPerSecond: 20 }, objective: hour });
    expect([rare.value('flushSeconds'), rare.predictions.requestsPerSecond]).toEqual([5, 1200]);
    // With twice the lines each flush has one, and the router that is deployed flushes no less often.
    expect(rare.predictions.breaksAtLoad).toBeCloseTo(2000 / 1200, 1);
    // Elsewhere 1 MiB/s comes with 1,000 requests/s.
    expect(of({ ...MODEST, streamBytesPerSecond: undefined }).value('streamRequestsPerSecond')).toBe(1000);
  });

  test('a chunk is tried again within a minute of the end of an outage, not within half an hour', () => {
    expect(value('retryCapSeconds')).toBe(60);
    expect(of({ objective: { ...TASK_LOGS.objective, lagSeconds: 20 } }).value('retryCapSeconds')).toBe(20);
  });

  test('the router has time to send what it holds before Fargate kills it', () => {
    expect([value('stopTimeoutSeconds'), value('graceSeconds')]).toEqual([120, 115]);
  });

  test('the alarm on the quota is above the planned peak', () => {
    const peak = plan.knob('streamBytesPerSecond').inputs.peakBytesPerSecond / value('streamBytesPerSecond');
    expect(peak).toBeCloseTo(4.4e6 / (5 * MIB), 6);
    expect(value('alarmStreamRatio')).toBeGreaterThan(peak);
    expect(value('alarmStreamRatio')).toBeLessThan(1);
  });

  test('the archive is asked for what arrives, after gzip', () => {
    const { bytesPerDay, objectBytes, retentionDays } = archiveWorkload(plan);
    expect(bytesPerDay).toBeCloseTo((2.2 * (84e3 * (DAY - 1800) + 2e6 * 1800)) / 10, -1);
    expect([objectBytes, retentionDays]).toEqual([(5 * MIB) / 10, 365]);
    expect(planStorage('Archive', { workload: archiveWorkload(plan) }).transitions).not.toEqual([]);
  });

  test('what is given is kept', () => {
    const given = of({
      bufferingSeconds: 900,
      bufferingMebibytes: 128,
      storageTotalLimitBytes: 20e9,
      retentionDays: 30,
    });
    expect(
      ['bufferingSeconds', 'bufferingMebibytes', 'storageTotalLimitBytes', 'retentionDays'].map((name) =>
        given.value(name),
      ),
    ).toEqual([900, 128, 20e9, 30]);
    expect(given.knob('bufferingSeconds').formula).toBe('given');
  });
});

describe('refused, with ways out that were each solved', () => {
  test.each([
    [
      'an outage that Firehose does not keep',
      { objective: { ...TASK_LOGS.objective, outageSeconds: 2 * DAY } },
      /24 h/,
    ],
    ['more outside the peak than the stream takes', { tasks: 30 }, /30 tasks send 5,544,000 bytes\/s outside the peak/],
    ['a peak beyond the stream, for longer than the lag', { tasks: 4 }, /4 tasks send 17,600,000 bytes\/s at the peak/],
    ['a quota of most regions', { streamBytesPerSecond: undefined }, /a task sends 4,400,000 .* takes 1,048,576/],
    [
      'more requests than the stream takes, and a lag that allows no rarer ones',
      {
        tasks: 12_000,
        workload: { steadyBytesPerSecond: 160 },
        objective: { ...FOUR_HOURS, lagSeconds: 5 },
      },
      /12,000 tasks send 2,400 requests\/s, one with each flush, and the stream takes 2,000/,
    ],
    ['a limit below the outage', { storageTotalLimitBytes: 1e9 }, /discards the oldest/],
    ['a budget below the outage', { objective: { ...TASK_LOGS.objective, diskBudgetBytes: 2e9 } }, /a buffer of 11 GB/],
  ])('%s', (_what, changed, message) => {
    const refused = refusal(changed);
    expect(refused.message).toMatch(message);
    expect(refused.waysOut.length).toBeGreaterThan(0);
  });

  test('a way out holds, and less of it does not', () => {
    const { waysOut } = refusal({ tasks: 4 });
    const stream = Number(/^streamBytesPerSecond of (\d+)$/.exec(waysOut[0])?.[1]);
    expect(() => of({ tasks: 4, streamBytesPerSecond: stream })).not.toThrow();
    expect(() => of({ tasks: 4, streamBytesPerSecond: 0.98 * stream })).toThrow(CapacityError);
    expect(waysOut).toContain('1 task for each stream');
  });

  test('a lag that allows a rarer flush is a way out of too many requests, and so is a stream that takes more', () => {
    const crowd = { tasks: 12_000, workload: { steadyBytesPerSecond: 160 } };
    const { waysOut } = refusal({ ...crowd, objective: { ...FOUR_HOURS, lagSeconds: 5 } });
    const numberOf = (name: string) => Number(waysOut.join('\n').match(new RegExp(`^${name} of ([\\d.]+)$`, 'm'))?.[1]);
    const lagSeconds = numberOf('lagSeconds');
    expect(lagSeconds).toBeGreaterThanOrEqual(6);
    const patient = of({ ...crowd, objective: { ...FOUR_HOURS, lagSeconds } });
    expect(patient.value('flushSeconds')).toBe(6);
    expect(patient.predictions.requestsPerSecond).toBeLessThanOrEqual(2000);
    const streamBytesPerSecond = numberOf('streamBytesPerSecond');
    expect(() => of({ ...crowd, streamBytesPerSecond, objective: { ...FOUR_HOURS, lagSeconds: 5 } })).not.toThrow();
  });

  test('180 GiB are the most that a Fargate task can have, whatever the budget is', () => {
    const flood = {
      workload: { steadyBytesPerSecond: 1e6, lineBytes: 250 },
      objective: { diskBudgetBytes: 1e12, outageSeconds: DAY },
    };
    expect(refusal({ ...flood, streamBytesPerSecond: 1e8 }).message).toMatch(/a task may have 180 GB/);
    expect(() => of({ ...flood, streamBytesPerSecond: 1e8, platform: 'ec2' })).not.toThrow();
  });

  test.each<[string, Partial<LogDeliveryQuestion>]>([
    ['tasks', { tasks: 0 }],
    ['platform', { platform: 'lambda' }],
    ['streamBytesPerSecond', { streamBytesPerSecond: Number.NaN }],
    ['envelopeBytes', { envelopeBytes: -1 }],
    ['routerMemoryBytes', { routerMemoryBytes: MIB }],
    ['storageTotalLimitBytes', { storageTotalLimitBytes: 1 }],
    ['compressionRatio', { compressionRatio: 0.5 }],
    ['bufferingSeconds', { bufferingSeconds: 901 }],
    ['bufferingMebibytes', { bufferingMebibytes: 129 }],
    ['retentionDays', { retentionDays: 0 }],
  ])('%s out of range', (name, changed) => {
    expect(() => of(changed)).toThrow(InvalidInputError);
    expect(() => of(changed)).toThrow(new RegExp(name));
  });

  test('all failures together', () => {
    expect(() => of({ tasks: 0, platform: 'x', bufferingSeconds: -1 })).toThrow(/tasks .*platform .*bufferingSeconds/);
  });
});

describe('the simulation', () => {
  const outage = (router: Partial<ReturnType<typeof routerOf>>, seed = 1) =>
    simulateOutage(TASK_LOGS.workload, { ...routerOf(plan), ...router }, TASK_LOGS.objective.outageSeconds, seed);

  test('with the defaults of Fluent Bit nearly every line of an outage is lost', () => {
    const lost = outage({ retries: 1, flushSeconds: 1, limitBytes: Number.POSITIVE_INFINITY, capSeconds: 2000 });
    expect(lost.lostRatio).toBeGreaterThan(0.999);
  });

  test('with the plan none is, and the buffer is as full as predicted, but for files that are fuller than they have to be', () => {
    const kept = outage({});
    expect(kept.lostRatio).toBe(0);
    expect(kept.bufferBytes).toBeLessThan(plan.predictions.bufferBytes);
    expect(kept.bufferBytes).toBeGreaterThan(0.97 * plan.predictions.bufferBytes);
    expect(kept.drainSeconds).toBeLessThanOrEqual(plan.predictions.drainSeconds);
    expect(kept.drainSeconds).toBeGreaterThan(0.95 * plan.predictions.drainSeconds);
  });

  test('beyond its limit the buffer discards the oldest: half of it loses half of the lines', () => {
    const limitBytes = outage({}).bufferBytes / 2;
    const half = outage({ limitBytes });
    expect(half.lostRatio).toBeCloseTo(0.5, 2);
    expect(half.bufferBytes).toBeLessThanOrEqual(limitBytes);
  });

  test.each([
    ['64 MiB, nearly twice as many bytes as there are, are too small for the lines of a quiet task', 64 * MIB, 0.3],
    ['what is planned for it is enough', of(MODEST).value('storageTotalLimitBytes'), 0],
  ])('%s', (_what, limitBytes, lost) => {
    const { lostRatio, bufferBytes } = simulateOutage(QUIET, { ...routerOf(of(MODEST)), limitBytes }, 4 * 3600, 1);
    if (lost === 0) expect(lostRatio).toBe(0);
    else expect(lostRatio).toBeGreaterThan(lost);
    expect(bufferBytes).toBeLessThan(of(MODEST).predictions.bufferBytes);
  });

  test('a peak that outlasts the outage is held as well', () => {
    const objective = { diskBudgetBytes: 50e9, outageSeconds: 600, lagSeconds: 3600 };
    const slow = of({ objective, streamBytesPerSecond: 2e6 });
    const { lostRatio, bufferBytes, drainSeconds } = simulateOutage(TASK_LOGS.workload, routerOf(slow), 600, 1);
    expect(lostRatio).toBe(0);
    expect(bufferBytes / slow.predictions.bufferBytes).toBeLessThan(1);
    expect(bufferBytes / slow.predictions.bufferBytes).toBeGreaterThan(0.9);
    expect(drainSeconds / slow.predictions.drainSeconds).toBeLessThan(1.01);
    expect(drainSeconds / slow.predictions.drainSeconds).toBeGreaterThan(0.95);
  });

  test('Fluent Bit’s own cap leaves chunks waiting for up to half an hour after the outage', () => {
    const slow = outage({ capSeconds: 2000, takenPerSecond: 1e9 });
    const quick = outage({ takenPerSecond: 1e9 });
    expect(quick.drainSeconds).toBeLessThanOrEqual(60 + value('flushSeconds'));
    expect(slow.drainSeconds).toBeGreaterThan(1200);
  });

  test('a stream that takes less than is logged never drains it', () => {
    expect(outage({ takenPerSecond: 80e3 }).drainSeconds).toBe(Number.POSITIVE_INFINITY);
  });
});

const questions: fc.Arbitrary<LogDeliveryQuestion> = fc.record({
  workload: fc
    .record({
      steadyBytesPerSecond: spread(100, 1e6),
      times: spread(1, 30),
      peakSeconds: fc.integer({ min: 0, max: 7200 }),
      lineBytes: fc.integer({ min: 50, max: 2000 }),
    })
    .map(({ times, ...rest }) => ({ ...rest, peakBytesPerSecond: times * rest.steadyBytesPerSecond })),
  objective: fc.record({
    diskBudgetBytes: spread(1e8, 1e12),
    outageSeconds: spread(60, 2 * DAY),
    lagSeconds: optional(spread(10, 3600)),
  }),
  tasks: fc.integer({ min: 1, max: 20 }),
  existingStream: optional(fc.boolean()),
  streamBytesPerSecond: optional(spread(1e5, 1e8)),
  lineOnly: optional(fc.boolean()),
  platform: optional(fc.constantFrom('fargate', 'ec2')),
  retentionDays: optional(fc.constantFrom(30, 90, 365, 2555)),
});

describe('for any question', () => {
  const planned = (question: LogDeliveryQuestion) => {
    try {
      return planLogDelivery('Logs', question);
    } catch (error) {
      if (error instanceof CapacityError) return undefined;
      throw error;
    }
  };

  test('a plan or a refusal with ways out, and what is planned is within the limits of AWS', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const found = planned(question);
        if (found === undefined) return;
        const v = (name: string) => found.value(name);
        expect(v('storageTotalLimitBytes')).toBeGreaterThanOrEqual(found.predictions.bufferBytes);
        expect(v('storageTotalLimitBytes')).toBeLessThanOrEqual(question.objective.diskBudgetBytes);
        if (question.platform !== 'ec2') expect(v('ephemeralStorageGiB')).toBeLessThanOrEqual(200);
        expect(v('bufferingSeconds')).toBeLessThanOrEqual(900);
        expect(v('bufferingMebibytes')).toBeLessThanOrEqual(128);
        expect(found.predictions.outageSeconds).toBeGreaterThanOrEqual(question.objective.outageSeconds * 0.999);
        expect(found.predictions.lagSeconds).toBeLessThanOrEqual(question.objective.lagSeconds ?? 60);
        expect(found.predictions.breaksAtLoad).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: runs },
    );
  });

  test('more lines never make a smaller buffer, and what was refused stays refused', () => {
    fc.assert(
      fc.property(questions, spread(1, 5), (question, factor) => {
        const { steadyBytesPerSecond, peakBytesPerSecond } = question.workload;
        const more = planned({
          ...question,
          workload: {
            ...question.workload,
            steadyBytesPerSecond: factor * steadyBytesPerSecond,
            peakBytesPerSecond: factor * peakBytesPerSecond!,
          },
        });
        if (more === undefined) return;
        const less = planned(question);
        expect(less?.value('storageTotalLimitBytes')).toBeLessThanOrEqual(more.value('storageTotalLimitBytes'));
      }),
      { numRuns: runs },
    );
  });

  test('what is planned loses no line in an outage', () => {
    fc.assert(
      fc.property(questions, fc.integer({ min: 1, max: 1000 }), (question, seed) => {
        // A run takes as long as the outage has chunks; a shorter one would leave all quiet tasks within 64 MiB.
        const outageSeconds = Math.min(4 * 3600, question.objective.outageSeconds);
        const short = { ...question, objective: { ...question.objective, outageSeconds } };
        const found = planned(short);
        if (found === undefined) return;
        const { lostRatio, bufferBytes } = simulateOutage(short.workload, routerOf(found), outageSeconds, seed);
        expect(lostRatio).toBe(0);
        expect(bufferBytes).toBeLessThanOrEqual(found.value('storageTotalLimitBytes'));
      }),
      { numRuns: runs / 10 },
    );
  });
});
