/** The numbers of a guard's alarms on CloudWatch, beside those that it has everywhere. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import type { ReplicationPlan } from './workload';

const OWN = 'this library, docs/constructs/replica-lag-guard.md';
const SAMPLE_SECONDS = 60;

/** Samples and how many of them. */
export function cloudAlarmKnobs(plan: ReplicationPlan): Knob[] {
  const throttledSeconds = plan.value('alarmThrottledSeconds');
  return [
    chosenKnob('alarmSampleSeconds', SAMPLE_SECONDS, 's', 'a minute: the shortest that costs no more', OWN),
    chosenKnob('alarmSamples', 2, 'samples', 'in a row: a new version of the guard takes less', OWN),
    {
      name: 'alarmThrottledSamples',
      value: Math.ceil(Math.min(CLOUDWATCH_LONGEST_SECONDS, throttledSeconds) / SAMPLE_SECONDS),
      unit: 'samples',
      formula: 'twice a peak and the delay after it, in samples, at most a day',
      inputs: { throttledSeconds, sampleSeconds: SAMPLE_SECONDS },
      source: OWN,
    },
    chosenKnob('alarmSilentSamples', 5, 'samples', 'in a row: a new task has started by then', OWN),
    chosenKnob(
      'alarmSilent',
      1,
      'ticks',
      'fires below the first one: a guard that runs says something each second',
      OWN,
    ),
  ];
}
