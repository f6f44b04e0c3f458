import {
  CompactedTableKind,
  type CompactionObjective,
  type CompactionQuestion,
  type CompactionWorkload,
} from '../flow/compaction/workload';
import { Case } from './case';

/**
 * 280,000 files of 2 MB a week: 180 s to start, 0.02 s a file and 35.4 MB/s are 6 h. A streaming writer adds as many
 * files in every batch, however much it reads.
 */
export const SMALL_FILES: { workload: CompactionWorkload; objective: CompactionObjective } = {
  workload: { filesPerDay: 40_000, fileBytes: 2e6, openPartitions: 4, bytesPerSecond: 35.4e6 },
  objective: { longestRunSeconds: 1800, smallFiles: 15_000 },
};

/** What is deployed on Kubernetes: delta-rs beside writers on delta-rs. */
export const COMPACTION_ON_K8S: CompactionQuestion = { ...SMALL_FILES, table: CompactedTableKind.DELTA_RS };

/** What is deployed on AWS: a job of AWS Glue beside batch jobs that never run at the same time. */
export const COMPACTION_ON_AWS: CompactionQuestion = { ...SMALL_FILES, table: CompactedTableKind.DELTA_SPARK };

export const continuousCleanup: Case = {
  number: 17,
  slug: 'continuous-cleanup',
  title: 'Weekly clean-up becomes continuous',
  summary:
    'A data platform compacts, merges small files and drops old ones on one day of the week. For six days queries get slower, on the seventh a six-hour job that must not fail blocks other work. The same work, done several times a day, only when enough files have accumulated and a partition at a time, is too small to notice.',
  levers: ['spread'],
  difficulty: 'advanced',
  domains: ['architecture'],
  dependsOn: [5],
  headline: {
    text: '6 h weekly → 4 × 30 min daily',
    changes: [
      {
        measure: 'longest clean-up',
        unit: 's',
        before: { relation: 'is', value: 21_600 },
        after: { relation: 'at most', value: 1_800 },
      },
      {
        measure: 'clean-ups a week',
        unit: 'runs',
        before: { relation: 'is', value: 1 },
        after: { relation: 'is', value: 28 },
      },
    ],
  },
  constructs: [
    {
      name: 'ContinuousCompaction',
      engines: ['aws'],
      form: "Glue's three optimizers for Iceberg, S3 Tables, one scheduled Glue job for Delta",
      available: true,
      deployed: 'Telemetry/Compaction/Events',
    },
    {
      name: 'ContinuousCompaction',
      engines: ['k8s'],
      form: 'CronJob with delta-rs; ScheduledSparkApplication for tables of Spark',
      available: true,
      deployed: 'streaming-tenants/Compaction',
    },
  ],
  absent: [
    {
      engine: 'gcp',
      reason:
        'BigQuery and BigLake tables for Apache Iceberg compact, collect garbage and cluster by themselves: there is no run to size.',
      instead:
        'Keep the table in BigQuery or as a BigLake managed table. A Delta table on Cloud Storage is compacted by the construct for Kubernetes, on GKE.',
    },
  ],
  trap: '"More than 100 files, or one below 20 MB" is always true as soon as one small file exists: it never stops compacting.',
  scenario: {
    kind: 'compaction',
    calibration:
      "40,000 files of 2 MB a day into 4 partitions; one worker needs 180 s to start, 0.02 s a file and rewrites 35.4 MB/s (assumptions): 280,000 files once a week are 21,599 s. After: queries may meet 15,000 small files, which with the head-room is a run every 6 h by the clock (10,000 would be one every 4 h); it does nothing below startFiles. 28 runs a week are for files that come evenly, as those of a streaming writer do: it adds as many in every batch. The same clock starts as many when files follow the day's sine, but a query then meets up to twice as many small files as planned; a workload with peakRatio 2 is planned at 3 h, 56 a week. The headline's 28 × 30 min are 14 h a week; the plan's are below 8 h, and still more than the 6 h of one clean-up: each start costs 180 s.",
    answers: [
      { measure: 'longest clean-up', by: 'longestRunSeconds' },
      { measure: 'clean-ups a week', by: 'runsPerWeek' },
    ],
    weeks: 4,
    after: { on: { k8s: COMPACTION_ON_K8S, aws: COMPACTION_ON_AWS } },
  },
};
