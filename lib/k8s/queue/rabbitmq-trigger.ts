import type { Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import { type Check, wholeNumber } from '../../flow/errors';
import { CHECKED, type Kinds, listOf, NUMBER, needed, sound, struct, TEXT } from '../../flow/kinds';
import type { QueuePlan } from '../../flow/queue/workload';
import { DURATION, SECRET_KEY } from '../kinds';
import { cidrs, dnsLabel, dnsSubdomain, foreignName, secretChecks, textCheck } from '../names';
import { secretAuthentication } from '../operators/keda';
import { binding, exchange, type Placement, queuePolicy, quorumQueue } from '../operators/rabbitmq';
import { matching, namespaceOf, startingWith } from '../promql';
import type { SecretKey } from '../secret-key';
import type { RabbitMqTopology } from './rabbitmq-topology';
import type { Trigger, TriggerBinding, TriggerContext } from './trigger';

const AMQP_PORTS = [5671, 5672];

/**
 * What is known of a RabbitMQ queue that exists already.
 */
export interface ExistingRabbitMqQueue {
  /**
   * Name of the queue with its dead letters. It is watched if `clusterName` is given.
   *
   * @default - not known, and not watched
   */
  readonly deadLetterQueueName?: string;

  /**
   * Its delivery limit: deliveries after the first. 0 to 999.
   *
   * @default - not known; the plan assumes 4
   */
  readonly deliveryLimit?: number;

  /**
   * Its `max-length`. It has to hold the backlog that is planned. 1 or more.
   *
   * @default - not known, and not watched
   */
  readonly maxLength?: number;
}

/**
 * A RabbitMQ queue, declared through the messaging topology operator, or one that exists already, on any broker.
 */
export interface RabbitMqTriggerProps {
  /**
   * Name of the queue. 1 to 200 letters, digits, `-`, `_` and `.`; `<queueName>.dead` is its dead-letter queue.
   */
  readonly queueName: string;

  /**
   * Name of the `RabbitmqCluster` of the cluster operator.
   *
   * @default - none; needed unless `existing` is given
   */
  readonly clusterName?: string;

  /**
   * Namespace of the `RabbitmqCluster`, or of the broker's pods.
   *
   * @default - the namespace of the chart
   */
  readonly clusterNamespace?: string;

  /**
   * What is known of the queue, if it exists already. Nothing is declared then, so neither the topology operator nor the
   * cluster operator is needed; without `clusterName` nothing of the broker's own metrics is watched.
   *
   * @default - the queue is declared here
   */
  readonly existing?: ExistingRabbitMqQueue;

  /**
   * Addresses of a broker outside the cluster, such as those of Amazon MQ or CloudAMQP. Instead of `clusterNamespace`.
   *
   * @default - the broker is in the cluster
   */
  readonly cidrs?: string[];

  /**
   * Ports of AMQP, at least one. 1 to 65,535 each.
   *
   * @default - 5671 and 5672
   */
  readonly ports?: number[];

  /**
   * Virtual host. 1 to 255 printable characters.
   *
   * @default /
   */
  readonly vhost?: string;

  /**
   * AMQP URI for the worker, such as `amqps://user:password@orders.rabbit:5671/`, in a Secret.
   */
  readonly connection: SecretKey;

  /**
   * URI of the management API for KEDA, such as `https://user:password@orders.rabbit:15671/`, in a Secret. The user
   * needs only the tag `monitoring`.
   */
  readonly management: SecretKey;

  /**
   * The longest outage of all consumers before publishers are refused. Bounds the queue: it holds the messages that
   * arrive in that time, peak included.
   *
   * @default Duration.hours(1)
   */
  readonly consumerOutage?: Duration;

  /**
   * Seconds from an acknowledgement to the next message. Above 0.
   *
   * @default 0.002
   */
  readonly roundTripSeconds?: number;
}

const KINDS: Kinds<RabbitMqTriggerProps> = {
  queueName: needed(TEXT),
  clusterName: TEXT,
  clusterNamespace: TEXT,
  existing: struct<ExistingRabbitMqQueue>({
    deadLetterQueueName: TEXT,
    deliveryLimit: NUMBER,
    maxLength: NUMBER,
  } satisfies Kinds<ExistingRabbitMqQueue>),
  cidrs: listOf(TEXT),
  ports: listOf(NUMBER),
  vhost: TEXT,
  connection: needed(SECRET_KEY),
  management: needed(SECRET_KEY),
  consumerOutage: DURATION,
  roundTripSeconds: CHECKED,
};

/** A quorum queue with its dead letters, its policy, and KEDA's trigger on it. */
export function rabbitMqTrigger(given: RabbitMqTriggerProps): Trigger {
  const { props, checks: kinds } = sound(given, KINDS, 'trigger');
  const { queueName, roundTripSeconds, consumerOutage, existing } = props;
  const checks: Check[] = [
    ...kinds,
    textCheck(
      'queueName',
      queueName,
      (text) => /^[A-Za-z0-9._-]{1,200}$/.test(text),
      "1 to 200 letters, digits, '.', '_' and '-'",
    ),
    dnsSubdomain('clusterName', props.clusterName),
    dnsLabel('clusterNamespace', props.clusterNamespace),
    foreignName('vhost', props.vhost),
    ...secretChecks('connection', props.connection),
    ...secretChecks('management', props.management),
    { refused: props.clusterName === undefined && existing === undefined, message: 'trigger.clusterName is missing' },
    textCheck(
      'existing.deadLetterQueueName',
      existing?.deadLetterQueueName,
      (text) => /^[A-Za-z0-9._-]{1,255}$/.test(text),
      "1 to 255 letters, digits, '.', '_' and '-'",
    ),
    {
      refused: existing !== undefined && consumerOutage !== undefined,
      message: 'consumerOutage must not be given with existing: the queue has its bound, give existing.maxLength',
    },
    ...cidrs('cidrs', props.cidrs),
    {
      refused: props.clusterNamespace !== undefined && props.cidrs !== undefined,
      message: 'clusterNamespace and cidrs must not be given together: the broker is inside or outside the cluster',
    },
    { refused: props.ports?.length === 0, message: 'ports must be one at least, got none' },
    ...(props.ports ?? []).map((port) => wholeNumber('ports', port, 1, 65_535)),
  ];
  const consumerOutageSeconds = consumerOutage?.toSeconds({ integral: false });
  return {
    checks,
    question: {
      broker: 'rabbitmq',
      consumerOutageSeconds,
      roundTripSeconds,
      ...(existing?.deliveryLimit === undefined ? {} : { deliveryLimit: existing.deliveryLimit }),
      ...(existing?.maxLength === undefined ? {} : { maxLength: existing.maxLength }),
    },
    unknown: unknownKnobs(props),
    remarks: (plan) => existingRemarks(plan, props),
    bind: (context) => bind(context, props),
  };
}

/** Knobs that nothing sets or watches on a queue that exists already. */
function unknownKnobs({ existing, clusterName }: RabbitMqTriggerProps): string[] {
  if (existing === undefined) return [];
  const { deadLetterQueueName, deliveryLimit, maxLength } = existing;
  const watched = clusterName !== undefined;
  return [
    'consumerTimeoutSeconds',
    ...(deliveryLimit === undefined ? ['deliveryLimit'] : []),
    ...(maxLength === undefined ? ['maxLength'] : []),
    ...(watched && maxLength !== undefined ? [] : ['alarmNearlyFull']),
    ...(watched && deadLetterQueueName !== undefined ? [] : ['alarmDeadLetters']),
  ];
}

/** What the plan goes by, and what nobody watches, on a queue that exists already. */
function existingRemarks(plan: QueuePlan, { queueName, existing, clusterName }: RabbitMqTriggerProps): string[] {
  if (existing === undefined) return [];
  const value = (name: string) => plan.knobs.find((knob) => knob.name === name)?.value;
  const timeout = value('consumerTimeoutSeconds');
  const unwatched = [
    ...(clusterName === undefined || existing.deadLetterQueueName === undefined ? ['its dead letters'] : []),
    ...(clusterName === undefined || existing.maxLength === undefined ? ['its bound'] : []),
  ];
  return [
    ...(existing.deliveryLimit === undefined
      ? [`${queueName} exists already, and the plan assumes a delivery limit of ${value('deliveryLimit')}`]
      : []),
    ...(unwatched.length === 0 ? [] : [`${queueName}: no alert watches ${unwatched.join(' and ')}`]),
    ...(timeout === undefined
      ? []
      : [
          `${queueName} needs a consumer-timeout of ${timeout} s or more (${1000 * timeout} ms): items take longer than the default`,
        ]),
  ];
}

function bind(context: TriggerContext, props: RabbitMqTriggerProps): TriggerBinding {
  const { scope, target, plan } = context;
  const { queueName, vhost = '/', clusterName, clusterNamespace, connection, management, existing } = props;
  const deadLetterQueue = existing === undefined ? `${queueName}.dead` : (existing.deadLetterQueueName ?? '');
  const has = (name: string) => plan.knobs.some((knob) => knob.name === name);
  const value = (name: string) => plan.value(name);
  const consumerTimeout = plan.knobs.find(({ name }) => name === 'consumerTimeoutSeconds')?.value;
  const topology =
    existing === undefined
      ? declareTopology(scope, { ...props, clusterName: clusterName as string }, deadLetterQueue, {
          'delivery-limit': value('deliveryLimit'),
          'max-length': value('maxLength'),
          ...(consumerTimeout === undefined ? {} : { 'consumer-timeout': 1000 * consumerTimeout }),
        })
      : undefined;
  const authentication = secretAuthentication(scope, 'Authentication', [
    { parameter: 'host', name: management.secretName, key: management.key },
  ]);
  // Used only where the broker is a `RabbitmqCluster`: the plan has no number for the alert elsewhere.
  const depth = depthOf(clusterNamespace ?? namespaceOf(scope), clusterName ?? '', vhost);
  return {
    triggers: [
      {
        type: 'rabbitmq',
        metadata: {
          // AMQP counts only ready messages; the management API also counts unacknowledged ones, whose pods must stay.
          protocol: 'http',
          mode: 'QueueLength',
          value: String(target),
          activationValue: '0',
          queueName,
          vhostName: vhost,
        },
        authenticationRef: { name: authentication.name },
      },
    ],
    environment: { QUEUE_NAME: queueName, PREFETCH: String(value('prefetch')) },
    secrets: { RABBITMQ_URL: connection },
    egress: [{ ports: props.ports ?? AMQP_PORTS, namespace: clusterNamespace, cidrs: props.cidrs }],
    alerts: [
      ...(has('alarmDeadLetters')
        ? [
            {
              name: 'DeadLetters',
              expr: `max(${depth(deadLetterQueue)}) > ${value('alarmDeadLetters')}`,
              forSeconds: 0,
              severity: 'warning',
              summary: `Messages of ${queueName} failed every attempt and wait in ${deadLetterQueue}.`,
              runbook:
                'Read one with rabbitmqadmin get (ack_requeue_true), repair the cause in worker or producer, then move them back with a shovel. They are kept until then.',
            } as const,
          ]
        : []),
      ...(has('alarmNearlyFull')
        ? [
            {
              name: 'QueueNearlyFull',
              expr: `max(${depth(queueName)}) > ${value('alarmNearlyFull')}`,
              forSeconds: value('alarmSampleSeconds'),
              severity: 'critical',
              summary: `${queueName} is at 80 % of its bound of ${value('maxLength')}; at the bound publishers are refused.`,
              runbook:
                'Check whether workers run and acknowledge. If they do, more arrives than planned: raise the workload numbers of the construct and deploy; meanwhile throttle the producers.',
            } as const,
          ]
        : []),
    ],
    ...(has('alarmDeadLetters') ? { deadLetters: `max(${depth(deadLetterQueue)})` } : {}),
    authentication,
    topology,
  };
}

/**
 * Messages of a queue, as the brokers of one cluster count them. A broker's metrics do not name its cluster, so the
 * scrape's labels must: namespace and pod, which the cluster operator names `<cluster>-server-<ordinal>`.
 *
 * Source: RabbitMQ cluster operator, observability/prometheus/monitors/rabbitmq-servicemonitor.yml
 * (`/metrics/detailed`) and internal/resource/statefulset.go; Prometheus operator, ServiceMonitor.
 */
function depthOf(namespace: string | undefined, cluster: string, vhost: string): (queue: string) => string {
  const brokers = startingWith(cluster, '-server-[0-9]+');
  return (queue) => `rabbitmq_detailed_queue_messages${matching({ namespace, vhost, queue }, { pod: brokers })}`;
}

/** The dead-letter exchange comes first: a queue whose exchange is missing drops its dead letters. */
function declareTopology(
  scope: Construct,
  props: RabbitMqTriggerProps & { readonly clusterName: string },
  deadLetterQueue: string,
  limits: Readonly<Record<string, number>>,
): RabbitMqTopology {
  const { queueName, vhost = '/', clusterName, clusterNamespace } = props;
  const placement: Placement = {
    vhost,
    rabbitmqClusterReference: { name: clusterName, namespace: clusterNamespace },
  };
  const deadLetterExchange = `${queueName}.dead`;
  const exchangeObject = exchange(scope, 'DeadLetterExchange', deadLetterExchange, 'direct', placement);
  const deadLetters = quorumQueue(scope, 'DeadLetterQueue', deadLetterQueue, {}, placement);
  const deadLetterBinding = binding(
    scope,
    'DeadLetterBinding',
    deadLetterExchange,
    deadLetterQueue,
    queueName,
    placement,
  );
  const queue = quorumQueue(scope, 'Queue', queueName, {}, placement);
  // In a policy, not in arguments: a queue's arguments cannot be changed later.
  const definition = {
    ...limits,
    'dead-letter-exchange': deadLetterExchange,
    'dead-letter-routing-key': queueName,
    // At-least-once needs reject-publish; at-most-once would lose dead letters when the broker fails.
    'dead-letter-strategy': 'at-least-once',
    overflow: 'reject-publish',
  };
  const pattern = `^${queueName.replace(/[.]/g, '\\.')}$`;
  const policy = queuePolicy(scope, 'Policy', queueName, pattern, definition, placement);
  return { deadLetterExchange: exchangeObject, deadLetterQueue: deadLetters, deadLetterBinding, queue, policy };
}
