/** The numbers of the alarms of a queue that merges, each with its reason. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob, firstOneKnob, RATE_WINDOW_SECONDS, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { MergingPlan } from './workload';

const PAGE = 'this library, docs/constructs/coalescing-queue.md';
const LATE_SHARE = 0.8;
const SAMPLE_SECONDS = 60;
const LATE_SECONDS = 180;
const UNMERGED_SECONDS = 300;
const FULL_RATIO = 0.5;
const RATE_CYCLES = 4;

/** @param settles whether the measured delay ends when a key was called for, and not when what was cached is gone */
function lateKnob(plan: MergingPlan, settles: boolean): Knob {
  const freshnessSeconds = plan.value('freshnessSeconds');
  const { worstDelaySeconds, settleSeconds } = plan.predictions;
  const unseen = settles ? settleSeconds : 0;
  return {
    name: 'alarmDelaySeconds',
    value: Math.max(LATE_SHARE * freshnessSeconds, (worstDelaySeconds + freshnessSeconds) / 2) - unseen,
    unit: 's',
    formula: `${LATE_SHARE} × freshness, never nearer to what is predicted than half way to the freshness${unseen === 0 ? '' : '; less the seconds until an invalidation takes effect, which the metric does not see'}`,
    inputs: { freshnessSeconds, worstDelaySeconds, ...(unseen > 0 && { settleSeconds }) },
    source: PAGE,
  };
}

/** Keys a second that are between those of the plan and those with one reader more. */
function unmergedPerSecond(plan: MergingPlan): number {
  const { keysPerSecond, mergeRatio, ratioWithOneMoreReader } = plan.predictions;
  return keysPerSecond * Math.sqrt(mergeRatio / ratioWithOneMoreReader);
}

const UNMERGED =
  'keys/s at the peak × √(merge ratio ÷ merge ratio with one reader more): half way, as a ratio, to the keys of a second reader';

function unmergedInputs({ predictions }: MergingPlan): Knob['inputs'] {
  const { keysPerSecond, mergeRatio, ratioWithOneMoreReader } = predictions;
  return { keysPerSecond, mergeRatio, ratioWithOneMoreReader };
}

/** Seconds that events have to be un-merged for: a peak has to be long enough to show it. */
function unmergedSeconds(plan: MergingPlan): number {
  return Math.min(UNMERGED_SECONDS, Math.max(SAMPLE_SECONDS, plan.predictions.peakSeconds / 2 || UNMERGED_SECONDS));
}

/** The alarms of CloudWatch. */
export function coalescingAlarmKnobs(plan: MergingPlan): Knob[] {
  const late = lateKnob(plan, true);
  const flushTimeoutSeconds = plan.value('flushTimeoutSeconds');
  const { cycleSeconds } = plan.predictions;
  // Each flush gives one sample: a shorter period would have empty ones in between, which end a row.
  const seconds = Math.min(
    (CLOUDWATCH_LONGEST_SECONDS / LATE_SECONDS) * SAMPLE_SECONDS,
    SAMPLE_SECONDS * Math.ceil(Math.max(cycleSeconds, flushTimeoutSeconds) / SAMPLE_SECONDS - 1e-9),
  );
  const windows = (ofSeconds: number) => Math.max(1, Math.floor(ofSeconds / seconds));
  return [
    late,
    {
      name: 'alarmAgeMilliseconds',
      value: Math.ceil(1000 * late.value),
      unit: 'ms',
      formula: 'the same in milliseconds, which Kinesis and Lambda report ages in',
      inputs: { alarmDelaySeconds: late.value },
      source: 'Amazon Kinesis Data Streams developer guide, GetRecords.IteratorAgeMilliseconds',
    },
    {
      name: 'alarmWindowSeconds',
      value: seconds,
      unit: 's',
      formula: 'the longer of a cycle and the longest flush, in whole minutes: each flush gives one sample',
      inputs: { cycleSeconds, flushTimeoutSeconds },
      source: PAGE,
    },
    {
      name: 'alarmLateWindows',
      value: windows(LATE_SECONDS),
      unit: 'windows',
      formula: `in a row: as many as are in ${LATE_SECONDS} s, because one slow flush is followed by the next`,
      inputs: { alarmWindowSeconds: seconds },
      source: PAGE,
    },
    {
      name: 'alarmKeys',
      value: Math.ceil(unmergedPerSecond(plan) * seconds),
      unit: 'keys',
      formula: `${UNMERGED}, × seconds of a window`,
      inputs: { ...unmergedInputs(plan), alarmWindowSeconds: seconds },
      source: PAGE,
    },
    {
      name: 'alarmUnmergedWindows',
      value: windows(unmergedSeconds(plan)),
      unit: 'windows',
      formula: `in a row: as many as are in ${UNMERGED_SECONDS} s, or in half a peak that is shorter`,
      inputs: { alarmWindowSeconds: seconds, peakSeconds: plan.predictions.peakSeconds },
      source: PAGE,
    },
    firstOneKnob(
      'alarmSetAside',
      'messages',
      'what could not be invalidated stays stale until a person sends it again',
      PAGE,
    ),
    firstOneKnob('alarmErrors', 'errors', 'a flush that fails as a whole is repeated, and its shard waits', PAGE),
    firstOneKnob('alarmThrottled', 'events', 'a producer that is refused and does not retry loses its event', PAGE),
    firstOneKnob('alarmIdle', 'events', 'events come in, and the merger is not invoked', PAGE),
    {
      name: 'alarmIdleWindows',
      value: windows(UNMERGED_SECONDS),
      unit: 'windows',
      formula: `in a row: as many as are in ${UNMERGED_SECONDS} s, so that the first events of a day have their window`,
      inputs: { alarmWindowSeconds: seconds },
      source: PAGE,
    },
    firstOneKnob('alarmRefused', 'calls', 'invalidations in progress are at their limit: flushes wait', PAGE),
    {
      name: 'alarmRefusedWindows',
      value: windows(UNMERGED_SECONDS),
      unit: 'windows',
      formula: `in a row: as many as are in ${UNMERGED_SECONDS} s, because one refusal is retried within the flush`,
      inputs: { alarmWindowSeconds: seconds },
      source: PAGE,
    },
  ];
}

/** The alerts of Prometheus. */
export function coalescingAlertKnobs(plan: MergingPlan): Knob[] {
  const { cycleSeconds } = plan.predictions;
  return [
    lateKnob(plan, false),
    chosenKnob('alarmLateSeconds', LATE_SECONDS, 's', 'as long: one slow flush is followed by the next', PAGE),
    {
      name: 'alarmKeysPerSecond',
      value: unmergedPerSecond(plan),
      unit: 'keys/s',
      formula: UNMERGED,
      inputs: unmergedInputs(plan),
      source: PAGE,
    },
    {
      name: 'alarmUnmergedSeconds',
      value: unmergedSeconds(plan),
      unit: 's',
      formula: `as long: ${UNMERGED_SECONDS} s, or half a peak that is shorter`,
      inputs: { peakSeconds: plan.predictions.peakSeconds },
      source: PAGE,
    },
    {
      name: 'alarmStreamLength',
      value: FULL_RATIO * plan.value('maxLengthPerStream'),
      unit: 'events',
      formula: `${FULL_RATIO} × maxLengthPerStream: above it the oldest events are dropped`,
      inputs: { maxLengthPerStream: plan.value('maxLengthPerStream') },
      source: PAGE,
    },
    firstOneKnob(
      'alarmSetAside',
      'keys',
      'what could not be invalidated stays stale until a person sends it again',
      PAGE,
    ),
    firstOneKnob('alarmDropped', 'events', 'the stream was full, and what it dropped is lost', PAGE),
    chosenKnob(
      'alarmDownSeconds',
      300,
      's',
      'as long: a merger that is restarted, or moved to another node, is back by then',
      PAGE,
    ),
    {
      ...rateWindowKnob(),
      value: Math.max(RATE_WINDOW_SECONDS, Math.ceil(RATE_CYCLES * cycleSeconds)),
      formula: `rates are taken over this: ${RATE_CYCLES} cycles, each of which counts at its end, and at least ${RATE_WINDOW_SECONDS} s`,
      inputs: { cycleSeconds },
    },
  ];
}
