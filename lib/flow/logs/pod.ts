/** The time-outs of a log shipper's pod, each with its reason. */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import { podProbeKnobs, probeTimeoutKnob } from '../probes';
import type { ResolvedLogs } from './sizing';

const OWN = 'this library, docs/constructs/k8s-log-shipping.md';
const MINUTE = 60;
/** Runs of the rotator that may be missing before it counts as hanging, and minutes for gzip on top. */
const MISSED_RUNS = 3;
const GZIP_MINUTES = 10;
/** A run itself takes seconds. */
const RUN_SECONDS = 10;

/** How the containers are probed, how the pod ends and how often it is scraped. */
export function logPodKnobs({ rotation }: ResolvedLogs): Knob[] {
  return [
    ...podProbeKnobs(),
    probeTimeoutKnob(),
    chosenKnob(
      'sidecarProbeFailures',
      3,
      'probes',
      'failures in a row before rotator or exporter is restarted: the default; a restart interrupts nothing',
      'Kubernetes documentation, Configure Liveness, Readiness and Startup Probes',
    ),
    ...rotatorKnobs(rotation),
    chosenKnob(
      'terminationGracePeriodSeconds',
      30,
      's',
      'the default: Filebeat continues from its registry and its queue on the disk, however it ended',
      'Kubernetes, Pod lifecycle, Termination of Pods',
    ),
    chosenKnob(
      'closeInactiveSeconds',
      5 * MINUTE,
      's',
      'the default: a file without new lines is closed, so that a deleted one gives its disk space back',
      'Filebeat, filestream, close.on_state_change.inactive',
    ),
    chosenKnob('scrapeSeconds', 30, 's', 'half of a sample: one failed scrape leaves no gap', OWN),
  ];
}

function rotatorKnobs(rotation: number): Knob[] {
  return [
    {
      name: 'rotatorProbeDelaySeconds',
      value: rotation + RUN_SECONDS,
      unit: 's',
      formula: 'time to the next run of the rotator + 10 s: before it, the state file may be that of an earlier pod',
      inputs: { rotationSeconds: rotation },
      source: OWN,
    },
    chosenKnob('rotatorProbePeriodSeconds', MINUTE, 's', 'a state file that is minutes old changes slowly', OWN),
    {
      name: 'rotatorStaleSeconds',
      value: MINUTE * (Math.ceil((MISSED_RUNS * rotation) / MINUTE) + GZIP_MINUTES),
      unit: 's',
      formula: '3 runs of the rotator, in whole minutes, + 10 minutes for gzip: every run writes the state file',
      inputs: { rotationSeconds: rotation },
      source: OWN,
    },
    {
      name: 'rotatorAheadSeconds',
      value: rotation + MINUTE,
      unit: 's',
      formula: 'a run and a minute: a state file further in the future means that the clock was set back',
      inputs: { rotationSeconds: rotation },
      source: OWN,
    },
  ];
}
