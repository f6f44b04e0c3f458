import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { FirelensLogRouter } from 'aws-cdk-lib/aws-ecs';
import type { KubernetesManifest, ServiceAccount } from 'aws-cdk-lib/aws-eks';
import type { LogDeliveryPlan } from '../../flow/logs/delivery/workload';

/**
 * The router of one task definition.
 */
export interface LogRouter {
  /** The container of Fluent Bit. */
  readonly container: FirelensLogRouter;

  /**
   * Fires when less of a task's disk is free than the buffer may still need. A larger disk of the task definition moves its
   * threshold, unless its size is a token.
   *
   * @default - none without `cluster`, and on hosts
   */
  readonly diskAlarm?: Alarm;
}

/**
 * Options of the routers of a cluster.
 */
export interface ClusterLogRouterOptions {
  /**
   * Namespace of the routers, which is there already. Pod Security must let its pods mount folders of the node.
   *
   * @default 'kube-system'
   */
  readonly namespace?: string;

  /**
   * Image of the routers, with a version or a digest; with `/fluent-bit/bin/fluent-bit`, `sh` and `curl` in it.
   *
   * @default - AWS for Fluent Bit, as in tasks
   */
  readonly image?: string;
}

/**
 * The routers of one cluster: a pod of Fluent Bit on each node.
 */
export interface ClusterLogRouter {
  /** The plan of the shipping, with the knobs of a node's router. */
  readonly plan: LogDeliveryPlan;

  /** The service account; its role may send to the stream, and write to the log group. */
  readonly serviceAccount: ServiceAccount;

  /** The ConfigMap and the DaemonSet. */
  readonly manifest: KubernetesManifest;

  /** Name of the DaemonSet, and the beginning of those of its pods. */
  readonly name: string;

  /** The namespace. */
  readonly namespace: string;

  /** `fluent-bit.conf`. */
  readonly config: string;
}
