/**
 * What becomes of documents that do not say how old they are, and how the report counts them, on a collection in memory. On a
 * server: test/engines/ttl-backfill.test.ts and ttl-documentdb.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { ROOT } from '../support/reference';
import type { Untyped } from '../support/stack';

const DAY_SECONDS = 86_400;
const RETENTION_SECONDS = 30 * DAY_SECONDS;
const NOW = new Date('2026-01-01T00:00:00Z');
const daysAgo = (days: number) => new Date(NOW.getTime() - 1000 * DAY_SECONDS * days);
const script = (name: string) => readFileSync(join(ROOT, 'lib/runtime/ttl-collection', `${name}.js`), 'utf8');
const SETTINGS = {
  ...{ COLLECTION: 'events', CREATED_FIELD: 'madeAt', RETENTION_SECONDS: String(RETENTION_SECONDS) },
  ...{ BATCH_SIZE: '2', BATCH_SECONDS: '0', BACKFILL_SECONDS: '0', DRAIN_PER_SECOND: '10', DRAIN_SECONDS: '0' },
  ...{ RUN: 'a1', NEWEST_DOCUMENTS: '1000', DB_HOST: 'db.local', DB_PORT: '27017', DB_NAME: 'shop' },
};

/** A young event, an old one, and what does not say how old it is. */
function mixed(): Untyped[] {
  return [
    { _id: 1, kind: 'event', madeAt: daysAgo(10) },
    { _id: 2, kind: 'settings' },
    { _id: 3, kind: 'event', madeAt: daysAgo(100) },
    { _id: 4, kind: 'account', madeAt: '2020-01-01' },
    { _id: 5, kind: 'event', madeAt: new Date(0) },
  ];
}

function typeOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return value instanceof Date ? 'date' : typeof value;
}

/** As the server answers the pipeline of the scan. */
function scanned(document: Untyped): Untyped {
  const { _id, madeAt, expireAt } = document;
  return {
    _id,
    type: typeOf(madeAt),
    created: madeAt instanceof Date ? madeAt : null,
    expiryType: typeOf(expireAt),
    expireAt: expireAt ?? null,
  };
}

/** Runs the scripts on documents, and gives what they wrote to the log. */
function ran(scripts: readonly string[], documents: Untyped[], more: Readonly<Record<string, string>> = {}): Untyped[] {
  const printed: Untyped[] = [];
  let state: Untyped = { finishedRun: 'a1', drainUntil: new Date(0) };
  // Nothing is overdue.
  const queryOf = (filter: Untyped) => {
    const query: Untyped = { toArray: () => (filter.expireAt ? [] : documents) };
    for (const name of ['sort', 'limit']) query[name] = () => query;
    return query;
  };
  const collection = {
    aggregate: () => {
      const left = documents.filter(({ expireAt }) => expireAt === undefined).map(scanned);
      return { hasNext: () => left.length > 0, next: () => left.shift() };
    },
    bulkWrite: (operations: Untyped[]) => {
      for (const { updateOne } of operations)
        Object.assign(documents.find(({ _id }) => _id === updateOne.filter._id.$eq) as object, updateOne.update.$set);
      return { modifiedCount: operations.length };
    },
    find: queryOf,
    getIndexes: () => [{ key: { expireAt: 1 }, expireAfterSeconds: 0 }],
  };
  const states = {
    findOne: () => state,
    updateOne: (_filter: Untyped, { $set = {}, $max = {} }: Untyped) => {
      state = { ...state, ...$max, ...$set };
      return { matchedCount: 1 };
    },
  };
  const value = (type: string) => () => ({ _bsontype: type });
  const context = createContext({
    ...{ process: { env: { ...SETTINGS, ...more } }, performance, sleep: () => {}, Date },
    ...{ BinData: value('Binary'), ObjectId: value('ObjectId'), Timestamp: value('Timestamp') },
    print: (line: string) => printed.push(JSON.parse(line)),
    connect: () => ({
      hello: () => ({ localTime: NOW }),
      runCommand: () => ({}),
      getCollection: (name: string) => (name === 'events' ? collection : states),
    }),
  });
  for (const name of scripts) runInContext(script(name), context);
  return printed;
}

const backfill = (documents: Untyped[], more: Readonly<Record<string, string>> = {}) =>
  ran(['backfill'], documents, { RUN: '', ...more }).find(({ done }) => done);

test('they get no date and are counted once, by their type, whatever the number of passes', () => {
  const documents = mixed();
  const done = backfill(documents);
  expect(documents.filter(({ expireAt }) => expireAt !== undefined).map(({ _id }) => _id)).toEqual([1, 3]);
  expect(done).toMatchObject({
    changed: 2,
    unknownAge: { missing: 1, string: 1, 'date before 1971 or out of range': 1 },
  });
});

test('they expire a retention after now where the objective says so, never as old ones', () => {
  const documents = mixed();
  const done = backfill(documents, { EXPIRE_UNKNOWN_AGE: '1' });
  const due = NOW.getTime() + 1000 * RETENTION_SECONDS;
  expect(documents.filter(({ expireAt }) => expireAt?.getTime() === due).map(({ _id }) => _id)).toEqual([2, 4, 5]);
  expect(done).toMatchObject({
    changed: 5,
    unknownAge: { missing: 1, string: 1, 'date before 1971 or out of range': 1 },
  });
});

describe('the report on Amazon DocumentDB', () => {
  const reported = (documents: Untyped[], more: Readonly<Record<string, string>> = {}) =>
    ran(['documentdb', 'report'], documents, more);
  const forgotten = { _id: 6, madeAt: daysAgo(1) };
  const ofAnotherType = { _id: 7, expireAt: 5 };

  test('does not count them among those that should expire', () => {
    const [line, metrics] = reported([...mixed().slice(1, 2), ...mixed().slice(3), forgotten, ofAnotherType]);
    expect(line).toMatchObject({ ttl_collection_unexpiring_documents: 2, ttl_collection_unknown_age_documents: 3 });
    expect(metrics).toMatchObject({ UnexpiringDocuments: 2 });
  });

  test('counts them where they are to expire', () => {
    const [, metrics] = reported([...mixed().slice(1, 2), forgotten], { EXPIRE_UNKNOWN_AGE: '1' });
    expect(metrics).toMatchObject({ UnexpiringDocuments: 2 });
  });
});
