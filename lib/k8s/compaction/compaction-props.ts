import type { Duration } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import {
  CompactedTableKind,
  type CompactionObjective,
  type CompactionQuestion,
  type CompactionWorkload,
  type CompactionWriter,
  TableStorage,
} from '../../flow/compaction/workload';
import { DELTA_SESSION } from '../../flow/delta-session';
import type { Check } from '../../flow/errors';
import { CHECKED, type Kinds, NUMBER, needed, OBJECT, struct, TEXT } from '../../flow/kinds';
import { DURATION } from '../kinds';
import { cidr, dnsLabel, dnsSubdomain, environmentName, imageReference, printableTexts, textCheck } from '../names';

/**
 * Runs on Spark, under the operator of Spark.
 */
export interface CompactionSpark {
  /**
   * Version of Spark in the image.
   *
   * @default '3.5.7'
   */
  readonly sparkVersion?: string;

  /**
   * Settings of Spark, such as `spark.hadoop.fs.s3a.endpoint`. Those of Delta Lake are set.
   *
   * @default - none
   */
  readonly sparkConf?: { readonly [name: string]: string };
}

/**
 * What a compaction is sized from.
 */
export interface ContinuousCompactionProps {
  /**
   * The files that writers add, and how fast they are rewritten.
   */
  readonly workload: CompactionWorkload;

  /**
   * The longest run, the most small files, write amplification and retention.
   */
  readonly objective: CompactionObjective;

  /**
   * Address of the Delta table, such as `s3://lake/events`: `s3`, `s3a`, `gs`, `az`, `abfs` or `abfss`. It holds
   * no credentials. Spark knows Amazon S3 as `s3a` only.
   */
  readonly path: string;

  /**
   * Image with Python and delta-rs, built from `dist/runtime/compaction/Dockerfile`; with `spark` one of Spark with Python
   * and Delta Lake. With a version or a digest.
   */
  readonly image: string;

  /**
   * Runs on Spark under the Spark operator, for tables that Spark writes: a `ScheduledSparkApplication` in place of the
   * `CronJob`. On Amazon S3 no writer may run at the same time.
   *
   * @default - delta-rs, without Spark
   */
  readonly spark?: CompactionSpark;

  /**
   * What writes the table meanwhile. A Spark driver that writes all day is refused on Amazon S3.
   *
   * @default - CompactionWriter.DELTA_RS; with `spark` CompactionWriter.BATCH
   */
  readonly writer?: CompactionWriter;

  /**
   * Address of a Prometheus Pushgateway, such as `http://pushgateway.monitoring:9091`. Prometheus must scrape it with
   * `honor_labels: true`.
   */
  readonly pushGateway: string;

  /**
   * Bytes of a rewritten file. 1,048,576 (1 MiB) to 10,737,418,240 (10 GiB).
   *
   * @default 134217728 (128 MiB)
   */
  readonly targetBytes?: number;

  /**
   * CPUs of a run, each of which rewrites `bytesPerSecond`. A whole number, 1 to 16; with `spark` executors, 1 to 1000.
   *
   * @default 1
   */
  readonly workers?: number;

  /**
   * Time between two starts: 5, 10, 15, 20 or 30 minutes, 1, 2, 3, 4, 6, 8, 12 or 24 hours.
   *
   * @default - the longest of these that keeps every promise
   */
  readonly interval?: Duration;

  /**
   * Small files below which a run does nothing.
   *
   * @default - from write amplification, and twice what is left after a run
   */
  readonly startFiles?: number;

  /**
   * Time without a new file after which a partition may be rewritten; up to 30 days. For writers that update or merge: their
   * window, their lateness and two triggers.
   *
   * @default Duration.seconds(0): writers only append
   */
  readonly quiet?: Duration;

  /**
   * Service account of the runs, for instance one with a role of the cloud. With `spark` the driver gets the right to make
   * executors by it.
   *
   * @default - a separate one, without a token and without rights unless Spark makes executors by it
   */
  readonly serviceAccount?: kplus.IServiceAccount;

  /**
   * Name of a Secret whose keys are environment variables with credentials of the store, such as `AWS_ACCESS_KEY_ID`.
   *
   * @default - none: the service account has a role, or the node
   */
  readonly storeSecret?: string;

  /**
   * More variables for the store, such as `AWS_REGION` or `AWS_ENDPOINT_URL`; no credentials.
   *
   * @default - none
   */
  readonly environment?: { readonly [name: string]: string };

  /**
   * Namespace of the store.
   *
   * @default - it is outside the cluster
   */
  readonly storeNamespace?: string;

  /**
   * Addresses of the store, such as `10.20.0.0/16`, when it is outside the cluster. Instead of `storeNamespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly storeCidr?: string;

  /**
   * Port of the store. 1 to 65535.
   *
   * @default 443
   */
  readonly storePort?: number;
}

/** The question of the construct's plan. */
export function compactionQuestion({
  workload,
  objective,
  path,
  spark,
  interval,
  quiet,
  writer,
  targetBytes,
  workers,
  startFiles,
}: ContinuousCompactionProps): CompactionQuestion {
  return {
    workload,
    objective,
    table: spark === undefined ? CompactedTableKind.DELTA_RS : CompactedTableKind.DELTA_SPARK,
    writer,
    storage: /^s3a?:/.test(path ?? '') ? TableStorage.S3 : TableStorage.ATOMIC,
    targetBytes,
    workers,
    startFiles,
    intervalSeconds: interval?.toSeconds(),
    quietSeconds: quiet?.toSeconds(),
  };
}

/** What each prop has to be. */
export const COMPACTION_KINDS: Kinds<ContinuousCompactionProps> = {
  workload: CHECKED,
  objective: CHECKED,
  path: needed(TEXT),
  image: needed(TEXT),
  spark: struct<CompactionSpark>({ sparkVersion: TEXT, sparkConf: OBJECT }),
  writer: CHECKED,
  pushGateway: needed(TEXT),
  targetBytes: NUMBER,
  workers: NUMBER,
  interval: DURATION,
  startFiles: NUMBER,
  quiet: DURATION,
  serviceAccount: CHECKED,
  storeSecret: TEXT,
  environment: CHECKED,
  storeNamespace: TEXT,
  storeCidr: TEXT,
  storePort: NUMBER,
};

/** What is wrong with the props, beside what the plan refuses. */
export function compactionInputChecks(props: ContinuousCompactionProps): Check[] {
  const { path, pushGateway, storePort, storeNamespace, storeCidr, environment = {}, spark } = props;
  return [
    textCheck(
      'path',
      path,
      (text) => /^(s3a?|gs|az|abfss?):\/\/[\w.@/=-]{1,900}$/.test(text),
      'the address of a table without credentials, such as s3://lake/events',
    ),
    imageReference('image', props.image),
    textCheck(
      'pushGateway',
      pushGateway,
      (text) => /^https?:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/.test(text),
      'an address of the cluster such as http://pushgateway.monitoring:9091',
    ),
    dnsSubdomain('storeSecret', props.storeSecret),
    ...Object.keys(environment).map((name) => environmentName('environment', name)),
    ...printableTexts('environment', environment),
    ...sparkChecks(spark, path),
    dnsLabel('storeNamespace', storeNamespace),
    cidr('storeCidr', storeCidr),
    {
      refused: storeNamespace !== undefined && storeCidr !== undefined,
      message: 'storeNamespace and storeCidr must not be given together: it is inside or outside the cluster',
    },
    {
      refused: storePort !== undefined && !(Number.isInteger(storePort) && storePort >= 1 && storePort <= 65_535),
      message: `storePort must be a whole number, between 1 and 65535, got ${storePort}`,
    },
  ];
}

function sparkChecks(spark: CompactionSpark | undefined, path: string | undefined): Check[] {
  if (spark === undefined) return [];
  return [
    textCheck(
      'spark.sparkVersion',
      spark.sparkVersion,
      (text) => /^\d+\.\d+\.\d+$/.test(text),
      'a version such as 3.5.7',
    ),
    {
      refused: path?.startsWith('s3://') === true,
      message: `path must begin with s3a:// for Spark, which knows Amazon S3 by no other name, got ${path}`,
    },
    ...Object.entries(spark.sparkConf ?? {}).flatMap(([name, text]) => [
      textCheck('spark.sparkConf', name, (one) => /^spark\.[\w.-]+$/.test(one), 'settings that begin with spark.'),
      { refused: name in DELTA_SESSION, message: `spark.sparkConf must leave ${name} to the construct` },
      { refused: typeof text !== 'string', message: `spark.sparkConf of ${name} must be text` },
    ]),
    ...printableTexts('spark.sparkConf', spark.sparkConf ?? {}),
  ];
}
