/** The same stock on Cloud Storage: its prices, its minimums, Autoclass, and deleted objects that are billed. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import prices from '../../../lib/flow/prices.json';
import { breakEvenObjectBytes, lifetimeCost } from '../../../lib/flow/storage/cost';
import { planStorage } from '../../../lib/flow/storage/plan';
import { GCS } from '../../../lib/flow/storage/stores';
import type { StorageQuestion, StorageTransition } from '../../../lib/flow/storage/workload';
import { runs, zeroOr } from '../../support/property';

const KB = 1024;
const MB = 1024 * KB;
const GB = 2 ** 30;
const move = (storageClass: string, afterDays: number): StorageTransition => ({ storageClass, afterDays });
const COLDLINE = [move('NEARLINE', 30), move('COLDLINE', 180)];
const ARCHIVE = [move('NEARLINE', 30), move('ARCHIVE', 180)];
const cost = (bytes: number, days: number, moves: readonly StorageTransition[], reads = 0) =>
  lifetimeCost(bytes, days, moves, reads, GCS);

const workload = (objectBytes: number) => ({ bytesPerDay: ((5000 / 0.02) * GB) / 365, objectBytes });
const plan = (objectBytes: number, choices: Partial<StorageQuestion> = {}) =>
  planStorage('Archive', { workload: workload(objectBytes), store: 'gcs', ...choices });

describe('known answers', () => {
  test.each([
    ['Nearline 30, Coldline 180', COLDLINE, 0.149, 212, 0.389],
    ['Nearline 30, Archive 180', ARCHIVE, 0.166, 379, 0.318],
  ])('%s, deleted at 365: saves %f USD a GB', (_, moves, saved, breakEvenKib, share) => {
    expect(cost(GB, 365, []) - cost(GB, 365, moves)).toBeCloseTo(saved, 3);
    expect(breakEvenObjectBytes(365, moves, 0, [], GCS) / KB).toBeCloseTo(breakEvenKib, 0);
    expect(cost(GB, 365, moves) / cost(GB, 365, [])).toBeCloseTo(share, 3);
  });

  test('by hand: a month in Standard, five in Nearline, 185 days in Coldline, two moves', () => {
    const byHand = (0.02 + 5 * 0.01 + (185 / 30) * 0.004) / 1024 + 0.01 / 1000 + 0.02 / 1000;
    expect(cost(MB, 365, COLDLINE)).toBeCloseTo(byHand, 12);
  });

  test('5,000 USD of Standard: 1,945 without operations, for objects that are large', () => {
    const { monthlyCostBefore } = plan(MB).predictions;
    expect(monthlyCostBefore).toBeCloseTo(5000, 6);
    const large = planStorage('Archive', {
      ...{ workload: workload(GB), store: 'gcs', autoclass: 'off', softDeleteDays: 0 },
    });
    expect(large.predictions.monthlyCostAfter).toBeCloseTo(1945, -1);
  });
});

describe('the minimum of a class', () => {
  test('counts from the creation: an object that was moved at 180 days pays for 185 more in Archive at most', () => {
    const archive = [move('ARCHIVE', 180)];
    expect(cost(MB, 200, archive)).toBeCloseTo(cost(MB, 365, archive), 15);
    expect(cost(MB, 366, archive)).toBeGreaterThan(cost(MB, 365, archive));
  });

  test('is missed by no rule that moves an object on', () => {
    const moved = cost(GB, 400, [move('ARCHIVE', 10)]) - cost(GB, 400, [move('COLDLINE', 9), move('ARCHIVE', 10)]);
    // One day in Coldline in the place of one in Standard, not ninety.
    expect(moved).toBeCloseTo((0.02 - 0.004) / 30 - 0.02 / 1000, 6);
  });
});

describe('Autoclass', () => {
  const autoclass = (objectBytes: number) => plan(objectBytes).knobs.some(({ name }) => name === 'autoclass');

  test('is taken where it costs less than the cheapest rules, and only there', () => {
    for (const kb of [64, 128, 256, 384, 512, 1024, 16 * 1024]) {
      const [on, off] = ['on', 'off'].map(
        (choice) => plan(kb * KB, { autoclass: choice }).predictions.monthlyCostAfter,
      );
      expect([kb, autoclass(kb * KB)]).toEqual([kb, on < off]);
    }
    expect([autoclass(128 * KB), autoclass(MB)]).toEqual([false, true]);
  });

  test('moves nothing below 128 KiB, and takes no fee there', () => {
    expect(cost(127 * KB, 365, GCS.tiering)).toBeCloseTo(cost(127 * KB, 365, []), 15);
    expect(cost(512 * KB, 365, GCS.tiering)).toBeLessThan(cost(512 * KB, 365, []));
  });

  test('by hand, seven years: a month in Standard, two in Nearline, 275 days in Coldline, 2,190 in Archive, and the fee', () => {
    const storage = (30 * 0.02 + 60 * 0.01 + 275 * 0.004 + 2190 * 0.0012) / 30;
    const fee = (0.0025 / 1000) * (2555 / 30);
    expect(cost(GB, 2555, GCS.tiering)).toBeCloseTo(storage + fee, 12);
    // All of what is kept beyond a year is in Archive.
    expect(cost(GB, 2555, GCS.tiering) / cost(GB, 2555, [])).toBeCloseTo(0.0966, 3);
  });

  test('is taken for seven years of objects of 1 MiB, of which rules keep all in Coldline', () => {
    const kept = (autoclass: string) =>
      planStorage('A', { workload: { ...workload(MB), retentionDays: 2555 }, store: 'gcs', autoclass });
    const [rules, itself] = ['off', 'on'].map((choice) => kept(choice).predictions.monthlyCostAfter);
    expect(itself).toBeLessThan(rules);
    expect(kept('auto').value('autoclass')).toBe(1);
  });

  test('has no rule beside it', () => {
    expect(plan(MB, { autoclass: 'on' }).knobs.filter(({ name }) => name.startsWith('transitionAge'))).toEqual([]);
  });

  test('by choice off, the rules have the size from which each pays', () => {
    const made = plan(MB, { autoclass: 'off' });
    expect(made.transitions.map((t) => t.storageClass)).toEqual(['NEARLINE', 'COLDLINE']);
    expect(made.value('sizeAboveBytes.NEARLINE')).toBe(94_187);
    expect(made.value('transitionAge.COLDLINE')).toBe(180);
  });
});

describe('a size given by hand', () => {
  const sized = (minimumObjectBytes: number) => COLDLINE.map((t) => ({ ...t, minimumObjectBytes }));

  test('is the size of the rules, and of the bill', () => {
    const [small, none] = [plan(MB, { transitions: sized(2 * MB) }), plan(MB, { transitions: [] })];
    for (const { storageClass } of COLDLINE) {
      expect(small.knob(`sizeAboveBytes.${storageClass}`)).toMatchObject({ value: 2 * MB - 1, formula: 'given' });
    }
    // Objects of the mean size stay where they are written.
    expect(small.predictions.monthlyCostAfter).toBeCloseTo(none.predictions.monthlyCostAfter, 6);
    const derived = plan(2 * MB, { transitions: COLDLINE });
    expect(plan(2 * MB, { transitions: sized(2 * MB) }).predictions.monthlyCostAfter).toBe(
      derived.predictions.monthlyCostAfter,
    );
    expect(derived.value('sizeAboveBytes.NEARLINE')).toBe(derived.predictions.breakEvenObjectBytes - 1);
  });

  test('of 0 moves all objects, and the remark says that the smallest lose', () => {
    const all = plan(MB, { transitions: sized(0) });
    expect(all.value('sizeAboveBytes.NEARLINE')).toBe(0);
    expect(all.remarks.join()).toContain(
      'NEARLINE takes objects from 0 B on, of which the smallest cost more than in Standard storage',
    );
    expect(plan(MB, { transitions: sized(MB) }).remarks).toEqual([]);
  });

  test('above the mean from which moving loses is refused, and the way out is accepted', () => {
    const refused = () => plan(64 * KB, { transitions: sized(128 * KB) });
    expect(refused).toThrow(CapacityError);
    expect(refused).toThrow(/for objects of 128 KB, .*; it pays from 20\d KB an object; minimumObjectBytes of (\d+)/);
    const bytes = plan(MB, { transitions: COLDLINE }).predictions.breakEvenObjectBytes;
    expect(refused).toThrow(`minimumObjectBytes of ${bytes} for every move`);
    expect(() => plan(64 * KB, { transitions: sized(bytes) })).not.toThrow();
    expect(() => plan(64 * KB, { transitions: sized(bytes - 2) })).toThrow(CapacityError);
  });

  test('below the mean does not save a list that loses at the mean', () => {
    expect(() => plan(64 * KB, { transitions: sized(16 * KB) })).toThrow(/for objects of 64 KB/);
  });

  test('property: from the size on, no object costs more than in Standard storage', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 * MB }),
        fc.tuple(fc.integer({ min: 0, max: 2 * MB }), fc.integer({ min: 0, max: 2 * MB })),
        fc.integer({ min: 1, max: 10 * MB }),
        (mean, [nearline, coldline], bytes) => {
          const transitions = [
            { ...COLDLINE[0], minimumObjectBytes: nearline },
            { ...COLDLINE[1], minimumObjectBytes: coldline },
          ];
          let made: ReturnType<typeof plan>;
          try {
            made = plan(mean, { transitions });
          } catch (error) {
            expect(error).toBeInstanceOf(CapacityError);
            return;
          }
          if (bytes < mean) return;
          const { billedDays } = made.predictions;
          expect(cost(bytes, billedDays, made.transitions)).toBeLessThanOrEqual(
            cost(bytes, billedDays, []) * (1 + 1e-9),
          );
        },
      ),
      { numRuns: runs },
    );
  });
});

describe('deleted objects', () => {
  test('of a year are billed for another 7 days: 1.9 % in Standard', () => {
    expect(plan(MB).value('softDeleteSeconds')).toBe(604_800);
    const kept = (softDeleteDays: number) =>
      plan(MB, { transitions: [], autoclass: 'off', softDeleteDays }).predictions.monthlyCostAfter;
    expect(kept(7) / kept(0)).toBeCloseTo(1 + 7 / 365, 6);
  });

  test('of a day would cost eight times as much, so soft delete is off below 30 days', () => {
    const short = (retentionDays: number, softDeleteDays?: number) =>
      planStorage('A', { workload: { ...workload(MB), retentionDays }, store: 'gcs', softDeleteDays });
    expect(short(29).value('softDeleteSeconds')).toBe(0);
    expect(short(30).value('softDeleteSeconds')).toBe(604_800);
    expect(short(1, 7).predictions.monthlyCostAfter / short(1).predictions.monthlyCostAfter).toBeCloseTo(8, 6);
  });

  test('versions stay for a month where they were asked for, and what was replaced then costs as long', () => {
    const made = plan(MB, { versioned: true });
    expect(made.value('daysSinceNoncurrentTime')).toBe(30);
    expect(made.predictions.billedDays).toBe(365 + 30 + 7);
    expect(plan(MB).predictions.billedDays).toBe(365 + 7);
  });
});

test('no other choice of rules or Autoclass is cheaper, at any size', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 1e9, noNaN: true }),
      fc.integer({ min: 1, max: 3650 }),
      zeroOr(0.001, 3),
      (objectBytes, retentionDays, readRatioPerMonth) => {
        const made = planStorage('X', {
          workload: { bytesPerDay: 1e9, objectBytes, retentionDays, readRatioPerMonth },
          store: 'gcs',
        });
        const { billedDays } = made.predictions;
        const of = (moves: readonly StorageTransition[]) => cost(objectBytes, billedDays, moves, readRatioPerMonth);
        for (const other of [[], [COLDLINE[0]], [COLDLINE[1]], COLDLINE, GCS.tiering]) {
          const allowed = other.filter((t) => t.afterDays < retentionDays);
          expect(of(made.transitions)).toBeLessThanOrEqual(of(allowed) * (1 + 1e-9));
        }
      },
    ),
    { numRuns: runs },
  );
});

describe('refused', () => {
  const failures = (choices: Partial<StorageQuestion>) => {
    try {
      plan(MB, choices);
    } catch (error) {
      if (error instanceof InvalidInputError) return error.failures;
      throw error;
    }
    return [];
  };

  test.each<[Partial<StorageQuestion>, string]>([
    [{ autoclass: 'yes' }, "autoclass must be one of auto, on, off, got 'yes'"],
    [{ autoclass: 'on', transitions: COLDLINE }, "transitions must be left out with autoclass 'on'"],
    [{ softDeleteDays: 3 }, 'softDeleteDays, unless 0, must be a whole number, between 7 and 90, got 3'],
    [{ noncurrentDays: 5 }, 'noncurrentDays must be left out without versioned, got 5'],
    [{ transitions: [move('GLACIER', 30)] }, 'transitions must name one of NEARLINE, COLDLINE, ARCHIVE, got'],
    [{ transitions: [move('AUTOCLASS', 0)] }, 'transitions must name one of NEARLINE, COLDLINE, ARCHIVE, got'],
    [{ transitions: [COLDLINE[1], move('NEARLINE', 200)] }, 'transitions must go from warm to cold'],
    [
      { transitions: [{ ...COLDLINE[0], minimumObjectBytes: MB }, COLDLINE[1]] },
      'transitions.minimumObjectBytes must be given for all 2 moves or for none, got 1',
    ],
    [
      { transitions: [{ ...COLDLINE[0], minimumObjectBytes: 1.5 }] },
      'transitions.minimumObjectBytes must be a whole number, between 0 and 50000000000000, got 1.5',
    ],
    [{ store: 's3', softDeleteDays: 7 }, 'softDeleteDays must be left out: only Cloud Storage has it'],
    [{ store: 'azure' }, "store must be one of s3, gcs, got 'azure'"],
  ])('%j', (choices, message) => {
    expect(failures(choices).join('\n')).toContain(message);
  });

  test('moves that cost more than they save, with the size from which they pay and what Autoclass would cost', () => {
    const refused = () => plan(64 * KB, { transitions: COLDLINE });
    expect(refused).toThrow(CapacityError);
    expect(refused).toThrow(/Standard storage 5,0\d\d USD\/month; it pays from 20\d KB an object/);
  });

  test('a bill above the ceiling, with what would fit', () => {
    expect(() => plan(MB, { objective: { monthlyCost: 1000 } })).toThrow(/allow 2,3\d\d USD\/month, or keep \d+ days/);
  });
});

test('every price has a unit and a known source', () => {
  const { sources, classes, uploadPer1000, autoclassPer1000, autoclassMinimumBytes } = prices.gcs;
  const entries = [
    ...Object.values(classes).flatMap((c) => Object.values(c)),
    ...[uploadPer1000, autoclassPer1000, autoclassMinimumBytes],
  ];
  for (const { value, unit, source } of entries) {
    expect(value).toBeGreaterThan(0);
    expect(unit).not.toBe('');
    expect(Object.keys(sources)).toContain(source);
  }
});
