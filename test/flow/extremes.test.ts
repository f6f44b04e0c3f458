/** Whatever numbers come in: a plan whose numbers are numbers, or one of the two named errors, and an end in either case. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../lib/flow/errors';
import { planLogs } from '../../lib/flow/logs/plan';
import type { Knob } from '../../lib/flow/plan';
import { planQueue, predictQueue } from '../../lib/flow/queue/plan';
import { planQuotas } from '../../lib/flow/quotas/plan';
import { planRetention } from '../../lib/flow/retention/plan';
import { planShares } from '../../lib/flow/shares/plan';
import { planStorage } from '../../lib/flow/storage/plan';

/** A tenth of them makes most inputs invalid; so that plans come out, the field's own range is drawn more often. */
const EXTREMES = [
  0,
  -0,
  -1,
  5e-324,
  1e-300,
  1e-9,
  1e-3,
  0.5,
  1,
  2,
  3.5,
  60,
  1e3,
  1e6,
  1e9,
  2 ** 31,
  2 ** 53,
  2 ** 53 + 2,
  1e18,
  1e300,
  1.7e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];
const ODD: unknown[] = ['5', '', 'NaN', null, true, [], [3], {}, 10n, Symbol('x'), () => 1];

const runs = process.env.LONG ? 2000 : 200;
/** Far above what a plan and the search for its ways out take, far below a search without an end. */
const BOUND_MS = 2000;

const around = (low: number, high: number) =>
  fc.double({ min: Math.log10(low), max: Math.log10(high), noNaN: true }).map((exponent) => 10 ** exponent);
const whole = (low: number, high: number) => around(low, high).map(Math.round);
const some = (usual: fc.Arbitrary<number>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 60, arbitrary: usual },
    { weight: 4, arbitrary: fc.constantFrom(...EXTREMES) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD) },
  );
const fields = (required: Record<string, fc.Arbitrary<number>>, optional: Record<string, fc.Arbitrary<number>> = {}) =>
  fc.record(
    Object.fromEntries(Object.entries({ ...required, ...optional }).map(([name, usual]) => [name, some(usual)])),
    { requiredKeys: Object.keys(required) },
  );

const workload = fields(
  { steadyPerSecond: around(1e-3, 1e4), serviceSeconds: around(1e-4, 100) },
  {
    peakPerSecond: around(1, 1e6),
    peakSeconds: around(1e-3, 1e6),
    serviceVariation: around(1e-3, 10),
    itemBytes: around(1, 1e9),
    failureRatio: around(1e-6, 0.999999),
    poisonRatio: around(1e-6, 0.999999),
  },
);
const objective = fields(
  { latencySeconds: around(1e-3, 1e6) },
  { latencyQuantile: around(0.5, 0.999999), maxBacklog: around(1, 1e9), monthlyCost: around(1, 1e9) },
);
const consumer = fields(
  {},
  {
    slotsPerInstance: whole(1, 1e9),
    pollSeconds: around(1e-3, 1e5),
    decideSeconds: around(1e-3, 1e5),
    startSeconds: around(1e-3, 1e5),
    minInstances: whole(1, 1e9),
    maxInstances: whole(1, 1e12),
    instanceLimit: whole(1, 1e12),
    maxAttempts: whole(1, 2000),
    instanceHourCost: around(1e-6, 1e3),
  },
);

/** The one argument of a plan function: what is asked of it, choices among it. */
function question(
  workload: fc.Arbitrary<object>,
  objective: fc.Arbitrary<object>,
  choices: fc.Arbitrary<object> = fc.constant({}),
): fc.Arbitrary<unknown[]> {
  return fc.tuple(workload, objective, choices).map(([w, o, chosen]) => [{ workload: w, objective: o, ...chosen }]);
}

const subject: Record<string, { readonly args: fc.Arbitrary<unknown[]>; readonly plan: (...args: never[]) => object }> =
  {
    planQueue: {
      args: fc.tuple(workload, objective, consumer),
      plan: (workload, objective, consumer) => planQueue('q', { workload, objective, consumer }),
    },
    predictQueue: {
      args: fc.tuple(
        workload,
        fields({
          slotsPerInstance: whole(1, 1e6),
          pollSeconds: around(1e-3, 1e5),
          decideSeconds: around(1e-3, 1e5),
          startSeconds: around(1e-3, 1e5),
          minInstances: whole(1, 1e6),
          maxInstances: whole(1, 1e12),
          backlogPerInstance: around(1e-6, 1e9),
          maxAttempts: whole(1, 2000),
        }),
      ),
      plan: (...args) => ({ predictions: predictQueue(...(args as unknown as [never, never])), knobs: [] }),
    },
    planLogs: {
      args: question(
        fields(
          { steadyBytesPerSecond: around(1, 1e8) },
          {
            peakBytesPerSecond: around(1e3, 1e9),
            peakSeconds: around(1, 1e6),
            lineBytes: around(1, 1e6),
            logFiles: whole(1, 1e4),
          },
        ),
        fields(
          { diskBudgetBytes: around(1e6, 1e16), outageSeconds: around(1, 1e7) },
          { shipperAwaySeconds: around(1, 1e6), lagSeconds: around(1, 1e5), reactionSeconds: around(1, 1e6) },
        ),
        fields(
          {},
          {
            rotationSeconds: whole(1, 3600),
            fileSizeCapBytes: whole(2 ** 20, 2 ** 60),
            fileCount: whole(2, 100),
            envelopeBytes: around(1, 1e5),
            compressBytesPerSecond: around(1, 1e12),
          },
        ),
      ),
      plan: (asked) => planLogs('l', asked),
    },
    planRetention: {
      args: question(
        fields({
          insertsPerSecond: around(1e-3, 1e5),
          documentBytes: around(1, 1e7),
          existingDocuments: around(1, 1e12),
          spareWritesPerSecond: around(1, 1e6),
          deletesPerSecond: around(1, 1e6),
        }),
        fields(
          { retentionSeconds: around(1, 1e10) },
          { collectionBytes: around(1e6, 1e15), backfillSeconds: around(1, 1e9), deletionLagSeconds: around(120, 1e6) },
        ),
      ),
      plan: (asked) => planRetention('t', asked),
    },
    planStorage: {
      args: question(
        fields(
          { bytesPerDay: around(1, 1e15), objectBytes: around(1, 1e12) },
          { retentionDays: whole(1, 36500), overwriteRatio: around(1e-3, 0.99), readRatioPerMonth: around(1e-3, 1000) },
        ),
        fields({}, { monthlyCost: around(1e-3, 1e9), retrievalSeconds: around(1e-3, 1e6) }),
        fields({}, { noncurrentDays: whole(1, 1000), budgetHeadroom: around(1, 10) }),
      ),
      plan: (asked) => planStorage('s', asked),
    },
    planQuotas: {
      args: fc
        .tuple(
          fields(
            { brokers: whole(1, 100), brokerBytesPerSecond: around(1e3, 1e10) },
            { replicationFactor: whole(1, 3), spareBrokers: whole(1, 3), requestThreads: whole(1, 64) },
          ),
          fc.array(
            fields(
              { steadyBytesPerSecond: around(1, 1e8) },
              {
                peakBytesPerSecond: around(1e3, 1e9),
                peakSeconds: around(1, 1e5),
                weight: around(1e-3, 1e6),
                partitions: whole(1, 1e6),
                readers: whole(1, 1000),
                producerBytesPerSecond: around(1, 1e9),
                consumerBytesPerSecond: around(1, 1e9),
              },
            ),
            { maxLength: 4 },
          ),
        )
        .map(([capacity, tenants]) => [
          { capacity, tenants: tenants.map((tenant, i) => ({ ...tenant, name: `t${i}` })) },
        ]),
      plan: (asked) => planQuotas('k', asked),
    },
    planShares: {
      args: fc
        .tuple(
          fields({ cpu: around(1, 1e5), memoryBytes: around(1e9, 1e15) }),
          fc.array(
            fc.tuple(
              workload,
              fields(
                { jobCpu: around(1e-2, 100), jobMemoryBytes: around(1e6, 1e12) },
                { weight: around(1e-3, 1e6), nominalJobs: whole(1, 1e5), borrowedJobs: whole(1, 1e5) },
              ),
            ),
            { maxLength: 3 },
          ),
          fields({ latencySeconds: around(1, 1e6) }, { latencyQuantile: around(0.5, 0.999) }),
        )
        .map(([capacity, tenants, objective]) => [
          {
            capacity,
            tenants: tenants.map(([load, tenant], i) => ({ ...tenant, name: `t${i}`, workload: load })),
            objective,
          },
        ]),
      plan: (asked) => planShares('f', asked),
    },
  };

/** What of a plan is no number although it is promised to be; a drain may be endless. */
function holes(plan: object): string[] {
  const { knobs, predictions } = plan as { knobs: readonly Knob[]; predictions?: Record<string, unknown> };
  const inKnobs = knobs.flatMap(({ name, value, inputs }) => [
    ...(Number.isFinite(value) || /^transitionInDays/.test(name) ? [] : [`${name} ${value}`]),
    ...Object.entries(inputs).flatMap(([input, number]) =>
      typeof number === 'number' && !Number.isNaN(number) ? [] : [`${name}.${input} ${number}`],
    ),
  ]);
  const endless = /^(drainSeconds|breakEvenObjectBytes|.*backlog.*|latency.*)$/i;
  const inPredictions = Object.entries(predictions ?? {}).flatMap(([name, value]) =>
    value === undefined || Number.isFinite(value) || (endless.test(name) && value === Number.POSITIVE_INFINITY)
      ? []
      : [`${name} ${value}`],
  );
  return [...inKnobs, ...inPredictions];
}

/** Whether it came to a plan. */
function answered(plan: () => object): boolean {
  let made: object;
  try {
    made = plan();
  } catch (error) {
    if (!(error instanceof CapacityError || error instanceof InvalidInputError)) throw error;
    expect(error.message).not.toMatch(/undefined|NaN (s|items|bytes)|\[object|Infinity (s|items|bytes)/);
    return false;
  }
  expect(holes(made)).toEqual([]);
  return true;
}

/** Of this process's own processor time: how busy the machine is says nothing of a search. */
function milliseconds(act: () => void): number {
  const start = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

describe.each(Object.entries(subject))('%s', (_, { args, plan }) => {
  test('a plan of numbers or a named error, in bounded time', () => {
    fc.assert(
      fc.property(args, (given) => {
        const once = () => {
          answered(() => plan(...(given as never[])));
        };
        const taken = milliseconds(once);
        if (taken > BOUND_MS) expect(Math.min(milliseconds(once), milliseconds(once))).toBeLessThan(BOUND_MS);
      }),
      { numRuns: runs },
    );
  });

  test.each([undefined, null, 'text', 5, true])('%p in place of an object is refused by name', (nothing) => {
    const count = 3;
    expect(() => plan(...(Array.from({ length: count }, () => nothing) as never[]))).toThrow(InvalidInputError);
    const within = { workload: nothing, objective: nothing, capacity: nothing, tenants: nothing };
    expect(() => plan(...([within] as never[]))).toThrow(InvalidInputError);
  });
});

describe('numbers that stand for "no limit"', () => {
  const load = { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 };
  const promise = { latencySeconds: 90 };

  test('a maximum far above the need is kept, and the minimum is what the load needs', () => {
    const derived = planQueue('q', { workload: load, objective: promise, consumer: { slotsPerInstance: 4 } });
    for (const maxInstances of [1e9, 2 ** 31 - 1, Number.MAX_SAFE_INTEGER]) {
      const plan = planQueue('q', {
        workload: load,
        objective: promise,
        consumer: { slotsPerInstance: 4, maxInstances },
      });
      expect(plan.value('maxInstances')).toBe(maxInstances);
      expect(plan.value('minInstances')).toBeLessThanOrEqual(derived.value('maxInstances'));
      expect(plan.predictions.waitProbability).toBe(0);
    }
  });

  test('one instance with a billion slots serves what one with enough slots does', () => {
    const plan = planQueue('q', { workload: load, objective: promise, consumer: { slotsPerInstance: 1e9 } });
    expect(plan.value('maxInstances')).toBe(1);
    expect(plan.predictions.utilisation).toBeCloseTo((400 * 0.05) / 1e9, 12);
  });

  test('attempts without an end are refused with the limit', () => {
    const poisoned = { ...load, poisonRatio: 0.01 };
    expect(() => planQueue('q', { workload: poisoned, objective: promise, consumer: { maxAttempts: 2e9 } })).toThrow(
      'maxAttempts must be a whole number, at most 1000, got 2000000000',
    );
  });

  test('a peak shorter than a millisecond is refused, none at all is none', () => {
    expect(() => planQueue('q', { workload: { ...load, peakSeconds: 1e-9 }, objective: promise })).toThrow(
      'peakSeconds must be at least 0.001, got 1e-9',
    );
    expect(planQueue('q', { workload: { ...load, peakSeconds: 0 }, objective: promise }).predictions.drainSeconds).toBe(
      0,
    );
  });

  test('a disk of more than 2⁵³ MiB ends too', () => {
    expect(() =>
      planLogs('l', {
        workload: { steadyBytesPerSecond: 1e6 },
        objective: { diskBudgetBytes: 1e30, outageSeconds: 3600 },
      }),
    ).toThrow('diskBudgetBytes must be at most 1000000000000000000, got 1e+30');
    const { knobs } = planLogs('l', {
      workload: { steadyBytesPerSecond: 1e6 },
      objective: { diskBudgetBytes: 1e18, outageSeconds: 3600 },
    });
    expect(knobs.every(({ value }) => Number.isFinite(value))).toBe(true);
  });
});
