import type { Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { CHECKED, type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import { DURATION, SECRET_KEY } from '../kinds';
import { dnsLabel, dnsSubdomain, foreignName, secretChecks, textCheck } from '../names';
import { secretAuthentication } from '../operators/keda';
import { binding, exchange, type Placement, queuePolicy, quorumQueue } from '../operators/rabbitmq';
import { matching, namespaceOf, startingWith } from '../promql';
import type { SecretKey } from '../secret-key';
import type { RabbitMqTopology } from './rabbitmq-topology';
import type { Trigger, TriggerBinding, TriggerContext } from './trigger';

const AMQP_PORTS = [5671, 5672];

/**
 * A RabbitMQ queue, declared through the messaging topology operator.
 */
export interface RabbitMqTriggerProps {
  /**
   * Name of the queue. 1 to 200 letters, digits, `-`, `_` and `.`; `<queueName>.dead` is its dead-letter queue.
   */
  readonly queueName: string;

  /**
   * Name of the `RabbitmqCluster` of the cluster operator.
   */
  readonly clusterName: string;

  /**
   * Namespace of the `RabbitmqCluster`.
   *
   * @default - the namespace of the chart
   */
  readonly clusterNamespace?: string;

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
  clusterName: needed(TEXT),
  clusterNamespace: TEXT,
  vhost: TEXT,
  connection: needed(SECRET_KEY),
  management: needed(SECRET_KEY),
  consumerOutage: DURATION,
  roundTripSeconds: CHECKED,
};

/** A quorum queue with its dead letters, its policy, and KEDA's trigger on it. */
export function rabbitMqTrigger(given: RabbitMqTriggerProps): Trigger {
  const { props, checks: kinds } = sound(given, KINDS, 'trigger');
  const { queueName, roundTripSeconds, consumerOutage } = props;
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
  ];
  const consumerOutageSeconds = consumerOutage?.toSeconds({ integral: false });
  return {
    checks,
    question: { broker: 'rabbitmq', consumerOutageSeconds, roundTripSeconds },
    bind: (context) => bind(context, props),
  };
}

function bind(context: TriggerContext, props: RabbitMqTriggerProps): TriggerBinding {
  const { scope, target, plan } = context;
  const { queueName, vhost = '/', clusterNamespace, connection, management } = props;
  const deadLetterQueue = `${queueName}.dead`;
  const value = (name: string) => plan.value(name);
  const consumerTimeout = plan.knobs.find(({ name }) => name === 'consumerTimeoutSeconds')?.value;
  const topology = declareTopology(scope, props, deadLetterQueue, {
    'delivery-limit': value('deliveryLimit'),
    'max-length': value('maxLength'),
    ...(consumerTimeout === undefined ? {} : { 'consumer-timeout': 1000 * consumerTimeout }),
  });
  const authentication = secretAuthentication(scope, 'Authentication', [
    { parameter: 'host', name: management.secretName, key: management.key },
  ]);
  const depth = depthOf(clusterNamespace ?? namespaceOf(scope), props.clusterName, vhost);
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
    egress: [{ ports: AMQP_PORTS, namespace: clusterNamespace }],
    alerts: [
      {
        name: 'DeadLetters',
        expr: `max(${depth(deadLetterQueue)}) > ${value('alarmDeadLetters')}`,
        forSeconds: 0,
        severity: 'warning',
        summary: `Messages of ${queueName} failed every attempt and wait in ${deadLetterQueue}.`,
        runbook:
          'Read one with rabbitmqadmin get (ack_requeue_true), repair the cause in worker or producer, then move them back with a shovel. They are kept until then.',
      },
      {
        name: 'QueueNearlyFull',
        expr: `max(${depth(queueName)}) > ${value('alarmNearlyFull')}`,
        forSeconds: value('alarmSampleSeconds'),
        severity: 'critical',
        summary: `${queueName} is at 80 % of its bound of ${value('maxLength')}; at the bound publishers are refused.`,
        runbook:
          'Check whether workers run and acknowledge. If they do, more arrives than planned: raise the workload numbers of the construct and deploy; meanwhile throttle the producers.',
      },
    ],
    deadLetters: `max(${depth(deadLetterQueue)})`,
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
  props: RabbitMqTriggerProps,
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
