import type { Rule } from '../rule';
import { EMBEDDED_CACHE_RULES } from './caches';
import { EMBEDDED_DATABASE_RULES } from './databases';
import { EMBEDDED_GITLAB_RULES } from './gitlab';
import { EMBEDDED_BROKER_RULES } from './kafka';
import { EMBEDDED_LAKE_RULES } from './lakes';
import { EMBEDDED_LOG_RULES } from './logs';
import { EMBEDDED_MESSAGE_RULES } from './messages';
import { EMBEDDED_SCHEDULE_RULES } from './schedules';
import { EMBEDDED_SENDER_RULES } from './senders';
import { EMBEDDED_SPARK_RULES } from './spark';
import { EMBEDDED_STREAM_RULES } from './streams';
import { EMBEDDED_TABLE_RULES } from './tables';
import { EMBEDDED_THROTTLE_RULES } from './throttles';

/** Rules over scripts and configuration embedded in templates and manifests, in the order of the docs. */
export const EMBEDDED_RULES: readonly Rule[] = [
  ...EMBEDDED_LOG_RULES,
  ...EMBEDDED_MESSAGE_RULES,
  ...EMBEDDED_SPARK_RULES,
  ...EMBEDDED_LAKE_RULES,
  ...EMBEDDED_STREAM_RULES,
  ...EMBEDDED_TABLE_RULES,
  ...EMBEDDED_BROKER_RULES,
  ...EMBEDDED_SCHEDULE_RULES,
  ...EMBEDDED_GITLAB_RULES,
  ...EMBEDDED_THROTTLE_RULES,
  ...EMBEDDED_SENDER_RULES,
  ...EMBEDDED_DATABASE_RULES,
  ...EMBEDDED_CACHE_RULES,
];
