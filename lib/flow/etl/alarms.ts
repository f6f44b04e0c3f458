/** The numbers of the alarms of a streaming ETL, each with its reason. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { EtlPlan } from './workload';

const PAGE = 'this library, docs/constructs/k8s-streaming-etl.md';
/** The driver writes its numbers once a minute, busy or not. */
export const REPORT_SECONDS = 60;
const SLOW_TRIGGERS = 3;
const LATE_WINDOWS = 3;
const BEHIND_BATCHES = 2;
/** Beyond the freshness that a delivery was asked for. */
const LANDING_MARGIN_SECONDS = 300;
const LANDING_WINDOW_SECONDS = 300;

/**
 * Seconds that a planned restart keeps the reported age above the promise, at most: the age begins at the trigger before the
 * killed batch, and ends with the batch that takes all that is there.
 */
function restartAboveSeconds({ predictions }: EtlPlan, freshness: number): number {
  const { oldestAfterRestartSeconds, catchUpAfterRestartSeconds } = predictions;
  return Math.max(0, oldestAfterRestartSeconds + catchUpAfterRestartSeconds - freshness);
}

function restartInputs({ predictions }: EtlPlan): Knob['inputs'] {
  const { oldestAfterRestartSeconds, catchUpAfterRestartSeconds } = predictions;
  return { oldestAfterRestartSeconds, catchUpAfterRestartSeconds };
}

function sharedKnobs(plan: EtlPlan): Knob[] {
  const [trigger, maxOffsets] = [plan.value('triggerSeconds'), plan.value('maxOffsetsPerTrigger')];
  return [
    {
      name: 'alarmFreshnessSeconds',
      value: plan.value('freshnessSeconds'),
      unit: 's',
      formula: 'the freshness that is promised',
      inputs: { oldestRecordSeconds: plan.predictions.oldestRecordSeconds },
      source: PAGE,
    },
    {
      name: 'alarmBatchSeconds',
      value: trigger,
      unit: 's',
      formula: 'the time between two triggers: a longer batch delays the next one',
      inputs: { triggerSeconds: trigger },
      source: PAGE,
    },
    {
      name: 'alarmOffsetsBehind',
      value: BEHIND_BATCHES * maxOffsets,
      unit: 'records',
      formula: `${BEHIND_BATCHES} × maxOffsetsPerTrigger: a job that keeps up has fewer than one batch waiting`,
      inputs: { maxOffsetsPerTrigger: maxOffsets },
      source: `${PAGE}; Spark commits no offsets to Kafka, so that no lag exporter sees them`,
    },
    firstOneKnob(
      'alarmRejected',
      'records',
      'a record that cannot be read waits in a table of its own for a person',
      PAGE,
    ),
  ];
}

/** The alarms of CloudWatch for a Spark job. */
export function etlAlarmKnobs(plan: EtlPlan): Knob[] {
  const trigger = plan.value('triggerSeconds');
  const most = CLOUDWATCH_LONGEST_SECONDS / REPORT_SECONDS;
  const late = restartAboveSeconds(plan, plan.value('freshnessSeconds'));
  return [
    ...sharedKnobs(plan),
    chosenKnob('alarmWindowSeconds', REPORT_SECONDS, 's', 'the driver writes its numbers once a minute', PAGE),
    {
      name: 'alarmLateWindows',
      value: Math.min(most, Math.max(LATE_WINDOWS, Math.ceil(late / REPORT_SECONDS))),
      unit: 'windows',
      formula: `in a row: as many as a planned restart keeps the age above the promise, at least ${LATE_WINDOWS}`,
      inputs: restartInputs(plan),
      source: PAGE,
    },
    {
      name: 'alarmSlowWindows',
      value: Math.min(most, Math.max(1, Math.ceil((SLOW_TRIGGERS * trigger) / REPORT_SECONDS))),
      unit: 'windows',
      formula: `in a row: ${SLOW_TRIGGERS} triggers, because one slow batch is followed by a faster one`,
      inputs: { triggerSeconds: trigger },
      source: PAGE,
    },
  ];
}

/** The alerts of Prometheus for a Spark job. */
export function etlAlertKnobs(plan: EtlPlan): Knob[] {
  const trigger = plan.value('triggerSeconds');
  const late = restartAboveSeconds(plan, plan.value('freshnessSeconds'));
  return [
    ...sharedKnobs(plan),
    {
      name: 'alarmLateSeconds',
      value: Math.max(LATE_WINDOWS * REPORT_SECONDS, Math.ceil(late)),
      unit: 's',
      formula: `as long: a planned restart keeps the age above the promise for less, at least ${LATE_WINDOWS * REPORT_SECONDS} s`,
      inputs: restartInputs(plan),
      source: PAGE,
    },
    {
      name: 'alarmSlowSeconds',
      value: SLOW_TRIGGERS * trigger,
      unit: 's',
      formula: `as long: ${SLOW_TRIGGERS} triggers, because one slow batch is followed by a faster one`,
      inputs: { triggerSeconds: trigger },
      source: PAGE,
    },
    rateWindowKnob(),
    chosenKnob('scrapeSeconds', 30, 's', 'half of a minute: one failed scrape leaves no gap', PAGE),
  ];
}

/** The alarms of CloudWatch for a managed delivery. */
export function landingAlarmKnobs(plan: EtlPlan): Knob[] {
  const dataFreshnessSeconds = plan.value('dataFreshnessSeconds');
  return [
    {
      name: 'alarmFreshnessSeconds',
      value: dataFreshnessSeconds + LANDING_MARGIN_SECONDS,
      unit: 's',
      formula: `freshness of the delivery + ${LANDING_MARGIN_SECONDS} s`,
      inputs: { dataFreshnessSeconds },
      source: PAGE,
    },
    chosenKnob('alarmWindowSeconds', LANDING_WINDOW_SECONDS, 's', 'as often as the fastest delivery writes', PAGE),
    chosenKnob(
      'alarmLateWindows',
      LATE_WINDOWS,
      'windows',
      'in a row: one late delivery is followed by a full one',
      PAGE,
    ),
    firstOneKnob(
      'alarmRejected',
      'rows',
      'only the identifier of a failed record is kept: it can be sent again while the topic holds it',
      PAGE,
    ),
  ];
}
