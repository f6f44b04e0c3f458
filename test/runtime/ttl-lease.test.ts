/**
 * How a backfill on Amazon DocumentDB begins and ends, and what it does without its lease, on a database of a few lines. What it
 * does to documents: test/engines/ttl-documentdb.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { ROOT } from '../support/reference';
import type { Untyped } from '../support/stack';

const SCRIPTS = ['documentdb', 'backfill'].map((name) =>
  readFileSync(join(ROOT, 'lib/runtime/ttl-collection', `${name}.js`), 'utf8'),
);
const SETTINGS = {
  ...{
    DB_HOST: 'db.local',
    DB_PORT: '27017',
    DB_NAME: 'shop',
    COLLECTION: 'events',
    RUN: 'a1',
    RETENTION_SECONDS: '86400',
  },
  ...{ BATCH_SIZE: '1000', BATCH_SECONDS: '1', BACKFILL_SECONDS: '0', DRAIN_PER_SECOND: '10', DRAIN_SECONDS: '0' },
};
/** One page of each type of ids: the collection is empty. */
const PAGES = 8;
const LOST = 'the lease is lost: another run goes on';

/** What a run has done so far. */
interface Done {
  pages: number;
  indexes: number;
  readonly printed: Untyped[];
  /** The progress after each change. */
  readonly progress: Untyped[];
}

/** Runs the scripts with a lease, and tells what they did and why they stopped. */
function ran(takeLease: (done: Done) => Untyped, state: Untyped = {}): Done & { error?: string; metrics: Untyped } {
  const done: Done = { pages: 0, indexes: 0, printed: [], progress: [state] };
  const query: Untyped = {
    ...Object.fromEntries(['sort', 'hint', 'limit'].map((name) => [name, () => query])),
    toArray: () => {
      done.pages += 1;
      return [];
    },
  };
  const documents = {
    find: () => query,
    getIndexes: () => [],
    createIndex: () => {
      done.indexes += 1;
    },
  };
  const states = {
    findOne: () => done.progress.at(-1),
    updateOne: (_filter: Untyped, { $set = {}, $max = {}, $unset = {} }: Untyped) => {
      const left = Object.entries({ ...done.progress.at(-1), ...$max, ...$set }).filter(([name]) => !(name in $unset));
      done.progress.push(Object.fromEntries(left));
    },
  };
  const value = (type: string) => () => ({ _bsontype: type });
  const context = createContext({
    ...{ process: { env: { ...SETTINGS } }, performance, sleep: () => {}, takeLease: () => takeLease(done) },
    ...{ BinData: value('Binary'), ObjectId: value('ObjectId'), Timestamp: value('Timestamp') },
    print: (line: string) => done.printed.push(JSON.parse(line)),
    connect: () => ({
      hello: () => ({ localTime: new Date() }),
      getCollection: (name: string) => (name === 'events' ? documents : states),
    }),
  });
  let error: string | undefined;
  try {
    for (const script of SCRIPTS) runInContext(script, context);
  } catch (thrown) {
    error = (thrown as Error).message;
  }
  const metrics = Object.fromEntries(
    done.printed.flatMap((line) =>
      (line._aws?.CloudWatchMetrics[0].Metrics ?? []).map(({ Name }: Untyped) => [Name, line[Name]]),
    ),
  );
  return { ...done, error, metrics };
}

const held = (isHeld: () => boolean) => ({ isHeld, release: () => {} });
const finishedRun = ({ progress }: Done) => progress.at(-1).finishedRun;

test('a user who may not write is a start and an error', () => {
  const { error, metrics, pages } = ran(() => {
    throw new Error('not authorized on shop');
  });
  expect(error).toBe('not authorized on shop');
  expect(metrics).toEqual({ BackfillStarts: 1, BackfillErrors: 1 });
  expect(pages).toBe(0);
});

test('a start that another run keeps out is no error', () => {
  const { error, metrics, pages } = ran(() => undefined);
  expect([error, metrics, pages]).toEqual([undefined, { BackfillStarts: 1 }, 0]);
});

test('a run with its lease makes the index and is finished', () => {
  const whole = ran(() => held(() => true));
  expect(whole.error).toBeUndefined();
  expect([whole.pages, whole.indexes, finishedRun(whole)]).toEqual([PAGES, 1, 'a1']);
});

test('told to begin again, it began then, not months ago', () => {
  const [before] = ran(() => held(() => true)).progress.slice(-1);
  expect(before).toMatchObject({ finishedRun: 'a1' });
  const { finishedRun: _removed, ...told } = before;
  const began = Date.now();
  const again = ran(() => held(() => true), told);
  expect(again.error).toBeUndefined();
  const begun = again.progress.find(({ runBegunAt }) => runBegunAt !== undefined);
  expect(told).not.toHaveProperty('runBegunAt');
  expect(begun).toMatchObject({ run: 'a1' });
  expect(begun.runBegunAt.getTime()).toBeGreaterThanOrEqual(began);
});

describe('a run that loses its lease', () => {
  test('between two pages without a document to date reads no further', () => {
    const lost = ran((done) => held(() => done.pages < 3));
    expect([lost.error, lost.pages, lost.indexes, finishedRun(lost)]).toEqual([LOST, 3, 0, undefined]);
  });

  test('at the last page changes nothing more', () => {
    const lost = ran((done) => held(() => done.pages < PAGES));
    expect([lost.error, lost.indexes, finishedRun(lost)]).toEqual([LOST, 0, undefined]);
    expect(lost.printed.filter(({ done }) => done)).toEqual([]);
  });

  test('when all documents are dated makes no index', () => {
    const lost = ran((done) => held(() => !done.printed.some((line) => line.done)));
    expect([lost.error, lost.pages, lost.indexes, finishedRun(lost)]).toEqual([LOST, PAGES, 0, undefined]);
  });

  test('while the index is built leaves it to the other to say that all is done', () => {
    const lost = ran((done) => held(() => done.indexes === 0));
    expect([lost.error, lost.indexes, finishedRun(lost)]).toEqual([LOST, 1, undefined]);
    expect(lost.metrics).toMatchObject({ BackfillErrors: 1 });
  });
});
