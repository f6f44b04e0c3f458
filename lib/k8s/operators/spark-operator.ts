/** The custom resources of the Spark operator that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

const API_VERSION = 'sparkoperator.k8s.io/v1beta2';

/** What driver and executors have in common. */
export interface SparkPodSpec {
  readonly cores: number;
  /** With its unit, as Spark writes it: `2048m`. */
  readonly memory: string;
  readonly memoryOverhead: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly podSecurityContext: object;
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom?: readonly { readonly secretRef: { readonly name: string } }[];
}

/** How an application is started again. `Always`: also one that ended by itself, as a stream never should. */
export interface SparkRestartPolicy {
  readonly type: 'Always' | 'OnFailure' | 'Never';
  readonly onFailureRetries?: number;
  readonly onFailureRetryInterval?: number;
  readonly onSubmissionFailureRetries?: number;
  readonly onSubmissionFailureRetryInterval?: number;
}

/** Spec of a `SparkApplication` in Python. */
export interface SparkApplicationSpec {
  readonly type: 'Python';
  readonly pythonVersion: '3';
  readonly mode: 'cluster';
  readonly image: string;
  readonly imagePullPolicy: 'IfNotPresent';
  readonly sparkVersion: string;
  readonly mainApplicationFile: string;
  readonly arguments: readonly string[];
  readonly sparkConf: Readonly<Record<string, string>>;
  readonly restartPolicy: SparkRestartPolicy;
  readonly driver: SparkPodSpec & {
    readonly terminationGracePeriodSeconds?: number;
    readonly ports?: readonly { readonly name: string; readonly containerPort: number; readonly protocol: 'TCP' }[];
  };
  readonly executor: SparkPodSpec & { readonly instances: number };
  readonly volumes: readonly object[];
  readonly timeToLiveSeconds?: number;
}

/** `SparkApplication`: the operator submits it, and submits it again when its spec changes, after the old driver is gone. */
export function sparkApplication(scope: Construct, id: string, name: string, spec: SparkApplicationSpec): ApiObject {
  return new ApiObject(scope, id, { apiVersion: API_VERSION, kind: 'SparkApplication', metadata: { name }, spec });
}

/** Spec of a `ScheduledSparkApplication`. `Forbid`: no run begins while the last one goes on. */
export interface ScheduledSparkApplicationSpec {
  readonly schedule: string;
  readonly timeZone?: string;
  readonly suspend?: boolean;
  readonly concurrencyPolicy: 'Allow' | 'Forbid' | 'Replace';
  readonly successfulRunHistoryLimit?: number;
  readonly failedRunHistoryLimit?: number;
  readonly template: SparkApplicationSpec;
}

/** `ScheduledSparkApplication`: the operator makes a `SparkApplication` at each time of the schedule. */
export function scheduledSparkApplication(
  scope: Construct,
  id: string,
  name: string,
  spec: ScheduledSparkApplicationSpec,
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'ScheduledSparkApplication',
    metadata: { name },
    spec,
  });
}
