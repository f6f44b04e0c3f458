/** What a pod with a JVM has beside the JVM itself. */
import { chosenKnob } from '../alarms';
import { given, type Knob } from '../plan';
import { podProbeKnobs, probeTimeoutKnob, progressDeadlineKnob } from '../probes';

const REPLICAS = 2;

/**
 * The knobs of a Deployment that is made for a JVM.
 *
 * @param replicas as given by hand
 */
export function jvmPodKnobs(replicas?: number): Knob[] {
  return [
    replicas === undefined
      ? chosenKnob(
          'replicas',
          REPLICAS,
          'pods',
          'one answers while another is replaced; an autoscaler takes this over',
          'Kubernetes, Disruptions',
        )
      : given('replicas', replicas, 'pods'),
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
