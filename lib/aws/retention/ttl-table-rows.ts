/** What is watched of a table with a time to live, as rows. */

import { Duration } from 'aws-cdk-lib';
import {
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Plan } from '../../flow/plan';
import type { DashboardSection } from '../dashboard';
import type { AlarmRow } from '../watch';

/** What there is to watch. */
export interface WatchedTable {
  readonly plan: Plan;
  readonly table: ITable;
  readonly worker: IFunction;
  readonly report: IFunction;
}

/** The names of all alarms of a table. */
export const TTL_TABLE_ALARMS: readonly string[] = [
  'ttlLag',
  'deletionStopped',
  'ttlDisabled',
  'tableTooLarge',
  'itemsNeverExpire',
  'tableThrottled',
  'backfillLate',
  'backfillFailing',
  'backfillMissing',
  'reportMissing',
];

type OfPeriod = AlarmRow['metric'];

/** A metric that a function writes into its log: `lib/runtime/metrics.ts`. */
function logged(handler: IFunction, metricName: string, statistic: string = Stats.MAXIMUM): OfPeriod {
  return (period): IMetric =>
    new Metric({
      namespace: 'Backpressure',
      metricName,
      dimensionsMap: { FunctionName: handler.functionName },
      statistic,
      period,
    });
}

/** A metric of DynamoDB. Those of throttled calls by operation and of replicas have more dimensions. */
function ofTable(table: ITable, metricName: string): OfPeriod {
  return (period): IMetric =>
    new Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: table.tableName },
      statistic: Stats.SUM,
      period,
    });
}

/**
 * 1 in half a day with too few deletions while items wait for theirs longer than planned. The number of deletions alone says
 * little: it is that of the inserts of a retention ago. Without a report the last lag counts, so that the alarm does not end
 * because nothing is measured.
 */
function deletionStopped({ plan, table, report }: WatchedTable): OfPeriod {
  const [lag, deletions] = [plan.value('alarmLagSeconds'), plan.value('alarmDeletedItems')];
  return (period) =>
    new MathExpression({
      expression: `IF(FILL(lag, REPEAT) > ${lag} AND FILL(deleted, 0) < ${deletions}, 1, 0)`,
      usingMetrics: {
        lag: logged(report, 'TtlLagSeconds')(period),
        deleted: ofTable(table, 'TimeToLiveDeletedItemCount')(period),
      },
      label: 'Half days with too few deletions',
      period,
    });
}

/** Reads and writes that were throttled: the backfill takes of both, the report of the first. */
function throttled({ table }: WatchedTable): OfPeriod {
  return (period) =>
    new MathExpression({
      expression: 'FILL(writes, 0) + FILL(reads, 0)',
      usingMetrics: {
        writes: ofTable(table, 'WriteThrottleEvents')(period),
        reads: ofTable(table, 'ReadThrottleEvents')(period),
      },
      label: 'Throttled reads and writes',
      period,
    });
}

/** The alarms. */
export function ttlTableRows(watched: WatchedTable): AlarmRow[] {
  const { worker, report } = watched;
  const reported = (name: string) => ({ metric: logged(report, name), seconds: 'alarmReportSeconds' });
  const silent = { comparison: ComparisonOperator.LESS_THAN_THRESHOLD, missing: TreatMissingData.BREACHING };
  return [
    {
      id: 'TtlLag',
      severity: 'warning',
      ...reported('TtlLagSeconds'),
      threshold: 'alarmLagSeconds',
      text: 'Items wait for their deletion longer than the size of the table is planned with; readers that do not filter by the expiry see them. DynamoDB promises no time, and catches up by itself: give the measured lag to ttlLagDays. If a law sets a deadline, delete these items yourself.',
    },
    {
      id: 'DeletionStopped',
      severity: 'critical',
      metric: deletionStopped(watched),
      threshold: 'alarmDeletionStopped',
      seconds: 'alarmDeletedSeconds',
      periods: 'alarmDeletedPeriods',
      text: 'Items have waited for their deletion longer than planned for a day, and fewer than half as many are deleted as are inserted. Is time to live on, and by the attribute of the plan? Is the expiry a number of seconds? Otherwise DynamoDB is behind: AWS Support sees why. If the lag is usual for this table, give it to ttlLagDays.',
    },
    {
      id: 'TtlDisabled',
      severity: 'critical',
      ...reported('TtlDisabled'),
      threshold: 'alarmTtlDisabled',
      text: 'Time to live of the table is off, or goes by another attribute: nothing is deleted. Set it where the table is made; DynamoDB takes an hour for a change.',
    },
    {
      id: 'TableTooLarge',
      severity: 'warning',
      ...reported('SettledTableBytes'),
      threshold: 'sizeAlarmBytes',
      text: 'The table is larger than inserts × (retention + lag) say, long after old items should be gone. If TtlLag or ItemsNeverExpire fire too, begin there. Otherwise more is inserted, or items grew: compare with the workload.',
    },
    {
      id: 'ItemsNeverExpire',
      severity: 'warning',
      ...reported('UnexpiringItems'),
      threshold: 'alarmUnexpiringItems',
      text: 'Items have no expiry that DynamoDB acts on, long after the backfill: none at all although they say when they were created, text, milliseconds in place of seconds, or more than five years ago. Find the writer; then deploy with another retention or number of workers, which makes another backfill: it changes only items without the attribute.',
    },
    {
      id: 'TableThrottled',
      severity: 'warning',
      metric: throttled(watched),
      threshold: 'alarmThrottled',
      seconds: 'alarmThrottledSeconds',
      periods: 'alarmThrottledPeriods',
      text: 'Reads or writes of the table are throttled. Backfill and report slow down by themselves: if the backfill is not done, or it is while the report reads, give a lower spareWriteUnitsPerSecond to the workload, which both go by. An on-demand table takes at once twice its last peak. One partition takes 1,000 units a second, whatever the table has.',
    },
    {
      id: 'BackfillLate',
      severity: 'warning',
      ...reported('BackfillSeconds'),
      threshold: 'alarmBackfillSeconds',
      text: 'The backfill takes more than twice the predicted time. Does DynamoDB throttle it (WriteThrottleEvents, ReadThrottleEvents, and throttled in the log of the function)? Are there more items than planned, or does one segment hold most of them, as with few partition keys? It goes on by itself.',
    },
    {
      id: 'BackfillFailing',
      severity: 'warning',
      metric: (period) => worker.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmBackfillErrors',
      seconds: 'startSeconds',
      periods: 'alarmBackfillPeriods',
      beyond: 'alarmBackfillStarts',
      text: 'Three starts of the backfill failed within a day. Its log says why: usually a permission on the table or its key. Each start continues where the last page was saved.',
    },
    {
      id: 'BackfillMissing',
      severity: 'warning',
      metric: (period) => worker.metricInvocations({ period, statistic: Stats.SUM }),
      threshold: 'alarmStarts',
      seconds: 'alarmStartSeconds',
      ...silent,
      text: 'Two starts of the backfill are missing, also those that only see that it is done. Are its rules enabled? Does Throttles of AWS/Lambda grow: is the concurrency of the account, or that reserved for the function, used up? After the first deployment the alarm is on until the first start.',
    },
    {
      id: 'ReportMissing',
      severity: 'warning',
      // Not the size, which is reported also when reads are throttled for so long that the sample is empty.
      metric: logged(report, 'TtlLagSeconds', Stats.SAMPLE_COUNT),
      threshold: 'alarmReports',
      seconds: 'alarmReportSeconds',
      ...silent,
      text: 'Two reports are missing, or could read nothing of the table: lag and items without an expiry have no data, and TtlLag, DeletionStopped and ItemsNeverExpire stay silent. The log of the report says why; a size without a lag says that reads are throttled (ReadThrottleEvents). After the first deployment the alarm is on until the first report.',
    },
  ];
}

/** They are left without an expiry, so their number says whether these are the settings and accounts that stay. */
function unknownAge({ plan, report }: WatchedTable): DashboardSection['graphs'][number] {
  const period = Duration.seconds(plan.value('alarmReportSeconds'));
  return {
    title: 'Items without a creation time, which stay',
    unit: 'items',
    metrics: [logged(report, 'UnknownAgeItems')(period)],
  };
}

/** The graphs. */
export function ttlTableSections(watched: WatchedTable): DashboardSection[] {
  const { plan, table, worker, report } = watched;
  const rows = ttlTableRows(watched);
  const of = (id: string) => {
    const { metric, seconds } = rows.find((row) => row.id === id)!;
    return metric(period(seconds));
  };
  const period = (knob: string) => Duration.seconds(plan.value(knob));
  const daily = period('alarmDeletedSeconds');
  return [
    {
      heading: 'Table',
      graphs: [
        { title: 'Size', unit: 'bytes', metrics: [logged(report, 'TableBytes')(period('alarmReportSeconds'))] },
        { title: 'Oldest item that waits for its deletion', unit: 's', metrics: [of('TtlLag')] },
        {
          title: 'Items that wait for their deletion',
          unit: 'items',
          metrics: [logged(report, 'OverdueItems')(period('alarmReportSeconds'))],
        },
        {
          title: 'Deletions',
          unit: 'items',
          metrics: [ofTable(table, 'TimeToLiveDeletedItemCount')(daily)],
        },
        { title: 'Items without a usable expiry', unit: 'items', metrics: [of('ItemsNeverExpire')] },
        ...(plan.value('expireUnknownAge') === 1 ? [] : [unknownAge(watched)]),
      ],
    },
    {
      heading: 'Backfill',
      graphs: [
        {
          title: 'Items dated',
          unit: 'items',
          metrics: [logged(worker, 'DatedItems', Stats.SUM)(period('alarmReportSeconds'))],
        },
        { title: 'Seconds since it began', unit: 's', metrics: [of('BackfillLate')] },
        { title: 'Throttled reads and writes', unit: 'events', metrics: [of('TableThrottled')] },
      ],
    },
  ];
}
