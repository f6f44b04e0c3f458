import {
  BESIDE_THE_PATH,
  CASES,
  caseOf,
  inLearningOrder,
  isMutual,
  LEARNING_PATH,
  outOfOrder,
  placeOf,
} from '../../lib/cases/catalogue';

const numbersWhere = (holds: (number: number) => boolean) => CASES.map(({ number }) => number).filter(holds);

describe('the catalogue', () => {
  test('has the twenty cases, numbered 1 to 20', () => {
    expect(CASES.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('names every case once, in words that a file and an address can carry', () => {
    expect(new Set(CASES.map(({ slug }) => slug)).size).toBe(20);
    expect(new Set(CASES.map(({ title }) => title)).size).toBe(20);
    for (const { slug } of CASES) expect(slug).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  // The slugs are addresses: whoever changes one breaks links from outside.
  test('keeps its slugs', () => {
    expect(CASES.map(({ slug }) => slug)).toEqual([
      'log-flood',
      'order-peak',
      'batch-to-streaming',
      'cron-stampede',
      'iot-metrics',
      'image-jobs',
      'mail-rate-limit',
      'replica-lag',
      'invalidation-storm',
      'allocation-outruns-gc',
      'cold-data',
      'unbounded-thread-pool',
      'ci-storm',
      'poison-messages',
      'webhook-flood',
      'collection-swells',
      'continuous-cleanup',
      'noisy-producer',
      'too-many-metrics',
      'tenant-starvation',
    ]);
  });

  test.each([
    ['beginner', [4, 7, 11, 13, 14, 16, 19]],
    ['intermediate', [1, 2, 5, 6, 9, 12, 15, 20]],
    ['advanced', [3, 8, 10, 17, 18]],
  ])('%s are %j', (difficulty, numbers) => {
    expect(numbersWhere((number) => caseOf(number).difficulty === difficulty)).toEqual(numbers);
  });

  test.each([
    ['architecture', [3, 5, 12, 15, 17, 20]],
    ['performance', [1, 4, 6, 8, 9, 10, 18, 19]],
    ['integration', [2, 5, 6, 7, 11, 13, 14, 16]], // 7 is unclassified in the source: ours
    ['diagnosis', [1, 8, 10, 12, 19]],
    ['security', [14, 15]],
  ])('domain %s has %j', (domain, numbers) => {
    expect(numbersWhere((number) => (caseOf(number).domains as readonly string[]).includes(domain))).toEqual(numbers);
  });

  test.each([
    ['scale', [2, 5, 6, 8, 13]],
    ['throttle', [1, 4, 7, 8, 12, 18, 19]],
    ['spread', [3, 4, 17]],
    ['merge', [9, 13, 19]],
    ['bound', [1, 10, 11, 12, 15, 16]],
    ['isolate', [2, 14, 15, 18, 20]],
  ])('lever %s moves %j', (lever, numbers) => {
    expect(numbersWhere((number) => (caseOf(number).levers as readonly string[]).includes(lever))).toEqual(numbers);
  });

  test('promises an improvement in every number of every headline', () => {
    for (const { number, headline } of CASES) {
      expect(headline.changes.length).toBeGreaterThan(0);
      for (const { measure, before, after } of headline.changes) {
        expect([number, measure, before]).not.toEqual([number, measure, after]);
      }
    }
  });

  test('says of each case what it is, in one paragraph, and where its usual answer fails', () => {
    for (const { summary, trap } of CASES) {
      expect(summary.length).toBeGreaterThan(150);
      expect(summary).not.toContain('\n');
      expect(trap.length).toBeGreaterThan(50);
    }
  });

  // That engines export what is offered, and nothing else, is held by test/registry.test.ts.
  test('runs every case that a construct is there for, and no other', () => {
    const runnable = numbersWhere((number) => caseOf(number).scenario !== undefined);
    expect(runnable.length).toBeGreaterThan(8);
    expect(runnable).toEqual(numbersWhere((number) => caseOf(number).constructs.some(({ available }) => available)));
  });

  test.each([0, 21, -1, 1.5, Number.NaN])('refuses case %p in one sentence that gives the range', (number) => {
    expect(() => caseOf(number)).toThrow(`there is no case ${number}: cases are numbered 1 to 20`);
  });
});

describe('the learning path', () => {
  test('meets every case once, on the path or beside it', () => {
    const numbers = inLearningOrder().map(({ number }) => number);
    expect([...numbers].sort((a, b) => a - b)).toEqual(CASES.map(({ number }) => number));
  });

  test('puts a case that stands beside the path right after its neighbour', () => {
    const numbers = inLearningOrder().map(({ number }) => number);
    for (const { number, beside } of BESIDE_THE_PATH) {
      expect(numbers[numbers.indexOf(number) - 1]).toBe(beside);
      expect(placeOf(number)).toEqual({ beside });
    }
  });

  test('never meets a case before one that it depends on', () => {
    expect(outOfOrder(LEARNING_PATH)).toEqual([]);
    expect(outOfOrder(inLearningOrder().map(({ number }) => number))).toEqual([]);
  });

  test('an order that breaks a dependency is told so', () => {
    expect(outOfOrder([5, 2, 4, 7])).toEqual([
      'case 5 depends on case 2, which comes later',
      'case 2 depends on case 4, which comes later',
      'case 2 depends on case 7, which comes later',
    ]);
  });

  test('8 and 12 explain each other, in any order, and are the only such pair', () => {
    const pairs = CASES.flatMap((one) =>
      CASES.filter((other) => one.number < other.number && isMutual(one, other)).map((other) => [
        one.number,
        other.number,
      ]),
    );
    expect(pairs).toEqual([[8, 12]]);
    expect(outOfOrder([1, 8, 12])).toEqual([]);
    expect(outOfOrder([1, 12, 8])).toEqual([]);
  });

  test('counts its steps from 1 to 17', () => {
    expect(placeOf(11)).toEqual({ step: 1 });
    expect(placeOf(20)).toEqual({ step: 17 });
  });
});
