/** What a merger is told by its plan, as variables of its environment: the same in templates, manifests and tests. */
import type { MergingPlan } from './workload';

/** Variables of each merger, with the knobs that they are. */
const COMMON = {
  KEYS_PER_CALL: 'keysPerCall',
  WORKERS: 'workers',
  ATTEMPTS: 'attempts',
  BACKOFF_SECONDS: 'backoffSeconds',
  BACKOFF_CAP_SECONDS: 'backoffCapSeconds',
} as const;

/** Variables of the function that merges. */
export function functionSettings(plan: MergingPlan): Record<string, string> {
  // Of the fallback of Amazon CloudFront, where there is one.
  const fallback: Record<string, string> = plan.knobs.some(({ name }) => name === 'wildcardAboveKeys')
    ? { WILDCARD_ABOVE_KEYS: 'wildcardAboveKeys' }
    : {};
  return valuesOf(plan, {
    ...COMMON,
    ...fallback,
    CALL_TIMEOUT_SECONDS: 'callTimeoutSeconds',
    SPARE_SECONDS: 'spareSeconds',
    ASIDE_AFTER_SECONDS: 'asideAfterSeconds',
  });
}

/** Variables of the container that merges. */
export function containerSettings(plan: MergingPlan): Record<string, string> {
  return valuesOf(plan, {
    WINDOW_SECONDS: 'windowSeconds',
    MAX_BATCH: 'maxBatch',
    FLUSH_TIMEOUT_SECONDS: 'flushTimeoutSeconds',
    ...COMMON,
    CALL_TIMEOUT_SECONDS: 'callTimeoutSeconds',
    ASIDE_AFTER_SECONDS: 'asideAfterSeconds',
    STALLED_SECONDS: 'stalledSeconds',
  });
}

function valuesOf(plan: MergingPlan, knobs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(knobs).map(([name, knob]) => [name, String(plan.value(knob))]));
}
