/** How long the probes of a container that is there already let its program start. */

/** Kubernetes, Probe: what is left out. */
const PROBE_DEFAULTS = { initialDelaySeconds: 0, periodSeconds: 10, failureThreshold: 3 };

/** The probes of a container as they are written. */
export interface ProbedContainer {
  readonly startupProbe?: Partial<typeof PROBE_DEFAULTS>;
  readonly livenessProbe?: Partial<typeof PROBE_DEFAULTS>;
}

/** Seconds after which a container that has not started is restarted; undefined where nothing restarts it. */
export function startupSecondsOf({ startupProbe, livenessProbe }: ProbedContainer): number | undefined {
  const probe = startupProbe ?? livenessProbe;
  if (probe === undefined) return undefined;
  const { initialDelaySeconds, periodSeconds, failureThreshold } = { ...PROBE_DEFAULTS, ...probe };
  return initialDelaySeconds + periodSeconds * failureThreshold;
}
