/** The numbers of the alarms of a queue that merges, each with its reason. */
import { chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { MergingPlan } from './workload';

const PAGE = 'this library, docs/constructs/coalescing-queue.md';
const LATE_SHARE = 0.8;
const UNMERGED_FACTOR = 2;
const WINDOW_SECONDS = 60;
const FULL_RATIO = 0.5;

function lateKnob(plan: MergingPlan): Knob {
  const freshnessSeconds = plan.value('freshnessSeconds');
  const { worstDelaySeconds } = plan.predictions;
  return {
    name: 'alarmDelaySeconds',
    value: Math.max(LATE_SHARE * freshnessSeconds, worstDelaySeconds),
    unit: 's',
    formula: `${LATE_SHARE} × freshness, never below what is predicted: the window itself is part of the delay`,
    inputs: { freshnessSeconds, worstDelaySeconds },
    source: PAGE,
  };
}

/** The alarms of CloudWatch. */
export function coalescingAlarmKnobs(plan: MergingPlan): Knob[] {
  const late = lateKnob(plan);
  const { keysPerSecond, mergeRatio } = plan.predictions;
  return [
    late,
    {
      name: 'alarmAgeMilliseconds',
      value: Math.ceil(1000 * late.value),
      unit: 'ms',
      formula: 'the same in milliseconds, which Kinesis reports ages in',
      inputs: { alarmDelaySeconds: late.value },
      source: 'Amazon Kinesis Data Streams developer guide, GetRecords.IteratorAgeMilliseconds',
    },
    chosenKnob('alarmWindowSeconds', WINDOW_SECONDS, 's', 'one sample, the shortest that the metrics have', PAGE),
    chosenKnob('alarmLateWindows', 3, 'windows', 'in a row: one slow flush is followed by the next', PAGE),
    {
      name: 'alarmKeys',
      value: Math.ceil(UNMERGED_FACTOR * keysPerSecond * WINDOW_SECONDS),
      unit: 'keys',
      formula: `${UNMERGED_FACTOR} × keys/s at the peak × ${WINDOW_SECONDS} s: as many are worked on only when half as many events are merged as predicted, or the load is higher`,
      inputs: { keysPerSecond, mergeRatio },
      source: PAGE,
    },
    chosenKnob('alarmUnmergedWindows', 15, 'windows', 'in a row: a burst of new keys is over by then', PAGE),
    firstOneKnob(
      'alarmSetAside',
      'messages',
      'what could not be invalidated stays stale until a person sees to it',
      PAGE,
    ),
    firstOneKnob('alarmErrors', 'errors', 'a flush that fails as a whole is repeated, and its shard waits', PAGE),
    firstOneKnob('alarmThrottled', 'events', 'a producer that is refused and does not retry loses its event', PAGE),
    firstOneKnob('alarmRefused', 'calls', 'invalidations in progress are at their limit: flushes wait', PAGE),
    chosenKnob('alarmRefusedWindows', 5, 'windows', 'in a row: one refusal is retried within the flush', PAGE),
  ];
}

/** The alerts of Prometheus. */
export function coalescingAlertKnobs(plan: MergingPlan): Knob[] {
  const { keysPerSecond, mergeRatio } = plan.predictions;
  return [
    lateKnob(plan),
    chosenKnob('alarmLateSeconds', 180, 's', 'as long: one slow flush is followed by the next', PAGE),
    {
      name: 'alarmKeysPerSecond',
      value: UNMERGED_FACTOR * keysPerSecond,
      unit: 'keys/s',
      formula: `${UNMERGED_FACTOR} × keys/s at the peak: as many are worked on only when half as many events are merged as predicted, or the load is higher`,
      inputs: { keysPerSecond, mergeRatio },
      source: PAGE,
    },
    chosenKnob('alarmUnmergedSeconds', 900, 's', 'as long: a burst of new keys is over by then', PAGE),
    {
      name: 'alarmStreamLength',
      value: (FULL_RATIO * plan.value('maxLength')) / plan.value('shards'),
      unit: 'events',
      formula: `${FULL_RATIO} × maxLength ÷ shards: above maxLength the oldest events are dropped`,
      inputs: { maxLength: plan.value('maxLength'), shards: plan.value('shards') },
      source: PAGE,
    },
    firstOneKnob('alarmSetAside', 'keys', 'what could not be invalidated stays stale until a person sees to it', PAGE),
    firstOneKnob('alarmDropped', 'events', 'the stream was full, and what it dropped is lost', PAGE),
    chosenKnob(
      'alarmDownSeconds',
      300,
      's',
      'as long: a merger that is restarted, or moved to another node, is back by then',
      PAGE,
    ),
    rateWindowKnob(),
  ];
}
