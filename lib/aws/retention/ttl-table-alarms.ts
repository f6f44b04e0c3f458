import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound } from '../../flow/kinds';
import type { TtlTablePlan } from '../../flow/retention/table-workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { LAMBDA, PLAN, TABLE, TOPIC } from '../kinds';
import { createAlarms } from '../watch';
import { ttlTableRows } from './ttl-table-rows';

/**
 * What the alarms of a table with a time to live watch.
 */
export interface TtlTableAlarmsProps {
  /**
   * The plan with the numbers.
   */
  readonly plan: TtlTablePlan;

  /**
   * The table.
   */
  readonly table: ITable;

  /**
   * The function that runs the backfill.
   */
  readonly worker: IFunction;

  /**
   * The function that reports on the table.
   */
  readonly report: IFunction;

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
 * The alarms of a table with a time to live. DynamoDB has no metric of how late it deletes: the report measures it on a sample.
 */
export class TtlTableAlarms extends Construct {
  /** Items wait for their deletion longer than planned. */
  public readonly ttlLag: Alarm;
  /** Items wait for longer than planned, and hardly any are deleted. */
  public readonly deletionStopped: Alarm;
  /** Time to live is off. */
  public readonly ttlDisabled: Alarm;
  /** The table is larger than planned. */
  public readonly tableTooLarge: Alarm;
  /** Items have no expiry that DynamoDB acts on. */
  public readonly itemsNeverExpire: Alarm;
  /** Reads or writes of the table are throttled. */
  public readonly tableThrottled: Alarm;
  /** The backfill takes twice as long as predicted. */
  public readonly backfillLate: Alarm;
  /** Starts of the backfill fail. */
  public readonly backfillFailing: Alarm;
  /** The backfill is not started. */
  public readonly backfillMissing: Alarm;
  /** There is no report. */
  public readonly reportMissing: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is missing, or the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: TtlTableAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { plan, alarmTopic, alarms } = usable;
    const made = createAlarms(this, { rows: ttlTableRows(usable), plan, alarmTopic, alarms });
    this.ttlLag = made.TtlLag;
    this.deletionStopped = made.DeletionStopped;
    this.ttlDisabled = made.TtlDisabled;
    this.tableTooLarge = made.TableTooLarge;
    this.itemsNeverExpire = made.ItemsNeverExpire;
    this.tableThrottled = made.TableThrottled;
    this.backfillLate = made.BackfillLate;
    this.backfillFailing = made.BackfillFailing;
    this.backfillMissing = made.BackfillMissing;
    this.reportMissing = made.ReportMissing;
    this.all = Object.values(made);
  }
}

const KINDS: Kinds<TtlTableAlarmsProps> = {
  plan: needed(PLAN),
  table: needed(TABLE),
  worker: needed(LAMBDA),
  report: needed(LAMBDA),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};
