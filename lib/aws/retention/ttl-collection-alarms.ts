import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import type { RetentionPlan } from '../../flow/retention/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { PLAN, QUEUE, TOPIC } from '../kinds';
import { createAlarms } from '../watch';
import { ttlCollectionRows } from './ttl-collection-rows';

/**
 * What the alarms of a collection with a time to live watch.
 */
export interface TtlCollectionAlarmsProps {
  /**
   * The plan with the numbers.
   */
  readonly plan: RetentionPlan;

  /**
   * Name of the collection in its metrics, the dimension `TtlCollection`.
   */
  readonly metricsName: string;

  /**
   * The queue of starts that the scheduler could not deliver.
   */
  readonly undeliveredQueue: IQueue;

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
 * The alarms of a collection with a time to live, on what backfill and report write into their logs: DocumentDB counts deletions
 * of a whole cluster, and has no metric of how late they are.
 */
export class TtlCollectionAlarms extends Construct {
  /** Documents outlive their date by more than is allowed. */
  public readonly deletionLag: Alarm;
  /** The TTL index is gone. */
  public readonly indexMissing: Alarm;
  /** The collection is larger than planned. */
  public readonly collectionTooLarge: Alarm;
  /** Some of the newest documents have no date. */
  public readonly documentsNeverExpire: Alarm;
  /** The backfill takes twice as long as predicted. */
  public readonly backfillLate: Alarm;
  /** Starts of the backfill fail. */
  public readonly backfillFailing: Alarm;
  /** The backfill is not started. */
  public readonly backfillMissing: Alarm;
  /** There is no report. */
  public readonly reportMissing: Alarm;
  /** The scheduler could not start a task. */
  public readonly startsUndelivered: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is missing, or the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: TtlCollectionAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { plan, alarmTopic, alarms } = usable;
    const made = createAlarms(this, { rows: ttlCollectionRows(usable), plan, alarmTopic, alarms });
    this.deletionLag = made.DeletionLag;
    this.indexMissing = made.IndexMissing;
    this.collectionTooLarge = made.CollectionTooLarge;
    this.documentsNeverExpire = made.DocumentsNeverExpire;
    this.backfillLate = made.BackfillLate;
    this.backfillFailing = made.BackfillFailing;
    this.backfillMissing = made.BackfillMissing;
    this.reportMissing = made.ReportMissing;
    this.startsUndelivered = made.StartsUndelivered;
    this.all = Object.values(made);
  }
}

const KINDS: Kinds<TtlCollectionAlarmsProps> = {
  plan: needed(PLAN),
  metricsName: needed(TEXT),
  undeliveredQueue: needed(QUEUE),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};
