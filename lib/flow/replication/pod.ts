/** How a guard runs: knobs of its container on either engine. */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import { podProbeKnobs, probeTimeoutKnob, progressDeadlineKnob } from '../probes';
import type { ReplicationPlan } from './workload';

const OWN = 'this library, docs/constructs/k8s-replica-lag-guard.md';
const LEAST_STALLED_SECONDS = 30;

const STOPS_AT_ONCE = 'it has nothing to finish: writers keep the last signal until it is too old';
const STOP_SECONDS = 10;

/** What every guard has. */
function guardKnobs(plan: ReplicationPlan): Knob[] {
  const tickSeconds = plan.value('tickSeconds');
  return [
    chosenKnob('guards', 1, 'guards', 'one: each would cut the rate that the other has cut', OWN),
    {
      name: 'stalledSeconds',
      value: Math.max(LEAST_STALLED_SECONDS, 10 * tickSeconds),
      unit: 's',
      formula: 'max(30, 10 × tick): a guard that has not ticked for so long is restarted',
      inputs: { tickSeconds },
      source: OWN,
    },
  ];
}

/** What a guard in a pod has. */
export function guardPodKnobs(plan: ReplicationPlan): Knob[] {
  return [
    ...guardKnobs(plan),
    chosenKnob('terminationGracePeriodSeconds', STOP_SECONDS, 's', STOPS_AT_ONCE, OWN),
    progressDeadlineKnob(),
    ...podProbeKnobs(),
    probeTimeoutKnob(),
  ];
}

/** What a guard in a task of ECS has. */
export function guardTaskKnobs(plan: ReplicationPlan): Knob[] {
  const probes = podProbeKnobs().filter(
    ({ name }) => name === 'probePeriodSeconds' || name === 'livenessProbeFailures',
  );
  return [
    ...guardKnobs(plan),
    chosenKnob('stopTimeoutSeconds', STOP_SECONDS, 's', STOPS_AT_ONCE, OWN),
    ...probes,
    probeTimeoutKnob(),
  ];
}
