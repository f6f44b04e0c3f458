/** The numbers of a replica's alarms, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { bulkDelay, type Sizes } from './sizing';
import type { ReplicationQuestion } from './workload';

const OWN = 'this library, docs/constructs/k8s-replica-lag-guard.md';

/** What the alarms compare with, and how long a condition holds before one fires. */
export function replicationAlarmKnobs(question: ReplicationQuestion, sizes: Sizes): Knob[] {
  const { objective, workload } = question;
  const { targetLagSeconds, heartbeatSeconds, tickSeconds } = sizes;
  const bulkDelaySeconds = bulkDelay(question, sizes);
  return [
    {
      name: 'alarmLagSeconds',
      value: (targetLagSeconds + objective.lagSeconds) / 2,
      unit: 's',
      formula: 'halfway from the target to the bound: the throttle has acted, and it is not enough',
      inputs: { targetLagSeconds, lagSeconds: objective.lagSeconds },
      source: OWN,
    },
    chosenKnob(
      'alarmHoldSeconds',
      60,
      's',
      'two scrapes or one minute of CloudWatch: one reading needs no person',
      OWN,
    ),
    {
      name: 'alarmHeartbeatSeconds',
      value: Math.max(5, 5 * heartbeatSeconds),
      unit: 's',
      formula: 'max(5, 5 × heartbeat): age of the newest heartbeat on the source',
      inputs: { heartbeatSeconds },
      source: OWN,
    },
    firstOneKnob('alarmStopped', 'replicas', 'a replica that does not apply falls behind by a second each second', OWN),
    firstOneKnob('alarmUnknown', 'guards', 'while nobody sees the replica bulk writers get the least', OWN),
    firstOneKnob('alarmThrottled', 'guards', 'how long bulk writers may be slowed down is alarmThrottledSeconds', OWN),
    {
      name: 'alarmThrottledSeconds',
      value: Math.max(600, Math.ceil(2 * (workload.peakSeconds + bulkDelaySeconds))),
      unit: 's',
      formula: 'twice a peak and the delay after it, at least 10 minutes: the load is above the plan',
      inputs: { peakSeconds: workload.peakSeconds, bulkDelaySeconds },
      source: OWN,
    },
    chosenKnob('alarmDownSeconds', 300, 's', 'five scrapes: a pod that starts answers none', OWN),
    {
      name: 'scrapeSeconds',
      value: Math.max(15, Math.ceil(tickSeconds)),
      unit: 's',
      formula: 'max(15, tick): four readings in a minute',
      inputs: { tickSeconds },
      source: OWN,
    },
  ];
}
