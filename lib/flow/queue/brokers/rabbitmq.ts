/** RabbitMQ quorum queues: how many messages a consumer holds, how often one is delivered, how long the queue may get. */

import { firstOneKnob } from '../../alarms';
import { itemsDuringOutage } from '../../arrivals';
import { inRange, isKnown, shown, wholeNumber } from '../../errors';
import { given, type Knob } from '../../plan';
import { alarmBacklog as alarmBacklogOf } from '../knobs';
import type { Attempted, Planned } from '../planned';
import type { Refusal } from '../refusal';
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';

/** Round trip within a data centre; "Some queuing theory" assumes 2 ms. */
const ROUND_TRIP_SECONDS = 0.002;
/** Seconds that all consumers may be down, unless told otherwise. */
export const OUTAGE_SECONDS = 3600;
/** A consumer that holds a message for longer loses its channel (RabbitMQ, Consumers, `consumer_timeout`). */
const ACKNOWLEDGE_WITHIN_SECONDS = 1800;
/** The alarm for a nearly full queue fires before publishers are refused. */
const NEARLY_FULL = 0.8;
/** Where a setting of an existing queue is from. */
const SET_ON_QUEUE = 'set on the queue';

/** A message prefetched beyond the slots waits for the one before it; in a job, for the whole job. */
function prefetch({ question, platform, sizing }: Planned): Knob {
  if (platform === 'keda-job') {
    return {
      name: 'prefetch',
      value: 1,
      unit: 'items',
      formula: 'one item a job: a second prefetched item would wait for the first',
      inputs: {},
      source: 'RabbitMQ, Consumer Prefetch; KEDA, Scaling Jobs',
    };
  }
  const slots = sizing.consumer.slotsPerInstance;
  const { roundTripSeconds = ROUND_TRIP_SECONDS } = question;
  const { serviceSeconds } = question.workload;
  return {
    name: 'prefetch',
    value: slots + Math.ceil((slots * roundTripSeconds) / serviceSeconds),
    unit: 'items',
    formula:
      'slots × (1 + round trip ÷ service), rounded up: enough that no slot waits for the network, and no message waits behind a busy pod',
    inputs: { slots, roundTripSeconds, serviceSeconds },
    source: 'RabbitMQ, "Some queuing theory: throughput, latency and bandwidth"',
  };
}

/** The depth at which the alarm on the backlog fires. */
function alarmDepth({ question, platform, sizing }: Pick<Attempted, 'question' | 'platform' | 'sizing'>): number {
  const predictions = sizing.forecast.predictions();
  return alarmBacklogOf({ question, platform, brokerFacts: BROKER_FACTS.rabbitmq, sizing, predictions }).value;
}

/** What the queue holds at most, as planned for a queue that does not exist yet. */
export function maxLengthOf(
  { question, platform, sizing }: Pick<Attempted, 'question' | 'platform' | 'sizing'>,
  alarmBacklog = alarmDepth({ question, platform, sizing }),
): number {
  const { maxLength, workload, consumerOutageSeconds = OUTAGE_SECONDS } = question;
  return (
    maxLength ?? Math.ceil(Math.max(itemsDuringOutage(workload, consumerOutageSeconds), alarmBacklog / NEARLY_FULL))
  );
}

/** What an existing queue is bounded at has to hold the backlog that is planned, or publishers are refused in it. */
function boundRefusal({ question, platform, sizing }: Attempted): Refusal | undefined {
  const { maxLength } = question;
  if (maxLength === undefined) return undefined;
  const backlog = alarmDepth({ question, platform, sizing });
  const needed = Math.ceil(backlog / NEARLY_FULL);
  if (maxLength >= needed) return undefined;
  return {
    reason: () =>
      `the queue holds ${maxLength} messages at most, and its alarm on the backlog is at ${backlog}, which is to be below 80 % of that: publishers would be refused in a peak that goes as planned`,
    waysOut: (asked) => [{ sentence: `a maxLength of ${needed}`, question: { ...asked, maxLength: needed } }],
  };
}

/** RabbitMQ. */
export const RABBITMQ: Broker = {
  facts: BROKER_FACTS.rabbitmq,
  choices: ['roundTripSeconds', 'consumerOutageSeconds', 'deliveryLimit', 'maxLength'],
  checks: ({ roundTripSeconds, consumerOutageSeconds, deliveryLimit, maxLength, consumer }) => [
    inRange('roundTripSeconds', roundTripSeconds, 1e-6, 60),
    wholeNumber('consumerOutage in seconds', consumerOutageSeconds, 1),
    wholeNumber('deliveryLimit', deliveryLimit, 0, 999),
    wholeNumber('maxLength', maxLength, 1),
    {
      refused: isKnown(deliveryLimit) && isKnown(consumer?.maxAttempts) && consumer.maxAttempts !== deliveryLimit + 1,
      message: `consumer.maxAttempts must be deliveryLimit + 1, ${shown((deliveryLimit ?? 0) + 1)}, or left out, got ${shown(consumer?.maxAttempts)}`,
    },
  ],
  consumer: ({ consumer, deliveryLimit }) => ({
    maxAttempts: deliveryLimit === undefined ? consumer?.maxAttempts : deliveryLimit + 1,
  }),
  refusal: boundRefusal,
  retry: () => ({
    delay: { baseSeconds: 0, capSeconds: 0, jitter: false },
    formula: 'RabbitMQ delivers a returned message again at once',
    inputs: {},
    source: 'RabbitMQ, Quorum Queues, Poison Message Handling: no delay between deliveries',
  }),
  knobs(planned) {
    const { question, sizing, itemTimeoutSeconds, alarmBacklog } = planned;
    const { maxAttempts, slotsPerInstance } = sizing.consumer;
    const outageSeconds = question.consumerOutageSeconds ?? OUTAGE_SECONDS;
    const inHand = prefetch(planned);
    const maxLength = maxLengthOf(planned, alarmBacklog);
    const knobs: Knob[] = [
      inHand,
      question.deliveryLimit !== undefined
        ? given('deliveryLimit', question.deliveryLimit, 'redeliveries', SET_ON_QUEUE)
        : {
            name: 'deliveryLimit',
            value: maxAttempts - 1,
            unit: 'redeliveries',
            formula: 'attempts − 1: the limit counts deliveries after the first',
            inputs: { maxAttempts },
            source: 'RabbitMQ, Quorum Queues, Poison Message Handling',
          },
      question.maxLength !== undefined
        ? given('maxLength', question.maxLength, 'items', SET_ON_QUEUE)
        : {
            name: 'maxLength',
            value: maxLength,
            unit: 'items',
            formula:
              'arrivals while all consumers are down, the peak first: peak × min(peak length, outage) + steady × the rest; at least alarmBacklog ÷ 80 %, so that the queue is not nearly full before its backlog alarm',
            inputs: { outageSeconds, alarmBacklog },
            source:
              'RabbitMQ, Queue Length Limit; with reject-publish the producer gets a nack, and the disk is bounded',
          },
      {
        name: 'alarmNearlyFull',
        value: Math.ceil(NEARLY_FULL * maxLength),
        unit: 'items',
        formula: '80 % of maxLength: beyond it publishers are refused',
        inputs: { maxLength },
        source: 'RabbitMQ, Queue Length Limit, overflow reject-publish',
      },
      firstOneKnob(
        'alarmDeadLetters',
        'letters',
        'a message that failed every attempt needs a person',
        'this library, docs/constructs/k8s-queue-worker.md',
      ),
    ];
    // A consumer holds `prefetch` messages for `slots` slots, so the last of them waits for those before it.
    const inHandSeconds = Math.ceil((itemTimeoutSeconds * inHand.value) / slotsPerInstance);
    // Only where it is needed: brokers before 3.12 refuse a policy with an unknown key.
    if (inHandSeconds <= ACKNOWLEDGE_WITHIN_SECONDS) return knobs;
    return [
      ...knobs,
      {
        name: 'consumerTimeoutSeconds',
        value: 2 * inHandSeconds,
        unit: 's',
        formula: '2 × item time-out × prefetch ÷ slots, where that is above the default of the broker',
        inputs: { itemTimeoutSeconds, prefetch: inHand.value, slotsPerInstance },
        source: 'RabbitMQ, Consumers, consumer_timeout: 1,800 s by default',
      },
    ];
  },
};
