import { RemovalPolicy } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { BillingMode, type ITable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { planTtlTable } from '../../flow/retention/table-plan';
import type { TtlTablePlan } from '../../flow/retention/table-workload';
import { dashboardOf } from '../dashboard';
import { ensureTimeToLive } from './time-to-live';
import { TtlTableAlarms } from './ttl-table-alarms';
import { createFunctions } from './ttl-table-functions';
import { DEFAULT_ATTRIBUTE, type TtlTableProps, usableProps } from './ttl-table-props';
import { ttlTableSections } from './ttl-table-rows';

/**
 * A table of Amazon DynamoDB with a time to live: the retention that fits when DynamoDB deletes days late, a backfill within a
 * budget of write units that gives every item that says when it was created its expiry, and a report that measures how late items
 * are deleted. Items without a usable creation time stay, unless the objective says `expireUnknownAge`.
 *
 * Cures a table that grows because deletion is a manual chore (case 16). Items that are already too old get expiries that are
 * spread over the time that consumers of the stream and replicas need for the deletions. None lies in the past: DynamoDB
 * never acts on one that is more than five years ago.
 */
export class TtlTable extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: TtlTablePlan;
  /** The table, made or given. */
  public readonly table: ITable;
  /** Attribute with the expiry, in seconds since 1970: writers set it, and readers leave out what lies in the past. */
  public readonly attribute: string;
  /** Where each segment of the backfill stands. */
  public readonly progressTable: Table;
  /** The function that runs the backfill, a segment at a time. */
  public readonly backfill: LambdaFunction;
  /** What starts it every 15 minutes, five segments each; no two runs of a segment overlap. */
  public readonly backfillRules: Rule[];
  /** The function that measures size and lag. */
  public readonly report: LambdaFunction;
  /** What starts the report. */
  public readonly reportRule: Rule;
  /** The alarms. */
  public readonly alarms: TtlTableAlarms;
  /** The dashboard; none with `dashboard: false`. */
  public readonly dashboard?: Dashboard;

  /**
   * @throws CapacityError when the size holds only without the lag of deletion, the backfill cannot keep ahead of inserts, a
   *   deadline for deletion is shorter than the lag, or size or time are above the objective; the message names the ways out
   * @throws InvalidInputError when props are out of range, or the table expires by another attribute; the message names each
   */
  constructor(scope: Construct, id: string, props: TtlTableProps) {
    super(scope, id);
    const { props: usable, checks } = usableProps(props);
    const { workload, objective, createdAttribute, alarmTopic, alarms, dashboard = true } = usable;
    this.plan = planTtlTable(id, { workload, objective }, checks);
    this.attribute = usable.attribute ?? DEFAULT_ATTRIBUTE;
    this.table = usable.table ?? this.createTable(usable);
    ensureTimeToLive(this, this.table, this.attribute);
    const made = createFunctions(this, {
      plan: this.plan,
      table: this.table,
      attribute: this.attribute,
      createdAttribute,
    });
    this.progressTable = made.progress;
    this.backfill = made.worker;
    this.backfillRules = made.workerRules;
    this.report = made.report;
    this.reportRule = made.reportRule;
    const watched = { plan: this.plan, table: this.table, worker: made.worker, report: made.report };
    this.alarms = new TtlTableAlarms(this, 'Alarms', { ...watched, alarmTopic, alarms });
    this.dashboard = dashboard ? dashboardOf(this, this.alarms.all, ttlTableSections(watched)) : undefined;
  }

  /** Not `TableV2`, which takes a key of yours only in a stack whose region is known. */
  private createTable({ partitionKey, sortKey, encryptionKey, removalPolicy }: TtlTableProps): Table {
    return new Table(this, 'Table', {
      partitionKey: partitionKey!,
      sortKey,
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: encryptionKey === undefined ? TableEncryption.AWS_MANAGED : TableEncryption.CUSTOMER_MANAGED,
      encryptionKey,
      timeToLiveAttribute: this.attribute,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }
}
