/**
 * Every rule there is, in the order in which the docs list them. A new rule goes into the file of its subject and, when
 * the subject is new, into one of these lists.
 */
import { ALARM_RULES } from './cloudformation/alarms';
import { API_RULES } from './cloudformation/api';
import { BATCH_RULES } from './cloudformation/batch';
import { DATABASE_RULES } from './cloudformation/database';
import { KAFKA_RULES } from './cloudformation/kafka';
import { LAMBDA_RULES } from './cloudformation/lambda';
import { SCALING_RULES } from './cloudformation/scaling';
import { SCHEDULE_RULES } from './cloudformation/schedules';
import { SQS_RULES } from './cloudformation/sqs';
import { STORAGE_RULES } from './cloudformation/storage';
import { STREAM_RULES } from './cloudformation/streams';
import { TABLE_RULES } from './cloudformation/tables';
import { TARGET_RULES } from './cloudformation/targets';
import type { Template } from './cloudformation/template';
import { KEDA_RULES } from './kubernetes/keda';
import type { Manifests } from './kubernetes/manifests';
import type { Rule } from './rule';

/** Rules over CloudFormation templates. */
export const CLOUDFORMATION_RULES: readonly Rule<Template>[] = [
  ...SQS_RULES,
  ...LAMBDA_RULES,
  ...ALARM_RULES,
  ...SCALING_RULES,
  ...STREAM_RULES,
  ...KAFKA_RULES,
  ...SCHEDULE_RULES,
  ...TARGET_RULES,
  ...API_RULES,
  ...STORAGE_RULES,
  ...TABLE_RULES,
  ...BATCH_RULES,
  ...DATABASE_RULES,
];

/** Rules over Kubernetes manifests. */
export const KUBERNETES_RULES: readonly Rule<Manifests>[] = [...KEDA_RULES];

/** Rules over what either carries for others to run: scripts and configuration files. */
export const CARRIED_RULES: readonly Rule[] = [];

/** All of them. */
export const RULES: readonly Rule<never>[] = [...CLOUDFORMATION_RULES, ...KUBERNETES_RULES, ...CARRIED_RULES];
