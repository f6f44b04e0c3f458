/** Apache Kafka: a consumer group has no more members at work than the topic has partitions. */
import { inRange, wholeNumber } from '../../errors';
import { OWN_RETRY } from '../retry';
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';

/** Apache Kafka. */
export const KAFKA: Broker = {
  facts: BROKER_FACTS.kafka,
  choices: ['partitions', 'peakLag'],
  checks: ({ partitions, peakLag }) => [
    wholeNumber('partitions', partitions, 1),
    inRange('peakLag', peakLag, 0, Number.MAX_SAFE_INTEGER),
  ],
  consumer: ({ partitions, consumer }) => ({
    instanceLimit:
      partitions === undefined
        ? consumer?.instanceLimit
        : Math.min(partitions, consumer?.instanceLimit ?? Number.POSITIVE_INFINITY),
  }),
  retry: () => OWN_RETRY,
  knobs: () => [],
};
