/** What a torture run says of itself: its books, whether it has held, and its page. */
import { MASK } from '../../lib/runtime/masking';
import { closeBooks, type Found } from './books';
import { faultsIn } from './faults';
import { lettersOf, SECRETS } from './letters';
import { pageOf } from './page';
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
const ORDERED = { ordered: true, quotes: false };
const wrong = (changed: Partial<Found>, promised = ORDERED, version = 1) =>
  closeBooks(letters, { ...perfect(), ...changed }, promised, version).wrong.join('\n');

describe('the books', () => {
  test('close when every letter had its one effect or was set aside', () => {
    expect(closeBooks(letters, perfect(), ORDERED)).toMatchObject({ sent: 20_000, wrong: [] });
  });

  const [first, second] = perfect().effects.filter(({ key }) => key === letters[0].key);
  test.each<[string, Partial<Found>, string]>([
    ['a letter without its effect', { effects: perfect().effects.slice(1) }, 'letters had no effect'],
    ['an effect twice', { effects: [...perfect().effects, first] }, '1 effects were made twice'],
    ['effects that were made again', { surplus: 3 }, '3 effects were made twice'],
    [
      'an effect of what nobody sent',
      { effects: [...perfect().effects, { ...first, id: 'x' }] },
      'should have none: x',
    ],
    ['a poison letter that is nowhere', { aside: perfect().aside.slice(1) }, 'were not set aside'],
    ['a good letter set aside', { aside: [...perfect().aside, letters[0].body] }, 'could have had their effect'],
    ...SECRETS.map((secret): [string, Partial<Found>, string] => [
      'a secret in a log',
      { said: `failed: ${secret}` },
      'a secret can be read',
    ]),
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
    expect(closeBooks(refused, { ...perfect(), effects: others }, ORDERED)).toMatchObject({
      refused: 1,
      wrong: [],
    });
    expect(closeBooks(refused, perfect(), ORDERED).wrong).toEqual([
      `1 letters had an effect and should have none: ${letters[chosen].id}`,
    ]);
  });

  test('do not close over a version that was rolled out and had no effect', () => {
    expect(wrong({}, ORDERED, 2)).toBe('no letter had its effect from version 2 of the consumers');
  });

  test('say nothing about order where none is promised', () => {
    const effects = [...perfect().effects].reverse();
    expect(wrong({ effects }, { ...ORDERED, ordered: false })).toBe('');
  });

  test('do not close over an engine that quotes errors when none was quoted: no secret was masked', () => {
    const quoting = { ordered: true, quotes: true };
    expect(wrong({}, quoting)).toBe('no error was quoted with its secrets masked');
    expect(wrong({ said: `failed: ${MASK}` }, quoting)).toBe('');
  });
});

describe('a run', () => {
  const run = (measured: number, changed: Partial<Outcome> = {}) =>
    ({
      messages: 100_000,
      perSecond: 120,
      books: closeBooks(letters, perfect(), ORDERED),
      faults: [],
      struck: [],
      backlog: { predicted: 100, measured: 100 },
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

  test.each([
    [74, '74'],
    [126, '126'],
  ])('has not where %d letters waited at most and 100 were foreseen', (measured, told) => {
    const backlog = { predicted: 100, measured };
    expect(faultsFound(run(20, { backlog }), true)).toEqual([`${told} letters waited at most, foreseen were 100`]);
    expect(faultsFound(run(20, { backlog }), false)).toEqual([]);
  });

  test('has not where a kind of fault never struck, however few letters it had', () => {
    const faults = faultsIn('kill#1@2 kill#1@3 crash@5');
    const missed = run(20, { messages: 1000, faults, struck: faultsIn('kill#1@2.1') });
    expect(faultsFound(missed, false)).toEqual(['no crash struck']);
    expect(faultsFound({ ...missed, struck: faults }, false)).toEqual([]);
  });

  test('has not where its books do not close, and the page says so', () => {
    const books = closeBooks(letters, { ...perfect(), left: 1 }, ORDERED);
    expect(faultsFound(run(20, { books }), false)).toEqual(['1 letters are left in queues']);
    const whole: Partial<Outcome> = {
      title: 'Broker',
      seed: 7,
      faults: faultsIn('kill#1@2 kill#1@3'),
      struck: faultsIn('kill#1@2'),
      restarts: 1,
      latency: { p50: 1, p99: 2, most: 3 },
      waits: { p99: 1.5, most: 2.5 },
      assumed: 'a session of 45 s',
      takeover: { predicted: 3, measured: 2.8 },
      cleared: { predicted: 160 },
    };
    expect(pageOf([run(20, whole)])).toContain('| yes |');
    expect(pageOf([run(20, { ...whole, books })])).toContain('| no: 1 letters are left in queues |');
    expect(pageOf([run(30, whole)])).toContain('| no: recovery took 30.0 s, foreseen were 20.0 s |');
    expect(pageOf([run(20, whole)])).toContain('| 1 / 2 / 3 s | 1.5 / 2.5 s |');
    expect(pageOf([run(20, whole)])).toContain(
      '- Broker: seed 7, 120 letters/s, 1 of 2 faults struck: kill#1@2 kill#1@3. Assumed: a session of 45 s. ' +
        'Measured: until the work of a killed consumer went on 2.8 of 3 s.',
    );
  });

  test('has the processors named where its times are off and they were busy: the machine is too slow', () => {
    const busy = { busyRatio: 0.97 };
    expect(faultsFound(run(30, busy), true)).toEqual([
      'recovery took 30.0 s, foreseen were 20.0 s',
      'the processors were 97 % busy: this machine is too slow for 120 letters/s, or something else ran on it; run this engine --alone, or on a quicker machine',
    ]);
    expect(faultsFound(run(20, busy), true)).toEqual([]);
    expect(faultsFound(run(30, { ...busy, busyRatio: 0.5 }), true)).toHaveLength(1);
  });

  test('the page keeps what it has of engines that were not run now, which may have run on another machine', () => {
    const common = {
      on: '2026-11-30, load 0.1',
      takeover: { predicted: 3 },
      assumed: 'nothing',
      cleared: { predicted: 1 },
    };
    const shown = { ...run(20), ...common, latency: { p50: 1, p99: 2, most: 3 } };
    const [old, also] = [
      { ...shown, title: 'Queue', seed: 1 },
      { ...shown, title: 'Log, version 2', seed: 2 },
    ];
    const titles = ['Log, version 2', 'Queue', 'Store'];
    const before = pageOf([also, old], titles);
    expect(before).toContain('No run with all letters was made yet of: Store.');
    const now = { ...shown, title: 'Queue', seed: 3, latency: { p50: 4, p99: 5, most: 6 } };
    const after = pageOf([now], titles, before);
    const lines = (page: string) => page.split('\n').filter((line) => /^(\||-) /.test(line));
    expect(lines(after)).toHaveLength(lines(before).length);
    expect(lines(after).filter((line) => line.includes('Log, version 2'))).toEqual(
      lines(before).filter((line) => line.includes('Log, version 2')),
    );
    expect(after).toContain('| 4 / 5 / 6 s |');
    expect(after).toContain('- Queue, 2026-11-30, load 0.1: seed 3');
    expect(after).not.toContain('seed 1,');
    // Written again with nothing new it is the same.
    expect(pageOf([now], titles, after)).toBe(after);
    // A row with a column less would say something else.
    expect(pageOf([now], titles, before.replace('| – |', '|'))).toContain('made yet of: Log, version 2; Store.');
  });

  test('the page says what ran beside it, and how long all took, where they were run together', () => {
    const one = { ...run(20), on: '2026-11-30, load 0.1', title: 'Broker', takeover: { predicted: 3 } };
    const shown = { ...one, latency: { p50: 1, p99: 2, most: 3 }, assumed: 'nothing', cleared: { predicted: 1 } };
    const together = { seconds: 2520, cores: 2 };
    const both = [
      { ...shown, beside: ['redis', 'kafka'], together },
      { ...shown, title: 'Other', together },
    ];
    expect(pageOf(both)).toContain('- Broker, 2026-11-30, load 0.1, beside redis, kafka: seed');
    expect(pageOf(both)).toContain('All engines took 42 minutes on 2 cores, beside one another as far as these go.');
    expect(pageOf([...both, { ...shown, title: 'Third' }])).not.toContain('All engines took');
  });
});
