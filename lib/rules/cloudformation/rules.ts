import type { Rule } from '../rule';
import { ALARM_METRIC_RULES } from './alarm-metrics';
import { ALARM_TOPIC_RULES } from './alarm-topics';
import { ALARM_RULES } from './alarms';
import { API_RULES } from './api';
import { BALANCER_RULES } from './balancers';
import { BATCH_RULES } from './batch';
import { CACHE_RULES } from './caches';
import { CHECKPOINT_RULES } from './checkpoints';
import { COMPACTION_RULES } from './compaction';
import { CONTAINER_RULES } from './containers';
import { DATABASE_RULES } from './database';
import { FAIR_QUEUE_RULES } from './fair-queues';
import { FIREHOSE_RULES } from './firehose';
import { FIRELENS_RULES } from './firelens';
import { GLUE_RULES } from './glue';
import { IOT_RULES } from './iot';
import { KAFKA_RULES } from './kafka';
import { LAMBDA_RULES } from './lambda';
import { MAIL_RULES } from './mail';
import { MQ_RULES } from './mq';
import { PIPE_RULES } from './pipes';
import type { Template } from './read/template';
import { RUNNER_RULES } from './runners';
import { SCALING_RULES } from './scaling';
import { SCHEDULE_RULES } from './schedules';
import { SECRET_RULES } from './secrets';
import { SQS_RULES } from './sqs';
import { STATE_RULES } from './states';
import { STORAGE_RULES } from './storage';
import { STREAM_RULES } from './streams';
import { TABLE_RULES } from './tables';
import { TARGET_RULES } from './targets';

/** Rules over CloudFormation templates, in the order in which the docs list them. */
export const CLOUDFORMATION_RULES: readonly Rule<Template>[] = [
  ...SQS_RULES,
  ...LAMBDA_RULES,
  ...ALARM_RULES,
  ...ALARM_METRIC_RULES,
  ...ALARM_TOPIC_RULES,
  ...SCALING_RULES,
  ...CHECKPOINT_RULES,
  ...COMPACTION_RULES,
  ...FAIR_QUEUE_RULES,
  ...GLUE_RULES,
  ...STREAM_RULES,
  ...IOT_RULES,
  ...PIPE_RULES,
  ...STATE_RULES,
  ...KAFKA_RULES,
  ...MQ_RULES,
  ...SCHEDULE_RULES,
  ...TARGET_RULES,
  ...API_RULES,
  ...STORAGE_RULES,
  ...TABLE_RULES,
  ...BATCH_RULES,
  ...CONTAINER_RULES,
  ...FIRELENS_RULES,
  ...FIREHOSE_RULES,
  ...BALANCER_RULES,
  ...DATABASE_RULES,
  ...MAIL_RULES,
  ...CACHE_RULES,
  ...RUNNER_RULES,
  ...SECRET_RULES,
];
