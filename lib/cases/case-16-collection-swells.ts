import type { TtlTableQuestion } from '../flow/retention/table-workload';
import type { RetentionObjective, RetentionWorkload } from '../flow/retention/workload';
import { Case } from './case';

const DAY_SECONDS = 86_400;

/**
 * 500 GB today, below 120 GB with the retention that the ratio gives. A year of documents of 1 KB at the same rate is
 * 500 GB, so 120 GB are 87 days; the rates of the database are assumptions.
 */
export const EVENTS: { workload: RetentionWorkload; objective: RetentionObjective } = {
  workload: {
    insertsPerSecond: 500e9 / 1000 / (365 * DAY_SECONDS),
    documentBytes: 1000,
    existingDocuments: 500e6,
    spareWritesPerSecond: 1000,
    deletesPerSecond: 500,
  },
  objective: { retentionSeconds: 87 * DAY_SECONDS, collectionBytes: 120e9 },
};

/**
 * The same items in DynamoDB, which deletes days after the expiry: the retention is what the ceiling leaves when that is
 * taken off. A date of an item of 1 KB is one write unit.
 */
export const EVENTS_TABLE: TtlTableQuestion = {
  workload: {
    insertsPerSecond: EVENTS.workload.insertsPerSecond,
    itemBytes: EVENTS.workload.documentBytes,
    existingItems: EVENTS.workload.existingDocuments,
    spareWriteUnitsPerSecond: EVENTS.workload.spareWritesPerSecond,
    deletesPerSecond: EVENTS.workload.deletesPerSecond,
    // A scan does not see what is put behind its place: writers come first.
    writersSetExpiry: true,
  },
  objective: { tableBytes: EVENTS.objective.collectionBytes },
};

export const collectionSwells: Case = {
  number: 16,
  slug: 'collection-swells',
  title: 'MongoDB collection swells',
  summary:
    'Events and scratch data of short value stay in the collection, because deleting them is manual work. Queries slow down and the disk bill grows with age rather than with use. Every document needs a date of expiry when it is written, and old ones have to be deleted at a rate that the database can take.',
  levers: ['bound'],
  difficulty: 'beginner',
  domains: ['integration'],
  dependsOn: [],
  headline: {
    text: '500 → < 120 GB',
    changes: [
      {
        measure: 'collection size',
        unit: 'bytes',
        before: { relation: 'is', value: 500e9 },
        after: { relation: 'below', value: 120e9 },
      },
    ],
  },
  constructs: [
    {
      name: 'TtlCollection',
      engines: ['k8s'],
      form: 'throttled backfill Job, then the index, then monitoring',
      available: true,
      deployed: 'data-retention/Events',
    },
    {
      name: 'TtlTable',
      engines: ['aws'],
      form: 'DynamoDB: paced backfill by functions, expiry by the table itself, lag measured',
      available: true,
      deployed: 'BatchPricing/Retention/Events',
    },
    {
      name: 'TtlCollection',
      engines: ['aws'],
      form: 'DocumentDB: throttled backfill on Fargate with a lease, then the index, then a report',
      available: true,
      deployed: 'BatchPricing/Retention/Documents',
    },
  ],
  trap: 'A TTL index created cold on 500 GB starts by deleting most of it, through one thread and through replication.',
  scenario: {
    kind: 'retention',
    calibration:
      'Documents of 1 KB at 15.85 a second on average, twice that at noon and none at midnight, are 500 GB after a year in which nothing was deleted. After: they are kept for 87 days. The database takes 1,000 updates and 500 deletions a second (assumptions): six days until every document has its date, nine more until the old ones are deleted, by a thread that runs once a minute. The measure is the largest size within another 87 days. In DynamoDB, which deletes two days late (an assumption), 87 days would be 121.9 GB: they are kept for 85, and the backfill pauses for 30 s between two runs of its functions.',
    answers: [{ measure: 'collection size', by: 'collectionBytes' }],
    workload: EVENTS.workload,
    ageSeconds: 365 * DAY_SECONDS,
    after: { objective: EVENTS.objective, table: EVENTS_TABLE },
  },
};
