/** Work that waits for its turn in Kueue. */
import type { Resource } from '../../document';
import { own } from '../../own';

/** Label that puts a Job into a queue: it is suspended until there is room. */
const QUEUE_NAME = 'kueue.x-k8s.io/queue-name';

/** Where each kind of workload carries the labels that its Jobs have. */
const LABELS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'batch/Job': [['metadata']],
  'batch/CronJob': [['spec', 'jobTemplate', 'metadata']],
  // KEDA copies a ScaledJob's labels onto the Jobs.
  'keda.sh/ScaledJob': [['metadata'], ['spec', 'jobTargetRef', 'template', 'metadata']],
};

/** Whether the Jobs of a workload are queued, or may be. */
export function isQueued(workload: Resource): boolean {
  return (own(LABELS, workload.type) ?? []).some((path) => !workload.at(...path, 'labels', QUEUE_NAME).absent);
}
