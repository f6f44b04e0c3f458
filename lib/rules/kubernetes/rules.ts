import type { Rule } from '../rule';
import { BACKLOG_RULES } from './backlog';
import { CRON_RULES } from './cron';
import { IN_FLIGHT_RULES } from './in-flight';
import { INGRESS_RULES } from './ingress';
import { ISTIO_RULES } from './istio';
import { JVM_RULES } from './jvm';
import { STRIMZI_RULES } from './kafka';
import { KEDA_RULES } from './keda';
import { LOG_RULES } from './logs';
import { NAME_RULES } from './names';
import { PROBE_RULES } from './probes';
import { PROMETHEUS_RULES } from './prometheus';
import { QUOTA_RULES } from './quota';
import { RABBITMQ_RULES } from './rabbitmq';
import type { Manifests } from './read/manifests';
import { RUNNER_RULES } from './runners';
import { SECRET_RULES } from './secrets';
import { SPARK_RULES } from './spark';
import { WORKLOAD_RULES } from './workload';

/** Rules over Kubernetes manifests, in the order in which the docs list them. */
export const KUBERNETES_RULES: readonly Rule<Manifests>[] = [
  ...KEDA_RULES,
  ...BACKLOG_RULES,
  ...IN_FLIGHT_RULES,
  ...CRON_RULES,
  ...QUOTA_RULES,
  ...NAME_RULES,
  ...WORKLOAD_RULES,
  ...JVM_RULES,
  ...PROMETHEUS_RULES,
  ...STRIMZI_RULES,
  ...SPARK_RULES,
  ...ISTIO_RULES,
  ...PROBE_RULES,
  ...INGRESS_RULES,
  ...RABBITMQ_RULES,
  ...LOG_RULES,
  ...RUNNER_RULES,
  ...SECRET_RULES,
];
