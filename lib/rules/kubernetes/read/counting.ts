/** What a trigger counts: items that wait, or those in work too. */
import type { Value } from '../../document';
import { own } from '../../own';

/** Whether a trigger certainly counts only items that no consumer has taken. */
export function countsOnlyWaiting(trigger: Value): boolean {
  const metadata = trigger.at('metadata');
  switch (trigger.at('type').text()) {
    case 'rabbitmq': {
      const protocol = protocolOf(metadata);
      return protocol === 'http' ? metadata.at('excludeUnacknowledged').flag(false) === true : protocol === 'amqp';
    }
    case 'aws-sqs-queue':
      return metadata.at('scaleOnInFlight').flag(true) === false;
    case 'azure-queue':
      return metadata.at('queueLengthStrategy').text('all') === 'visibleonly';
    case 'redis':
    case 'redis-cluster':
    case 'redis-sentinel':
      return metadata.at('listName').present;
    default:
      return false;
  }
}

/** Whether a trigger certainly counts an item until its consumer has acknowledged it. */
export function countsInWork(trigger: Value): boolean {
  const metadata = trigger.at('metadata');
  switch (trigger.at('type').text()) {
    case 'rabbitmq':
      return (
        protocolOf(metadata) === 'http' &&
        metadata.at('mode').text('QueueLength') === 'QueueLength' &&
        metadata.at('excludeUnacknowledged').flag(false) === false
      );
    case 'aws-sqs-queue':
      return metadata.at('scaleOnInFlight').flag(true) === true;
    case 'gcp-pubsub':
      return ['SubscriptionSize', 'NumUndeliveredMessages'].includes(
        metadata.at('mode').text('SubscriptionSize') ?? '',
      );
    default:
      return false;
  }
}

/** The protocol of a RabbitMQ trigger; `auto` is that of the address, undefined when that is in a Secret. */
function protocolOf(metadata: Value): 'http' | 'amqp' | undefined {
  const protocol = metadata.at('protocol').text('auto');
  if (protocol === 'http' || protocol === 'amqp') return protocol;
  const scheme = protocol === 'auto' ? /^(http|amqp)s?:/.exec(metadata.at('host').text() ?? '')?.[1] : undefined;
  return scheme as 'http' | 'amqp' | undefined;
}

/** The fields in which a trigger gives its target, and the value above which it is active at all. */
export interface Thresholds {
  readonly target: Value;
  /** The target; undefined when not decided, or when KEDA has no default. */
  readonly targetNumber: number | undefined;
  readonly activation: Value;
}

/** Names of the two fields by type of trigger, and KEDA's default target. */
const FIELDS: Readonly<Record<string, readonly [target: string, activation: string, usual?: number]>> = {
  rabbitmq: ['value', 'activationValue'],
  'aws-sqs-queue': ['queueLength', 'activationQueueLength', 5],
  kafka: ['lagThreshold', 'activationLagThreshold', 10],
  'apache-kafka': ['lagThreshold', 'activationLagThreshold', 10],
  'azure-queue': ['queueLength', 'activationQueueLength', 5],
  'azure-servicebus': ['messageCount', 'activationMessageCount', 5],
  redis: ['listLength', 'activationListLength', 5],
  'redis-cluster': ['listLength', 'activationListLength', 5],
  'redis-sentinel': ['listLength', 'activationListLength', 5],
  'redis-streams': ['lagCount', 'activationLagCount'],
  'redis-cluster-streams': ['lagCount', 'activationLagCount'],
  'redis-sentinel-streams': ['lagCount', 'activationLagCount'],
  'gcp-pubsub': ['value', 'activationValue', 10],
  'nats-jetstream': ['lagThreshold', 'activationLagThreshold', 10],
  activemq: ['targetQueueSize', 'activationTargetQueueSize', 10],
  'artemis-queue': ['queueLength', 'activationQueueLength', 10],
  pulsar: ['msgBacklogThreshold', 'activationMsgBacklogThreshold', 10],
  prometheus: ['threshold', 'activationThreshold'],
  postgresql: ['targetQueryValue', 'activationTargetQueryValue'],
  mysql: ['queryValue', 'activationQueryValue'],
  mongodb: ['queryValue', 'activationQueryValue'],
};

/** The thresholds of a trigger; undefined for a type without them, or one that is not in the table. */
export function thresholdsOf(trigger: Value): Thresholds | undefined {
  const fields = own(FIELDS, trigger.at('type').text() ?? '');
  if (!fields) return undefined;
  const [target, activation] = [trigger.at('metadata', fields[0]), trigger.at('metadata', fields[1])];
  return { target, targetNumber: target.number(fields[2]), activation };
}
