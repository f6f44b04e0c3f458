import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planLogs } from '../../../lib/flow/logs/plan';
import type { LogsChoices, LogsObjective, LogsWorkload } from '../../../lib/flow/logs/workload';
import { mostly, optional, runs, spread } from '../../support/property';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** A node that logs 1 MB/s, twice that for ten minutes. */
const workload: LogsWorkload = {
  steadyBytesPerSecond: 1e6,
  peakBytesPerSecond: 2e6,
  peakSeconds: 600,
  lineBytes: 250,
  logFiles: 2,
};
const objective: LogsObjective = { diskBudgetBytes: 40 * GIB, outageSeconds: 3600 };
const plan = planLogs('Logs', { workload, objective });
const value = (name: string) => plan.value(name);

function refusal(make: () => unknown): CapacityError {
  try {
    make();
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('known answers', () => {
  test('the queue holds every line of the outage with its envelope, the peak first, and one segment more', () => {
    const logged = 2e6 * 600 + 1e6 * 3000;
    const bytes = ((logged / 250) * (250 + 650) * 10) / 9;
    expect(value('diskQueueBytes')).toBe(Math.ceil(bytes / MIB) * MIB);
  });

  test('above its cap a file grows between two runs, and while gzip takes in the one before', () => {
    const growth = plan.knob('rotationSeconds').inputs.growthBytes;
    expect(growth / (2e6 * (60 + (value('fileSizeCapBytes') + growth) / 10e6))).toBeCloseTo(1, 6);
  });

  test('all files at their worst: open and kept ones above their cap, and the largest once more while gzip writes', () => {
    const growth = plan.knob('rotationSeconds').inputs.growthBytes;
    const grown = value('fileSizeCapBytes') + growth;
    const most = value('fileSizeCapBytes') + 2e6 * (60 + (2 * grown) / 10e6);
    const files = 2 * (value('fileCount') + 1);
    expect(Math.abs(value('logFileBytes') - (files * grown + most))).toBeLessThan(1);
    expect(plan.predictions.peakDiskBytes).toBe(value('logFileBytes') + value('diskQueueBytes'));
  });

  test('a rotated file stays readable for as long as the shipper may be away', () => {
    expect(value('readableSeconds')).toBeGreaterThanOrEqual(300);
    const patient = planLogs('Logs', { workload, objective: { ...objective, shipperAwaySeconds: 900 } });
    expect(patient.value('readableSeconds')).toBeGreaterThanOrEqual(900);
    expect(patient.value('fileCount')).toBeLessThan(value('fileCount'));
  });

  test('the queue alarm leaves room for the reaction even at the peak', () => {
    const left = value('diskQueueBytes') - value('queueAlarmBytes');
    const reaction = (2e6 * 600 + 1e6 * 1200) * (900 / 250);
    expect(left).toBeGreaterThanOrEqual(reaction);
    expect(value('diskWatermarkBytes')).toBe(value('logFileBytes') + value('queueAlarmBytes'));
  });

  test('the explanation gives every knob its formula and source', () => {
    const text = plan.explain();
    for (const { name, formula, source } of plan.knobs) {
      expect(text).toContain(`  ${name} = `);
      expect(text).toContain(formula);
      expect(source.length).toBeGreaterThan(10);
    }
    expect(text).toContain('disk at the worst');
  });
});

describe('what cannot be held is refused', () => {
  test('rate × outage above the budget, with ways out that each make it fit', () => {
    const small = { ...objective, diskBudgetBytes: 10 * GIB };
    const { message, waysOut } = refusal(() => planLogs('Logs', { workload, objective: small }));
    expect(message).toMatch(/^Logs: 3,600 s without a destination need a queue of 16 GB, .* disk budget is 10 GB/);
    const [budget, outage, share] = waysOut.map((way) => Number(/\d+/.exec(way)?.[0]));
    expect(waysOut).toHaveLength(3);
    expect(() => planLogs('Logs', { workload, objective: { ...small, diskBudgetBytes: budget } })).not.toThrow();
    expect(() => planLogs('Logs', { workload, objective: { ...small, diskBudgetBytes: budget - 2 * MIB } })).toThrow(
      CapacityError,
    );
    expect(() => planLogs('Logs', { workload, objective: { ...small, outageSeconds: outage } })).not.toThrow();
    const less = {
      ...workload,
      steadyBytesPerSecond: (1e6 * share) / 100,
      peakBytesPerSecond: (2e6 * share) / 100,
    };
    expect(() => planLogs('Logs', { workload: less, objective: small })).not.toThrow();
  });

  test('a cap below what is written while the shipper is away', () => {
    const { message } = refusal(() => planLogs('Logs', { workload, objective, fileSizeCapBytes: 10 * MIB }));
    expect(message).toContain('fileSizeCapBytes 10485760 is written in 5.243 s at the peak');
    expect(message).toContain('leave fileSizeCapBytes out');
  });

  test('more than gzip takes in', () => {
    const { message } = refusal(() => planLogs('Logs', { workload: { steadyBytesPerSecond: 20e6 }, objective }));
    expect(message).toContain('gzip takes 10,000,000 bytes/s');
    expect(() =>
      planLogs('Logs', {
        workload: { steadyBytesPerSecond: 20e6 },
        objective: { diskBudgetBytes: 1e13, outageSeconds: 3600 },
        compressBytesPerSecond: 40e6,
      }),
    ).not.toThrow();
  });

  test.each<[string, Partial<LogsWorkload>, Partial<LogsObjective>, LogsChoices]>([
    ['steadyBytesPerSecond must be above 0, got 0', { steadyBytesPerSecond: 0 }, {}, {}],
    ['peakBytesPerSecond must be at least 1000000, got 5', { peakBytesPerSecond: 5 }, {}, {}],
    ['logFiles must be a whole number, at least 1, got 1.5', { logFiles: 1.5 }, {}, {}],
    ['diskBudgetBytes must be above 0, got NaN', {}, { diskBudgetBytes: Number.NaN }, {}],
    ['reactionSeconds must be above 0 and below 3600, got 3600', {}, { reactionSeconds: 3600 }, {}],
    ['fileCount must be a whole number, between 2 and 100, got 1', {}, {}, { fileCount: 1 }],
    ['rotationSeconds must be a whole number, between 1 and 3600, got 0', {}, {}, { rotationSeconds: 0 }],
  ])('%s', (message, load, goal, choices) => {
    const make = () =>
      planLogs('Logs', { workload: { ...workload, ...load }, objective: { ...objective, ...goal }, ...choices });
    expect(make).toThrow(InvalidInputError);
    expect(make).toThrow(message);
  });
});

test('random logs: a plan within its budget whose queue outlives the outage, or a named error', () => {
  const input = fc.record({
    workload: fc.record(
      {
        steadyBytesPerSecond: mostly(spread(100, 1e6), 0, Number.NaN),
        lineBytes: optional(mostly(spread(20, 5000), 0)),
        logFiles: optional(mostly(fc.integer({ min: 1, max: 20 }), 0)),
      },
      { requiredKeys: ['steadyBytesPerSecond'] },
    ),
    peak: optional(fc.record({ factor: spread(1, 20), peakSeconds: fc.integer({ min: 0, max: 7200 }) })),
    objective: fc.record({
      diskBudgetBytes: mostly(spread(1e8, 1e12), -1),
      outageSeconds: mostly(spread(1, 1e5), 0),
    }),
    choices: fc.record({
      rotationSeconds: optional(fc.integer({ min: 1, max: 3600 })),
      fileCount: optional(mostly(fc.integer({ min: 2, max: 50 }), 1)),
    }),
  });
  let [planned, refused] = [0, 0];
  fc.assert(
    fc.property(input, ({ workload: load, peak, objective: goal, choices }) => {
      const whole = peak
        ? { ...load, peakBytesPerSecond: load.steadyBytesPerSecond * peak.factor, peakSeconds: peak.peakSeconds }
        : load;
      try {
        const made = planLogs('Logs', { workload: whole, objective: goal, ...choices });
        expect(made.predictions.peakDiskBytes).toBeLessThanOrEqual(goal.diskBudgetBytes);
        expect(made.predictions.outageSeconds).toBeGreaterThanOrEqual(goal.outageSeconds);
        expect(made.value('queueAlarmBytes')).toBeGreaterThan(0);
        // An alarm that fires at the first event has the threshold 0.
        for (const { name, value, formula } of made.knobs) {
          if (formula.startsWith('fires at the first one')) expect([name, value]).toEqual([name, 0]);
          else expect(value).toBeGreaterThan(0);
        }
        planned += 1;
      } catch (error) {
        if (!(error instanceof CapacityError || error instanceof InvalidInputError)) throw error;
        expect(error.message).not.toMatch(/undefined|\[object/);
        refused += 1;
      }
    }),
    { numRuns: runs },
  );
  expect(Math.min(planned, refused)).toBeGreaterThan(runs / 10);
});
