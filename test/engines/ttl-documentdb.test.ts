/**
 * The scripts of a `TtlCollection` on AWS in MongoDB's own shell, with the variables and the command of its template, against a
 * server that speaks MongoDB's protocol (SecantusDB, neither mongod nor DocumentDB).
 */
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TtlCollection } from '../../lib/aws/retention/ttl-collection';
import { eventsInDocumentDb } from '../support/document-db';
import { atMost, EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';
import type { Untyped } from '../support/stack';
import { type Mongo, mongoMissing, startMongo } from './mongo';

const suite = mongoMissing() === undefined ? describe : describe.skip;

const DOCUMENTS = 600;
const RETENTION_SECONDS = 3600;
/** Older than the retention when the backfill comes. */
const TOO_OLD = 200;
const LEASE_SECONDS = 20;
/** Windows in which dated documents are counted. */
const WINDOW_MILLIS = 10_000;
const CLAIM = {
  case: 16,
  construct: 'aws.TtlCollection',
  engine: "SecantusDB (speaks MongoDB's protocol), MongoDB's shell",
  how: `The shipped scripts in MongoDB's own shell, with variables and command of the template, against a server that speaks its protocol; ${DOCUMENTS} documents, ${TOO_OLD} of them too old. The backfill is killed half-way by SIGKILL; then two copies are started at once.`,
  scaledBy: `hundreds of documents for hundreds of millions: what is throttled is a rate. A lease of ${LEASE_SECONDS} s for one of 120.`,
};

interface Line {
  readonly changed?: number;
  readonly redated?: number;
  readonly done?: boolean;
  readonly held?: string;
  readonly finished?: string;
  readonly index?: string;
}

const { plan, backfill, report } = shipped();

/** Files and variables of the two tasks, as the template gives them. */
function shipped() {
  const stack = new Stack(new App(), 'Shop');
  const events = new TtlCollection(stack, 'Events', {
    ...eventsInDocumentDb(stack),
    workload: {
      insertsPerSecond: 0.11,
      documentBytes: 100,
      existingDocuments: DOCUMENTS,
      spareWritesPerSecond: 20,
      deletesPerSecond: 20,
      writersSetExpiry: true,
    },
    objective: { retentionSeconds: RETENTION_SECONDS },
  });
  const template = Template.fromStack(stack);
  const container = (name: string): Untyped =>
    Object.values<Untyped>(template.findResources('AWS::ECS::TaskDefinition'))
      .flatMap(({ Properties }) => Properties.ContainerDefinitions)
      .find(({ Name }: Untyped) => Name === name);
  const task = (name: string) => {
    const { Command, Environment } = container(name);
    const scripts = (Command as string[]).filter((word) => word.endsWith('.js'));
    return {
      files: scripts.map((script) => join(ROOT, 'dist', 'runtime', 'ttl-collection', basename(script))),
      variables: {
        ...Object.fromEntries(
          Environment.flatMap(({ Name, Value }: Untyped) =>
            typeof Value === 'string' && Name !== 'HOME' ? [[Name, Value]] : [],
          ),
        ),
        // The server here has neither users nor certificates.
        DB_TLS_CA_FILE: '',
        TTL_COLLECTION: 'Shop-Events',
        ...(name === 'Backfill' && {
          LEASE_SECONDS: String(LEASE_SECONDS),
          LEASE_RENEWAL_SECONDS: String(LEASE_SECONDS / 4),
        }),
      } as Record<string, string>,
    };
  };
  return { plan: events.plan, backfill: task('Backfill'), report: task('Report') };
}

suite('TtlCollection of DocumentDB on a server with MongoDB’s protocol', () => {
  let mongo: Mongo;
  let at: Record<string, string>;

  const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));
  const run = async (more: Readonly<Record<string, string>> = {}): Promise<(Line & Untyped)[]> =>
    parsed(await mongo.script(backfill.files, { ...backfill.variables, ...at, ...more }));
  const count = (filter: string, collection = 'events') =>
    mongo.evaluate<number>(`db.${collection}.countDocuments(${filter})`);
  const without = (collection = 'events') => count('{ expireAt: { $exists: false } }', collection);
  const ttlIndexes = async (collection = 'events') =>
    (await mongo.evaluate<{ expireAfterSeconds?: number }[]>(`db.${collection}.getIndexes()`)).filter(
      ({ expireAfterSeconds }) => expireAfterSeconds !== undefined,
    );
  const leaseEnded = (collection = 'events') =>
    mongo.evaluate(
      `(() => { for (;;) { const lease = db.ttl_backfill.findOne({ _id: 'lease:${collection}' }); if (!lease || lease.until < new Date()) return true; sleep(100); } })()`,
    );

  beforeAll(async () => {
    mongo = await startMongo('shop');
    const { hostname, port } = new URL(mongo.uri);
    at = { DB_HOST: hostname, DB_PORT: port };
    await mongo.evaluate(`db.events.insertMany(Array.from({ length: ${DOCUMENTS} }, (_, i) => ({
      _id: ObjectId.createFromTime(Math.floor(Date.now() / 1000) - (i < ${TOO_OLD} ? ${2 * RETENTION_SECONDS} + i : i)), i
    }))).acknowledged`);
  }, 900_000);

  afterAll(async () => {
    await mongo?.stop();
  });

  test('killed half-way it has made no index, and while its lease lasts no other run begins', async () => {
    const child = mongo.start(backfill.files, { ...backfill.variables, ...at });
    const exit = once(child, 'exit');
    await mongo.evaluate(
      `(() => { while (db.events.countDocuments({ expireAt: { $exists: true } }) < ${DOCUMENTS / 3}) sleep(20); return true; })()`,
    );
    child.kill('SIGKILL');
    await exit;
    const left = await without();
    expect(left).toBeLessThan(DOCUMENTS);
    expect(left).toBeGreaterThan(0);
    expect(await ttlIndexes()).toEqual([]);
    // A lease that would last for ever: what is said does not depend on how fast this machine is.
    const until = await mongo.evaluate<number>(`db.ttl_backfill.findOne({ _id: 'lease:events' }).until.getTime()`);
    const extend = (millis: number) =>
      mongo.evaluate(
        `db.ttl_backfill.updateOne({ _id: 'lease:events' }, { $set: { until: new Date(${millis}) } }).matchedCount`,
      );
    await extend(until + 86_400_000);
    const lines = await run();
    expect(lines.filter(({ held }) => held)).toHaveLength(1);
    expect(lines.filter(({ done }) => done)).toEqual([]);
    expect(await without()).toBe(left);
    await extend(until);
  }, 180_000);

  test('two copies that are started at once when the lease has ended: one runs, dates what is left, and makes the index', async () => {
    await leaseEnded();
    const [left, began] = [await without(), Date.now()];
    const watched = mongo.evaluate<[number, number][]>(
      `(() => { const seen = []; for (;;) { const dated = db.events.countDocuments({ expireAt: { $exists: true } }); seen.push([Date.now(), dated]); if (dated === ${DOCUMENTS}) return seen; sleep(200); } })()`,
    );
    const runs = await Promise.all([run(), run()]);
    const seconds = (Date.now() - began) / 1000;
    const worked = runs.filter((lines) => lines.some(({ done }) => done));
    expect(runs.filter((lines) => lines.some(({ held }) => held))).toHaveLength(1);
    expect(worked).toHaveLength(1);
    const [{ changed, redated }] = worked[0].filter(({ done }) => done);
    expect(worked[0].some(({ index }) => index === 'created')).toBe(true);
    const seen = await watched;
    const perSecond = seen.map(([from, before]) => {
      const inWindow = seen.filter(([time]) => time >= from && time <= from + WINDOW_MILLIS);
      return (Math.max(...inWindow.map(([, dated]) => dated)) - before) / (WINDOW_MILLIS / 1000);
    });
    const rate = plan.value('batchSize') / plan.value('batchSeconds');
    prove(
      {
        ...CLAIM,
        metric: 'runs of two that were started at once',
        unit: 'runs',
        predicted: 1,
        measured: worked.length,
        tolerance: EXACT,
      },
      {
        ...CLAIM,
        metric: 'documents dated after the kill, each once',
        unit: 'documents',
        // Dates of the killed run that would be due before the end of this one are given anew.
        predicted: left,
        measured: changed - redated,
        tolerance: EXACT,
      },
      {
        ...CLAIM,
        metric: 'documents dated a second, in any ten seconds at most',
        unit: 'documents/s',
        // A window that begins just before a batch has one more than its share.
        predicted: rate + plan.value('batchSize') / (WINDOW_MILLIS / 1000),
        measured: Math.max(...perSecond),
        tolerance: atMost(0.5),
      },
    );
    expect(changed / seconds).toBeLessThanOrEqual(rate);
    expect(await without()).toBe(0);
    expect(await ttlIndexes()).toEqual([expect.objectContaining({ expireAfterSeconds: 0 })]);
  }, 240_000);

  test('what is young enough expires at its own time, what is too old after the backfill, spread', async () => {
    const documents = await mongo.evaluate<{ i: number; made: number; due: number }[]>(
      'db.events.find({}, { _id: 1, i: 1, expireAt: 1 }).toArray().map((d) => ({ i: d.i, made: d._id.getTimestamp().getTime(), due: d.expireAt.getTime() }))',
    );
    const young = documents.filter(({ i }) => i >= TOO_OLD);
    expect(young).toHaveLength(DOCUMENTS - TOO_OLD);
    for (const { made, due } of young) expect(due).toBe(made + 1000 * RETENTION_SECONDS);
    const old = documents.filter(({ i }) => i < TOO_OLD).map(({ due }) => due);
    const perSecond = old.map((from) => old.filter((due) => due >= from && due < from + 1000).length);
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(Math.ceil(plan.value('drainPerSecond')) + 1);
    const from = await mongo.evaluate<number>(`db.ttl_backfill.findOne({ _id: 'events' }).drainFrom.getTime()`);
    expect(Math.min(...old)).toBeGreaterThanOrEqual(from);
  }, 60_000);

  test('started again it sees that it is done, and begins anew with other settings', async () => {
    expect((await run()).filter(({ finished }) => finished)).toEqual([
      expect.objectContaining({ finished: backfill.variables.RUN }),
    ]);
    const anew = await run({ RUN: 'other settings' });
    expect(anew.filter(({ done }) => done)).toEqual([expect.objectContaining({ changed: 0 })]);
    await mongo.evaluate(
      `db.ttl_backfill.updateOne({ _id: 'events' }, { $set: { finishedRun: '${backfill.variables.RUN}', run: '${backfill.variables.RUN}' } }).matchedCount`,
    );
  }, 60_000);

  test('a run whose lease was taken stops before its next batch, and says so', async () => {
    await mongo.evaluate(`db.stolen.insertMany(Array.from({ length: 400 }, () => ({}))).acknowledged`);
    const stolen = run({ COLLECTION: 'stolen', LEASE_SECONDS: '4', LEASE_RENEWAL_SECONDS: '0.2' });
    const failed = expect(stolen).rejects.toThrow(/the lease is lost/);
    await mongo.evaluate(
      `(() => { while (db.stolen.countDocuments({ expireAt: { $exists: true } }) === 0) sleep(20); return db.ttl_backfill.updateOne({ _id: 'lease:stolen' }, { $set: { holder: 'another', until: new Date(Date.now() + 86400000) } }).matchedCount; })()`,
    );
    await failed;
    expect(await without('stolen')).toBeGreaterThan(0);
    expect(await ttlIndexes('stolen')).toEqual([]);
  }, 120_000);

  test('ids of every type are reached, in pages, and only a date says how old a document is', async () => {
    const ids = [
      '1',
      '2.5',
      `'a'`,
      '{ a: 1 }',
      'UUID()',
      'ObjectId()',
      'true',
      'new Date(5)',
      'Timestamp({ t: 5, i: 1 })',
    ];
    const madeAt = ['new Date(1500000000000)', '1500000000', `'2017-07-14'`, '[new Date(1500000000000)]', 'null'];
    await mongo.evaluate(
      `db.runCommand({ insert: 'typed', documents: [${ids.map((id, i) => `{ _id: ${id}, madeAt: ${madeAt[i % madeAt.length]} }`).join(',')}] }).n`,
    );
    // More than two pages of one type.
    await mongo.evaluate(
      `db.typed.insertMany(Array.from({ length: 2100 }, (_, i) => ({ _id: 'p' + i }))).acknowledged`,
    );
    const began = Date.now();
    const lines = await run({
      COLLECTION: 'typed',
      CREATED_FIELD: 'madeAt',
      EXPIRE_UNKNOWN_AGE: '1',
      BATCH_SIZE: '1000',
      BATCH_SECONDS: '0.001',
    });
    const [done] = lines.filter((line) => line.done);
    expect(await without('typed')).toBe(0);
    expect(done.changed).toBe(2100 + ids.length);
    expect(done.unknownAge).toEqual({ number: 2, string: 2, array: 2, null: 1, missing: 2100 });
    // Two are older than the retention, and wait for their slot; the others are kept for a whole retention from now on.
    const early = await count(`{ expireAt: { $lt: new Date(${began + 1000 * RETENTION_SECONDS - 2000}) } }`, 'typed');
    expect(early).toBe(2);
  }, 120_000);

  test('a report on a database that does not answer ends when its time is over', async () => {
    mongo.halt();
    try {
      // Less than the two seconds after which the shell gives up to connect.
      const hung = mongo.script(report.files, { ...report.variables, ...at, REPORT_DEADLINE_SECONDS: '1' });
      await expect(hung).rejects.toMatchObject({ code: 1, stderr: 'the report is ended: it took longer than 1 s\n' });
    } finally {
      mongo.resume();
    }
    expect(await mongo.evaluate<number>('1')).toBe(1);
  }, 60_000);

  test('the report writes what the alarms read', async () => {
    await mongo.evaluate(
      'db.events.insertMany([{ i: -1 }, { i: -2, expireAt: null }, { i: -3, expireAt: 1 }]).acknowledged',
    );
    const reported = async () =>
      parsed(await mongo.script(report.files, { ...report.variables, ...at })).find(({ _aws }) => _aws);
    const drained = (until: string) =>
      mongo.evaluate(
        `db.ttl_backfill.updateOne({ _id: 'events' }, { $set: { drainUntil: new Date(${until}) } }).matchedCount`,
      );
    await drained('Date.now() + 86400000');
    // By now the first slots of the backfill may have come: a document that is late is late by so much as this says.
    const dated = (which: string, millis: number) =>
      mongo.evaluate(
        `db.events.${which}({ expireAt: { $type: 'date' } }, { $set: { expireAt: new Date(Date.now() + ${millis}) } }).acknowledged`,
      );
    await dated('updateMany', 86_400_000);
    const line = await reported();
    expect(line.TtlCollection).toBe('Shop-Events');
    expect(line).toMatchObject({ BackfillSeconds: 0, IndexMissing: 0, UnexpiringDocuments: 3, DeletionLagSeconds: 0 });
    expect(line.DiskBytes).toBeGreaterThan(0);
    // Old documents still have their slots: a size says nothing yet.
    expect(line).not.toHaveProperty('SettledBytes');
    await dated('updateOne', -600_000);
    expect((await reported()).DeletionLagSeconds).toBeGreaterThanOrEqual(600);
    await drained('0');
    await mongo.evaluate(`db.events.dropIndex('expireAt_1').ok`);
    const later = await reported();
    expect(later).toMatchObject({ IndexMissing: 1, SettledBytes: later.DiskBytes });
    expect(later).not.toHaveProperty('DeletionLagSeconds');
  }, 60_000);
});
