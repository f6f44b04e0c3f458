/** The numbers of a JVM's alarms, each with its reason. */
import { chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import { DEFAULT_HEADROOM } from '../headroom';
import type { Knob } from '../plan';
import { type Behaviour, mostLive, OTHER_BYTES, type Sizes } from './sizing';
import type { JvmQuestion } from './workload';

const OWN = 'this library, docs/constructs/k8s-jvm-service.md';
const CYCLE_MARGIN = 1.5;
const LIVE_MARGIN = 1.2;
/** A heap that was given just large enough would alarm at the planned live set. */
const LEAST_LIVE_MARGIN = 1.05;

/** What the alarms compare with, and how long a condition holds before one fires. */
export function jvmAlarmKnobs(question: JvmQuestion, sizes: Sizes, behaviour: Behaviour): Knob[] {
  const { workload, objective } = question;
  const { liveBytes, allocationBytesPerSecond } = workload;
  const { cycleSeconds, heapBytes, spikeTolerance } = sizes;
  const heldBytes = mostLive(question, sizes);
  const rateMargin = Math.min(DEFAULT_HEADROOM, spikeTolerance);
  return [
    rateWindowKnob(),
    firstOneKnob(
      'alarmStalls',
      'stalls',
      'a stalled thread waits for a whole collection, and pauses do not show it',
      OWN,
    ),
    {
      name: 'alarmPauseSeconds',
      value: objective.pauseSeconds,
      unit: 's',
      formula: 'the promise: the exporter counts pauses above it',
      inputs: { pauseSeconds: objective.pauseSeconds },
      source: OWN,
    },
    chosenKnob(
      'alarmPauseRatio',
      0.01,
      'ratio',
      'one pause of a hundred may be longer: the first after a start are',
      OWN,
    ),
    {
      name: 'alarmCycleSeconds',
      value: CYCLE_MARGIN * cycleSeconds,
      unit: 's',
      formula: '1.5 × cycle: the heap was sized for the planned one',
      inputs: { cycleSeconds },
      source: OWN,
    },
    {
      name: 'alarmAllocationBytesPerSecond',
      value: rateMargin * allocationBytesPerSecond,
      unit: 'bytes/s',
      formula: 'min(1.25, spike tolerance) × planned rate: before the heap is too small for it',
      inputs: { allocationBytesPerSecond, spikeTolerance },
      source: OWN,
    },
    {
      name: 'alarmLiveBytes',
      value: Math.max(LEAST_LIVE_MARGIN * liveBytes, Math.min(LIVE_MARGIN * liveBytes, heldBytes)),
      unit: 'bytes',
      formula:
        'min(1.2 × live set, the largest that the heap holds without a stall), and 1.05 × live set at least: from there the heap is too small',
      inputs: { liveBytes, heapBytes, heldBytes },
      source: OWN,
    },
    firstOneKnob('alarmKills', 'kills', 'the container was planned to hold every part of the JVM', OWN),
    // CloudWatch counts periods, and a task has knobs of its own.
    ...(question.platform === 'fargate' ? [] : podAlarmKnobs(sizes, behaviour)),
  ];
}

/** What the alarms of a pod compare with besides, and how Prometheus reads it. */
function podAlarmKnobs({ memoryBytes }: Sizes, { intervalSeconds }: Behaviour): Knob[] {
  return [
    {
      name: 'alarmMemoryBytes',
      value: memoryBytes - OTHER_BYTES / 2,
      unit: 'bytes',
      formula: 'container − 32 MiB: every part is as large as planned, and the reserve is half used',
      inputs: { memoryBytes, reserveBytes: OTHER_BYTES },
      source: OWN,
    },
    {
      name: 'alarmHoldSeconds',
      value: alarmHoldSeconds(intervalSeconds),
      unit: 's',
      formula: 'two collections, at least 10 minutes: one that is slow by itself needs no person',
      inputs: { intervalSeconds },
      source: OWN,
    },
    chosenKnob('alarmDownSeconds', 300, 's', 'five scrapes: a pod that starts has no log yet', OWN),
    chosenKnob('scrapeSeconds', 30, 's', 'a stall is seen within two scrapes', OWN),
  ];
}

/** Seconds for which a condition holds before an alarm fires. */
export function alarmHoldSeconds(intervalSeconds: number): number {
  return Math.max(600, Math.ceil(2 * intervalSeconds));
}
