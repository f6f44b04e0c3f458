import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRule } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { having, type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import type { Plan } from '../../flow/plan';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { LAMBDA, PLAN, QUEUE, TOPIC } from '../kinds';
import { createAlarms } from '../watch';
import { compactionRows } from './compaction-rows';

/**
 * What the alarms of a compaction watch: the function that asks for the optimizers of a table, or the runs of a job.
 */
export interface CompactionAlarmsProps {
  /**
   * The plan with the numbers, whose names begin with `alarm`.
   */
  readonly plan: Plan;

  /**
   * The function that reports the last runs of the optimizers.
   *
   * @default - no optimizers are watched
   */
  readonly statusFunction?: IFunction;

  /**
   * The value of the dimension `Table` of what the runs of a job report.
   *
   * @default - no runs are watched
   */
  readonly reportedAs?: string;

  /**
   * The rule that matches failed runs of the job.
   *
   * @default - they are watched by what they do not report
   */
  readonly failedRuns?: IRule;

  /**
   * The queue with starts that could not be delivered.
   *
   * @default - it is not watched
   */
  readonly undeliveredQueue?: IQueue;

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
 * The alarms of a compaction: small files that accumulate, runs that fail or do not come, and old files that are never
 * deleted.
 */
export class CompactionAlarms extends Construct {
  /**
   * An optimizer failed, and has not succeeded since.
   *
   * @default - none for a job
   */
  public readonly optimizersFailing?: Alarm;
  /**
   * The table was not compacted for long, or the function reports nothing.
   *
   * @default - none for a job
   */
  public readonly compactionLate?: Alarm;
  /**
   * Old snapshots, or files that no snapshot names, were not deleted for days.
   *
   * @default - none for a job
   */
  public readonly expiryLate?: Alarm;
  /**
   * A run took longer than promised.
   *
   * @default - none for S3 Tables, which does not say how long a run took
   */
  public readonly runTooLong?: Alarm;
  /**
   * A run found more small files than queries may meet.
   *
   * @default - none for optimizers, which do not count them
   */
  public readonly smallFiles?: Alarm;
  /**
   * A run rewrote more than comes in an interval.
   *
   * @default - none for optimizers
   */
  public readonly rewritesTooMuch?: Alarm;
  /**
   * Every run of the last ones gave up partitions.
   *
   * @default - none for optimizers
   */
  public readonly conflicts?: Alarm;
  /**
   * A run could not rewrite a partition, or not vacuum.
   *
   * @default - none for optimizers
   */
  public readonly partitionsFailing?: Alarm;
  /**
   * A run failed, or was ended by its time-out.
   *
   * @default - none for optimizers
   */
  public readonly failedRuns?: Alarm;
  /**
   * Runs are missing.
   *
   * @default - none for optimizers
   */
  public readonly runsMissing?: Alarm;
  /**
   * Replaced files were not deleted for days.
   *
   * @default - none for optimizers
   */
  public readonly neverVacuums?: Alarm;
  /**
   * A start was given up.
   *
   * @default - none for optimizers, and for a job without a schedule
   */
  public readonly undelivered?: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: CompactionAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { plan, alarmTopic, alarms } = usable;
    const made = createAlarms(this, { rows: compactionRows(usable), plan, alarmTopic, alarms });
    this.optimizersFailing = made.OptimizersFailing;
    this.compactionLate = made.CompactionLate;
    this.expiryLate = made.ExpiryLate;
    this.runTooLong = made.RunTooLong;
    this.smallFiles = made.SmallFiles;
    this.rewritesTooMuch = made.RewritesTooMuch;
    this.conflicts = made.Conflicts;
    this.partitionsFailing = made.PartitionsFailing;
    this.failedRuns = made.FailedRuns;
    this.runsMissing = made.RunsMissing;
    this.neverVacuums = made.NeverVacuums;
    this.undelivered = made.UndeliveredStarts;
    this.all = Object.values(made);
  }
}

/** The names of all alarms that a compaction can have. */
export const COMPACTION_ALARMS: readonly string[] = [
  'optimizersFailing',
  'compactionLate',
  'expiryLate',
  'runTooLong',
  'smallFiles',
  'rewritesTooMuch',
  'conflicts',
  'partitionsFailing',
  'failedRuns',
  'runsMissing',
  'neverVacuums',
  'undelivered',
];

const KINDS: Kinds<CompactionAlarmsProps> = {
  plan: needed(PLAN),
  statusFunction: LAMBDA,
  reportedAs: TEXT,
  failedRuns: having(['ruleName', 'node'], 'a rule of EventBridge: a Rule or Rule.fromEventRuleArn()'),
  undeliveredQueue: QUEUE,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};
