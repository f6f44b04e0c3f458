import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planRetention } from '../../../lib/flow/retention/plan';
import type { RetentionObjective, RetentionWorkload } from '../../../lib/flow/retention/workload';
import { mostly, optional, runs, spread } from '../../support/property';

const DAY_SECONDS = 86_400;

/** 100 documents of 1 KB a second for a year, of which a month is wanted. */
const workload: RetentionWorkload = {
  insertsPerSecond: 100,
  documentBytes: 1000,
  existingDocuments: 100 * 365 * DAY_SECONDS,
  spareWritesPerSecond: 2100,
  deletesPerSecond: 600,
};
const objective: RetentionObjective = { retentionSeconds: 30 * DAY_SECONDS };
const plan = planRetention('Events', { workload, objective });

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
  test('steady size = inserts × bytes × retention', () => {
    expect(plan.predictions.steadyBytes).toBe(100 * 1000 * 30 * DAY_SECONDS);
    expect(plan.predictions.bytesToday).toBe(100 * 365 * DAY_SECONDS * 1000);
  });

  test('what is older than the retention is what is there beyond the steady number', () => {
    expect(plan.predictions.expiredDocuments).toBe(100 * 335 * DAY_SECONDS);
  });

  test('the backfill gains on the writers, and needs no gain when they set the date', () => {
    expect(plan.predictions.backfillSeconds).toBe(workload.existingDocuments / 2000);
    const helped = planRetention('Events', { workload: { ...workload, writersSetExpiry: true }, objective });
    expect(helped.predictions.backfillSeconds).toBe(workload.existingDocuments / 2100);
  });

  test('what is too old by the end of the backfill is spread over what deletion has to spare beside the steady expiry', () => {
    // While the backfill lasts, as many grow too old as are inserted.
    const tooOld = plan.predictions.expiredDocuments + 100 * plan.predictions.backfillSeconds;
    expect(plan.predictions.drainSeconds).toBe(tooOld / 500);
    expect(plan.value('drainSeconds')).toBe(Math.ceil(plan.predictions.drainSeconds));
    // Spread like that, deletions never exceed their budget: the drain's share and the steady one.
    expect(tooOld / plan.value('drainSeconds') + 100).toBeLessThanOrEqual(600);
  });

  test('batches come no faster than the updates that the database has to spare', () => {
    expect(plan.value('batchSize') / plan.value('batchSeconds')).toBeCloseTo(2100, 9);
    expect(plan.value('batchSize')).toBe(1000);
    expect(
      planRetention('E', { workload: { ...workload, insertsPerSecond: 1, spareWritesPerSecond: 50 }, objective }).value(
        'batchSize',
      ),
    ).toBe(50);
  });

  test('the steady expiry of a minute is what each pass of the server deletes', () => {
    expect(plan.value('deletionsPerPass')).toBe(6000);
    expect(plan.knob('deletionsPerPass').inputs.budget).toBe(36_000);
  });

  test('the explanation gives every knob its formula and source', () => {
    const text = plan.explain();
    for (const { name, formula, source } of plan.knobs) {
      expect(text).toContain(`  ${name} = `);
      expect(text).toContain(formula);
      expect(source.length).toBeGreaterThan(5);
    }
  });
});

describe('on tasks that a scheduler starts', () => {
  const tasks = planRetention('Events', { workload, objective, platform: 'fargate' });
  const names = (of: typeof plan) => of.knobs.map(({ name }) => name);

  test('sizes, backfill and drain are those of the same question elsewhere', () => {
    expect(tasks.predictions).toEqual(plan.predictions);
    for (const knob of plan.knobs.filter(({ name }) => names(tasks).includes(name) && name !== 'reportSeconds')) {
      expect(tasks.value(knob.name)).toBe(knob.value);
    }
    for (const name of ['batchSize', 'batchSeconds', 'backfillSeconds', 'drainSeconds', 'sizeAlarmBytes']) {
      expect(names(tasks)).toContain(name);
    }
  });

  test('knobs of Kubernetes are absent, and those of tasks are absent there', () => {
    const only = (a: typeof plan, b: typeof plan) => names(a).filter((name) => !names(b).includes(name));
    expect(only(plan, tasks)).toEqual([
      'backfillDeadlineSeconds',
      'reportStartingDeadlineSeconds',
      'terminationGracePeriodSeconds',
      'alarmSizeHoldSeconds',
      'alarmReportAgeSeconds',
      'alarmBackfillFailures',
    ]);
    expect(only(tasks, plan)).toEqual(
      expect.arrayContaining(['leaseSeconds', 'leaseRenewalSeconds', 'startSeconds', 'alarmBackfillSeconds']),
    );
    expect(tasks.explain()).not.toContain('Kubernetes');
  });

  test('a lease is renewed four times while it lasts, and ends before the next start: one that died is followed', () => {
    expect([tasks.value('leaseSeconds'), tasks.value('leaseRenewalSeconds')]).toEqual([120, 30]);
    expect(tasks.value('leaseSeconds')).toBeLessThan(tasks.value('startSeconds'));
    expect(tasks.value('alarmBackfillSeconds')).toBe(2 * plan.value('backfillSeconds') + 3600);
  });

  test('no other platform', () => {
    expect(() => planRetention('Events', { workload, objective, platform: 'lambda' as never })).toThrow(
      /platform must be one of kubernetes, fargate, got 'lambda'/,
    );
  });
});

describe('what cannot be done is refused', () => {
  test.each<[string, Partial<RetentionWorkload>, Partial<RetentionObjective>, RegExp]>([
    [
      'deletion that never catches up',
      { deletesPerSecond: 100 },
      {},
      /^Events: 100 documents are inserted a second and 100 can be deleted: it never catches up; .*time series/,
    ],
    [
      'a backfill that cannot keep ahead of inserts',
      { spareWritesPerSecond: 100 },
      {},
      /it never finishes; let the writers set expireAt first .* allow more than 100 updates a second/,
    ],
    [
      'a backfill that takes too long',
      {},
      { backfillSeconds: DAY_SECONDS },
      /takes 1,576,800 s, 86,400 s are allowed; allow at least 36,600 updates a second, or allow 1576800 s/,
    ],
    [
      'a size above the ceiling',
      {},
      { collectionBytes: 129.6e9 },
      /keep them for 1296000 s, or make them 500 bytes, or allow 259200000000 bytes/,
    ],
  ])('%s', (_name, load, goal, message) => {
    expect(
      refusal(() =>
        planRetention('Events', { workload: { ...workload, ...load }, objective: { ...objective, ...goal } }),
      ).message,
    ).toMatch(message);
  });

  test('each way out leads to a plan', () => {
    const slow = { ...workload, spareWritesPerSecond: 100 };
    expect(() => planRetention('E', { workload: { ...slow, writersSetExpiry: true }, objective })).not.toThrow();
    expect(() =>
      planRetention('E', { workload, objective: { ...objective, backfillSeconds: 1_576_800 } }),
    ).not.toThrow();
    expect(() =>
      planRetention('E', {
        workload: { ...workload, spareWritesPerSecond: 36_600 },
        objective: { ...objective, backfillSeconds: DAY_SECONDS },
      }),
    ).not.toThrow();
    const ceiling = { collectionBytes: 129.6e9 };
    expect(() =>
      planRetention('E', { workload, objective: { retentionSeconds: 1_296_000, ...ceiling } }),
    ).not.toThrow();
    expect(() =>
      planRetention('E', { workload: { ...workload, documentBytes: 500 }, objective: { ...objective, ...ceiling } }),
    ).not.toThrow();
  });

  test.each<[string, Partial<RetentionWorkload>, Partial<RetentionObjective>]>([
    ['insertsPerSecond must be above 0, got 0', { insertsPerSecond: 0 }, {}],
    ['existingDocuments must be at least 0, got -1', { existingDocuments: -1 }, {}],
    ['retentionSeconds must be above 0, got NaN', {}, { retentionSeconds: Number.NaN }],
    ['deletionLagSeconds must be at least 120, got 60', {}, { deletionLagSeconds: 60 }],
  ])('%s', (message, load, goal) => {
    const make = () =>
      planRetention('Events', { workload: { ...workload, ...load }, objective: { ...objective, ...goal } });
    expect(make).toThrow(InvalidInputError);
    expect(make).toThrow(message);
  });
});

test('random collections: a plan within budget and ceiling, or a named error', () => {
  const input = fc.record({
    workload: fc.record({
      insertsPerSecond: mostly(spread(0.01, 1e4), 0, Number.NaN),
      documentBytes: mostly(spread(10, 1e6), 0),
      existingDocuments: mostly(spread(1, 1e9), -1),
      spareWritesPerSecond: mostly(spread(10, 1e6), 0),
      deletesPerSecond: mostly(spread(10, 1e6), 0),
      writersSetExpiry: optional(fc.boolean()),
    }),
    objective: fc.record({
      retentionSeconds: mostly(spread(60, 1e8), 0),
      collectionBytes: optional(spread(1e9, 1e16)),
      backfillSeconds: optional(spread(1e3, 1e9)),
    }),
  });
  let [planned, refused] = [0, 0];
  fc.assert(
    fc.property(input, ({ workload: load, objective: goal }) => {
      try {
        const made = planRetention('Events', { workload: load, objective: goal });
        const { backfillSeconds, steadyBytes, drainSeconds, expiredDocuments } = made.predictions;
        const { tooOld } = made.knob('drainSeconds').inputs;
        expect(backfillSeconds).toBeLessThanOrEqual(goal.backfillSeconds ?? Number.POSITIVE_INFINITY);
        expect(steadyBytes).toBeLessThanOrEqual(goal.collectionBytes ?? Number.POSITIVE_INFINITY);
        expect(drainSeconds * (load.deletesPerSecond - load.insertsPerSecond)).toBeCloseTo(tooOld, 0);
        expect(tooOld).toBeGreaterThanOrEqual(expiredDocuments);
        for (const { value } of made.knobs) expect(value).toBeGreaterThanOrEqual(0);
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
