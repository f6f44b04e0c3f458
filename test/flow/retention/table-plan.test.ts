import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { simulateCollection } from '../../../lib/flow/retention/simulation';
import { planTtlTable } from '../../../lib/flow/retention/table-plan';
import type { TtlTableObjective, TtlTableWorkload } from '../../../lib/flow/retention/table-workload';
import { mostly, optional, runs, spread } from '../../support/property';

const DAY_SECONDS = 86_400;

/** 500 GB of a year of items of 1 KB, which should be below 120 GB. */
const workload: TtlTableWorkload = {
  insertsPerSecond: 500e6 / (365 * DAY_SECONDS),
  itemBytes: 1000,
  existingItems: 500e6,
  spareWriteUnitsPerSecond: 1000,
  deletesPerSecond: 500,
  writersSetExpiry: true,
};
const objective: TtlTableObjective = { tableBytes: 120e9 };
const ask = (load: Partial<TtlTableWorkload> = {}, goal: Partial<TtlTableObjective> = {}) =>
  planTtlTable('Events', { workload: { ...workload, ...load }, objective: { ...objective, ...goal } });
const plan = ask();

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
  test('120 GB hold 87 days; with two of lag taken off, 85 are kept, and the table takes 119.2 GB', () => {
    expect(plan.value('retentionSeconds')).toBe(85 * DAY_SECONDS);
    expect(plan.predictions.steadyBytes / 1e9).toBeCloseTo(119.18, 2);
    expect(ask({}, { ttlLagDays: 7 }).value('retentionSeconds')).toBe(80 * DAY_SECONDS);
  });

  test('500 million dates at 1,000 a second are 5.8 days of writing, and 6.0 with 30 s between two runs of a worker', () => {
    expect(plan.predictions.backfillSeconds / DAY_SECONDS).toBeCloseTo((500e6 / 1000 / DAY_SECONDS) * (900 / 870), 9);
    expect(plan.predictions.backfillSeconds / DAY_SECONDS).toBeCloseTo(5.99, 2);
  });

  test('it costs $312 for the writes and $8 for the reads', () => {
    expect(plan.predictions.backfillDollars).toBeCloseTo(312.5 + (500e9 / 8192 / 1e6) * 0.125, 6);
  });

  test('five workers, 200 write units each, read a segment each no faster than they write', () => {
    expect([plan.value('workers'), plan.value('workerWriteUnitsPerSecond')]).toEqual([5, 200]);
    expect(plan.value('workerReadUnitsPerSecond')).toBeCloseTo((200 * 1000) / 8192, 9);
    expect(plan.value('pageItems')).toBe(200);
    expect(ask({ spareWriteUnitsPerSecond: 1e6 }).value('workers')).toBe(50);
  });

  test('each KB of an item and each index that has the attribute is a write unit more', () => {
    const [one, four, twelve] = [{}, { itemBytes: 3500 }, { itemBytes: 3500, indexes: 2 }].map((load) =>
      ask(load, { tableBytes: undefined, retentionSeconds: DAY_SECONDS }),
    );
    expect([one, four, twelve].map((made) => made.value('writeUnitsPerItem'))).toEqual([1, 4, 12]);
    expect(twelve.predictions.backfillSeconds).toBeCloseTo(12 * one.predictions.backfillSeconds, 3);
  });

  test('what is too old by the end of the backfill is spread over what deletions have to spare', () => {
    const tooOld =
      500e6 +
      workload.insertsPerSecond * plan.predictions.backfillSeconds -
      workload.insertsPerSecond * 85 * DAY_SECONDS;
    expect(plan.predictions.drainSeconds).toBeCloseTo(tooOld / (500 - workload.insertsPerSecond), 3);
    expect(plan.value('drainSeconds')).toBe(Math.ceil(plan.predictions.drainSeconds));
  });

  test('writers that set no expiry: the backfill chases them, then needs another pass', () => {
    const chasing = ask({ writersSetExpiry: false });
    const mean = (1000 * 870) / 900;
    expect(chasing.predictions.backfillSeconds).toBeCloseTo(
      500e6 / (mean - workload.insertsPerSecond) + 500e6 / mean,
      3,
    );
    expect([plan.value('backfillPasses'), chasing.value('backfillPasses')]).toEqual([1, 10]);
  });

  test('the alarm on deletions goes by half of the inserts of half a day, a day in a row, whatever the lag', () => {
    expect(plan.value('alarmDeletedItems')).toBeCloseTo(500e6 / 365 / 4, 3);
    expect(plan.value('alarmDeletedPeriods')).toBe(2);
    expect(ask({}, { ttlLagDays: 20 }).value('alarmDeletedPeriods')).toBe(2);
  });

  test('a report reads no faster than a worker, and no more than 20 MB', () => {
    expect(plan.value('sampleReadUnits')).toBe(20 * 128);
    expect(plan.value('sampleReadUnits') / plan.value('workerReadUnitsPerSecond')).toBeLessThan(
      plan.value('sampleSeconds'),
    );
    expect(plan.value('sampleSeconds')).toBeLessThan(plan.value('reportTimeoutSeconds'));
    // With a hundredth of the capacity: 293 read units, some 2,300 items.
    const small = ask({ spareWriteUnitsPerSecond: 10 });
    expect(small.value('sampleReadUnits')).toBeCloseTo(240 * ((10 * 1000) / 8192), 6);
  });

  test('items of unknown age stay unless the objective says otherwise, and the plan says so', () => {
    const [kept, all] = [plan, ask({}, { expireUnknownAge: true })];
    expect([kept, all].map((made) => made.value('expireUnknownAge'))).toEqual([0, 1]);
    expect(kept.remarks.at(-1)).toMatch(/^Items without a usable creation time get no expiry: they stay/);
    expect(all.remarks.at(-1)).toMatch(/expire a retention after the backfill reaches them, settings and accounts/);
  });

  test('without head-room the plan says so', () => {
    expect(plan.predictions.breaksAtLoad).toBeCloseTo(120 / 119.178, 4);
    const said = /The promise breaks at/;
    expect(plan.remarks.join()).toMatch(said);
    expect(ask({}, { retentionSeconds: 60 * DAY_SECONDS }).remarks.join()).not.toMatch(said);
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

describe('what cannot be done is refused, and each way out leads to a plan', () => {
  test('a size that holds only without the lag: 87 days', () => {
    const keep = { retentionSeconds: 87 * DAY_SECONDS };
    const { message } = refusal(() => ask({}, keep));
    expect(message).toBe(
      'Events: 87 days and 2 of lag are 121.9 GB, 120 GB are allowed; keep 85 days, retentionSeconds 7344000, or make items 984 bytes, or allow 121917808220 bytes',
    );
    expect(() => ask({}, { retentionSeconds: 7_344_000 })).not.toThrow();
    expect(() => ask({ itemBytes: 984 }, keep)).not.toThrow();
    expect(() => ask({}, { ...keep, tableBytes: 121_917_808_220 })).not.toThrow();
    expect(() => ask({ itemBytes: 985 }, keep)).toThrow(CapacityError);
  });

  test('a ceiling that the lag fills alone', () => {
    expect(refusal(() => ask({}, { tableBytes: 2e9 })).message).toMatch(
      /2 GB hold 126,144 s of items, and DynamoDB deletes 172,800 s late: not even a day can be kept; allow 4109589042 bytes, or make items 486 bytes/,
    );
    expect(ask({}, { tableBytes: 4_109_589_042 }).value('retentionSeconds')).toBe(DAY_SECONDS);
    expect(ask({ itemBytes: 486 }, { tableBytes: 2e9 }).value('retentionSeconds')).toBe(DAY_SECONDS);
  });

  test('a deadline for deletion that DynamoDB does not promise', () => {
    expect(refusal(() => ask({}, { deletionLagSeconds: 3600 })).message).toMatch(
      /no promise; 172,800 s are planned with; allow 172800 s, or leave deletionLagSeconds out and delete the items yourself/,
    );
    expect(() => ask({}, { deletionLagSeconds: 172_800 })).not.toThrow();
  });

  test('a backfill that cannot keep ahead of inserts', () => {
    const slow = { spareWriteUnitsPerSecond: 10, writersSetExpiry: false };
    expect(refusal(() => ask(slow)).message).toMatch(
      /10 write units are 9\.667 dates a second, and 15\.85 items without one are inserted: it never finishes; let the writers .* say writersSetExpiry, or allow 17 write units a second$/,
    );
    expect(() => ask({ ...slow, writersSetExpiry: true })).not.toThrow();
    expect(() => ask({ ...slow, spareWriteUnitsPerSecond: 17 })).not.toThrow();
    expect(() => ask({ ...slow, spareWriteUnitsPerSecond: 16 })).toThrow(CapacityError);
    const soon = refusal(() => ask(slow, { backfillSeconds: 10 })).message;
    expect(soon).toMatch(/set the expiry first, say writersSetExpiry, and allow 51724138 s$/);
    expect(() => ask({ ...slow, writersSetExpiry: true }, { backfillSeconds: 51_724_138 })).not.toThrow();
  });

  test('a backfill that takes too long', () => {
    const soon = { backfillSeconds: 400_000 };
    expect(refusal(() => ask({}, soon)).message).toMatch(
      /takes 517,241 s, 400,000 s are allowed; allow 1294 write units a second, or allow 517242 s$/,
    );
    expect(() => ask({ spareWriteUnitsPerSecond: 1294 }, soon)).not.toThrow();
    expect(() => ask({ spareWriteUnitsPerSecond: 1293 }, soon)).toThrow(CapacityError);
    expect(() => ask({}, { backfillSeconds: 517_242 })).not.toThrow();
  });

  test('deletions that never catch up', () => {
    expect(refusal(() => ask({ deletesPerSecond: 10 })).message).toMatch(
      /15\.85 items are inserted .* take 10 deletions/,
    );
  });

  test.each<[string, Partial<TtlTableWorkload>, Partial<TtlTableObjective>]>([
    ['itemBytes must be above 0, at most 409600, got 409601', { itemBytes: 409_601 }, {}],
    ['spareWriteUnitsPerSecond must be between 1 and 1000000000, got 0', { spareWriteUnitsPerSecond: 0 }, {}],
    ['indexes must be a whole number, between 0 and 25, got 26', { indexes: 26 }, {}],
    ['retentionSeconds or tableBytes is missing', {}, { tableBytes: undefined }],
    ['ttlLagDays must be between 0.1 and 30, got 0', {}, { ttlLagDays: 0 }],
    ["expireUnknownAge must be one of true, false, got 'no'", {}, { expireUnknownAge: 'no' as never }],
  ])('%s', (message, load, goal) => {
    expect(() => ask(load, goal)).toThrow(InvalidInputError);
    expect(() => ask(load, goal)).toThrow(message);
  });
});

test('in the simulation a table that deletes two days late keeps below its size only with these days taken off', () => {
  const simulated = (retentionDays: number) =>
    simulateCollection(
      {
        insertsPerSecond: workload.insertsPerSecond,
        documentBytes: 1000,
        existingDocuments: 500e6,
        spareWritesPerSecond: plan.predictions.datesPerSecond,
        deletesPerSecond: 500,
        writersSetExpiry: true,
      },
      365 * DAY_SECONDS,
      {
        retentionSeconds: retentionDays * DAY_SECONDS,
        backfillSeconds: plan.value('backfillSeconds'),
        drainSeconds: plan.value('drainSeconds'),
        lagSeconds: plan.value('ttlLagSeconds'),
      },
      1,
    ).steadyBytes;
  expect(simulated(85)).toBeLessThan(120e9);
  expect(simulated(87)).toBeGreaterThan(121e9);
});

test('random tables: a plan within budget and ceiling, or a named error', () => {
  const input = fc.record({
    load: fc.record({
      insertsPerSecond: mostly(spread(0.01, 1e4), 0, Number.NaN),
      itemBytes: mostly(spread(10, 4e5), 0),
      existingItems: mostly(spread(1, 1e9), -1),
      spareWriteUnitsPerSecond: mostly(spread(10, 1e6), 0),
      deletesPerSecond: mostly(spread(10, 1e6), 0),
      indexes: optional(fc.integer({ min: 0, max: 25 })),
      writersSetExpiry: optional(fc.boolean()),
    }),
    goal: fc.record({
      retentionSeconds: optional(spread(60, 1e8)),
      tableBytes: optional(spread(1e9, 1e16)),
      backfillSeconds: optional(spread(1e3, 1e9)),
      ttlLagDays: optional(spread(0.1, 30)),
    }),
  });
  let [planned, refused] = [0, 0];
  fc.assert(
    fc.property(input, ({ load, goal }) => {
      try {
        const made = planTtlTable('Events', { workload: load, objective: goal });
        const { predictions: p } = made;
        expect(p.backfillSeconds).toBeLessThanOrEqual(goal.backfillSeconds ?? Number.POSITIVE_INFINITY);
        expect(p.steadyBytes).toBeLessThanOrEqual((goal.tableBytes ?? Number.POSITIVE_INFINITY) * (1 + 1e-12));
        expect(made.value('workers') * made.value('workerWriteUnitsPerSecond')).toBeLessThanOrEqual(
          load.spareWriteUnitsPerSecond * (1 + 1e-12),
        );
        expect(p.breaksAtLoad).toBeGreaterThanOrEqual(1 - 1e-12);
        for (const { value } of made.knobs) expect(value).toBeGreaterThanOrEqual(0);
        planned += 1;
      } catch (error) {
        if (!(error instanceof CapacityError || error instanceof InvalidInputError)) throw error;
        expect(error.message).not.toMatch(/undefined|\[object|NaN days/);
        refused += 1;
      }
    }),
    { numRuns: runs },
  );
  expect(Math.min(planned, refused)).toBeGreaterThan(runs / 20);
});

test('more inserts never give a longer retention, nor more write units a longer backfill', () => {
  fc.assert(
    fc.property(spread(0.1, 100), spread(1, 3), spread(200, 9000), (inserts, factor, units) => {
      const days = (rate: number) =>
        ask({ insertsPerSecond: rate, deletesPerSecond: 1e4 }, { tableBytes: 1e13 }).value('retentionSeconds');
      expect(days(inserts * factor)).toBeLessThanOrEqual(days(inserts));
      const seconds = (rate: number) => ask({ spareWriteUnitsPerSecond: rate }).predictions.backfillSeconds;
      expect(seconds(units * factor)).toBeLessThanOrEqual(seconds(units));
    }),
    { numRuns: runs },
  );
});
