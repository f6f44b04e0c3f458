/** Pods follow the requests in flight: processors say nothing of a program that waits. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { ServiceAdmission, type ServicePlan } from '../../flow/services/workload';
import { inOneStep, scaledObject } from '../operators/keda';
import { load, type ServiceSeries } from './service-series';

/** The `ScaledObject` of a Deployment. */
export function serviceScaler(
  scope: Construct,
  deployment: string,
  plan: ServicePlan,
  series: ServiceSeries,
  prometheus: string,
): ApiObject {
  const value = (name: string) => plan.value(name);
  const maxReplicaCount = value('maxInstances');
  // The gate says what it has at the moment.
  const window = series.admission === ServiceAdmission.ENVOY ? `[${value('loadWindowSeconds')}s]` : '';
  return scaledObject(scope, 'ScaledObject', {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
    minReplicaCount: value('minInstances'),
    maxReplicaCount,
    fallback: { failureThreshold: value('fallbackAfterFailures'), replicas: value('fallbackReplicas') },
    advanced: {
      horizontalPodAutoscalerConfig: inOneStep(value),
    },
    triggers: [
      {
        type: 'prometheus',
        metadata: {
          serverAddress: prometheus,
          query: load(series, window, plan),
          threshold: String(value('targetPerReplica')),
          // A load that nobody reads is no load of 0: the fallback takes over.
          ignoreNullValues: 'false',
        },
      },
    ],
  });
}
