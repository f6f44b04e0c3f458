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
import { setTimeout as wait } from 'node:timers/promises';
import { planRetention } from '../../../lib/flow/retention/plan';
import { MONGO_DRIVER, MONGOSH_PROGRAM, type Mongo, mongoMissing, startMongo } from '../../engines/mongo';
import { ROOT } from '../../support/reference';
import type { Engine, Running, Sizing } from '../engine';
import { Pods } from '../pods';
import { type Collection, DatedDocuments } from './mongo-documents';

const COLLECTION = 'letters';
const RETENTION_SECONDS = 30 * 86_400;
const MOST_PER_SECOND = 270;
const LEAST_SECONDS = 60;
/** Updates a second beside the inserts, as a multiple of them. */
const SPARE = 2.5;
/** What the changed plan has. */
const CHANGED_SPARE = 3;
/** A run that found nothing ends; the shell starts again, and reads the collection to its end before its first batch. */
const BETWEEN_RUNS_SECONDS = 10;

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
    takeoverSeconds: BETWEEN_RUNS_SECONDS,
    // A run that was held finishes with what it had looked at; the engine is back at any moment of the time between two looks.
    resumeSeconds: BETWEEN_RUNS_SECONDS / 2,
    // What is inserted from the last look of a run to the first of the next.
    peakBacklog: BETWEEN_RUNS_SECONDS * perSecond,
  };
  return { plan, sizing };
}

export const MONGO: Engine = {
  title: 'MongoDB protocol (SecantusDB 0.7.0b3), backfill of TtlCollection',
  ordered: false,
  kinds: ['kill', 'upgrade', 'replan', 'restart', 'crash', 'cut'],
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
  const client = await new MongoClient(mongo.uri).connect();
  const collection = client.db().collection(COLLECTION);
  const documents = new DatedDocuments({
    collection,
    retentionSeconds: RETENTION_SECONDS,
    version: () => pods.version,
  });
  const pods = new Pods(
    join(__dirname, 'pod-mongo.cjs'),
    {
      MONGOSH_PROGRAM,
      BACKFILL: join(ROOT, 'lib', 'runtime', 'ttl-collection', 'backfill.js'),
      // The shell keeps settings at home.
      HOME: folder,
      MONGODB_URI: mongo.uri,
      COLLECTION,
      CREATED_FIELD: 'createdAt',
      ...settingsOf(plan),
    },
    sizing.instances,
  );
  return {
    sizing,
    pods,
    effects: documents,
    send: (letters) => documents.insert(letters),
    async strike(kind, seconds) {
      if (kind !== 'cut') return mongo.restart(kind === 'restart' ? 'SIGTERM' : 'SIGKILL');
      mongo.halt();
      await wait(1000 * seconds);
      mongo.resume();
    },
    replan: async () => settingsOf(sizingOf(messages, CHANGED_SPARE).plan),
    async aside() {
      const poison = await collection.find({ expireAt: { $exists: true, $not: { $type: 'date' } } }).toArray();
      return { bodies: poison.map(({ body }) => body), said: '' };
    },
    left: () => collection.countDocuments({ expireAt: { $exists: false } }),
    async stop() {
      // The books are closed: nothing is left to be finished in order.
      pods.killAll();
      await client.close();
      await mongo.stop();
    },
  };
}
