/** What a worker has of its probes. Internal: users pick `WorkerProbes`. */
import { Duration } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import type { Check } from '../../flow/errors';
import type { Knob } from '../../flow/plan';
import type { QueuePlan } from '../../flow/queue/workload';

/** What a worker has of its probes. */
export interface ProbeBinding {
  readonly checks: readonly Check[];
  /** The probe, without its times; none if there are no probes. */
  readonly probe?: (options: kplus.ProbeOptions) => kplus.Probe;
  /** Port that is opened for them. */
  readonly port?: number;
  /** Knobs given by hand. */
  readonly knobs: readonly Knob[];
  /** Why there are none. */
  readonly reason?: string;
}

/** Knobs of probes, which a worker without probes does not have. */
export const PROBE_KNOBS = [
  'probePeriodSeconds',
  'startupProbeFailures',
  'livenessProbeFailures',
  'readinessProbeFailures',
];

/** The three probes of a container, by the plan. */
export function probesOf(
  { probe }: ProbeBinding,
  plan: QueuePlan,
): Pick<kplus.ContainerProps, 'readiness' | 'liveness' | 'startup'> {
  if (probe === undefined) return {};
  const timeout = plan.knobs.find(({ name }) => name === 'probeTimeoutSeconds')?.value;
  const one = (kind: 'readiness' | 'liveness' | 'startup') =>
    probe({
      periodSeconds: Duration.seconds(plan.value('probePeriodSeconds')),
      ...(timeout === undefined ? {} : { timeoutSeconds: Duration.seconds(timeout) }),
      failureThreshold: plan.value(`${kind}ProbeFailures`),
    });
  return { readiness: one('readiness'), liveness: one('liveness'), startup: one('startup') };
}
