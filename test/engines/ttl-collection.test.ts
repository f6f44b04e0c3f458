/**
 * The shipped scripts in MongoDB's own shell, with the variables that the manifests give them, against a server that
 * speaks MongoDB's protocol and deletes by TTL indexes (SecantusDB, not mongod).
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { atMost, EXACT, prove } from '../support/proof';
import { type Mongo, mongoMissing, startMongo } from './mongo';
import { DOCUMENTS, RETENTION_SECONDS, shipped } from './ttl-shipped';

/** Older than the retention when the backfill comes. */
const TOO_OLD = 200;
/** The thread that deletes wakes up once a minute; a busy machine may need a second pass. */
const DELETION_TIMEOUT_MILLIS = 180_000;

const missing = mongoMissing();
const suite = missing === undefined ? describe : describe.skip;

interface Line {
  readonly batches?: number;
  readonly changed?: number;
  readonly redated?: number;
  readonly done?: boolean;
  readonly index?: string;
}

const folder = mkdtempSync(join(tmpdir(), 'backpressure-ttl-'));
const CLAIM = {
  case: 16,
  construct: 'k8s.TtlCollection',
  engine: "SecantusDB (speaks MongoDB's protocol), MongoDB's shell",
  how: `The shipped scripts in MongoDB's own shell, against a server that speaks its protocol and deletes by TTL indexes; ${DOCUMENTS} documents, ${TOO_OLD} of them too old. The backfill is killed once and run again.`,
  scaledBy: 'hundreds of documents for hundreds of millions: what is throttled is a rate.',
};

suite('TtlCollection on a MongoDB server', () => {
  const { plan, backfill, report } = shipped(folder);
  let mongo: Mongo;
  let gateway: Server;
  const pushed: { url?: string; method?: string; body: string }[] = [];

  const ran = async () =>
    (await mongo.script(backfill.file, backfill.variables)).map((line) => JSON.parse(line) as Line);
  const indexes = () => mongo.evaluate<{ key: object; expireAfterSeconds?: number }[]>('db.events.getIndexes()');
  const ttlIndexes = async () => (await indexes()).filter(({ expireAfterSeconds }) => expireAfterSeconds !== undefined);
  const without = () => mongo.evaluate<number>('db.events.countDocuments({ expireAt: { $exists: false } })');

  beforeAll(async () => {
    mongo = await startMongo('shop');
    gateway = createServer((request, response) => {
      const seen = { url: request.url, method: request.method, body: '' };
      request.on('data', (chunk) => {
        seen.body += chunk;
      });
      request.on('end', () => {
        pushed.push(seen);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    await mongo.evaluate(`db.events.insertMany(Array.from({ length: ${DOCUMENTS} }, (_, i) => ({
      _id: ObjectId.createFromTime(Math.floor(Date.now() / 1000) - (i < ${TOO_OLD} ? ${2 * RETENTION_SECONDS} + i : i)), i
    }))).acknowledged`);
  }, 900_000);

  afterAll(async () => {
    gateway?.close();
    await mongo?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a backfill that is killed has made no index, and what is done stays done', async () => {
    const child = mongo.start(backfill.file, backfill.variables);
    const exit = once(child, 'exit');
    // One shell that looks again and again: starting one takes seconds.
    await mongo.evaluate(
      '(() => { while (db.events.findOne({ expireAt: { $exists: true } }) === null) sleep(20); return true; })()',
    );
    child.kill('SIGKILL');
    await exit;
    const left = await without();
    expect(left).toBeLessThan(DOCUMENTS);
    expect(left).toBeGreaterThan(0);
    expect(await ttlIndexes()).toEqual([]);
  }, 120_000);

  test('run again it goes on where it stopped, in as many batches as the throttle allows, and makes the index last', async () => {
    const left = await without();
    const began = Date.now();
    const lines = await ran();
    const [{ batches = 0, changed = 0, redated = 0 }] = lines.filter(({ done }) => done);
    // Dates that the killed run gave and that lie before the end of this one are given anew.
    expect(changed).toBe(left + redated);
    expect(batches).toBeLessThanOrEqual(Math.ceil(changed / plan.value('batchSize')) + 1);
    const seconds = (Date.now() - began) / 1000;
    // Each batch takes its time, however fast the server is.
    expect(seconds).toBeGreaterThanOrEqual(batches * plan.value('batchSeconds'));
    prove({
      ...CLAIM,
      metric: 'writes of the backfill a second, at most',
      unit: 'documents/s',
      predicted: plan.value('batchSize') / plan.value('batchSeconds'),
      measured: changed / seconds,
      // The shell starts and the index is made within the time.
      tolerance: atMost(0.3),
    });
    expect(lines.findIndex(({ index }) => index === 'created')).toBeGreaterThan(lines.findIndex(({ done }) => done));
    expect(await without()).toBe(0);
    expect(await ttlIndexes()).toEqual([expect.objectContaining({ key: { expireAt: 1 }, expireAfterSeconds: 0 })]);
  }, 120_000);

  test('what is young enough expires at its own time, what is too old spread over the drain', async () => {
    const documents = await mongo.evaluate<{ i: number; made: number; due: number }[]>(
      'db.events.find({}, { _id: 1, i: 1, expireAt: 1 }).toArray().map((d) => ({ i: d.i, made: d._id.getTimestamp().getTime(), due: d.expireAt.getTime() }))',
    );
    const { from, until } = await mongo.evaluate<{ from: number; until: number }>(
      '({ from: db.ttl_backfill.findOne().drainFrom.getTime(), until: db.ttl_backfill.findOne().drainUntil.getTime() })',
    );
    const young = documents.filter(({ i }) => i >= TOO_OLD);
    expect(young).toHaveLength(DOCUMENTS - TOO_OLD);
    for (const { made, due } of young) expect(due).toBe(made + 1000 * RETENTION_SECONDS);
    const old = documents.filter(({ i }) => i < TOO_OLD);
    for (const { due } of old) {
      expect(due).toBeGreaterThanOrEqual(from);
      expect(due).toBeLessThanOrEqual(until);
    }
    // A second has no more of them than the database deletes in one, but for one that lies across its border.
    const perSecond = Math.ceil(plan.value('drainPerSecond')) + 1;
    prove({
      ...CLAIM,
      metric: 'too old, due in one second at most',
      unit: 'documents',
      predicted: perSecond,
      measured: Math.max(
        ...old.map(({ due }) => old.filter((other) => other.due >= due && other.due < due + 1000).length),
      ),
      tolerance: atMost(0.5),
    });
  }, 60_000);

  test('run once more it changes nothing', async () => {
    const due = () =>
      mongo.evaluate<unknown[]>(
        `db.events.find({ i: { $gte: ${TOO_OLD} } }, { expireAt: 1 }).sort({ i: 1 }).toArray()`,
      );
    const before = await due();
    expect((await ran()).filter(({ done }) => done)).toEqual([expect.objectContaining({ batches: 0, changed: 0 })]);
    expect(await due()).toEqual(before);
    expect(await ttlIndexes()).toHaveLength(1);
  }, 60_000);

  test(
    'what is too old really goes, and nothing else',
    async () => {
      const count = (filter: string) => mongo.evaluate<number>(`db.events.countDocuments(${filter})`);
      const deadline = Date.now() + DELETION_TIMEOUT_MILLIS;
      while ((await count(`{ i: { $lt: ${TOO_OLD} } }`)) > 0 && Date.now() < deadline) await wait(1000);
      expect(await count(`{ i: { $lt: ${TOO_OLD} } }`)).toBe(0);
      prove({
        ...CLAIM,
        metric: 'documents left, all younger than the retention',
        unit: 'documents',
        predicted: DOCUMENTS - TOO_OLD,
        measured: await count('{}'),
        tolerance: EXACT,
      });
    },
    DELETION_TIMEOUT_MILLIS + 30_000,
  );

  test('the report pushes what the alerts read', async () => {
    // A date of another type deletes nothing either. What does not say how old it is stays.
    await mongo.evaluate(
      'db.events.insertMany([{ i: -1, forgotten: true }, { i: -2, expireAt: null }, { i: -3, expireAt: 1 }, { i: -4, expireAt: "2020-01-01" }, { _id: "settings" }]).acknowledged',
    );
    const { port } = gateway.address() as AddressInfo;
    await mongo.script(report.file, {
      ...report.variables,
      NAMESPACE: 'shop',
      PUSHGATEWAY: `http://127.0.0.1:${port}`,
    });
    const [{ url, method, body }] = pushed;
    expect([method, url]).toEqual(['PUT', `/metrics/job/${report.variables.JOB}/namespace/shop/collection/events`]);
    const value = (name: string) => Number(new RegExp(`^ttl_collection_${name} (.*)$`, 'm').exec(body)?.[1]);
    expect(value('documents')).toBe(DOCUMENTS - TOO_OLD + 5);
    expect(value('index')).toBe(1);
    expect(value('unexpiring_documents')).toBe(4);
    expect(value('unknown_age_documents')).toBe(1);
    expect(value('deletion_lag_seconds')).toBe(0);
    expect(value('reported_timestamp_seconds')).toBeGreaterThan(1.7e9);
  }, 60_000);

  test('an index of the same field that deletes nothing is named, not passed over', async () => {
    await mongo.evaluate('[db.events.dropIndex("expireAt_1"), db.events.createIndex({ expireAt: 1 })].length');
    await expect(mongo.script(backfill.file, backfill.variables)).rejects.toThrow(/drop it, then run again/);
  }, 60_000);
});
