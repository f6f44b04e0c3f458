/** How a worker follows its queue: replicas of a Deployment, or one job an item. */

import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { QueuePlan } from '../../flow/queue/workload';
import { inOneStep, type ScaledObjectSpec, scaledJob, scaledObject } from '../operators/keda';
import type { TriggerBinding, WorkerShape } from './trigger';

/** The `ScaledObject` of a Deployment, or of a workload that is there already. */
export function replicasFollow(
  scope: Construct,
  target: ScaledObjectSpec['scaleTargetRef'],
  plan: QueuePlan,
  binding: TriggerBinding,
  { sleeps, blind }: WorkerShape,
  annotations?: Readonly<Record<string, string>>,
): ApiObject {
  const value = (name: string) => plan.value(name);
  const maxReplicaCount = value('maxInstances');
  const spec: ScaledObjectSpec = {
    scaleTargetRef: target,
    // Both apply only to the step between none and one; KEDA warns when there is no such step.
    ...(sleeps
      ? { pollingInterval: value('pollingIntervalSeconds'), cooldownPeriod: value('cooldownPeriodSeconds') }
      : {}),
    minReplicaCount: value('minInstances'),
    maxReplicaCount,
    ...(blind
      ? {}
      : { fallback: { failureThreshold: value('fallbackAfterFailures'), replicas: value('fallbackReplicas') } }),
    advanced: {
      ...addedUp(binding, value('targetPerReplica')),
      horizontalPodAutoscalerConfig: inOneStep(value),
    },
    triggers: binding.triggers,
  };
  return scaledObject(scope, 'ScaledObject', spec, annotations);
}

/** With several triggers the HPA takes the largest; we need the sum. */
function addedUp({ triggers }: TriggerBinding, target: number): Pick<ScaledObjectSpec['advanced'], 'scalingModifiers'> {
  if (triggers.length === 1) return {};
  const formula = triggers.map(({ name }) => name).join(' + ');
  return { scalingModifiers: { formula, target: String(target), activationTarget: '0' } };
}

/** The `ScaledJob`: a pod ends with its item, and the scaler does not stop it earlier. */
export function jobsFollow(
  scope: Construct,
  template: unknown,
  plan: QueuePlan,
  { triggers }: TriggerBinding,
  countsWork: boolean,
): ApiObject {
  const value = (name: string) => plan.value(name);
  return scaledJob(scope, 'ScaledJob', {
    jobTargetRef: {
      parallelism: 1,
      completions: 1,
      // A failed item is still in its queue, and the next job receives it: the queue counts the attempts.
      backoffLimit: 0,
      activeDeadlineSeconds: value('jobDeadlineSeconds'),
      template,
    },
    pollingInterval: value('pollingIntervalSeconds'),
    minReplicaCount: 0,
    maxReplicaCount: value('maxInstances'),
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 10,
    // A new version must not stop a job that has worked for hours.
    rollout: { strategy: 'gradual' },
    // Where the queue counts an item in work until it is done, running jobs are subtracted; elsewhere only starting ones.
    scalingStrategy: {
      strategy: countsWork ? 'default' : 'accurate',
      ...(triggers.length > 1 ? { multipleScalersCalculation: 'sum' as const } : {}),
    },
    triggers,
  });
}
