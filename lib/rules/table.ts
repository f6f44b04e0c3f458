/**
 * Every rule there is, in the order in which the docs list them. A new rule goes into the file of its subject and, when
 * the subject is new, into one of these lists.
 */
import { CARRIED_DATABASE_RULES } from './carried/databases';
import { CARRIED_BROKER_RULES } from './carried/kafka';
import { CARRIED_LOG_RULES } from './carried/logs';
import { CARRIED_MESSAGE_RULES } from './carried/messages';
import { CARRIED_SCHEDULE_RULES } from './carried/schedules';
import { CARRIED_STREAM_RULES } from './carried/streams';
import { CARRIED_THROTTLE_RULES } from './carried/throttles';
import { SQS_RULES } from './cloudformation/sqs';
import type { Template } from './cloudformation/template';
import { CRON_RULES } from './kubernetes/cron';
import { IN_FLIGHT_RULES } from './kubernetes/in-flight';
import { JVM_RULES } from './kubernetes/jvm';
import { STRIMZI_RULES } from './kubernetes/kafka';
import { KEDA_RULES } from './kubernetes/keda';
import { LOG_RULES } from './kubernetes/logs';
import type { Manifests } from './kubernetes/manifests';
import { NAME_RULES } from './kubernetes/names';
import { PROMETHEUS_RULES } from './kubernetes/prometheus';
import { QUOTA_RULES } from './kubernetes/quota';
import { RABBITMQ_RULES } from './kubernetes/rabbitmq';
import { WORKLOAD_RULES } from './kubernetes/workload';
import type { Rule } from './rule';

/** Rules over CloudFormation templates. */
export const CLOUDFORMATION_RULES: readonly Rule<Template>[] = [...SQS_RULES];

/** Rules over Kubernetes manifests. */
export const KUBERNETES_RULES: readonly Rule<Manifests>[] = [
  ...KEDA_RULES,
  ...IN_FLIGHT_RULES,
  ...CRON_RULES,
  ...QUOTA_RULES,
  ...NAME_RULES,
  ...WORKLOAD_RULES,
  ...JVM_RULES,
  ...PROMETHEUS_RULES,
  ...STRIMZI_RULES,
  ...RABBITMQ_RULES,
  ...LOG_RULES,
];

/** Rules over what either carries for others to run: scripts and configuration files. */
export const CARRIED_RULES: readonly Rule[] = [
  ...CARRIED_LOG_RULES,
  ...CARRIED_MESSAGE_RULES,
  ...CARRIED_STREAM_RULES,
  ...CARRIED_BROKER_RULES,
  ...CARRIED_SCHEDULE_RULES,
  ...CARRIED_THROTTLE_RULES,
  ...CARRIED_DATABASE_RULES,
];

/** All of them. */
export const RULES: readonly Rule<never>[] = [...CLOUDFORMATION_RULES, ...KUBERNETES_RULES, ...CARRIED_RULES];
