/** The numbers of a table's alarms, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { DAY_SECONDS } from '../ranges';
import { oneLateKnob } from './alarms';
import { REPORT_SECONDS } from './table-knobs';
import { WORKER_TIMEOUT_SECONDS } from './table-pace';
import type { TableSizes } from './table-sizes';

const OWN = 'this library, docs/constructs/ttl-table.md';
const THROTTLE_PERIOD_SECONDS = 300;
const DELETED_PERIOD_SECONDS = DAY_SECONDS / 2;

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
      formula:
        'half of the inserts of a period: in the steady state as many are deleted as arrive. Those that are deleted today were inserted a retention ago, so it counts only while the lag is above the planned one',
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
    chosenKnob(
      'alarmDeletedPeriods',
      2,
      'periods',
      'a day in a row: how long items may wait for their deletion is in alarmLagSeconds, so a quiet half day is no reason alone',
      OWN,
    ),
    firstOneKnob(
      'alarmDeletionStopped',
      'periods',
      'too few deletions while items wait for theirs longer than planned',
      OWN,
    ),
    firstOneKnob('alarmTtlDisabled', 'tables', 'nothing is deleted while time to live is off', OWN),
    oneLateKnob('alarmReportSeconds', 'reports', 'reportSeconds', REPORT_SECONDS, OWN),
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
    chosenKnob(
      'alarmBackfillStarts',
      3,
      'starts',
      'three times of starts within a day at which a worker failed: one may meet an outage',
      OWN,
    ),
    {
      name: 'alarmBackfillPeriods',
      value: DAY_SECONDS / WORKER_TIMEOUT_SECONDS,
      unit: 'periods',
      formula:
        'a day ÷ time between two starts: a worker that fails may have worked for minutes, so failures are not in a row',
      inputs: { daySeconds: DAY_SECONDS, startSeconds: WORKER_TIMEOUT_SECONDS },
      source: `${OWN}; the day is an assumption`,
    },
    oneLateKnob('alarmStartSeconds', 'starts', 'startSeconds', WORKER_TIMEOUT_SECONDS, OWN),
    chosenKnob('alarmStarts', 1, 'starts', 'fires when there is none', OWN),
    firstOneKnob('alarmThrottled', 'events', 'the traffic shares the capacity with the backfill and the report', OWN),
    chosenKnob('alarmThrottledSeconds', THROTTLE_PERIOD_SECONDS, 's', 'five minutes, three times in a row', OWN),
    chosenKnob('alarmThrottledPeriods', 3, 'periods', 'the backfill slows down within one', OWN),
    chosenKnob('alarmReports', 1, 'reports', 'fires when there is none', OWN),
  ];
}
