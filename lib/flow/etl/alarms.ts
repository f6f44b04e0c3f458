/** The numbers of the alarms of a streaming ETL, each with its reason. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { EtlPlan } from './workload';

const PAGE = 'this library, docs/constructs/k8s-streaming-etl.md';
const AWS_PAGE = 'this library, docs/constructs/streaming-etl.md';
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

function sharedKnobs(plan: EtlPlan, page: string): Knob[] {
  const [trigger, maxOffsets] = [plan.value('triggerSeconds'), plan.value('maxOffsetsPerTrigger')];
  return [
    {
      name: 'alarmFreshnessSeconds',
      value: plan.value('freshnessSeconds'),
      unit: 's',
      formula: 'the freshness that is promised',
      inputs: { oldestRecordSeconds: plan.predictions.oldestRecordSeconds },
      source: page,
    },
    {
      name: 'alarmBatchSeconds',
      value: trigger,
      unit: 's',
      formula: 'the time between two triggers: a longer batch delays the next one',
      inputs: { triggerSeconds: trigger },
      source: page,
    },
    {
      name: 'alarmOffsetsBehind',
      value: BEHIND_BATCHES * maxOffsets,
      unit: 'records',
      formula: `${BEHIND_BATCHES} × maxOffsetsPerTrigger: a job that keeps up has fewer than one batch waiting`,
      inputs: { maxOffsetsPerTrigger: maxOffsets },
      source: `${page}; Spark commits no offsets to Kafka, so that no lag exporter sees them`,
    },
    firstOneKnob(
      'alarmRejected',
      'records',
      'a record that cannot be read waits in a table of its own for a person',
      page,
    ),
  ];
}

/** The alarms of CloudWatch for a Spark job. */
export function etlAlarmKnobs(plan: EtlPlan): Knob[] {
  const trigger = plan.value('triggerSeconds');
  const most = CLOUDWATCH_LONGEST_SECONDS / REPORT_SECONDS;
  const late = restartAboveSeconds(plan, plan.value('freshnessSeconds'));
  return [
    ...sharedKnobs(plan, AWS_PAGE),
    chosenKnob('alarmWindowSeconds', REPORT_SECONDS, 's', 'the driver writes its numbers once a minute', AWS_PAGE),
    {
      name: 'alarmLateWindows',
      value: Math.min(most, Math.max(LATE_WINDOWS, Math.ceil(late / REPORT_SECONDS))),
      unit: 'windows',
      formula: `in a row: as many as a planned restart keeps the age above the promise, at least ${LATE_WINDOWS}`,
      inputs: restartInputs(plan),
      source: AWS_PAGE,
    },
    {
      name: 'alarmSlowWindows',
      value: Math.min(most, Math.max(1, Math.ceil((SLOW_TRIGGERS * trigger) / REPORT_SECONDS))),
      unit: 'windows',
      formula: `in a row: ${SLOW_TRIGGERS} triggers, because one slow batch is followed by a faster one`,
      inputs: { triggerSeconds: trigger },
      source: AWS_PAGE,
    },
  ];
}

/** The alerts of Prometheus for a Spark job. */
export function etlAlertKnobs(plan: EtlPlan): Knob[] {
  const trigger = plan.value('triggerSeconds');
  const late = restartAboveSeconds(plan, plan.value('freshnessSeconds'));
  return [
    ...sharedKnobs(plan, PAGE),
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

/** Amazon EMR Serverless user guide, Job run cancellation with grace period: 15 to 1800 s. */
const LEAST_GRACE_SECONDS = 15;
/** So that the end of a run and the start of the next fit into one invocation of a function. */
const MOST_GRACE_SECONDS = 600;
const KEEPER_SECONDS = 840;

/** What keeps one run of a job on Amazon EMR Serverless. */
export function keeperKnobs(plan: EtlPlan): Knob[] {
  const stopSeconds = plan.value('stopSeconds');
  return [
    {
      name: 'graceSeconds',
      value: Math.min(MOST_GRACE_SECONDS, Math.max(LEAST_GRACE_SECONDS, stopSeconds)),
      unit: 's',
      formula: `stopSeconds, ${LEAST_GRACE_SECONDS} to ${MOST_GRACE_SECONDS} s: a batch that takes longer is cut off and repeated by the next run`,
      inputs: { stopSeconds },
      source: 'Amazon EMR Serverless user guide, Job run cancellation with grace period; the most is an assumption',
    },
    chosenKnob(
      'keeperTimeoutSeconds',
      KEEPER_SECONDS,
      's',
      'the longest grace and the end of the run after it; a minute is left to report what went wrong',
      'AWS Lambda quotas: at most 900 s',
    ),
    chosenKnob('keeperPollSeconds', 10, 's', 'a run ends in tens of seconds', AWS_PAGE),
    chosenKnob(
      'keeperCheckSeconds',
      900,
      's',
      'events of a run that failed come as a best effort: after this a lost one is made good; longer than the keeper may take, so that no two looks overlap',
      'Amazon EventBridge user guide, Events from AWS services: best effort delivery',
    ),
    firstOneKnob('alarmRestarted', 'runs', 'the service gave a run up, and the records waited meanwhile', AWS_PAGE),
    firstOneKnob('alarmKeeperErrors', 'errors', 'nothing starts the next run while this fails', AWS_PAGE),
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
      source: AWS_PAGE,
    },
    chosenKnob('alarmWindowSeconds', LANDING_WINDOW_SECONDS, 's', 'as often as the fastest delivery writes', AWS_PAGE),
    chosenKnob(
      'alarmLateWindows',
      LATE_WINDOWS,
      'windows',
      'in a row: one late delivery is followed by a full one',
      AWS_PAGE,
    ),
    firstOneKnob(
      'alarmRejected',
      'rows',
      'only the identifier of a failed record is kept: it can be sent again while the topic holds it',
      AWS_PAGE,
    ),
  ];
}
