/** What follows from a question before anything is sized: its platform and broker, and what they say of an attempt. */
import { once } from '../once';
import type { Broker } from './brokers/broker';
import type { BrokerName } from './brokers/facts';
import { BROKERS } from './brokers/table';
import type { PlatformName } from './platforms/facts';
import type { Platform } from './platforms/platform';
import { PLATFORMS } from './platforms/table';
import type { QueueQuestion } from './question';
import { attemptSeconds, type GivenConsumer, resolveWorkload } from './resolve';
import type { Retry } from './retry';
import type { Consumer } from './workload';

/** The platform and the broker that are asked for, and what follows from them before anything is sized. */
export interface Parts {
  readonly platformName: PlatformName;
  readonly platform: Platform;
  readonly brokerName: BrokerName;
  readonly broker: Broker;
  /** Whole seconds after which an attempt at an item is abandoned. */
  readonly itemTimeoutSeconds: () => number;
  /** How a failed item is retried. */
  readonly retry: () => Retry;
  /** The consumer with the times and limits of platform and broker. */
  readonly consumer: () => GivenConsumer;
}

/** The parts of a question; each of its functions computes once. */
export function partsOf(question: QueueQuestion): Parts {
  const { platform: platformName = 'other' } = question;
  const platform = PLATFORMS[platformName];
  const brokerName = question.broker ?? platform.facts.brokers[0];
  const broker = withFactsOf(BROKERS[brokerName], question);
  const itemTimeoutSeconds = once(
    () => question.consumer?.itemTimeoutSeconds ?? attemptSeconds(resolveWorkload(question.workload)).timeout,
  );
  const retry = once(() =>
    broker.retry({ question, platform: platformName, itemTimeoutSeconds: itemTimeoutSeconds() }),
  );
  const consumer = once(() => ({
    ...platform.consumer(question, broker.facts),
    ...definedOnly(broker.consumer(question)),
    retryDelay: retry().delay,
  }));
  return { platformName, platform, brokerName, broker, itemTimeoutSeconds, retry, consumer };
}

/** The broker with the facts that only the question knows, where it has no row of its own. */
function withFactsOf(broker: Broker, question: QueueQuestion): Broker {
  return broker.factsOf === undefined ? broker : { ...broker, facts: broker.factsOf(question) };
}

function definedOnly(consumer: Consumer): Consumer {
  return Object.fromEntries(Object.entries(consumer).filter(([, value]) => value !== undefined));
}
