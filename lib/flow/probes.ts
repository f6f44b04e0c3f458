/** How often a container is probed, and how many failures in a row have a consequence: each number is a knob. */
import { chosenKnob } from './alarms';
import type { Knob } from './plan';

const KUBERNETES = 'Kubernetes documentation, Configure Liveness, Readiness and Startup Probes';
const CLOUD_RUN = 'Cloud Run documentation, Configure container health checks for services';

const PERIOD_SECONDS = 10;
const TIMEOUT_SECONDS = 5;
const STARTUP_FAILURES = 30;
/** Times its planned start that an instance gets: a node pulls the image anew, or is busy. */
const START_MARGIN = 2;
/** A container that did not start is restarted once before its version counts as failed. */
const START_ATTEMPTS = 2;
/** Kubernetes, Deployments: `progressDeadlineSeconds` when it is left out. */
const PROGRESS_DEADLINE_SECONDS = 600;
/** Cloud Run documentation, Configure container health checks for services: failureThreshold × periodSeconds at most. */
export const CLOUD_RUN_LONGEST_START_SECONDS = 240;
const CLOUD_RUN_STARTUP_PERIOD_SECONDS = 1;

/** Those probes of a container on Kubernetes that are the same for every plan. */
const RUNNING_PROBES: readonly Knob[] = [
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

/**
 * How long a container may take to start. Where the plan has a start, the probe follows from it: one that gives up earlier than the
 * plan would restart every pod before its first request.
 *
 * @param startSeconds as planned; undefined where no start is part of the question
 * @param periodSeconds from one probe to the next
 */
export function startupProbeKnob(startSeconds?: number, periodSeconds = PERIOD_SECONDS): Knob {
  if (startSeconds === undefined) {
    return chosenKnob(
      'startupProbeFailures',
      STARTUP_FAILURES,
      'probes',
      'failures in a row before a container that has not started is restarted: 5 minutes to start',
      KUBERNETES,
    );
  }
  return {
    name: 'startupProbeFailures',
    value: Math.max(STARTUP_FAILURES, Math.ceil((START_MARGIN * startSeconds) / periodSeconds)),
    unit: 'probes',
    formula:
      'max(30, ⌈2 × start ÷ time between probes⌉): failures in a row before a container that has not started is restarted',
    inputs: { startSeconds, probePeriodSeconds: periodSeconds },
    source: KUBERNETES,
  };
}

/**
 * How long a Deployment waits for its new version.
 *
 * @param startup the knob of its startup probe, where the plan has a start
 * @param periodSeconds from one probe to the next
 */
export function progressDeadlineKnob(startup?: Knob, periodSeconds = PERIOD_SECONDS): Knob {
  const source = 'Kubernetes, Deployments, progressDeadlineSeconds';
  if (startup === undefined) {
    return chosenKnob(
      'progressDeadlineSeconds',
      PROGRESS_DEADLINE_SECONDS,
      's',
      'a new version of which no pod becomes ready within this time is reported as failed: the default',
      source,
    );
  }
  return {
    name: 'progressDeadlineSeconds',
    value: Math.max(PROGRESS_DEADLINE_SECONDS, START_ATTEMPTS * startup.value * periodSeconds),
    unit: 's',
    formula:
      'max(600, 2 × startup probes × time between them): a new version of which no pod becomes ready within this time is reported as failed; a container may be restarted once',
    inputs: { startupProbeFailures: startup.value, probePeriodSeconds: periodSeconds },
    source,
  };
}

/**
 * The probes of a container on Kubernetes.
 *
 * @param startSeconds as planned; undefined where no start is part of the question
 */
export function podProbeKnobs(startSeconds?: number): Knob[] {
  return [
    chosenKnob('probePeriodSeconds', PERIOD_SECONDS, 's', 'from one probe to the next: the default', KUBERNETES),
    startupProbeKnob(startSeconds),
    ...RUNNING_PROBES,
  ];
}

/** How long the pods of a Deployment may take to start, and how they are probed, where the plan has a start. */
export function podStartKnobs(startSeconds: number): Knob[] {
  return [progressDeadlineKnob(startupProbeKnob(startSeconds)), ...podProbeKnobs(startSeconds)];
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

/** How long an instance on Cloud Run may take to start: a probe a second. */
function cloudRunStartupKnob(startSeconds?: number): Knob {
  if (startSeconds === undefined) {
    return chosenKnob(
      'startupProbeFailures',
      STARTUP_FAILURES,
      'probes',
      'failures in a row before an instance that has not started is stopped: half a minute to start',
      CLOUD_RUN,
    );
  }
  return {
    name: 'startupProbeFailures',
    value: Math.min(
      CLOUD_RUN_LONGEST_START_SECONDS,
      Math.max(STARTUP_FAILURES, Math.ceil((START_MARGIN * startSeconds) / CLOUD_RUN_STARTUP_PERIOD_SECONDS)),
    ),
    unit: 'probes',
    formula: `max(30, ⌈2 × start ÷ time between probes⌉), at most ${CLOUD_RUN_LONGEST_START_SECONDS}: failures in a row before an instance that has not started is stopped`,
    inputs: { startSeconds, startupProbePeriodSeconds: CLOUD_RUN_STARTUP_PERIOD_SECONDS },
    source: CLOUD_RUN,
  };
}

/**
 * The probes of an instance on Cloud Run.
 *
 * @param startSeconds as planned, at most `CLOUD_RUN_LONGEST_START_SECONDS`; undefined where no start is part of the question
 */
export function cloudRunProbeKnobs(startSeconds?: number): Knob[] {
  return [
    chosenKnob(
      'startupProbePeriodSeconds',
      CLOUD_RUN_STARTUP_PERIOD_SECONDS,
      's',
      'the shortest: requests wait until an instance has started',
      CLOUD_RUN,
    ),
    chosenKnob('startupProbeTimeoutSeconds', 1, 's', 'at most the time to the next probe', CLOUD_RUN),
    cloudRunStartupKnob(startSeconds),
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
