/**
 * A server that speaks MongoDB's protocol (SecantusDB, not mongod) with the shipped backfill of a `TtlCollection`, sized by
 * `planRetention`. Letters are documents that writers insert without a date of expiry while the backfill runs: it is killed,
 * started again, and started once more when it is done, as a Job of the next release is. Their effect is the date, which must
 * be that of their creation and the retention, to the millisecond. Poison has something else in the place of the date.
 *
 * Left out: documents that are too old already, whose dates are spread (test/engines/ttl-backfill.test.ts), and that the
 * server deletes by the dates: that is the server's.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { planRetention } from '../../../lib/flow/retention/plan';
import { MONGO_DRIVER, MONGOSH_PROGRAM, type Mongo, mongoMissing, startMongo } from '../../engines/mongo';
import { ROOT } from '../../support/reference';
import type { Away, Engine, Running, Sizing } from '../engine';
import { atPort, networkTo, portOf } from '../network';
import { Pods } from '../pods';
import { type Collection, DatedDocuments, type Pause } from './mongo-documents';

const COLLECTION = 'letters';
/** Where the backfill keeps what it has done. */
const STATES = 'ttl_backfill';
const RETENTION_SECONDS = 30 * 86_400;
const MOST_PER_SECOND = 270;
const LEAST_SECONDS = 60;
/** Updates a second beside the inserts, as a multiple of them. */
const SPARE = 2.5;
/** What the changed plan has. */
const CHANGED_SPARE = 3;
/**
 * A run that found nothing ends; the shell starts again, and reads the collection to its end before its first batch. Expected: what a
 * run measures takes its place.
 */
const BETWEEN_RUNS_SECONDS = 10;
/** Fewer pauses say too little. */
const LEAST_PAUSES = 3;

/** The numbers of the run. */
export function sizingOf(messages: number, spare = SPARE) {
  const perSecond = Math.min(MOST_PER_SECOND, messages / LEAST_SECONDS);
  const plan = planRetention('Letters', {
    workload: {
      insertsPerSecond: perSecond,
      documentBytes: 256,
      existingDocuments: messages,
      spareWritesPerSecond: spare * perSecond,
      deletesPerSecond: 2 * perSecond,
    },
    objective: { retentionSeconds: RETENTION_SECONDS },
  });
  const sizing: Sizing = {
    perSecond,
    // A Job has one pod.
    instances: 1,
    clearedPerSecond: plan.value('batchSize') / plan.value('batchSeconds'),
    shares: 'common',
    ...byPause(BETWEEN_RUNS_SECONDS, perSecond),
  };
  return { plan, sizing };
}

/** What follows from the time between the last batch of a run and the first of the next. */
function byPause(seconds: number, perSecond: number) {
  return {
    takeoverSeconds: seconds,
    pauseSeconds: seconds,
    // A run that was held finishes with what it had looked at; the engine is back at any moment of the time between two looks.
    resumeSeconds: seconds / 2,
    // What is inserted from the last look of a run to the first of the next.
    peakBacklog: seconds * perSecond,
  };
}

/**
 * The same as a run has measured it: the mean of its pauses without those in which the engine was away, where there are enough.
 *
 * @param beganAt of the run, in milliseconds since the epoch
 */
export function measuredBy(
  pauses: readonly Pause[],
  perSecond: number,
  away: readonly Away[],
  beganAt: number,
): Partial<Sizing> {
  const lengths = pauses
    .map(({ from, to }) => ({ from: (from - beganAt) / 1000, to: (to - beganAt) / 1000 }))
    .filter(
      ({ from, to }) => !away.some((one) => one.consumer === undefined && one.from < to && (one.over ?? one.to) > from),
    )
    .map(({ from, to }) => to - from);
  if (lengths.length < LEAST_PAUSES) return {};
  return byPause(lengths.reduce((sum, length) => sum + length, 0) / lengths.length, perSecond);
}

export const MONGO: Engine = {
  title: 'MongoDB protocol (SecantusDB 0.7.0b3), backfill of TtlCollection',
  ordered: false,
  // The backfill says numbers, and reads nothing of a document but its dates.
  quotes: false,
  // A run goes through the collection from its beginning again and again.
  isFifo: false,
  assumed: `${BETWEEN_RUNS_SECONDS} s from the last batch of a run of the backfill to the first of the next, before that is measured; the one consumer has the clock that is ahead, and dates are by the clock of the server`,
  kinds: ['kill', 'upgrade', 'replan', 'restart', 'crash', 'cut'],
  cores: 1.2,
  killEverySeconds: 15,
  missing: mongoMissing,
  async start(messages, folder) {
    const mongo = await startMongo('torture');
    try {
      return await running(mongo, messages, folder);
    } catch (error) {
      await mongo.stop();
      throw error;
    }
  },
};

/** What `TtlCollection` tells its Job. */
function settingsOf(plan: ReturnType<typeof sizingOf>['plan']) {
  const value = (name: string) => String(plan.value(name));
  return {
    RETENTION_SECONDS: value('retentionSeconds'),
    BATCH_SIZE: value('batchSize'),
    BATCH_SECONDS: value('batchSeconds'),
    BACKFILL_SECONDS: value('backfillSeconds'),
    DRAIN_SECONDS: value('drainSeconds'),
    DRAIN_PER_SECOND: value('drainPerSecond'),
  };
}

interface Client {
  connect(): Promise<{ db(): { collection(name: string): Collection }; close(): Promise<void> }>;
}

async function running(mongo: Mongo, messages: number, folder: string): Promise<Running> {
  const { plan, sizing } = sizingOf(messages);
  const { MongoClient } = createRequire(__filename)(MONGO_DRIVER) as { MongoClient: new (uri: string) => Client };
  const network = await networkTo({ target: portOf(mongo.uri) });
  const uri = atPort(mongo.uri, network.ports[0]);
  const client = await new MongoClient(uri).connect();
  const collection = client.db().collection(COLLECTION);
  const documents = new DatedDocuments({
    collection,
    retentionSeconds: RETENTION_SECONDS,
    version: () => pods.version,
    said: () => pods.said,
  });
  const pods = new Pods(
    join(__dirname, 'pod-mongo.cjs'),
    {
      MONGOSH_PROGRAM,
      BACKFILL: join(ROOT, 'lib', 'runtime', 'ttl-collection', 'backfill.js'),
      // The shell keeps settings at home.
      HOME: folder,
      MONGODB_URI: uri,
      COLLECTION,
      CREATED_FIELD: 'createdAt',
      ...settingsOf(plan),
    },
    sizing.instances,
  );
  let changed: { readonly atMillis: number; readonly clearedPerSecond: number } | undefined;
  return {
    sizing,
    pods,
    effects: documents,
    send: (letters) => documents.insert(letters),
    async strike(kind, seconds) {
      if (kind === 'cut') await network.cut(seconds);
      else await mongo.restart(kind === 'restart' ? 'SIGTERM' : 'SIGKILL');
    },
    async replan() {
      const after = sizingOf(messages, CHANGED_SPARE);
      changed = { atMillis: Date.now(), clearedPerSecond: after.sizing.clearedPerSecond };
      return settingsOf(after.plan);
    },
    async aside() {
      const poison = await collection.find({ expireAt: { $exists: true, $not: { $type: 'date' } } }).toArray();
      const states = await client.db().collection(STATES).find({}).toArray();
      const said = [...poison.map(({ body: _body, ...fields }) => fields), ...states];
      return { bodies: poison.map(({ body }) => body), said: said.map((fields) => JSON.stringify(fields)).join('\n') };
    },
    left: () => collection.countDocuments({ expireAt: { $exists: false } }),
    measured: (away, beganAt) => ({
      ...measuredBy(documents.pauses, sizing.perSecond, away, beganAt),
      ...(changed && {
        changed: { from: (changed.atMillis - beganAt) / 1000, clearedPerSecond: changed.clearedPerSecond },
      }),
    }),
    async stop() {
      // The books are closed: nothing is left to be finished in order.
      pods.killAll();
      await client.close();
      await network.stop();
      await mongo.stop();
    },
  };
}
