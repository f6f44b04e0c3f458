import type { EtlQuestion } from '../flow/etl/workload';
import { Case } from './case';

/**
 * Views of pages, in windows of five minutes a page: a mean of 1,000 records a second, none at midnight and 2,000 at noon. A
 * millisecond of a core for each and 15 s for each batch are assumptions, to be replaced by a measurement.
 */
export const PAGE_VIEWS = {
  workload: {
    steadyPerSecond: 1000,
    peakPerSecond: 2000,
    recordBytes: 1000,
    coreSecondsPerRecord: 0.001,
    batchSeconds: 15,
    windowSeconds: 300,
    lateSeconds: 600,
    keysPerWindow: 10_000,
  },
  objective: { freshnessSeconds: 300, outageSeconds: 600 },
} as const satisfies EtlQuestion;

const { steadyPerSecond, peakPerSecond, recordBytes, coreSecondsPerRecord } = PAGE_VIEWS.workload;

/** The same records as they are: a megabyte a second lands within 15 minutes, by a delivery that the cloud manages. */
export const RAW_PAGE_VIEWS = {
  workload: { steadyPerSecond, peakPerSecond, recordBytes, coreSecondsPerRecord },
  objective: { freshnessSeconds: 900 },
  sink: 'landing',
  source: 'kinesis-on-demand',
} as const satisfies EtlQuestion;

export const batchToStreaming: Case = {
  number: 3,
  slug: 'batch-to-streaming',
  title: 'Nightly batch ETL becomes streaming',
  summary:
    "Records arrive all day, yet the reports are built once a night in a single window. A day of work runs in a few hours, one bad record repeats the whole run, and yesterday's report is ready at half past nine. Spread over the day, through a log that keeps its offset, the same work needs a small steady cluster and is minutes old.",
  levers: ['spread'],
  difficulty: 'advanced',
  domains: ['architecture'],
  dependsOn: [5],
  headline: {
    text: 'T+1 (09:30) → 2–5 min',
    changes: [
      {
        measure: 'age of the newest record in the report when it appears',
        unit: 's',
        before: { relation: 'is', value: 34_200 },
        after: { relation: 'at most', value: 300 },
      },
    ],
  },
  constructs: [
    {
      name: 'StreamingEtl',
      engines: ['aws'],
      form: 'MSK topic, EMR Serverless Spark job, Delta table',
      available: true,
      deployed: 'Telemetry/Etl/PageViews',
    },
    {
      name: 'StreamingEtl',
      engines: ['k8s'],
      form: 'Strimzi topic and SparkApplication',
      available: true,
      deployed: 'streaming-tenants/Etl/PageViews',
    },
  ],
  trap: 'The Delta sink refuses `update` mode, so the job never starts. Without `maxOffsetsPerTrigger` the first batch is the whole backlog: the same imbalance again. In `append` mode a window of 5 minutes with a watermark of 10 appears when it is 10 to 15 minutes old: the job runs, and the promise of 2 to 5 minutes cannot be kept. Only MERGE in `foreachBatch` keeps it.',
  scenario: {
    kind: 'etl',
    calibration:
      'A mean of 1,000 records a second, none at midnight and 2,000 at noon, are 86.4 million a day. A batch that takes them from midnight on at 2,526 a second needs 9.5 hours: the newest record is 34,200 s old at 09:30. After: the same arrivals in a stream with the plan of the case, windows of 5 minutes merged into the table in every batch. The headline holds while the job runs. A driver that is killed at noon and away for 10 minutes makes the oldest record almost 16 minutes old, and it takes up to 50 minutes until a batch takes all that is there: a lower catchUpSeconds makes batches larger. The stream takes four times the core-hours of the batch, because its executors are sized for noon and wait between batches.',
    answers: [{ measure: 'age of the newest record in the report when it appears', by: 'newestRecordSeconds' }],
    question: PAGE_VIEWS,
    // 86.4 million records in 9.5 hours.
    nightlyPerSecond: (86_400 * PAGE_VIEWS.workload.steadyPerSecond) / 34_200,
  },
};
