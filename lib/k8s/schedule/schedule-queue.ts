/** A queue of Kueue for the runs of a schedule: it admits as many at once as the plan says, and the others wait. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { hashedName } from '../names';
import { clusterQueue, localQueue, resourceFlavor } from '../operators/kueue';
import { requestsOf } from './job-pod';
import type { SpreadJob } from './spread-job';

/** The label of a Job that waits in a queue; Kueue suspends it until there is room. */
export const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name';

/** The objects of a queue. */
export interface ScheduleQueue {
  readonly flavor: ApiObject;
  readonly clusterQueue: ApiObject;
  readonly localQueue: ApiObject;
}

/**
 * The queue: places are counted in pods, which Kueue calls a resource of its own; CPU and memory have to be covered as
 * well, for as many of the largest runs, or no workload that requests them is admitted.
 *
 * @param name of the queue in the namespace; those of the cluster are named after both
 */
export function scheduleQueue(
  scope: Construct,
  namespace: string,
  name: string,
  maxConcurrent: number,
  jobs: readonly SpreadJob[],
): ScheduleQueue {
  // Not the path of the construct: a new name would be a new queue, in which nothing that runs is counted.
  const inCluster = hashedName(`${namespace}-${name}`, JSON.stringify([namespace, name]));
  const requests = jobs.map(requestsOf);
  const millis = maxConcurrent * Math.max(...requests.map(({ milliCpu }) => milliCpu));
  const mebibytes = maxConcurrent * Math.max(...requests.map(({ memory }) => memory.toMebibytes()));
  const flavor = resourceFlavor(scope, 'ResourceFlavor', inCluster, {});
  const queue = clusterQueue(scope, 'ClusterQueue', inCluster, {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    queueingStrategy: 'BestEffortFIFO',
    resourceGroups: [
      {
        coveredResources: ['cpu', 'memory', 'pods'],
        flavors: [
          {
            name: flavor.name,
            resources: [
              { name: 'cpu', nominalQuota: `${millis}m` },
              { name: 'memory', nominalQuota: `${mebibytes}Mi` },
              { name: 'pods', nominalQuota: String(maxConcurrent) },
            ],
          },
        ],
      },
    ],
    preemption: { reclaimWithinCohort: 'Never', withinClusterQueue: 'Never' },
  });
  return {
    flavor,
    clusterQueue: queue,
    localQueue: localQueue(scope, 'LocalQueue', name, namespace, queue.name),
  };
}
