import { Annotations, type Duration } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { CfnJob, CfnTableOptimizer } from 'aws-cdk-lib/aws-glue';
import type { IRole, Role } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { CfnNamespace, CfnTable, CfnTableBucket } from 'aws-cdk-lib/aws-s3tables';
import type { Schedule, ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { glueJobKnobs } from '../../flow/compaction/alarms';
import { startsOf } from '../../flow/compaction/clock';
import { planCompaction, rewritesTooMuch } from '../../flow/compaction/plan';
import type {
  CompactionObjective,
  CompactionPlan,
  CompactionQuestion,
  CompactionWorkload,
} from '../../flow/compaction/workload';
import type { Check } from '../../flow/errors';
import { CHECKED, having, type Kinds, NUMBER, sound } from '../../flow/kinds';
import { ALARM_SETTINGS, type AlarmSettings, alarmSettingsChecks } from '../alarm-settings';
import { dashboardOf } from '../dashboard';
import { DURATION, TOPIC } from '../kinds';
import { resolvedSeconds, wholeSeconds } from '../tokens';
import type { CompactedTable } from './compacted-table';
import { COMPACTION_ALARMS, CompactionAlarms, type CompactionAlarmsProps } from './compaction-alarms';
import { compactionSections } from './compaction-rows';
import { createDeltaJob } from './delta-job';
import { createOptimizers } from './iceberg-optimizers';
import { createJobSchedule } from './job-schedule';
import { glueStatus, s3TableStatus } from './maintenance-status';
import { createS3Table } from './s3-table';

const DAY_SECONDS = 86_400;

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
   * What is compacted: `CompactedTable.iceberg()`, `CompactedTable.s3Table()` or `CompactedTable.delta()`.
   */
  readonly table: CompactedTable;

  /**
   * Bytes of a rewritten file. 1,048,576 (1 MiB) to 10,737,418,240 (10 GiB); for S3 Tables whole MiB, 64 to 512. Of an
   * Iceberg table it is a property of the table, which no resource sets: see `tableProperties`.
   *
   * @default - 128 MiB for Delta, 512 MiB for Iceberg and S3 Tables
   */
  readonly targetBytes?: number;

  /**
   * Workers of a run, each of which rewrites `bytesPerSecond`. A whole number, 1 to 1000. Optimizers choose theirs: the
   * number is only planned with.
   *
   * @default 1
   */
  readonly workers?: number;

  /**
   * Time between two starts of the job of a Delta table: 5, 10, 15, 20 or 30 minutes, 1, 2, 3, 4, 6, 8, 12 or 24 hours.
   *
   * @default - the longest of these that keeps every promise
   */
  readonly interval?: Duration;

  /**
   * Small files below which a run does nothing. For Iceberg, of one partition: Glue's `minInputFiles`, 5 to 100.
   *
   * @default - from write amplification, and twice what is left after a run
   */
  readonly startFiles?: number;

  /**
   * Time without a new file after which a partition of a Delta table may be rewritten; up to 30 days. For writers that
   * update or merge: their window, their lateness and two triggers.
   *
   * @default Duration.seconds(0): writers only append
   */
  readonly quiet?: Duration;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;
}

/**
 * A table whose small files are rewritten all the time, in place of a weekly clean-up that blocks other work for hours
 * (case 17). What rewrites them is the managed feature where there is one: the optimizers of AWS Glue for Iceberg, S3
 * Tables by itself. A Delta table gets a job of AWS Glue, one run at a time.
 */
export class ContinuousCompaction extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: CompactionPlan;
  /** The alarms. */
  public readonly alarms: CompactionAlarms;
  /** The dashboard. */
  public readonly dashboard: Dashboard;
  /**
   * Properties of an Iceberg table that follow from the plan and that no resource of CloudFormation sets: give them to
   * `ALTER TABLE … SET TBLPROPERTIES`, or to what makes the table.
   */
  public readonly tableProperties: { readonly [name: string]: string };
  /**
   * The role of the optimizers or of the job.
   *
   * @default - none for S3 Tables
   */
  public readonly role?: IRole;
  /** The optimizer that rewrites small files of an Iceberg table. */
  public readonly compactionOptimizer?: CfnTableOptimizer;
  /** The optimizer that deletes old snapshots, with their files. */
  public readonly retentionOptimizer?: CfnTableOptimizer;
  /** The optimizer that deletes files that no snapshot names. */
  public readonly orphanFileOptimizer?: CfnTableOptimizer;
  /** The table of S3 Tables, made or given. */
  public readonly s3Table?: CfnTable;
  /** The namespace, where it was made. */
  public readonly namespace?: CfnNamespace;
  /** The table bucket, where it was made. */
  public readonly tableBucket?: CfnTableBucket;
  /** The function that asks for the last runs of optimizers. */
  public readonly statusFunction?: LambdaFunction;
  /** What runs that function once an hour. */
  public readonly statusRule?: Rule;
  /** The job of a Delta table. */
  public readonly job?: CfnJob;
  /** The log of its runs. */
  public readonly logGroup?: LogGroup;
  /** Counts its failed runs. */
  public readonly failedRuns?: Rule;
  /** What starts the job; none with `createSchedule: false`. */
  public readonly schedule?: Schedule;
  /** The group of the schedule. */
  public readonly scheduleGroup?: ScheduleGroup;
  /** The role with which the scheduler starts the job. It may do nothing else. */
  public readonly scheduleRole?: Role;
  /** Starts that the scheduler gave up, for 14 days. */
  public readonly undeliveredQueue?: Queue;

  /**
   * @throws CapacityError when no interval keeps every promise, or a writer on Spark would lose commits; the message names
   *   the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: ContinuousCompactionProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const question = questionOf(usable);
    const planned = planCompaction(id, question, [...checks, ...propChecks(usable)]);
    if (usable.table._place().delta === undefined && rewritesTooMuch(question, planned)) {
      Annotations.of(this).addWarningV2('Backpressure::write-amplification', planned.remarks[0]);
    }
    const { iceberg, s3Table, delta } = usable.table._place();
    const plan = delta === undefined ? planned : planned.withKnobs(glueJobKnobs(planned));
    this.plan = plan;
    this.tableProperties = iceberg ? { [TARGET_PROPERTY]: String(plan.value('targetBytes')) } : {};

    const optimizers = iceberg && createOptimizers(this, iceberg, plan);
    this.compactionOptimizer = optimizers?.compaction;
    this.retentionOptimizer = optimizers?.retention;
    this.orphanFileOptimizer = optimizers?.orphanFileDeletion;

    const made = s3Table && createS3Table(this, s3Table, plan);
    this.s3Table = made?.table;
    this.namespace = made?.namespace;
    this.tableBucket = made?.tableBucket;

    const status = iceberg ? glueStatus(this, iceberg, plan) : made && s3TableStatus(this, made.table, plan);
    this.statusFunction = status?.statusFunction;
    this.statusRule = status?.statusRule;

    const starts = delta && startsOf(`${this.node.path}/${delta.prefix}`, plan.value('intervalSeconds'));
    const job = delta && createDeltaJob(this, delta, plan, starts!.offsetMinutes);
    this.job = job?.job;
    this.logGroup = job?.logGroup;
    this.failedRuns = job?.failedRuns;
    this.role = optimizers?.role ?? job?.role;

    const { createSchedule = true, encryptionKey, removalPolicy } = delta ?? {};
    const clock =
      job && createSchedule
        ? createJobSchedule(this, { job: job.job, starts: starts!, plan, encryptionKey, removalPolicy })
        : undefined;
    this.schedule = clock?.schedule;
    this.scheduleGroup = clock?.scheduleGroup;
    this.scheduleRole = clock?.scheduleRole;
    this.undeliveredQueue = clock?.undeliveredQueue;

    const watched: CompactionAlarmsProps = {
      plan,
      statusFunction: this.statusFunction,
      reportedAs: job?.reportedAs,
      failedRuns: this.failedRuns,
      undeliveredQueue: this.undeliveredQueue,
      alarmTopic: usable.alarmTopic,
      alarms: usable.alarms,
    };
    this.alarms = new CompactionAlarms(this, 'Alarms', watched);
    this.dashboard = dashboardOf(this, this.alarms.all, compactionSections(watched));
  }
}

/** Apache Iceberg, Configuration, Write properties. */
const TARGET_PROPERTY = 'write.target-file-size-bytes';
const MIB = 2 ** 20;

const KINDS: Kinds<ContinuousCompactionProps> = {
  workload: CHECKED,
  objective: CHECKED,
  table: having(['_place', '_kind'], 'a CompactedTable: CompactedTable.iceberg(), .s3Table() or .delta()'),
  targetBytes: NUMBER,
  workers: NUMBER,
  interval: DURATION,
  startFiles: NUMBER,
  quiet: DURATION,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** The question of the construct's plan. */
function questionOf(props: ContinuousCompactionProps): CompactionQuestion {
  const { workload, objective, table, targetBytes, workers, interval, startFiles, quiet } = props;
  return {
    workload,
    objective,
    ...(table?._kind() as Pick<CompactionQuestion, 'table'>),
    targetBytes,
    workers,
    startFiles,
    intervalSeconds: resolvedSeconds(interval),
    quietSeconds: resolvedSeconds(quiet),
  };
}

function propChecks({ table, targetBytes, interval, quiet, alarms }: ContinuousCompactionProps): Check[] {
  const inS3Tables = table?._place().s3Table !== undefined;
  return [
    ...(table?._checks() ?? []),
    wholeSeconds('interval', interval, 300, DAY_SECONDS),
    wholeSeconds('quiet', quiet, 0, 30 * DAY_SECONDS),
    {
      refused: inS3Tables && targetBytes !== undefined && targetBytes % MIB !== 0,
      message: `targetBytes must be whole MiB for S3 Tables, a multiple of ${MIB}, got ${targetBytes}`,
    },
    ...alarmSettingsChecks(alarms, COMPACTION_ALARMS),
  ];
}
