/**
 * The kinds that rules read. test/rules/not-read.test.ts holds that they are those that the rules name.
 */

/** Kinds of the core group, which has no name. */
const CORE = [
  'ConfigMap',
  'File',
  'LimitRange',
  'Namespace',
  'Pod',
  'ReplicationController',
  'ResourceQuota',
  'Secret',
];

/** All of them: group and kind. */
export const KINDS_READ: readonly string[] = [
  ...CORE,
  'apps/DaemonSet',
  'apps/Deployment',
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'autoscaling/HorizontalPodAutoscaler',
  'batch/CronJob',
  'batch/Job',
  'kafka.strimzi.io/Kafka',
  'kafka.strimzi.io/KafkaTopic',
  'kafka.strimzi.io/KafkaUser',
  'keda.sh/ScaledJob',
  'keda.sh/ScaledObject',
  'monitoring.coreos.com/PodMonitor',
  'monitoring.coreos.com/Prometheus',
  'monitoring.coreos.com/PrometheusRule',
  'monitoring.coreos.com/ServiceMonitor',
  'rabbitmq.com/Binding',
  'rabbitmq.com/OperatorPolicy',
  'rabbitmq.com/Policy',
  'rabbitmq.com/Queue',
  'rabbitmq.com/RabbitmqCluster',
  'scheduling.k8s.io/PriorityClass',
];
