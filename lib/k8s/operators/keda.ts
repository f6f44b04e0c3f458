/** The custom resources of KEDA that constructs use, with the fields they use. */
import { ApiObject, Names } from 'cdk8s';
import type { Construct } from 'constructs';
import type { SecretKey } from '../secret-key';

/** The autoscaler is called `keda-hpa-` and this name, in 63 characters; KEDA's webhook refuses more. */
const LONGEST_NAME = 63 - 'keda-hpa-'.length;
const API_VERSION = 'keda.sh/v1alpha1';

/** KEDA's name, for the autoscaler and for Prometheus, of the metric that a formula returns. */
export const COMPOSITE_METRIC = 'composite-metric';

/** What a scaler polls, and its target. */
export interface KedaTrigger {
  /** Its name in a formula. */
  readonly name?: string;
  /** Name of the scaler, such as `rabbitmq`. */
  readonly type: string;
  /** KEDA expects every value as text. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly authenticationRef?: { readonly name: string };
}

/** One scaling policy of the autoscaler. */
export interface ScalingDirection {
  readonly stabilizationWindowSeconds: number;
  readonly policies: readonly {
    readonly type: 'Pods' | 'Percent';
    readonly value: number;
    readonly periodSeconds: number;
  }[];
}

/**
 * To the target in one step, because the plan assumes a single reaction; and down only after a while.
 *
 * @param value a number of the plan by its name
 */
export function inOneStep(
  value: (name: string) => number,
): ScaledObjectSpec['advanced']['horizontalPodAutoscalerConfig'] {
  const periodSeconds = value('scalingPolicyPeriodSeconds');
  return {
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: value('scaleUpStabilizationSeconds'),
        policies: [{ type: 'Pods', value: value('maxInstances'), periodSeconds }],
      },
      scaleDown: {
        stabilizationWindowSeconds: value('scaleDownStabilizationSeconds'),
        policies: [{ type: 'Percent', value: 100, periodSeconds }],
      },
    },
  };
}

/** Spec of a `ScaledObject`. */
export interface ScaledObjectSpec {
  readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  /** Matters only from zero replicas. */
  readonly pollingInterval?: number;
  /** Matters only to zero replicas. */
  readonly cooldownPeriod?: number;
  readonly minReplicaCount: number;
  readonly maxReplicaCount: number;
  readonly fallback?: { readonly failureThreshold: number; readonly replicas: number };
  readonly advanced: {
    /** One number from several triggers; it replaces their own targets. */
    readonly scalingModifiers?: {
      readonly formula: string;
      readonly target: string;
      readonly activationTarget: string;
    };
    readonly horizontalPodAutoscalerConfig: {
      readonly behavior: { readonly scaleUp: ScalingDirection; readonly scaleDown: ScalingDirection };
    };
  };
  readonly triggers: readonly KedaTrigger[];
}

/** Spec of a `ScaledJob`. */
export interface ScaledJobSpec {
  readonly jobTargetRef: {
    readonly parallelism: number;
    readonly completions: number;
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds: number;
    readonly template: unknown;
  };
  readonly pollingInterval: number;
  readonly minReplicaCount: number;
  readonly maxReplicaCount: number;
  readonly successfulJobsHistoryLimit: number;
  readonly failedJobsHistoryLimit: number;
  readonly rollout: { readonly strategy: 'gradual' };
  readonly scalingStrategy: { readonly strategy: 'default' | 'accurate'; readonly multipleScalersCalculation?: 'sum' };
  readonly triggers: readonly KedaTrigger[];
}

/** A value that a trigger reads from a Secret: parameter of the scaler, name of the Secret, key in it. */
export interface SecretTarget {
  readonly parameter: string;
  readonly name: string;
  readonly key: string;
}

/** The given values, by the scaler's parameter names. */
export function secretTargets(given: Readonly<Record<string, SecretKey | undefined>>): SecretTarget[] {
  return Object.entries(given).flatMap(([parameter, secret]) =>
    secret ? [{ parameter, name: secret.secretName, key: secret.key }] : [],
  );
}

/** `ScaledObject`: replicas that follow a trigger. */
export function scaledObject(
  scope: Construct,
  id: string,
  spec: ScaledObjectSpec,
  annotations?: Readonly<Record<string, string>>,
): ApiObject {
  const made = (name?: string) =>
    new ApiObject(scope, id, {
      apiVersion: API_VERSION,
      kind: 'ScaledObject',
      // A name that is undefined would take the place of the usual one.
      metadata: { ...(name !== undefined && { name }), annotations: annotations && { ...annotations } },
      spec,
    });
  const usual = made();
  if (usual.name.length <= LONGEST_NAME) return usual;
  scope.node.tryRemoveChild(id);
  return made(Names.toDnsLabel(scope, { maxLen: LONGEST_NAME, extra: [id.toLowerCase()] }));
}

/** `ScaledJob`: jobs that follow a trigger, one an item. */
export function scaledJob(scope: Construct, id: string, spec: ScaledJobSpec): ApiObject {
  return new ApiObject(scope, id, { apiVersion: API_VERSION, kind: 'ScaledJob', spec });
}

/** `TriggerAuthentication` that reads Secrets, so that the trigger contains no credential. */
export function secretAuthentication(scope: Construct, id: string, targets: readonly SecretTarget[]): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'TriggerAuthentication',
    spec: { secretTargetRef: targets },
  });
}

/** `TriggerAuthentication` by the worker's own service account (AWS IAM roles for service accounts). */
export function workloadIdentity(scope: Construct, id: string): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'TriggerAuthentication',
    spec: { podIdentity: { provider: 'aws', identityOwner: 'workload' } },
  });
}

/** `TriggerAuthentication` by the operator's own identity, or by a role that it takes on. */
export function operatorIdentity(scope: Construct, id: string, roleArn: string | undefined): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'TriggerAuthentication',
    spec: { podIdentity: { provider: 'aws', ...(roleArn === undefined ? {} : { roleArn }) } },
  });
}
