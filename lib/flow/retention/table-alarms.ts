/** The numbers of a table's alarms, each with its reason. */
import { chosenKnob, firstOneKnob, longestEvaluationSeconds } from '../alarms';
import type { Knob } from '../plan';
import { DAY_SECONDS } from '../ranges';
import { REPORT_SECONDS } from './table-knobs';
import type { TableSizes } from './table-sizes';

const OWN = 'this library, docs/constructs/ttl-table.md';
const THROTTLE_PERIOD_SECONDS = 300;
const DELETED_PERIOD_SECONDS = DAY_SECONDS / 2;
const MOST_PERIODS = longestEvaluationSeconds(DELETED_PERIOD_SECONDS) / DELETED_PERIOD_SECONDS;

/** What the alarms of a table compare with. */
export function tableAlarmKnobs({ workload, lagSeconds, sized }: TableSizes): Knob[] {
  const { insertsPerSecond } = workload;
  const backfillSeconds = Math.ceil(sized.backfill);
  return [
    {
      name: 'alarmLagSeconds',
      value: lagSeconds,
      unit: 's',
      formula: 'the lag that the size is planned with',
      inputs: { lagSeconds },
      source: OWN,
    },
    {
      name: 'alarmDeletedItems',
      value: 0.5 * insertsPerSecond * DELETED_PERIOD_SECONDS,
      unit: 'items',
      formula: 'half of the inserts of a period: in the steady state as many are deleted as arrive',
      inputs: { insertsPerSecond },
      source: 'AWS, DynamoDB metrics, TimeToLiveDeletedItemCount; the half is an assumption, for quiet days',
    },
    chosenKnob(
      'alarmDeletedSeconds',
      DELETED_PERIOD_SECONDS,
      's',
      'half a day: two reports, and several waves of deletions',
      OWN,
    ),
    {
      name: 'alarmDeletedPeriods',
      value: Math.max(1, Math.min(MOST_PERIODS, Math.ceil(lagSeconds / DELETED_PERIOD_SECONDS))),
      unit: 'periods',
      formula: `lag of deletion ÷ period, at most ${MOST_PERIODS}: the first items to expire wait for so long`,
      inputs: { lagSeconds },
      source: 'Amazon CloudWatch API reference, PutMetricAlarm: seven days at most for periods of an hour or more',
    },
    firstOneKnob('alarmDeletionStopped', 'periods', 'too few deletions while items wait for theirs', OWN),
    firstOneKnob('alarmTtlDisabled', 'tables', 'nothing is deleted while time to live is off', OWN),
    {
      name: 'alarmReportSeconds',
      value: 2 * REPORT_SECONDS,
      unit: 's',
      formula: '2 × time between two reports: one may be late',
      inputs: { reportSeconds: REPORT_SECONDS },
      source: OWN,
    },
    {
      name: 'alarmBackfillSeconds',
      value: 2 * backfillSeconds + 3600,
      unit: 's',
      formula: 'twice the prediction and an hour',
      inputs: { backfillSeconds },
      source: OWN,
    },
    firstOneKnob('alarmUnexpiringItems', 'items', 'an item without a usable expiry is never deleted', OWN),
    firstOneKnob('alarmBackfillErrors', 'errors', 'most causes need a person: a permission, a key, the table', OWN),
    chosenKnob('alarmBackfillStarts', 3, 'starts', 'three in a row: one may meet an outage', OWN),
    firstOneKnob('alarmThrottled', 'events', 'writers of the traffic share the capacity with the backfill', OWN),
    chosenKnob('alarmThrottledSeconds', THROTTLE_PERIOD_SECONDS, 's', 'five minutes, three times in a row', OWN),
    chosenKnob('alarmThrottledPeriods', 3, 'periods', 'the backfill slows down within one', OWN),
    chosenKnob('alarmReports', 1, 'reports', 'fires when there is none', OWN),
  ];
}
