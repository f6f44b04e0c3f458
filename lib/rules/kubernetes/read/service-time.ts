/** How long one item takes, and how long a pod may take to stop: for rules about scaling in. */
import type { Resource, Value } from '../../document';
import type { Manifests } from './manifests';

/**
 * Annotation on a workload, ScaledObject, ScaledJob or CronJob that says how long one item, or one run, takes: the 99th
 * percentile in seconds, as a number in quotes. A manifest has no field for it. Default: not known, and rules that need
 * it are silent or go by the grace period.
 */
export const SERVICE_SECONDS = 'backpressure-constructs/service-seconds';

/** Default seconds between SIGTERM and SIGKILL. */
const DEFAULT_GRACE_SECONDS = 30;

/** Where one of these says how many seconds one item takes, and how many; undefined when none does. */
export function serviceTime(
  ...resources: readonly (Resource | undefined)[]
): { readonly at: Value; readonly seconds: number } | undefined {
  for (const resource of resources) {
    const at = resource?.at('metadata', 'annotations', SERVICE_SECONDS);
    const seconds = at?.number();
    if (at && seconds !== undefined && seconds > 0) return { at, seconds };
  }
  return undefined;
}

/** Seconds that one item takes, as annotated on any of these; undefined when none says so. */
export function serviceSeconds(...resources: readonly (Resource | undefined)[]): number | undefined {
  return serviceTime(...resources)?.seconds;
}

/** Where a workload says how long its pods may take to stop. */
export function grace(manifests: Manifests, workload: Resource): { at: Value; seconds: number | undefined } {
  const at = manifests.podSpec(workload).at('terminationGracePeriodSeconds');
  return { at, seconds: at.number(DEFAULT_GRACE_SECONDS) };
}

/** Seconds that the container sleeps before SIGTERM; undefined when it does not, or that is not decided. */
export function preStopSeconds(container: Value): number | undefined {
  const preStop = container.at('lifecycle', 'preStop');
  const sleep = preStop.at('sleep', 'seconds').number();
  if (sleep !== undefined) return sleep;
  const command = preStop
    .at('exec', 'command')
    .items()
    .map((word) => word.text() ?? '')
    .join(' ');
  const seconds = /(?:^|[\s/;&])sleep\s+(\d+(?:\.\d+)?)s?(?=$|[\s;&])/.exec(command)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
