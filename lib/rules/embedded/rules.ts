import type { Rule } from '../rule';
import { CARRIED_DATABASE_RULES } from './databases';
import { CARRIED_BROKER_RULES } from './kafka';
import { CARRIED_LOG_RULES } from './logs';
import { CARRIED_MESSAGE_RULES } from './messages';
import { CARRIED_SCHEDULE_RULES } from './schedules';
import { CARRIED_STREAM_RULES } from './streams';
import { CARRIED_THROTTLE_RULES } from './throttles';

/** Rules over what templates and manifests carry for others: scripts and configuration, in the order of the docs. */
export const CARRIED_RULES: readonly Rule[] = [
  ...CARRIED_LOG_RULES,
  ...CARRIED_MESSAGE_RULES,
  ...CARRIED_STREAM_RULES,
  ...CARRIED_BROKER_RULES,
  ...CARRIED_SCHEDULE_RULES,
  ...CARRIED_THROTTLE_RULES,
  ...CARRIED_DATABASE_RULES,
];
