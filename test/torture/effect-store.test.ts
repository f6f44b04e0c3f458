/**
 * The store of a torture run keeps what `EffectStore` promises, and what goes past it is in the books: the shipped consumer of
 * webhooks has its effects in it, with copies of letters.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EffectStore } from '../../lib/runtime/effect-store';
import { ATTRIBUTES } from '../../lib/runtime/webhook-receiver/contract';
import { deliveryConsumer } from '../../lib/runtime/webhook-receiver/delivery';
import { closeBooks } from './books';
import { type Effect, EffectFiles } from './effects';
import { type Letter, lettersOf } from './letters';

type Write = Omit<Effect, 'at'>;
interface Transaction {
  add(write: Write): void;
}
type Store = EffectStore<Transaction> & { readonly outside: Transaction };
const { effectStore } = require('./effect-store.cjs') as {
  effectStore(folder: string, now: () => number): Store;
};
interface Handlers {
  effectOf(body: string, transaction?: Transaction): Promise<void>;
  handle(body: string, key?: string): Promise<void>;
  readonly store: Store;
}

let folder: string;
let log: jest.SpyInstance;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backpressure-effects-'));
  log = jest.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(() => {
  log.mockRestore();
  rmSync(folder, { recursive: true });
});

describe('a key and its effect', () => {
  const write = { id: 'letter-1', key: 'a', place: 0, version: 1 };
  const LATER = 1000;
  let now: number;
  let store: Store;
  let effects: EffectFiles;
  beforeEach(() => {
    now = 1;
    store = effectStore(folder, () => now);
    effects = new EffectFiles(folder);
  });
  const add = async (transaction: Transaction) => transaction.add(write);

  test('are committed together, and the key is recognized then', async () => {
    expect(await store.once('k', LATER, add)).toBe('committed');
    expect(await store.once('k', LATER, () => Promise.reject(new Error('was run')))).toBe('duplicate');
    expect(await effects.all()).toEqual([{ ...write, at: 1 }]);
    expect([await effects.count(), await effects.repeated()]).toEqual([1, 1]);
  });

  test('are committed by one of many attempts at the same time, also of different processes', async () => {
    const other = effectStore(folder, () => now);
    const outcomes = await Promise.all([store, other, store, other].map((one) => one.once('k', LATER, add)));
    expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1);
    expect(await effects.count()).toBe(1);
  });

  test('are not there when the effect fails, and the next attempt has it', async () => {
    const failing = async (transaction: Transaction) => {
      transaction.add(write);
      throw new Error('failed');
    };
    await expect(store.once('k', LATER, failing)).rejects.toThrow('failed');
    expect(await effects.count()).toBe(0);
    expect(await store.once('k', LATER, add)).toBe('committed');
  });

  test('take no write that comes after the commit', async () => {
    let kept: Transaction | undefined;
    await store.once('k', LATER, async (transaction) => {
      kept = transaction;
    });
    expect(() => kept?.add(write)).toThrow('the transaction is over');
  });

  test('stay in the journal when the key has expired; the effect is then there twice', async () => {
    await store.once('k', LATER, add);
    now = LATER;
    expect(await store.once('k', 2 * LATER, add)).toBe('committed');
    expect(await store.once('k', 2 * LATER, add)).toBe('duplicate');
    expect(await effects.all()).toHaveLength(2);
  });
});

describe('the books of the shipped consumer of webhooks', () => {
  const letters = lettersOf(200, 20, 3).filter(({ fate }) => fate === 'effect');
  const copied = letters.slice(0, 5);

  /** Delivers every letter, and some of them again; the keys are those of the receiver unless told. */
  async function closed(change: {
    keyOf?: (letter: Letter, delivery: number) => string;
    storeOf?: (store: Store) => EffectStore<Transaction>;
    now?: () => number;
  }): Promise<readonly string[]> {
    const { keyOf = ({ id }) => id, storeOf = (store) => store, now } = change;
    const { effectOf, store } = handlers(folder);
    const consumer = deliveryConsumer<Transaction>(
      ({ body }, transaction) => effectOf(body, transaction),
      storeOf(store),
      { idempotencySeconds: 3600, ...(now && { now }) },
    );
    for (const [delivery, letter] of [...letters, ...copied].entries())
      await consumer.consume({
        attributes: {
          [ATTRIBUTES.source]: 'shop',
          [ATTRIBUTES.deliveryId]: letter.id,
          [ATTRIBUTES.idempotencyKey]: keyOf(letter, delivery),
        },
        data: Buffer.from(letter.body),
        attempt: 1,
      });
    const journal = new EffectFiles(folder);
    const found = { aside: [], said: '', left: 0, repeated: await journal.repeated(), effects: await journal.all() };
    return closeBooks(letters, found, { ordered: true, quotes: false }).wrong;
  }

  test('close when copies have the key of their letter', async () => {
    expect(await closed({})).toEqual([]);
    expect(await new EffectFiles(folder).repeated()).toBe(copied.length);
  });

  test.each<[string, Parameters<typeof closed>[0]]>([
    [
      'the effect is run outside of `once`, with a transaction of nobody',
      {
        storeOf: ({ outside }) => ({
          async once(_key, _expires, effect) {
            await effect(outside);
            return 'committed';
          },
        }),
      },
    ],
    [
      'the effect is run without a transaction',
      {
        storeOf: () => ({
          async once(_key, _expires, effect) {
            await effect(undefined as never);
            return 'committed';
          },
        }),
      },
    ],
    ['a copy has another key', { keyOf: ({ id }, delivery) => `${id}-${delivery}` }],
    ['keys expire at once: seconds in the place of milliseconds', { now: () => Date.now() / 1000 }],
  ])('do not close when %s', async (_, change) => {
    expect(await closed(change)).toContain(`${copied.length} effects were made twice`);
  });

  test('close over a handler that has the key of its letters itself', async () => {
    const { handle } = handlers(folder);
    for (const { body } of [...letters, ...copied]) await handle(body);
    const journal = new EffectFiles(folder);
    expect([await journal.count(), await journal.repeated()]).toEqual([letters.length, copied.length]);
  });
});

/** What the consumers of a run are made of, as a process with this folder has it. */
function handlers(effects: string): Handlers {
  const before = process.env;
  process.env = { ...before, EFFECTS: effects, VERSION: '1', WORK_MILLIS: '0' };
  Object.assign(globalThis, { trueNow: Date.now });
  try {
    let loaded: Handlers | undefined;
    jest.isolateModules(() => {
      loaded = require('./handler.cjs') as Handlers;
    });
    return loaded!;
  } finally {
    process.env = before;
  }
}
