/** The custom resources of Strimzi that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { RETAINED } from '../retained';
import type { SecretKey } from '../secret-key';

/** Served from Strimzi 0.49 on, and the only version from 1.0 on. */
const API_VERSION = 'kafka.strimzi.io/v1';

/** Spec of a `KafkaTopic`. */
export interface KafkaTopicSpec {
  readonly topicName: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, number | string>>;
}

/** One permission of a user. */
export interface AccessRule {
  readonly type: 'allow';
  readonly resource: {
    readonly type: 'topic' | 'group';
    readonly name: string;
    readonly patternType: 'literal' | 'prefix';
  };
  readonly operations: readonly ('Describe' | 'Read' | 'Write')[];
}

/** Allows operations on the topic or group of that name, or on all whose names begin with it. */
export function allow(
  type: AccessRule['resource']['type'],
  name: string,
  operations: AccessRule['operations'],
  patternType: AccessRule['resource']['patternType'] = 'literal',
): AccessRule {
  return { type: 'allow', resource: { type, name, patternType }, operations };
}

/** Spec of a `KafkaUser`. Its quotas apply per broker; without them it is not limited. */
export interface KafkaUserSpec {
  readonly authentication: { readonly type: string };
  readonly authorization: { readonly type: 'simple'; readonly acls: readonly AccessRule[] };
  readonly quotas?: {
    readonly producerByteRate?: number;
    readonly consumerByteRate?: number;
    readonly requestPercentage?: number;
  };
}

/** `KafkaTopic`: the topic operator creates the topic, and deletes it with the object. */
export function kafkaTopic(
  scope: Construct,
  id: string,
  cluster: string,
  name: string,
  spec: KafkaTopicSpec,
  retained: boolean,
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'KafkaTopic',
    metadata: { name, labels: clusterLabel(cluster), ...(retained ? { annotations: { ...RETAINED } } : {}) },
    spec,
  });
}

/** `KafkaUser`: the user operator creates the user, its Secret, its rules and its quotas. The object has its name. */
export function kafkaUser(scope: Construct, id: string, cluster: string, name: string, spec: KafkaUserSpec): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'KafkaUser',
    metadata: { name, labels: clusterLabel(cluster) },
    spec,
  });
}

/** Port of Strimzi's internal listener with TLS. */
const TLS_PORT = 9093;

/** Strimzi's service for the internal listener with TLS. */
export function tlsBootstrap(cluster: string, namespace: string | undefined): string {
  return `${cluster}-kafka-bootstrap${namespace === undefined ? '' : `.${namespace}`}:${TLS_PORT}`;
}

/** The certificate of the cluster's authority, in the Secret that Strimzi makes. */
export function clusterAuthority(cluster: string): SecretKey {
  return { secretName: `${cluster}-cluster-ca-cert`, key: 'ca.crt' };
}

/** Certificate and key of a user, in the Secret that the user operator makes. */
export function userCertificate(user: string): {
  readonly clientCertificate: SecretKey;
  readonly clientKey: SecretKey;
} {
  return {
    clientCertificate: { secretName: user, key: 'user.crt' },
    clientKey: { secretName: user, key: 'user.key' },
  };
}

function clusterLabel(cluster: string): { [label: string]: string } {
  return { 'strimzi.io/cluster': cluster };
}
