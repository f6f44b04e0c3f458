/** The parts of a torture run that need no server: letters, faults, books, and how a failing schedule is shrunk. */
import { closeBooks, type Found } from './books';
import type { Sizing } from './engine';
import { FAULT_KINDS, type Fault, faultsIn, faultsOf, spoken } from './faults';
import { foreseen, lastOverOf } from './foreseen';
import { lettersOf, SECRET, SHARES } from './letters';
import { pageOf } from './page';
import { shrink } from './shrink';
import type { Outcome } from './torture';
import { faultsFound } from './verdict';

const letters = lettersOf(20_000, 500, 7);
const perfect = (): Found => ({
  effects: letters.filter(({ fate }) => fate === 'effect').map((letter) => ({ ...letter, version: 1 })),
  repeated: 0,
  aside: letters.filter(({ fate }) => fate === 'aside').map(({ body }) => body),
  said: '',
  left: 0,
});
const wrong = (changed: Partial<Found>, ordered = true, version = 1) =>
  closeBooks(letters, { ...perfect(), ...changed }, ordered, version).wrong.join('\n');

describe('letters', () => {
  test('are the same for a seed, and in the shares that are told', () => {
    expect(lettersOf(1000, 10, 3)).toEqual(lettersOf(1000, 10, 3));
    const share = (count: number) => count / letters.length;
    expect(share(letters.filter(({ copies }) => copies > 1).length)).toBeCloseTo(SHARES.duplicate, 2);
    const poison = letters.filter(({ body }) => body.includes(SECRET) && body.at(-1) !== '}');
    expect(share(poison.length) / SHARES.poison).toBeGreaterThan(0.7);
    expect(share(poison.length) / SHARES.poison).toBeLessThan(1.3);
  });

  test('are told apart by their bodies: one that was set aside vouches for no other', () => {
    const many = lettersOf(100_000, 1000, 11).filter(({ fate }) => fate === 'aside');
    expect(new Set(many.map(({ body }) => body)).size).toBe(many.length);
  });

  test('with an effect can be read, also those that are made to do harm; the others cannot', () => {
    for (const { body, fate, id } of letters) {
      const read = () => (JSON.parse(body) as { id: string }).id;
      if (fate === 'effect') expect(read()).toBe(id);
      else expect(read).toThrow();
    }
  });
});

describe('faults', () => {
  const torment = {
    seconds: 600,
    killEverySeconds: 20,
    cutSeconds: 30,
    kinds: FAULT_KINDS,
  };

  test('are the same for a seed, each kind that the engine can take, in the order of time', () => {
    const faults = faultsOf(torment, 5);
    expect(faults).toEqual(faultsOf(torment, 5));
    expect(faults).not.toEqual(faultsOf(torment, 6));
    expect(faults.map(({ at }) => at)).toEqual(faults.map(({ at }) => at).sort((a, b) => a - b));
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(torment.kinds));
    expect(faultsOf({ ...torment, kinds: ['kill'] }, 5).every(({ kind }) => kind === 'kill')).toBe(true);
    expect(faults.filter(({ kind }) => kind === 'kill').length).toBeGreaterThan(12);
  });

  test('can be printed and read again', () => {
    const faults = faultsIn('kill@2 cut@40.5+30 crash@60');
    expect(faults).toEqual([
      { at: 2, kind: 'kill', victim: 0 },
      { at: 40.5, kind: 'cut', seconds: 30 },
      { at: 60, kind: 'crash' },
    ]);
    expect(faultsIn(spoken(faults))).toEqual(faults);
    expect(() => faultsIn('explode@3')).toThrow('a fault is written as kill@12.5 or cut@40+30, got explode@3');
  });
});

describe('the books', () => {
  test('close when every letter had its one effect or was set aside', () => {
    expect(closeBooks(letters, perfect(), true)).toMatchObject({ sent: 20_000, wrong: [] });
  });

  const [first, second] = perfect().effects.filter(({ key }) => key === letters[0].key);
  test.each<[string, Partial<Found>, string]>([
    ['a letter without its effect', { effects: perfect().effects.slice(1) }, 'letters had no effect'],
    ['an effect twice', { effects: [...perfect().effects, first] }, '1 effects were made twice'],
    [
      'an effect of what nobody sent',
      { effects: [...perfect().effects, { ...first, id: 'x' }] },
      'should have none: x',
    ],
    ['a poison letter that is nowhere', { aside: perfect().aside.slice(1) }, 'were not set aside'],
    ['a good letter set aside', { aside: [...perfect().aside, letters[0].body] }, 'could have had their effect'],
    ['a secret in a log', { said: `failed: ${SECRET}` }, 'a secret can be read'],
    ['a letter in a queue', { left: 1 }, '1 letters are left in queues'],
    [
      'an effect before an earlier one',
      { effects: [second, ...perfect().effects.filter(({ id }) => id !== second.id)] },
      `effects came before one that was sent earlier with the same key`,
    ],
  ])('do not close over %s', (_, changed, expected) => {
    expect(wrong(changed)).toContain(expected);
  });

  test('count what was refused where it was sent, and do not close over an effect of it', () => {
    const chosen = letters.findIndex(({ fate }) => fate === 'effect');
    const refused = letters.map((letter, place) =>
      place === chosen ? { ...letter, fate: 'refused' as const } : letter,
    );
    const others = perfect().effects.filter(({ id }) => id !== letters[chosen].id);
    expect(closeBooks(refused, { ...perfect(), effects: others }, true)).toMatchObject({ refused: 1, wrong: [] });
    expect(closeBooks(refused, perfect(), true).wrong).toEqual([
      `1 letters had an effect and should have none: ${letters[chosen].id}`,
    ]);
  });

  test('do not close over a version that was rolled out and had no effect', () => {
    expect(wrong({}, true, 2)).toBe('no letter had its effect from version 2 of the consumers');
  });

  test('say nothing about order where none is promised', () => {
    const effects = [...perfect().effects].reverse();
    expect(wrong({ effects }, false)).toBe('');
  });
});

test('a failing schedule is shrunk to the shortest that still fails', async () => {
  const all = faultsOf({ seconds: 900, killEverySeconds: 20, cutSeconds: 30, kinds: ['kill', 'crash', 'cut'] }, 1);
  const tried: number[] = [];
  const fails = async (part: readonly Fault[]) => {
    tried.push(part.length);
    return part.some(({ kind }) => kind === 'crash') && part.some(({ kind }) => kind === 'cut');
  };
  expect((await shrink(all, fails)).map(({ kind }) => kind)).toEqual(['crash', 'cut']);
  expect(tried.length).toBeLessThan(60);
});

describe('what is foreseen', () => {
  const sizing: Sizing = {
    perSecond: 100,
    instances: 4,
    clearedPerSecond: 160,
    shares: 'common',
    takeoverSeconds: 2,
    peakBacklog: 20,
  };

  test('a queue that answers nobody for 30 s drains in 30 s × rate ÷ spare capacity', () => {
    const { mostBacklog, recoveredAt } = foreseen(sizing, 200, [{ from: 50, to: 80 }]);
    expect(mostBacklog).toBeCloseTo(3000, -2);
    // All but what waits without a fault too: (3000 − 100) ÷ (160 − 100).
    expect(recoveredAt).toBeCloseTo(80 + 48.3, 0);
  });

  test('consumers that come back later than their engine recover later, and from when the engine was back', () => {
    const { recoveredAt } = foreseen(sizing, 200, [{ from: 50, to: 85, over: 80 }]);
    // 3,500 wait at 85 s.
    expect(recoveredAt).toBeCloseTo(85 + (3500 - 100) / 60, 0);
    expect(
      lastOverOf([
        { from: 50, to: 85, over: 80 },
        { from: 20, to: 30 },
      ]),
    ).toBe(80);
  });

  test('one consumer of four that is away is missed only where its letters are its own', () => {
    const away = [{ from: 50, to: 95, consumer: 1 }];
    expect(foreseen(sizing, 200, away).mostBacklog).toBe(20);
    // 25 letters a second for 45 s, which its own 40/s drain beside 25 new ones.
    const own = foreseen({ ...sizing, shares: 'own' }, 200, away);
    expect(own.mostBacklog).toBeCloseTo(1125, -1);
    expect(own.recoveredAt).toBeCloseTo(95 + (1125 - 100) / 15, 0);
  });

  test('a consumer that is away in two ways is away once, and without spare capacity nothing drains', () => {
    const twice = [
      { from: 50, to: 80 },
      { from: 50, to: 80, consumer: 0 },
    ];
    expect(foreseen(sizing, 200, twice)).toEqual(foreseen(sizing, 200, [{ from: 50, to: 80 }]));
    expect(() => foreseen({ ...sizing, clearedPerSecond: 0 }, 10, [])).toThrow('never drain 100 letters/s at 0/s');
  });
});

describe('a run', () => {
  const run = (measured: number, changed: Partial<Outcome> = {}) =>
    ({
      messages: 100_000,
      books: closeBooks(letters, perfect(), true),
      recovery: { predicted: 20, measured },
      ...changed,
    }) as Outcome;

  test.each([15, 20, 25])('has held with a recovery of %d s where 20 were foreseen', (seconds) => {
    expect(faultsFound(run(seconds), true)).toEqual([]);
  });

  test.each([14.9, 25.1])(
    'has not with one of %d s; its times are not judged beside others or with fewer letters',
    (seconds) => {
      expect(faultsFound(run(seconds), true)).toEqual([`recovery took ${seconds.toFixed(1)} s, foreseen were 20.0 s`]);
      expect(faultsFound(run(seconds), false)).toEqual([]);
      expect(faultsFound(run(seconds, { messages: 1000 }), true)).toEqual([]);
    },
  );

  test('has not where its books do not close, and the page says so', () => {
    const books = closeBooks(letters, { ...perfect(), left: 1 }, true);
    expect(faultsFound(run(20, { books }), false)).toEqual(['1 letters are left in queues']);
    const whole: Partial<Outcome> = {
      title: 'Broker',
      faults: [],
      restarts: 0,
      latency: { p50: 1, p99: 2, most: 3 },
      backlog: { predicted: 1, measured: 1 },
    };
    expect(pageOf([run(20, whole)], [])).toContain('| yes |');
    expect(pageOf([run(20, { ...whole, books })], [])).toContain('| no: 1 letters are left in queues |');
    expect(pageOf([run(30, whole)], [])).toContain('| no: recovery took 30.0 s, foreseen were 20.0 s |');
  });
});
