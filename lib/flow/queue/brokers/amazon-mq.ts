/** Amazon MQ for RabbitMQ: the knobs of RabbitMQ, and the limits of a broker that AWS runs. */
import { type Check, inRange, isKnown, shown, wholeNumber } from '../../errors';
import { figure } from '../../figures';
import { given, type Knob } from '../../plan';
import { amazonMqAlarmKnobs } from '../alarms';
import type { Attempted, Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Refusal } from '../refusal';
import { resolveWorkload } from '../resolve';
import { higherFrom, lower, promising } from '../ways-out';
import { AMAZON_MQ_LIMITS } from './amazon-mq-hosts';
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';
import { maxLengthOf, OUTAGE_SECONDS, RABBITMQ } from './rabbitmq';

const GUIDE = 'Amazon MQ developer guide';
const OWN = 'this library, docs/constructs/rabbit-mq-queue.md';
const MOST_STORAGE_BYTES = 1e15;

function checks(question: QueueQuestion): Check[] {
  const { brokerConnections, brokerStorageBytes, failoverSeconds, workload } = question;
  const itemBytes = workload?.itemBytes;
  return [
    ...RABBITMQ.checks(question),
    wholeNumber('brokerConnections', brokerConnections, 1),
    inRange('brokerStorageBytes', brokerStorageBytes, 1e9, MOST_STORAGE_BYTES),
    inRange('failoverSeconds', failoverSeconds, 0, 86_400),
    {
      refused: isKnown(itemBytes) && itemBytes > AMAZON_MQ_LIMITS.messageBytes,
      message: `itemBytes must be at most ${AMAZON_MQ_LIMITS.messageBytes}, the largest message of RabbitMQ 4 on Amazon MQ unless max_message_size is raised, got ${shown(itemBytes)}; put the body in S3 and its key in the message`,
    },
  ];
}

/** Bytes on the disk of each node when the queue is at its bound. */
function queueBytes(maxLength: number, question: QueueQuestion): number {
  return maxLength * (resolveWorkload(question.workload).itemBytes + AMAZON_MQ_LIMITS.overheadBytes);
}

/** Connections of the worker while a deployment runs its new tasks beside the old ones. */
function connectionsOf({ sizing }: Attempted): number {
  return 2 * sizing.consumer.maxInstances;
}

function connectionRefusal(attempted: Attempted): Refusal | undefined {
  const { brokerConnections } = attempted.question;
  const needed = connectionsOf(attempted);
  if (brokerConnections === undefined || needed <= brokerConnections) return undefined;
  return {
    reason: () =>
      `${attempted.sizing.consumer.maxInstances} instances have ${needed} connections while a deployment replaces them, the broker accepts ${figure(brokerConnections)}`,
    waysOut: (asked, fits) => {
      const slots = asked.consumer?.slotsPerInstance ?? 1;
      const more = (slotsPerInstance: number) => ({ ...asked, consumer: { ...asked.consumer, slotsPerInstance } });
      const enough = higherFrom(slots + 1, (count) => Number.isInteger(count) && fits(more(count)));
      return [
        { sentence: `a broker that accepts ${needed} connections`, question: { ...asked, brokerConnections: needed } },
        enough === undefined ? undefined : { sentence: `${enough} slots an instance`, question: more(enough) },
      ];
    },
  };
}

function storageRefusal(attempted: Attempted): Refusal | undefined {
  const { question } = attempted;
  const storage = question.brokerStorageBytes ?? AMAZON_MQ_LIMITS.storageBytes;
  const bytes = queueBytes(maxLengthOf(attempted), question);
  if (bytes <= storage * AMAZON_MQ_LIMITS.queueShare) return undefined;
  const enough = Math.ceil(bytes / AMAZON_MQ_LIMITS.queueShare / 1e9) * 1e9;
  return {
    reason: () =>
      `the queue at its bound is ${figure(bytes)} bytes on each node, and half of ${figure(storage)} bytes of storage is what it may take: at the disk limit the broker blocks every producer`,
    waysOut: (asked, fits) => {
      const shorter = (seconds: number) => ({ ...asked, consumerOutageSeconds: Math.floor(seconds) });
      const outage =
        asked.maxLength === undefined
          ? lower(asked.consumerOutageSeconds ?? OUTAGE_SECONDS, (seconds) => seconds >= 1 && fits(shorter(seconds)))
          : undefined;
      return [
        { sentence: `${enough / 1e9} GB of storage`, question: { ...asked, brokerStorageBytes: enough } },
        outage === undefined
          ? undefined
          : { sentence: `a consumerOutage of ${Math.floor(outage)} s`, question: shorter(outage) },
      ];
    },
  };
}

/** A broker of one instance is away for longer than anybody may wait. */
function failoverRefusal({ question }: Attempted): Refusal | undefined {
  const { failoverSeconds = 0, objective } = question;
  if (objective.latencySeconds >= failoverSeconds) return undefined;
  return {
    reason: () =>
      `a broker of one instance is away for about ${figure(failoverSeconds)} s when it is replaced or patched, ${figure(objective.latencySeconds)} s of latency is promised`,
    waysOut: (asked) => [
      { sentence: 'a cluster of three nodes', question: { ...asked, failoverSeconds: undefined } },
      { sentence: `${figure(failoverSeconds)} s of latency`, question: promising(asked, failoverSeconds) },
    ],
  };
}

/** The disk: what the queue may take of it, and what dead letters may. */
function storageKnobs({ question }: Planned, maxLength: Knob): Knob[] {
  const { brokerStorageBytes } = question;
  const { overheadBytes, deadLetterShare, storageBytes } = AMAZON_MQ_LIMITS;
  const { itemBytes } = resolveWorkload(question.workload);
  const storage =
    brokerStorageBytes === undefined
      ? {
          name: 'brokerStorageBytes',
          value: storageBytes,
          unit: 'bytes',
          formula: '20 GB unless told otherwise: the smallest storage of any instance type',
          inputs: {},
          source: `assumption; ${GUIDE}, Quotas, Data storage`,
        }
      : given('brokerStorageBytes', brokerStorageBytes, 'bytes');
  return [
    storage,
    {
      name: 'peakQueueBytes',
      value: queueBytes(maxLength.value, question),
      unit: 'bytes',
      formula:
        'maxLength × (item + 1 KiB): what the full queue takes of the disk of each node; at most half of the storage',
      inputs: { maxLength: maxLength.value, itemBytes, overheadBytes, brokerStorageBytes: storage.value },
      source: 'RabbitMQ, Quorum Queues, Storage: every member keeps every message; 1 KiB is an assumption',
    },
    {
      name: 'deadLetterMaxBytes',
      value: Math.floor(deadLetterShare * storage.value),
      unit: 'bytes',
      formula: 'a tenth of the storage: dead letters never reach the disk limit, at which producers are blocked',
      inputs: { brokerStorageBytes: storage.value },
      source: 'RabbitMQ, Queue Length Limit, max-length-bytes',
    },
  ];
}

/** Amazon MQ for RabbitMQ. */
export const AMAZON_MQ: Broker = {
  ...RABBITMQ,
  facts: BROKER_FACTS['amazon-mq'],
  choices: [...RABBITMQ.choices, 'brokerConnections', 'brokerStorageBytes', 'failoverSeconds'],
  checks,
  refusal: (attempted) =>
    failoverRefusal(attempted) ??
    RABBITMQ.refusal?.(attempted) ??
    connectionRefusal(attempted) ??
    storageRefusal(attempted),
  alarms: (plan, question) => amazonMqAlarmKnobs(plan, question.brokerConnections),
  knobs(planned) {
    const ofRabbitMq = RABBITMQ.knobs(planned);
    const maxLength = ofRabbitMq.find(({ name }) => name === 'maxLength')!;
    const { maxInstances } = planned.sizing.consumer;
    return [
      ...ofRabbitMq,
      ...storageKnobs(planned, maxLength),
      {
        name: 'policyPriority',
        value: AMAZON_MQ_LIMITS.policyPriority,
        unit: 'priority',
        formula:
          'above 1: a queue has one policy, the one of highest priority, and a cluster has default policies of 1',
        inputs: {},
        source: `${GUIDE}, Amazon MQ for RabbitMQ broker defaults`,
      },
      {
        name: 'connections',
        value: connectionsOf(planned),
        unit: 'connections',
        formula: '2 × maxInstances: a task has one, and a deployment starts as many again before it stops the old ones',
        inputs: { maxInstances },
        source: `${GUIDE}, Default resource limits; Amazon ECS developer guide, maximumPercent: 200 by default`,
      },
      {
        name: 'heartbeatSeconds',
        value: 30,
        unit: 's',
        formula: 'below the idle time-out of the load balancer before the broker, and noticed within a minute',
        inputs: {},
        source: 'RabbitMQ, Heartbeats: 5 to 20 s detect a lost peer soon, 60 s is the default of the server',
      },
    ].map((knob) => (knob.name === 'alarmDeadLetters' ? { ...knob, source: OWN } : knob));
  },
};
