/** Cloud Run behind a push subscription. */
import { isKnown, shown, wholeNumber } from '../../errors';
import { CLOUD_RUN_LONGEST_START_SECONDS, cloudRunProbeKnobs } from '../../probes';
import { consumerOf } from '../resolve';
import { PLATFORM_FACTS } from './facts';
import type { Platform } from './platform';

const FACTS = PLATFORM_FACTS['cloud-run'];
/** Cloud Run, "Quotas and limits": requests at once in an instance, instances of a revision with 1 vCPU. */
export const CLOUD_RUN_LIMITS = { concurrency: 1000, instances: FACTS.instanceLimit ?? 1000 } as const;

/** Cloud Run behind Pub/Sub. */
export const CLOUD_RUN: Platform = {
  facts: FACTS,
  choices: [],
  checks: ({ consumer }) => [
    wholeNumber('consumer.slotsPerInstance', consumer?.slotsPerInstance, 1, CLOUD_RUN_LIMITS.concurrency),
    {
      refused: isKnown(consumer?.startSeconds) && consumer.startSeconds > CLOUD_RUN_LONGEST_START_SECONDS,
      message: `consumer.startSeconds must be at most ${CLOUD_RUN_LONGEST_START_SECONDS} on Cloud Run, which stops an instance that has not started by then, got ${shown(consumer?.startSeconds)}; answer the probe sooner, and load the rest afterwards`,
    },
  ],
  consumer({ consumer = {} }) {
    const { pollSeconds, decideSeconds, startSeconds } = FACTS;
    const { instanceLimit = CLOUD_RUN_LIMITS.instances } = consumer;
    return {
      ...consumerOf({ pollSeconds, decideSeconds, startSeconds }, consumer),
      instanceLimit: Math.min(instanceLimit, CLOUD_RUN_LIMITS.instances),
    };
  },
  knobs: ({ sizing }) => cloudRunProbeKnobs(sizing.consumer.startSeconds),
};
