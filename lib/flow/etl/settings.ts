/** What the shipped job is told by its plan: one list for a template, a manifest and the tests on real engines. */
import { DELTA_SESSION } from '../delta-session';
import type { EtlPlan } from './workload';

/** What a job reads and writes. */
export interface JobInput {
  readonly queryName: string;
  /** `host:port` of brokers, separated by commas. */
  readonly bootstrapServers: string;
  readonly topicName: string;
  readonly table: string;
  readonly checkpoint: string;
  readonly schema: string;
  readonly eventTime: string;
  readonly keys: readonly string[];
  readonly sums?: readonly string[];
  /** Path of the user's program, where there is one. */
  readonly transform?: string;
}

/** The arguments of the job that are the same wherever it runs. */
export function jobArguments(job: JobInput, plan: EtlPlan): string[] {
  return [
    `--query-name=${job.queryName}`,
    `--bootstrap-servers=${job.bootstrapServers}`,
    `--topic=${job.topicName}`,
    `--table=${job.table}`,
    `--checkpoint=${job.checkpoint}`,
    `--schema=${job.schema}`,
    `--event-time=${job.eventTime}`,
    `--keys=${job.keys.join(',')}`,
    ...(job.sums === undefined || job.sums.length === 0 ? [] : [`--sums=${job.sums.join(',')}`]),
    ...(job.transform === undefined ? [] : [`--transform=${job.transform}`]),
    ...planArguments(plan),
  ];
}

/** How the job signs in to the brokers. */
export function kafkaArguments(queryName: string, options: Readonly<Record<string, string>>): string[] {
  return [
    `--group-prefix=${groupPrefix(queryName)}`,
    ...Object.entries(options).map(([name, text]) => `--kafka-option=kafka.${name}=${text}`),
  ];
}

/** The arguments of the job that are knobs. */
export function planArguments(plan: EtlPlan): string[] {
  const value = (name: string) => plan.value(name);
  const windowed = plan.knobs.some(({ name }) => name === 'windowSeconds');
  return [
    `--trigger-seconds=${value('triggerSeconds')}`,
    `--max-offsets-per-trigger=${value('maxOffsetsPerTrigger')}`,
    `--ahead-seconds=${value('aheadSeconds')}`,
    `--shuffle-partitions=${value('shufflePartitions')}`,
    `--compact-every-batches=${value('compactEveryBatches')}`,
    ...(windowed
      ? [`--window-seconds=${value('windowSeconds')}`, `--watermark-seconds=${value('watermarkSeconds')}`]
      : []),
    `--output-mode=${plan.predictions.outputMode}`,
    ...(plan.predictions.needsRocksDb ? ['--rocksdb'] : []),
  ];
}

/** The settings of Spark that the job cannot do without, wherever it runs. */
export const DELTA_SETTINGS: Readonly<Record<string, string>> = {
  ...DELTA_SESSION,
  // Two queries of one driver: neither waits for all tasks of the other.
  'spark.scheduler.mode': 'FAIR',
};

/** Consumer groups of the job begin with this: Spark makes a new group for each query. */
export const groupPrefix = (queryName: string) => `${queryName}-spark`;

/** A name of a query: that of objects, consumer groups and metrics. */
export const QUERY_NAME = /^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/;

/** A column as the job writes it between backquotes. */
export const COLUMN = /^[A-Za-z_]\w{0,127}$/;
