/** The validation table of webhooks on Kafka. */
import { between, type Check, inRange, isKnown, shown, wholeNumber } from '../errors';
import { type Fields, objectChecks } from '../fields';
import { DEAD_HEADER_BYTES, MESSAGE_BYTES } from '../kafka';
import { objectiveChecks, workloadChecks } from '../queue/resolve';
import type { Objective, Workload } from '../queue/workload';
import { WEEK_SECONDS, YEAR_SECONDS } from '../ranges';
import { choiceChecks } from '../streams/checks';
import { KEPT_SECONDS } from './keys';
import { burstCheck } from './sources';
import type { ReceiverChoices, TenantOrder, WebhookQuestion } from './workload';

/** Bytes of a body at most, and where nothing else is said; its own headers are 2.5 KiB at most, and a dead letter has more. */
export const BODY_BYTES = { most: MESSAGE_BYTES - DEAD_HEADER_BYTES, usual: 2 ** 20 - DEAD_HEADER_BYTES } as const;
/** Two pods, so that one may go. */
export const RECEIVER_PODS = { least: 2, most: 1000 } as const;
const MOST_CONCURRENCY = 1000;
const MOST_REQUEST_SECONDS = 60;
/** One copy may be away while two confirm a write. */
const LEAST_REPLICAS = 3;
/** As long as the shortest patience that leaves a second for the broker, and as the receiver's own end allows. */
const SENDER = { least: 3, most: 10 } as const;
const MOST_SERVICE_SECONDS = 3600;
const MOST_TENANTS = 1e12;
const PROMISED_QUANTILE = 0.99;

const ORDER_FIELDS: Fields<TenantOrder> = { tenants: true, busiestRatio: true };
const RECEIVER_FIELDS: Fields<ReceiverChoices> = {
  seconds: true,
  cpuSeconds: true,
  concurrency: true,
  replicas: true,
  maxReplicas: true,
  maxBodyBytes: true,
  senderSeconds: true,
};

/** Checks what arrives, the promise, and what was chosen by hand. */
export function webhookChecks(question: WebhookQuestion): Check[] {
  const { workload, objective, receiver, order, idempotencySeconds, replicas, retentionSeconds } = question;
  const { partitions, currentPartitions, instances, minInstances, startSeconds, outageSeconds, existingTopic } =
    question;
  return [
    ...workloadChecks(workload),
    ...(isObject(workload) ? workloadLimits(workload, receiver) : []),
    ...objectiveChecks(objective),
    ...(isObject(objective) ? objectiveLimits(objective) : []),
    ...(receiver === undefined ? [] : objectChecks('receiver', receiver, RECEIVER_FIELDS, receiverChoiceChecks)),
    ...(order === undefined ? [] : objectChecks('order', order, ORDER_FIELDS, orderChecks)),
    ...choiceChecks({
      partitions,
      currentPartitions,
      instances,
      minInstances,
      startSeconds,
      outageSeconds,
      existingTopic,
    }),
    wholeNumber('replicas', replicas, LEAST_REPLICAS, 100),
    inRange('retentionSeconds', retentionSeconds, 1, 10 * YEAR_SECONDS),
    wholeNumber('idempotencySeconds', idempotencySeconds, KEPT_SECONDS.min, KEPT_SECONDS.max),
  ];
}

/** What a queue may be asked, and a topic of Kafka may not. */
function workloadLimits(workload: Workload, receiver: ReceiverChoices | undefined): Check[] {
  const { serviceSeconds, itemBytes, failureRatio } = workload;
  const largest = isKnown(receiver?.maxBodyBytes) ? receiver.maxBodyBytes : BODY_BYTES.usual;
  return [
    {
      refused: isKnown(serviceSeconds) && serviceSeconds > MOST_SERVICE_SECONDS && serviceSeconds <= YEAR_SECONDS,
      message: `serviceSeconds must be at most ${MOST_SERVICE_SECONDS} on Kafka, where a delivery holds up those behind it, got ${shown(serviceSeconds)}`,
    },
    {
      refused: isKnown(itemBytes) && itemBytes > largest,
      message: `itemBytes must be at most the largest body, ${largest}, got ${shown(itemBytes)}`,
    },
    {
      refused: isKnown(failureRatio) && failureRatio > 0,
      message: `failureRatio must be left out on Kafka: a delivery that fails is tried again where it is; give a serviceSeconds with its retries, got ${shown(failureRatio)}`,
    },
    burstCheck(workload),
  ];
}

function objectiveLimits({ latencySeconds, latencyQuantile, monthlyCost }: Objective): Check[] {
  return [
    {
      refused: isKnown(latencySeconds) && latencySeconds > WEEK_SECONDS && latencySeconds <= YEAR_SECONDS,
      message: `latencySeconds must be at most ${WEEK_SECONDS}, got ${shown(latencySeconds)}`,
    },
    {
      refused: isKnown(latencyQuantile) && latencyQuantile !== PROMISED_QUANTILE,
      message: `latencyQuantile must be ${PROMISED_QUANTILE} on Kafka, got ${shown(latencyQuantile)}`,
    },
    {
      refused: monthlyCost !== undefined,
      message: `monthlyCost must be left out: pods and brokers have no price here, got ${shown(monthlyCost)}`,
    },
  ];
}

function receiverChoiceChecks(choices: ReceiverChoices): Check[] {
  const { replicas, maxReplicas } = choices;
  return [
    between('receiver.seconds', choices.seconds, 0, MOST_REQUEST_SECONDS),
    between('receiver.cpuSeconds', choices.cpuSeconds, 0, MOST_REQUEST_SECONDS),
    wholeNumber('receiver.concurrency', choices.concurrency, 1, MOST_CONCURRENCY),
    wholeNumber('receiver.replicas', replicas, RECEIVER_PODS.least, RECEIVER_PODS.most),
    wholeNumber('receiver.maxReplicas', maxReplicas, RECEIVER_PODS.least, RECEIVER_PODS.most),
    {
      refused: isKnown(replicas) && isKnown(maxReplicas) && replicas > maxReplicas,
      message: `receiver.replicas must be at most receiver.maxReplicas (${shown(maxReplicas)}), got ${shown(replicas)}`,
    },
    wholeNumber('receiver.maxBodyBytes', choices.maxBodyBytes, 1, BODY_BYTES.most),
    wholeNumber('receiver.senderSeconds', choices.senderSeconds, SENDER.least, SENDER.most),
  ];
}

function orderChecks({ tenants, busiestRatio }: TenantOrder): Check[] {
  return [
    tenants === undefined
      ? { refused: true, message: 'order.tenants is missing' }
      : wholeNumber('order.tenants', tenants, 1, MOST_TENANTS),
    inRange('order.busiestRatio', busiestRatio, 0, 1),
    {
      refused:
        isKnown(busiestRatio) && isKnown(tenants) && tenants > 1 && busiestRatio > 0 && busiestRatio < 1 / tenants,
      message: `order.busiestRatio must be at least 1 ÷ tenants (${shown(tenants)}), got ${shown(busiestRatio)}`,
    },
  ];
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
