import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { sizeText } from '../../../lib/flow/figures';
import { pricesRead, storageClassNames, storageClassPrices } from '../../../lib/flow/prices';
import prices from '../../../lib/flow/prices.json';
import { breakEvenObjectBytes, lifetimeCost } from '../../../lib/flow/storage/cost';
import { planStorage } from '../../../lib/flow/storage/plan';
import type { StorageTransition } from '../../../lib/flow/storage/workload';
import { runs, zeroOr } from '../../support/property';

const KB = 1024;
const MB = 1024 * KB;

/** The seed's rule, as every object would go through it. */
const SEED: StorageTransition[] = [
  { storageClass: 'STANDARD_IA', afterDays: 30 },
  { storageClass: 'GLACIER', afterDays: 180 },
];
/** The seed's rule on a bucket from before September 2024: below 128 KB S3 skips IA, but not Glacier. */
const SEED_LEGACY = [{ ...SEED[0], minimumObjectBytes: 128 * KB }, SEED[1]];
/** The seed's rule on a bucket from after September 2024: below 128 KB S3 moves nothing. */
const SEED_NEW = SEED.map((t) => ({ ...t, minimumObjectBytes: 128 * KB }));
const TIERING: StorageTransition[] = [{ storageClass: 'INTELLIGENT_TIERING', afterDays: 0 }];

const perMillion = (bytes: number, transitions: StorageTransition[], days = 365, reads = 0) =>
  1e6 * lifetimeCost(bytes, days, transitions, reads);

describe('known answers: US dollars per million objects over 365 days', () => {
  test.each([
    // size, seed's rule, Standard
    [16 * KB, 34, 4],
    [128 * KB, 55, 34],
    [256 * KB, 68, 68],
    [1 * MB, 147, 273],
  ])('%d bytes: %d by the seed, %d in Standard', (bytes, seed, standard) => {
    expect(Math.round(perMillion(bytes, SEED_LEGACY))).toBe(seed);
    expect(Math.round(perMillion(bytes, []))).toBe(standard);
  });

  test('a new bucket does nothing at all with 16 KB objects', () => {
    expect(perMillion(16 * KB, SEED_NEW)).toBe(perMillion(16 * KB, []));
  });

  test("the seed's rule breaks even near 256 KB, by root search", () => {
    const bytes = breakEvenObjectBytes(365, SEED);
    expect(bytes / KB).toBeCloseTo(254.4, 1);
    expect(perMillion(bytes, SEED)).toBeLessThanOrEqual(perMillion(bytes, []));
    expect(perMillion(bytes - 2, SEED)).toBeGreaterThan(perMillion(bytes - 2, []));
  });

  test('by hand: 1 MB a month in Standard, 5 in IA, 185 days in Glacier with 40 KB of metadata', () => {
    const gb = 2 ** -10;
    const glacierMonths = 185 / 30;
    const metadata = ((32 / 2 ** 20) * 0.0036 + (8 / 2 ** 20) * 0.023) * glacierMonths;
    const byHand = gb * (0.023 + 5 * 0.0125 + glacierMonths * 0.0036) + metadata + 0.01 / 1000 + 0.03 / 1000;
    expect(lifetimeCost(MB, 365, SEED)).toBeCloseTo(byHand, 12);
  });
});

describe('what S3 bills that a price per GB does not show', () => {
  test('IA bills 128 KB at least', () => {
    const ia = [SEED[0]];
    const inIa = (bytes: number) => lifetimeCost(bytes, 60, ia) - lifetimeCost(bytes, 30, []);
    expect(inIa(1)).toBeCloseTo(inIa(128 * KB), 15);
    expect(inIa(129 * KB)).toBeGreaterThan(inIa(128 * KB));
  });

  test.each([
    ['STANDARD_IA', 30],
    ['GLACIER_IR', 90],
    ['GLACIER', 90],
    ['DEEP_ARCHIVE', 180],
  ])('%s bills %d days at least', (storageClass, minimumDays) => {
    const move = [{ storageClass, afterDays: 30 }];
    expect(lifetimeCost(MB, 31, move)).toBeCloseTo(lifetimeCost(MB, 30 + minimumDays, move), 15);
    expect(lifetimeCost(MB, 31 + minimumDays, move)).toBeGreaterThan(lifetimeCost(MB, 30 + minimumDays, move));
  });

  test('Intelligent-Tiering neither watches nor moves what is below 128 KB', () => {
    const [small, large] = [127 * KB, 512 * KB];
    expect(lifetimeCost(small, 365, TIERING)).toBeCloseTo(lifetimeCost(small, 365, []) + 0.01 / 1000, 12);
    expect(lifetimeCost(large, 365, TIERING)).toBeLessThan(lifetimeCost(large, 365, []));
  });

  test('Intelligent-Tiering keeps what is read warm', () => {
    const storage = (reads: number) => lifetimeCost(MB, 365, TIERING, reads) - lifetimeCost(MB, 365, [], reads);
    expect(storage(0)).toBeLessThan(storage(0.5));
    expect(storage(0.5)).toBeLessThan(0);
    expect(storage(20)).toBeGreaterThan(0);
  });

  test('reading back takes the saving away', () => {
    expect(breakEvenObjectBytes(365, SEED, 0.5)).toBeGreaterThan(breakEvenObjectBytes(365, SEED));
    expect(breakEvenObjectBytes(365, SEED, 3)).toBe(Number.POSITIVE_INFINITY);
  });

  test('every price has a unit and a known source, and the file its date', () => {
    expect(pricesRead).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    const entries = Object.values(prices.s3.classes).flatMap((c) => Object.values(c));
    expect(entries.length).toBeGreaterThan(20);
    for (const { value, unit, source } of entries) {
      expect(value).toBeGreaterThan(0);
      expect(unit).not.toBe('');
      expect(Object.keys(prices.s3.sources)).toContain(source);
    }
    for (const name of storageClassNames) expect(storageClassPrices(name).storage).toBeGreaterThan(0);
    expect(() => storageClassPrices('constructor')).toThrow(/no storage class 'constructor'; there are STANDARD,/);
  });
});

/** $5,000 a month in Standard at list price: 217 TB, a year's worth. */
const HEADLINE = (5000 / 0.023) * 2 ** 30;
const workload = (objectBytes: number) => ({ bytesPerDay: HEADLINE / 365, objectBytes });

describe('the plan', () => {
  test('headline: $5,000 is 217 TB; 1 MB objects cost 2,758 after, where the seed measured 2,800', () => {
    expect(Math.round(HEADLINE / 2 ** 30 / 1000)).toBe(217);
    const { monthlyCostBefore, monthlyCostAfter } = planStorage('Archive', { workload: workload(MB) }).predictions;
    expect(monthlyCostBefore).toBeCloseTo(5000, 6);
    expect(Math.round(monthlyCostAfter)).toBe(2758);
    expect(1 - monthlyCostAfter / monthlyCostBefore).toBeCloseTo(0.44, 1);
  });

  test.each([
    // size, moves that pay, why
    [16 * KB, [], 'nothing pays'],
    [128 * KB, ['STANDARD_IA'], "Glacier's fee is three times IA's"],
    [512 * KB, ['STANDARD_IA'], 'Glacier on top of IA pays from 527 KB'],
    [1 * MB, ['STANDARD_IA', 'GLACIER'], 'both pay'],
  ])('%d bytes: keeps %j (%s)', (bytes, classes) => {
    expect(planStorage('Archive', { workload: workload(bytes) }).transitions.map((t) => t.storageClass)).toEqual(
      classes,
    );
  });

  test('no other choice of the default moves is cheaper, at any size', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e9, noNaN: true }),
        fc.integer({ min: 1, max: 3650 }),
        zeroOr(0.001, 3),
        (objectBytes, retentionDays, readRatioPerMonth) => {
          const plan = planStorage('X', {
            workload: { bytesPerDay: 1e9, objectBytes, retentionDays, readRatioPerMonth },
          });
          const cost = (moves: StorageTransition[]) =>
            lifetimeCost(objectBytes, retentionDays + 30, moves, readRatioPerMonth);
          for (const other of [[], [SEED[0]], [SEED[1]], SEED]) {
            const allowed = other.filter((t) => t.afterDays < retentionDays);
            expect(cost(plan.transitions)).toBeLessThanOrEqual(cost(allowed) * (1 + 1e-9));
          }
        },
      ),
      { numRuns: runs },
    );
  });

  test('the size floors are where the cheapest choice changes', () => {
    const { transitions } = planStorage('Archive', { workload: workload(MB) });
    const classesAt = (bytes: number) =>
      planStorage('X', { workload: workload(bytes) }).transitions.map((t) => t.storageClass);
    for (const { storageClass, minimumObjectBytes } of transitions) {
      expect(classesAt(minimumObjectBytes! + 1)).toContain(storageClass);
      expect(classesAt(minimumObjectBytes! - 2)).not.toContain(storageClass);
    }
  });

  test('cost grows with what is written and how long it is kept', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 3000 }), (gb, retentionDays) => {
        const at = (bytesPerDay: number, days: number) =>
          planStorage('X', { workload: { bytesPerDay, objectBytes: MB, retentionDays: days } }).predictions
            .monthlyCostAfter;
        expect(at((gb + 1) * 1e9, retentionDays)).toBeGreaterThan(at(gb * 1e9, retentionDays));
        expect(at(gb * 1e9, retentionDays + 400)).toBeGreaterThan(at(gb * 1e9, retentionDays));
      }),
      { numRuns: runs },
    );
  });

  test('replaced versions: kept a year before, a month after', () => {
    const plan = planStorage('Archive', { workload: { ...workload(MB), overwriteRatio: 0.5 } });
    expect(plan.predictions.monthlyCostBefore).toBeCloseTo(5000, 6);
    expect(plan.predictions.storedBytes).toBeCloseTo((HEADLINE / 365) * (0.5 * 395 + 0.5 * 30), -3);
    expect(plan.predictions.monthlyCostAfter).toBeLessThan(
      planStorage('X', { workload: workload(MB) }).predictions.monthlyCostAfter,
    );
  });

  test('the budget holds the requests too, which outweigh the storage of small objects', () => {
    const { predictions, value } = {
      ...planStorage('X', { workload: workload(16 * KB) }),
      value: planStorage('X', { workload: workload(16 * KB) }).value('budgetLimit'),
    };
    expect(predictions.monthlyRequestCost).toBeGreaterThan(predictions.monthlyCostAfter);
    expect(value).toBe(Math.ceil(1.2 * (predictions.monthlyCostAfter + predictions.monthlyRequestCost)));
  });

  test('says what would help where nothing moves', () => {
    expect(planStorage('Archive', { workload: workload(16 * KB) }).remarks).toEqual([
      'Archive: nothing moves, objects of 16 KB are too small; compact to 108 KB or more',
    ]);
    expect(planStorage('Archive', { workload: workload(MB) }).remarks).toEqual([]);
    expect(planStorage('Archive', { workload: { ...workload(KB), retentionDays: 20 } }).remarks).toEqual([]);
  });

  test('accepts a given list that saves, with a remark on the move that does not', () => {
    const plan = planStorage('Archive', { workload: workload(400 * KB), transitions: SEED });
    expect(plan.predictions.monthlyCostAfter).toBeLessThan(5000);
    expect(plan.knob('transitionInDays.GLACIER')).toMatchObject({ value: 180, formula: 'given' });
    expect(plan.remarks).toEqual([expect.stringMatching(/GLACIER after 180 d costs more than it saves .* 400 KB/)]);
  });

  test('a size given for the moves is the size of the rules, on S3 as well', () => {
    const sized = SEED.map((t) => ({ ...t, minimumObjectBytes: 4 * MB }));
    const plan = planStorage('Archive', { workload: workload(MB), transitions: sized });
    expect(plan.knob('objectSizeGreaterThan.GLACIER')).toMatchObject({ value: 4 * MB - 1, formula: 'given' });
    // Objects of the mean size are not moved.
    expect(plan.predictions.monthlyCostAfter).toBeCloseTo(5000 * (395 / 365), 6);
  });

  test('a reader that cannot wait five hours keeps objects out of Glacier', () => {
    const plan = planStorage('Archive', { workload: workload(MB), objective: { retrievalSeconds: 60 } });
    expect(plan.transitions.map((t) => t.storageClass)).toEqual(['STANDARD_IA']);
    expect(plan.knob('transitionInDays.GLACIER').formula).toBe('dropped: readers would wait longer than promised');
  });

  test('shows what Intelligent-Tiering would cost: less than IA and Glacier for large objects that nobody reads', () => {
    const at = (readRatioPerMonth: number) => planStorage('A', { workload: { ...workload(MB), readRatioPerMonth } });
    expect(at(0).predictions.monthlyCostTiering).toBeLessThan(at(0).predictions.monthlyCostAfter);
    expect(at(0).explain()).toMatch(/in Intelligent-Tiering {4}2,\d{3} USD\/month/);
  });

  test('explain() is the page that a person reads', () => {
    const page = planStorage('Archive', { workload: workload(256 * KB) }).explain();
    expect(page).toContain('transitionInDays.STANDARD_IA = 30 days\n    kept: it costs less than S3 Standard');
    expect(page).toContain('transitionInDays.GLACIER = never\n    dropped: it costs more than it saves');
    expect(page).toContain('moving pays from          108 KB an object');
    expect(page).toContain('list prices               us-east-1, read 2026-11-23');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('knobs are found by name, replaced by name, and a wrong name lists them', () => {
    const plan = planStorage('Archive', { workload: workload(MB) });
    const more = plan.withKnobs([{ ...plan.knob('budgetLimit'), value: 7 }]);
    expect(more.value('budgetLimit')).toBe(7);
    expect(more.knobs).toHaveLength(plan.knobs.length);
    expect(() => plan.knob('nope')).toThrow(/Archive: no knob 'nope'; there are expirationInDays/);
  });
});

describe('refusals', () => {
  const message = (f: () => unknown): string => {
    try {
      f();
    } catch (e) {
      return `${(e as Error).name}: ${(e as Error).message}`;
    }
    return 'nothing thrown';
  };

  test("trap: the seed's rule on small objects names the break-even, both costs and the ways out", () => {
    const refused = () => planStorage('Archive', { workload: workload(16 * KB), transitions: SEED });
    expect(refused).toThrow(CapacityError);
    expect(message(refused)).toBe(
      'CapacityError: Archive: STANDARD_IA after 30 d, GLACIER after 180 d costs 59,040 USD/month for objects of 16 KB, ' +
        'S3 Standard 5,411 USD/month; it pays from 231 KB an object; compact to 231 KB an object, ' +
        'or drop the transitions: left out, the plan costs 5,411 USD/month',
    );
  });

  test('offers Intelligent-Tiering only where it pays', () => {
    const at = (kb: number) => message(() => planStorage('A', { workload: workload(kb * KB), transitions: SEED }));
    expect(at(16)).not.toContain('INTELLIGENT_TIERING');
    expect(at(230)).toContain('move to INTELLIGENT_TIERING at once for 5,080 USD/month');
  });

  test('every compaction that a refusal offers is accepted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 * KB }),
        fc.integer({ min: 181, max: 2000 }),
        zeroOr(0.001, 1),
        (objectBytes, retentionDays, readRatioPerMonth) => {
          const stock = { bytesPerDay: 1e10, objectBytes, retentionDays, readRatioPerMonth };
          const kb = /compact to (\d+) KB/.exec(
            message(() => planStorage('A', { workload: stock, transitions: SEED })),
          )?.[1];
          if (!kb) return;
          expect(() =>
            planStorage('A', { workload: { ...stock, objectBytes: Number(kb) * KB }, transitions: SEED }),
          ).not.toThrow();
        },
      ),
      { numRuns: runs },
    );
  });

  test('above the ceiling: allow more, keep less, compact; each way out holds', () => {
    const ceiling = { monthlyCost: 2000 };
    const text = message(() => planStorage('Archive', { workload: workload(MB), objective: ceiling }));
    expect(text).toContain('kept 365 days costs 2,852 USD/month, above the 2,000 USD/month allowed');
    const days = Number(/keep (\d+) days/.exec(text)?.[1]);
    expect(() =>
      planStorage('A', { workload: { ...workload(MB), retentionDays: days }, objective: ceiling }),
    ).not.toThrow();
    expect(text).toContain('compact to 256 MB');
    expect(() => planStorage('A', { workload: workload(256 * MB), objective: ceiling })).not.toThrow();
  });

  test('Glacier for a reader in a hurry', () => {
    expect(
      message(() =>
        planStorage('A', { workload: workload(MB), objective: { retrievalSeconds: 60 }, transitions: SEED }),
      ),
    ).toContain('GLACIER answers within 18,000 s, but readers wait no longer than 60 s; allow 18,000 s');
  });

  test.each([
    ['bytesPerDay must be above 0, got 0', { bytesPerDay: 0 }, {}],
    ['bytesPerDay must be above 0, got NaN', { bytesPerDay: Number.NaN }, {}],
    ['bytesPerDay must be at most 1000000000000000000', { bytesPerDay: 1e19 }, {}],
    ['objectBytes must be between 1 and', { objectBytes: 0.5 }, {}],
    ['retentionDays must be a whole number', { retentionDays: 1.5 }, {}],
    ['overwriteRatio must be at least 0 and below 1, got 1', { overwriteRatio: 1 }, {}],
    ['readRatioPerMonth must be between 0 and 1000', { readRatioPerMonth: -1 }, {}],
    ['noncurrentDays must be a whole number', {}, { noncurrentDays: 0 }],
    ['budgetHeadroom must be between 1 and 10', {}, { budgetHeadroom: 0.9 }],
    ['must name one of STANDARD_IA', {}, { transitions: [{ storageClass: 'ONEZONE', afterDays: 30 }] }],
    ['must name one of STANDARD_IA', {}, { transitions: [{ storageClass: 'STANDARD', afterDays: 30 }] }],
    [
      'days to STANDARD_IA must be a whole number, at least 30, got 29',
      {},
      { transitions: [{ storageClass: 'STANDARD_IA', afterDays: 29 }] },
    ],
    [
      'days to GLACIER must be at least 60, got 59',
      {},
      { transitions: [SEED[0], { storageClass: 'GLACIER', afterDays: 59 }] },
    ],
    [
      'must go from warm to cold, got STANDARD_IA after GLACIER',
      {},
      {
        transitions: [
          { storageClass: 'GLACIER', afterDays: 30 },
          { storageClass: 'STANDARD_IA', afterDays: 200 },
        ],
      },
    ],
    ['days to GLACIER must be below the retention of 100 days, got 180', { retentionDays: 100 }, { transitions: SEED }],
  ])('%s', (text, changed, choices) => {
    const refused = () => planStorage('Archive', { workload: { ...workload(MB), ...changed }, ...choices });
    expect(refused).toThrow(InvalidInputError);
    expect(refused).toThrow(text);
  });

  test('all failures come together', () => {
    expect(message(() => planStorage('A', { workload: { bytesPerDay: -1, objectBytes: 0 } }))).toMatch(
      /bytesPerDay.*; .*objectBytes/,
    );
  });
});

test.each([
  [1, '1 B'],
  [1500, '1.5 KB'],
  [109_606, '108 KB'],
  [2 ** 20, '1 MB'],
  [Number.POSITIVE_INFINITY, 'no size'],
])('sizeText(%d) is %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
