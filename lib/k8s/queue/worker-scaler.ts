/** How a worker follows its queue: replicas of a Deployment, or one job an item. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';
import { type ScaledObjectSpec, scaledJob, scaledObject } from '../operators/keda';
import type { TriggerBinding } from './trigger';

/** The `ScaledObject` of a Deployment. */
export function replicasFollow(
  scope: Construct,
  deployment: string,
  plan: Plan,
  binding: TriggerBinding,
  minReplicaCount: number,
): ApiObject {
  const value = (name: string) => plan.value(name);
  const maxReplicaCount = value('maxInstances');
  return scaledObject(scope, 'ScaledObject', {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
    // From one replica on, both would do nothing.
    ...(minReplicaCount === 0
      ? { pollingInterval: value('pollingIntervalSeconds'), cooldownPeriod: value('cooldownPeriodSeconds') }
      : {}),
    minReplicaCount,
    maxReplicaCount,
    fallback: { failureThreshold: value('fallbackAfterFailures'), replicas: value('fallbackReplicas') },
    advanced: {
      ...addedUp(binding, value('targetPerReplica')),
      horizontalPodAutoscalerConfig: {
        behavior: {
          // To the number that is wanted, in one step: the plan reckons with a single reaction.
          scaleUp: {
            stabilizationWindowSeconds: 0,
            policies: [{ type: 'Pods', value: maxReplicaCount, periodSeconds: 15 }],
          },
          scaleDown: {
            stabilizationWindowSeconds: value('scaleDownStabilizationSeconds'),
            policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
          },
        },
      },
    },
    triggers: binding.triggers,
  });
}

/** Left to the autoscaler, of several triggers the largest would count, and not their sum. */
function addedUp({ triggers }: TriggerBinding, target: number): Pick<ScaledObjectSpec['advanced'], 'scalingModifiers'> {
  if (triggers.length === 1) return {};
  const formula = triggers.map(({ name }) => name).join(' + ');
  return { scalingModifiers: { formula, target: String(target), activationTarget: '0' } };
}

/** The `ScaledJob`: a pod ends when its item does, and nobody sends it away before. */
export function jobsFollow(scope: Construct, template: unknown, plan: Plan, { triggers }: TriggerBinding): ApiObject {
  const value = (name: string) => plan.value(name);
  return scaledJob(scope, 'ScaledJob', {
    jobTargetRef: {
      parallelism: 1,
      completions: 1,
      // An item that failed is still in its queue, and the next job takes it: the queue counts the attempts.
      backoffLimit: 0,
      activeDeadlineSeconds: value('jobDeadlineSeconds'),
      template,
    },
    pollingInterval: value('pollingIntervalSeconds'),
    minReplicaCount: 0,
    maxReplicaCount: value('maxInstances'),
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 10,
    // A new version must not cut off hours of work.
    rollout: { strategy: 'gradual' },
    // Every trigger counts an item that is in hand until it is done, so running jobs are subtracted.
    scalingStrategy: {
      strategy: 'default',
      ...(triggers.length > 1 ? { multipleScalersCalculation: 'sum' as const } : {}),
    },
    triggers,
  });
}
