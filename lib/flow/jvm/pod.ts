/** What a pod or a service of tasks has beside the JVM itself. */
import { chosenKnob } from '../alarms';
import { type Knob, unlessGiven } from '../plan';
import { podProbeKnobs, probeTimeoutKnob, progressDeadlineKnob } from '../probes';

const REPLICAS = 2;

/**
 * The knobs of a Deployment that is made for a JVM.
 *
 * @param replicas as given by hand
 */
export function jvmPodKnobs(replicas?: number): Knob[] {
  return [
    replicasKnob(replicas, 'pods', 'Kubernetes, Disruptions'),
    chosenKnob(
      'terminationGracePeriodSeconds',
      30,
      's',
      'the default: requests that have begun are answered',
      'Kubernetes, Pod lifecycle, Termination of Pods',
    ),
    progressDeadlineKnob(),
    ...podProbeKnobs(),
    probeTimeoutKnob(),
  ];
}

/**
 * The knobs of a service of Fargate tasks that is made for a JVM.
 *
 * @param replicas as given by hand
 * @param makesTask whether the task definition is made too, with its own time to stop
 */
export function jvmServiceKnobs(replicas: number | undefined, makesTask: boolean): Knob[] {
  const knob = replicasKnob(replicas, 'tasks', 'Amazon ECS, Service scheduler: tasks are spread over zones');
  if (!makesTask) return [knob];
  return [
    knob,
    chosenKnob(
      'stopTimeoutSeconds',
      30,
      's',
      'the default: requests that have begun are answered',
      'Amazon ECS, Task definition parameters, stopTimeout',
    ),
  ];
}

function replicasKnob(replicas: number | undefined, unit: string, source: string): Knob {
  return {
    name: 'replicas',
    value: replicas ?? REPLICAS,
    unit,
    ...unlessGiven(replicas, '2: one answers while another is replaced; an autoscaler takes this over'),
    source: replicas === undefined ? source : 'set by hand',
  };
}
