import type { Rule } from '../rule';
import { DATABASE_RULES } from './databases';
import { BROKER_RULES } from './kafka';
import { CARRIED_LOG_RULES } from './logs';
import { MESSAGE_RULES } from './messages';
import { SCHEDULE_RULES } from './schedules';
import { STREAM_RULES } from './streams';
import { THROTTLE_RULES } from './throttles';

/** Rules over what templates and manifests carry for others: scripts and configuration, in the order of the docs. */
export const CARRIED_RULES: readonly Rule[] = [
  ...CARRIED_LOG_RULES,
  ...MESSAGE_RULES,
  ...STREAM_RULES,
  ...BROKER_RULES,
  ...SCHEDULE_RULES,
  ...THROTTLE_RULES,
  ...DATABASE_RULES,
];
