/**
 * The functions of `TtlTable`: a worker of the backfill, started with the number of its segment, and the report, started
 * without one.
 *
 * Environment of both: TABLE, ATTRIBUTE, CREATED_ATTRIBUTE, EXPIRE_UNKNOWN_AGE (1 or 0), PROGRESS_TABLE, RUN, WORKERS,
 * DRAIN_SECONDS, PAGE_ITEMS, READ_UNITS_PER_SECOND. Of the worker: RETENTION_SECONDS, BACKFILL_SECONDS, PASSES, UNITS_PER_ITEM,
 * WRITE_UNITS_PER_SECOND, WORKER_SECONDS, LEASE_SECONDS. Of the report: LAG_SECONDS, SAMPLE_SEGMENTS, SAMPLE_PAGES,
 * SAMPLE_READ_UNITS, SAMPLE_SECONDS.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { countMetric, recordMetric } from '../metrics';
import { numberSetting, setting } from '../settings';
import { backfill, type Worked } from './backfill';
import { DynamoItems, keysOf } from './items';
import { Pacer, type Time } from './pacer';
import { DynamoProgress } from './progress';
import { chosen, type Report, reportOf } from './report';
import { describe, sampleOf } from './sample';
import { UnitBucket } from './unit-bucket';

const UNITS: Readonly<Record<keyof Report, 'Bytes' | 'Count' | 'Seconds'>> = {
  TableBytes: 'Bytes',
  SettledTableBytes: 'Bytes',
  TtlDisabled: 'Count',
  TtlLagSeconds: 'Seconds',
  OverdueItems: 'Count',
  UnexpiringItems: 'Count',
  UnknownAgeItems: 'Count',
  BackfillSeconds: 'Seconds',
  DatedItems: 'Count',
};

/** Reads and writes of the table, one attempt a call: what goes wrong has to slow the pace down, not to be hidden by a retry. */
const client = new DynamoDBClient({
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 10_000, throwOnRequestTimeout: true },
});
/** What is read of a table's description and of the progress has no pace. */
const patient = new DynamoDBClient({ maxAttempts: 5 });

/** What a rule sends. */
export interface TtlEvent {
  /** The segment of a worker; absent for the report. */
  readonly segment?: number;
}

export async function handler({ segment }: TtlEvent): Promise<Worked | Report> {
  return segment === undefined ? report() : work(segment);
}

function progressTable(): DynamoProgress {
  return new DynamoProgress(patient, {
    tableName: setting('PROGRESS_TABLE'),
    itemTableName: setting('TABLE'),
    run: setting('RUN'),
    holder: randomUUID(),
    leaseMillis: 1000 * Number(process.env.LEASE_SECONDS ?? 0),
  });
}

function expiresUnknownAge(): boolean {
  return numberSetting('EXPIRE_UNKNOWN_AGE') === 1;
}

function timeUntil(untilMillis: number): Time {
  return {
    nowMillis: Date.now,
    untilMillis,
    sleep: async (millis) => {
      await setTimeout(millis);
    },
  };
}

async function work(segment: number): Promise<Worked> {
  const now = Date.now();
  const unitsPerItem = numberSetting('UNITS_PER_ITEM');
  const items = new DynamoItems(client, {
    tableName: setting('TABLE'),
    keys: await keysOf(patient, setting('TABLE')),
    attribute: setting('ATTRIBUTE'),
    createdAttribute: setting('CREATED_ATTRIBUTE'),
    segments: numberSetting('WORKERS'),
    pageItems: numberSetting('PAGE_ITEMS'),
    unitsPerItem,
  });
  const worked = await backfill({
    segment,
    items,
    progress: progressTable(),
    writes: new UnitBucket(numberSetting('WRITE_UNITS_PER_SECOND'), now),
    reads: new UnitBucket(numberSetting('READ_UNITS_PER_SECOND'), now),
    unitsPerItem,
    expiry: {
      retentionSeconds: numberSetting('RETENTION_SECONDS'),
      drainSeconds: numberSetting('DRAIN_SECONDS'),
    },
    backfillSeconds: numberSetting('BACKFILL_SECONDS'),
    passes: numberSetting('PASSES'),
    expireUnknownAge: expiresUnknownAge(),
    leaseMillis: 1000 * numberSetting('LEASE_SECONDS'),
    ...timeUntil(now + 1000 * numberSetting('WORKER_SECONDS')),
    dice: Math.random,
  });
  const { dated, ended, ...details } = worked;
  // Counts only: keys may be personal data.
  if (ended !== 'not mine') {
    const texts = Object.entries(details).map(([name, value]) => [name, String(value)]);
    countMetric('DatedItems', {}, { segment: String(segment), ended, ...Object.fromEntries(texts) }, dated);
  }
  return worked;
}

async function report(): Promise<Report> {
  const [table, attribute] = [setting('TABLE'), setting('ATTRIBUTE')];
  const [now, segments] = [Date.now(), numberSetting('SAMPLE_SEGMENTS')];
  const sample = await sampleOf(client, {
    tableName: table,
    attribute,
    createdAttribute: setting('CREATED_ATTRIBUTE'),
    segments: chosen(numberSetting('SAMPLE_PAGES'), segments, Math.random),
    allSegments: segments,
    pageItems: numberSetting('PAGE_ITEMS'),
    readUnits: numberSetting('SAMPLE_READ_UNITS'),
    bucket: new UnitBucket(numberSetting('READ_UNITS_PER_SECOND'), now),
    pacer: new Pacer(timeUntil(now + 1000 * numberSetting('SAMPLE_SECONDS'))),
  });
  const made = reportOf(
    await describe(patient, table, attribute),
    sample,
    await progressTable().overview(numberSetting('WORKERS')),
    {
      drainSeconds: numberSetting('DRAIN_SECONDS'),
      lagSeconds: numberSetting('LAG_SECONDS'),
      expireUnknownAge: expiresUnknownAge(),
    },
    Date.now() / 1000,
  );
  for (const [name, value] of Object.entries(made) as [keyof Report, number][]) recordMetric(name, value, UNITS[name]);
  return made;
}
