/** What the report counts, from answers of the servers. What it reads of a server: test/engines/ttl-documentdb.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { ROOT } from '../support/reference';
import type { Untyped } from '../support/stack';

const SCRIPT = readFileSync(join(ROOT, 'lib/runtime/ttl-collection/report.js'), 'utf8');
const GIB = 1024 ** 3;

/** What it reports when the backfill is done and `collStats` has this answer. */
function reported(collStats: Untyped): Untyped {
  const query: Untyped = { sort: () => query, limit: () => query, toArray: () => [] };
  const reports: Untyped[] = [];
  const context = createContext({
    process: { env: { COLLECTION: 'events', RUN: 'a1' } },
    print: () => {},
    platform: {
      metrics: (values: Untyped) => reports.push(values),
      undated: () => ({ unexpiring: 0, unknownAge: 0 }),
    },
    connect: () => ({
      hello: () => ({ localTime: new Date() }),
      runCommand: () => collStats,
      getCollection: () => ({
        find: () => query,
        findOne: () => ({ finishedRun: 'a1', drainUntil: new Date(0) }),
        getIndexes: () => [{ key: { expireAt: 1 }, expireAfterSeconds: 0 }],
      }),
    }),
  });
  runInContext(SCRIPT, context);
  return reports[0];
}

const files = { size: 20 * GIB, count: 1000, storageSize: 100 * GIB, totalIndexSize: 10 * GIB };

test('free space in the files of MongoDB is not counted, that of the collection nor that of its indexes', () => {
  const reuse = (bytes: number) => ({ 'block-manager': { 'file bytes available for reuse': bytes } });
  const indexDetails = { _id_: reuse(3 * GIB), expireAt_1: reuse(5 * GIB) };
  expect(reported({ ...files, freeStorageSize: 90 * GIB, indexDetails })).toMatchObject({
    DiskBytes: 110 * GIB,
    SettledBytes: 12 * GIB,
  });
});

test('free space of a collection of Amazon DocumentDB is not counted', () => {
  expect(reported({ ...files, unusedStorageSize: { unusedBytes: 60 * GIB, unusedPercent: 60 } })).toMatchObject({
    DiskBytes: 110 * GIB,
    SettledBytes: 50 * GIB,
  });
});

test('where a server does not tell what is free, all is counted', () => {
  expect(reported(files)).toMatchObject({ DiskBytes: 110 * GIB, SettledBytes: 110 * GIB });
});

test('an estimate beyond the size makes no negative number', () => {
  expect(reported({ ...files, unusedStorageSize: { unusedBytes: 120 * GIB } }).SettledBytes).toBe(10 * GIB);
});
