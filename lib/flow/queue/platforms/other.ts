/** An unnamed platform: only its times are known, or assumed. */
import { CONSUMER_DEFAULTS, consumerOf } from '../resolve';
import { PLATFORM_FACTS } from './facts';
import { FUNCTION_CHOICES, functionChecks } from './lambda';
import type { Platform } from './platform';

/** Any platform that scales on a backlog. */
export const OTHER: Platform = {
  facts: PLATFORM_FACTS.other,
  choices: FUNCTION_CHOICES,
  // It may be Lambda.
  checks: functionChecks,
  consumer({ consumer = {} }) {
    const { pollSeconds, decideSeconds, startSeconds } = CONSUMER_DEFAULTS;
    return consumerOf({ pollSeconds, decideSeconds, startSeconds }, consumer);
  },
  knobs: () => [],
};
