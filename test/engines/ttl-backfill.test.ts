/**
 * What the shipped backfill makes of documents that are not as it would wish them, and of its own earlier runs, against
 * a server that speaks MongoDB's protocol (SecantusDB, not mongod).
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mongo, mongoMissing, startMongo } from './mongo';
import { RETENTION_SECONDS, shipped } from './ttl-shipped';

const RETENTION_MILLIS = 1000 * RETENTION_SECONDS;
const YEAR_MILLIS = 365 * 86_400_000;
/** Old enough to be due, as long as somebody takes it for a time. */
const OLD_SECONDS = 1_500_000_000;
/** The clocks are one and the same; a run takes longer than this. */
const TOLERANCE_MILLIS = 2000;

const suite = mongoMissing() === undefined ? describe : describe.skip;

interface Summary {
  readonly batches: number;
  readonly changed: number;
  readonly redated: number;
  readonly spread: number;
  readonly future: number;
  readonly unknownAge: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
}

interface Dated {
  readonly k: string;
  /** Missing or null without a date. */
  readonly due?: number;
}

/** Every type of BSON that an insert takes, each as old as it can look. */
const VALUES: Readonly<Record<string, string>> = {
  'double, seconds': `Double(${OLD_SECONDS}.5)`,
  'double, milliseconds': `Double(${OLD_SECONDS}000.5)`,
  string: `'2017-07-14T02:40:00Z'`,
  object: `{ at: new Date(${OLD_SECONDS}000) }`,
  binData: 'UUID()',
  objectId: `ObjectId.createFromTime(${OLD_SECONDS})`,
  bool: 'true',
  date: `new Date(${OLD_SECONDS}000)`,
  null: 'null',
  javascript: `Code('1')`,
  int: `Int32(${OLD_SECONDS})`,
  timestamp: `Timestamp({ t: ${OLD_SECONDS}, i: 1 })`,
  'long, seconds': `Long.fromString('${OLD_SECONDS + 1}')`,
  'long, milliseconds': `Long.fromString('${OLD_SECONDS}001')`,
  decimal: `Decimal128('${OLD_SECONDS}002')`,
  minKey: 'MinKey()',
  maxKey: 'MaxKey()',
};
/** What no `_id` may be. */
const FIELD_VALUES: Readonly<Record<string, string>> = {
  ...VALUES,
  array: `[new Date(${OLD_SECONDS}000)]`,
  regex: '/x/',
};

suite('the backfill of a TtlCollection on a MongoDB server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-backfill-'));
  const { plan, backfill } = shipped(folder);
  const slotMillis = 1000 / plan.value('drainPerSecond');
  let mongo: Mongo;

  beforeAll(async () => {
    mongo = await startMongo('shop');
  }, 900_000);

  afterAll(async () => {
    await mongo?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs it on a collection of its own, in batches that take no time. */
  const run = async (collection: string, more: Readonly<Record<string, string>> = {}, file = backfill.file) => {
    const lines = await mongo.script(file, {
      ...backfill.variables,
      COLLECTION: collection,
      BATCH_SECONDS: '0.001',
      ...more,
    });
    const said = lines.map((line) => JSON.parse(line));
    return {
      lines,
      done: said.find(({ done }) => done) as Summary,
      index: said.some(({ index }) => index === 'created'),
    };
  };
  const insert = (collection: string, documents: readonly string[]) =>
    mongo.evaluate(`db.runCommand({ insert: '${collection}', documents: [${documents.join(',')}] }).n`);
  const dated = (collection: string) =>
    mongo.evaluate<Dated[]>(
      `db.${collection}.find().toArray().map(({ k, expireAt }) => ({ k, due: expireAt && expireAt.getTime() }))`,
    );
  const isIndexed = (collection: string) =>
    mongo.evaluate<boolean>(`db.${collection}.getIndexes().some(({ expireAfterSeconds }) => expireAfterSeconds === 0)`);
  const oldId = (second: number) => `ObjectId.createFromTime(${OLD_SECONDS + second})`;

  test('a field that is no date says nothing about age, whatever its type: the document stays, or counts as made now where it is to expire', async () => {
    const documents = Object.entries(FIELD_VALUES).map(([k, value]) => `{ k: '${k}', madeAt: ${value} }`);
    await insert('typed', [...documents, `{ k: 'missing' }`]);
    const counts = {
      ...Object.fromEntries([...new Set(Object.keys(FIELD_VALUES).map((k) => k.split(',')[0]))].map((k) => [k, 1])),
      double: 2,
      long: 2,
      missing: 1,
      date: undefined,
    };
    const first = await run('typed', { CREATED_FIELD: 'madeAt' });
    expect((await dated('typed')).filter(({ due }) => due).map(({ k }) => k)).toEqual(['date']);
    expect([first.index, first.done.changed]).toEqual([true, 1]);
    expect(first.done.unknownAge).toEqual(counts);
    const began = Date.now();
    const { done } = await run('typed', { CREATED_FIELD: 'madeAt', EXPIRE_UNKNOWN_AGE: '1' });
    const all = await dated('typed');
    expect(all).toHaveLength(documents.length + 1);
    expect(all.filter(({ due }) => !due)).toEqual([]);
    const early = all.filter(({ due = 0 }) => due < began + RETENTION_MILLIS - TOLERANCE_MILLIS);
    expect(early.map(({ k }) => k)).toEqual(['date']);
    expect(done.unknownAge).toEqual(counts);
  }, 120_000);

  test('without a field of its own only an ObjectId says how old a document is', async () => {
    const ids = Object.entries(VALUES);
    await insert(
      'identified',
      ids.map(([k, value]) => `{ k: '${k}', _id: ${value} }`),
    );
    const began = Date.now();
    const { done, index } = await run('identified', { EXPIRE_UNKNOWN_AGE: '1' });
    const all = await dated('identified');
    expect(all).toHaveLength(ids.length);
    const early = all.filter(({ due = 0 }) => due < began + RETENTION_MILLIS - TOLERANCE_MILLIS);
    expect(early.map(({ k }) => k)).toEqual(['objectId']);
    expect([index, done.changed]).toEqual([true, ids.length]);
  }, 120_000);

  test('zero dates and seconds taken for milliseconds say nothing about age, a date to come is kept longer, and the last year ends nothing', async () => {
    await insert('extreme', [
      `{ k: 'zero of Go and .NET', madeAt: new Date(-62135596800000) }`,
      `{ k: 'zero of Unix', madeAt: new Date(0) }`,
      `{ k: 'seconds', madeAt: new Date(${Math.floor(Date.now() / 1000)}) }`,
      `{ k: 'tomorrow', madeAt: new Date(Date.now() + 86400000) }`,
      `{ k: 'year 9999', madeAt: new Date(253402300799999) }`,
    ]);
    const began = Date.now();
    const { done, index } = await run('extreme', { CREATED_FIELD: 'madeAt', EXPIRE_UNKNOWN_AGE: '1' });
    const due = Object.fromEntries((await dated('extreme')).map(({ k, due: at = 0 }) => [k, at]));
    for (const k of ['zero of Go and .NET', 'zero of Unix', 'seconds'])
      expect(due[k]).toBeGreaterThanOrEqual(began + RETENTION_MILLIS - TOLERANCE_MILLIS);
    expect(due.tomorrow).toBeGreaterThanOrEqual(began + 86_400_000 + RETENTION_MILLIS - TOLERANCE_MILLIS);
    expect(new Date(due['year 9999']).getUTCFullYear()).toBe(9999);
    expect([index, done.future, done.unknownAge]).toEqual([true, 2, { 'date before 1971 or out of range': 3 }]);
  }, 120_000);

  test('documents that the server refuses to change are counted, stay, and hold up neither the others nor the index', async () => {
    await mongo.evaluate(
      `db.createCollection('strict', { validator: { $or: [{ bad: { $exists: false } }, { expireAt: { $exists: false } }] } }).ok`,
    );
    const good = Array.from({ length: 40 }, (_, i) => `{ k: 'good', _id: ${oldId(i)} }`);
    // Enough for batches in which every document is refused.
    const bad = Array.from({ length: 45 }, (_, i) => `{ k: 'alice@example.com', _id: ${oldId(100 + i)}, bad: 1 }`);
    await insert('strict', [...good, ...bad]);
    const { lines, done, index } = await run('strict');
    expect([done.changed, done.refused, index]).toEqual([good.length, { 121: bad.length }, true]);
    const all = await dated('strict');
    expect(all.filter(({ k, due }) => k === 'good' && due)).toHaveLength(good.length);
    expect(all.filter(({ k, due }) => k !== 'good' && !due)).toHaveLength(bad.length);
    // An id is data too.
    expect(lines.join('\n')).not.toMatch(/alice|[0-9a-f]{24}/);
    const again = await run('strict');
    expect([again.done.changed, again.done.refused]).toEqual([0, { 121: bad.length }]);
  }, 120_000);

  test('a run weeks after the first, on the state of an earlier version, gives what is too old slots of its own', async () => {
    const [weeksAgo, backlog] = [Date.now() - 21 * 86_400_000, 200];
    await mongo.evaluate(`[db.later.createIndex({ expireAt: 1 }, { expireAfterSeconds: 0 }),
      db.ttl_backfill.insertOne({ _id: 'later', begunAt: new Date(${weeksAgo}), drainFrom: new Date(${weeksAgo}), batches: 7 })].length`);
    // A place to go on from that cannot even be searched for.
    await mongo.evaluate(`db.ttl_backfill.updateOne({ _id: 'later' }, { $set: { lastId: /x/ } }).modifiedCount`);
    await insert(
      'later',
      Array.from({ length: backlog }, (_, i) => `{ k: 'old', _id: ${oldId(i)} }`),
    );
    const began = Date.now();
    const { done } = await run('later');
    expect([done.changed, done.spread]).toEqual([backlog, backlog]);
    const due = (await dated('later')).map(({ due: at = 0 }) => at).sort((a, b) => a - b);
    expect(due[0]).toBeGreaterThanOrEqual(began + 1000 * plan.value('backfillSeconds'));
    for (const first of due) {
      const within = due.filter((at) => at >= first && at < first + 1000);
      // A document lies anywhere within its slot, so one more may fall into a second than there are slots in it.
      expect(within.length).toBeLessThanOrEqual(Math.ceil(1000 / slotMillis) + 1);
    }
  }, 120_000);

  test('a backfill that takes many times as long as predicted lets nothing come due before the index is there', async () => {
    const backlog = 400;
    await insert(
      'slow',
      Array.from({ length: backlog }, (_, i) => `{ k: 'old', _id: ${oldId(i)} }`),
    );
    // Dates of a run that was broken off weeks ago: due at once, if the index were made on them.
    await mongo.evaluate(
      `db.slow.updateMany({}, { $set: { expireAt: new Date(${Date.now() - 86_400_000}) } }).modifiedCount`,
    );
    await insert(
      'slow',
      Array.from({ length: backlog }, (_, i) => `{ k: 'old', _id: ${oldId(1000 + i)} }`),
    );
    const { done, index } = await run('slow', { BATCH_SECONDS: '0.05', BACKFILL_SECONDS: '0.001' });
    const ended = Date.now();
    expect(index).toBe(true);
    expect([done.spread >= 2 * backlog, done.redated >= backlog]).toEqual([true, true]);
    expect((await dated('slow')).filter(({ due = 0 }) => due <= ended)).toEqual([]);
  }, 120_000);

  test('dates that are due soon stay as they are once the index is there', async () => {
    const soon = Date.now() + 60_000;
    await mongo.evaluate('db.steady.createIndex({ expireAt: 1 }, { expireAfterSeconds: 0 })');
    await insert('steady', [`{ k: 'soon', expireAt: new Date(${soon}) }`]);
    const { done } = await run('steady');
    expect([done.changed, await dated('steady')]).toEqual([0, [{ k: 'soon', due: soon }]]);
  }, 60_000);

  test('two runs at once date every document and never book a slot twice', async () => {
    const backlog = 400;
    await insert(
      'both',
      Array.from({ length: backlog }, (_, i) => `{ k: 'old', _id: ${oldId(i)} }`),
    );
    const runs = await Promise.all([run('both'), run('both')]);
    expect(runs.map(({ done }) => done.changed).reduce((sum, changed) => sum + changed)).toBeGreaterThanOrEqual(
      backlog,
    );
    const due = (await dated('both')).map(({ due: at = 0 }) => Math.floor(at / slotMillis)).sort((a, b) => a - b);
    expect(due.filter(Boolean)).toHaveLength(backlog);
    // Neighbouring slots of two runs may overlap by a fraction of one, so a place holds two at most.
    for (let i = 2; i < due.length; i += 1) expect(due[i]).toBeGreaterThan(due[i - 2]);
    expect(await isIndexed('both')).toBe(true);
  }, 120_000);

  test('writers that never set a date do not keep it from ending', async () => {
    await insert(
      'busy',
      Array.from({ length: 50 }, (_, i) => `{ k: 'old', _id: ${oldId(i)} }`),
    );
    const writer = join(folder, 'writer.js');
    writeFileSync(
      writer,
      `db = connect(process.env.MONGODB_URI); for (;;) { db.busy.insertOne({ k: 'new' }); sleep(5); }`,
    );
    const child = mongo.start(writer, {});
    const exit = once(child, 'exit');
    try {
      await mongo.evaluate(`(() => { while (db.busy.countDocuments({ k: 'new' }) === 0) sleep(20); return true; })()`);
      const { index } = await run('busy', { BATCH_SIZE: '20', BATCH_SECONDS: '0.01' });
      expect(index).toBe(true);
    } finally {
      child.kill('SIGKILL');
      await exit;
    }
    expect((await dated('busy')).filter(({ k, due }) => k === 'old' && !due)).toEqual([]);
  }, 120_000);

  test('a clock of the node that is a year behind does not make documents older', async () => {
    await insert('skewed', [`{ k: 'no date', madeAt: 1 }`]);
    const file = join(folder, 'skewed.js');
    const skew = `Date.now = ((now) => () => now() - ${YEAR_MILLIS})(Date.now);\n`;
    writeFileSync(file, skew + readFileSync(backfill.file, 'utf8').replaceAll('new Date()', 'new Date(Date.now())'));
    const began = Date.now();
    await run('skewed', { CREATED_FIELD: 'madeAt', EXPIRE_UNKNOWN_AGE: '1' }, file);
    const [{ due }] = await dated('skewed');
    expect(due).toBeGreaterThanOrEqual(began + RETENTION_MILLIS - TOLERANCE_MILLIS);
  }, 60_000);
});
