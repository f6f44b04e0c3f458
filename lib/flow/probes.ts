/** How often a container is probed, and how many failures in a row have a consequence: each number is a knob. */
import { chosenKnob } from './alarms';
import type { Knob } from './plan';

const KUBERNETES = 'Kubernetes documentation, Configure Liveness, Readiness and Startup Probes';
const CLOUD_RUN = 'Cloud Run documentation, Configure container health checks for services';

const PERIOD_SECONDS = 10;
const TIMEOUT_SECONDS = 5;
const STARTUP_FAILURES = 30;

/** The probes of a container on Kubernetes: the same for every plan. */
const POD_PROBES: readonly Knob[] = [
  chosenKnob('probePeriodSeconds', PERIOD_SECONDS, 's', 'from one probe to the next: the default', KUBERNETES),
  chosenKnob(
    'startupProbeFailures',
    STARTUP_FAILURES,
    'probes',
    'failures in a row before a container that has not started is restarted: 5 minutes to start',
    KUBERNETES,
  ),
  chosenKnob(
    'livenessProbeFailures',
    6,
    'probes',
    'failures in a row before a container is restarted: a minute, because a restart interrupts work',
    KUBERNETES,
  ),
  chosenKnob(
    'readinessProbeFailures',
    3,
    'probes',
    'failures in a row before a container counts as not ready: the default',
    KUBERNETES,
  ),
];

/** How long a Deployment waits for its new version. */
export function progressDeadlineKnob(): Knob {
  return chosenKnob(
    'progressDeadlineSeconds',
    600,
    's',
    'a new version of which no pod becomes ready within this time is reported as failed: the default',
    'Kubernetes, Deployments, progressDeadlineSeconds',
  );
}

/** The probes of a container on Kubernetes. */
export function podProbeKnobs(): readonly Knob[] {
  return POD_PROBES;
}

/** How long a probe waits for its answer. */
export function probeTimeoutKnob(source = KUBERNETES): Knob {
  return chosenKnob(
    'probeTimeoutSeconds',
    TIMEOUT_SECONDS,
    's',
    'half of the time to the next probe: a busy container answers late',
    source,
  );
}

/** The probes of an instance on Cloud Run. */
export function cloudRunProbeKnobs(): Knob[] {
  return [
    chosenKnob(
      'startupProbePeriodSeconds',
      1,
      's',
      'the shortest: requests wait until an instance has started',
      CLOUD_RUN,
    ),
    chosenKnob('startupProbeTimeoutSeconds', 1, 's', 'at most the time to the next probe', CLOUD_RUN),
    chosenKnob(
      'startupProbeFailures',
      STARTUP_FAILURES,
      'probes',
      'failures in a row before an instance that has not started is stopped: half a minute to start',
      CLOUD_RUN,
    ),
    chosenKnob('probePeriodSeconds', PERIOD_SECONDS, 's', 'from one probe to the next: the default', CLOUD_RUN),
    probeTimeoutKnob(CLOUD_RUN),
    chosenKnob(
      'livenessProbeFailures',
      3,
      'probes',
      'failures in a row before an instance is stopped: the default',
      CLOUD_RUN,
    ),
  ];
}
