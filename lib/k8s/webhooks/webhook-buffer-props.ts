import type { Duration } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import { type Check, inRange, shown, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, needed, OBJECT, struct, TEXT } from '../../flow/kinds';
import type { Objective, Workload } from '../../flow/queue/workload';
import { DEAD_SUFFIX } from '../../flow/streams/run-time';
import { sourceChecks, TOLERANCE_SECONDS } from '../../flow/webhooks/sources';
import type { TenantOrder, WebhookQuestion } from '../../flow/webhooks/workload';
import { DNS_SERVERS, type DnsServers, dnsChecks } from '../dns-servers';
import { DURATION, SECRET_KEY } from '../kinds';
import {
  brokerChecks,
  dnsLabel,
  dnsSubdomain,
  foreignName,
  host,
  imageReference,
  isPrintable,
  kafkaTopicName,
  secretChecks,
  textCheck,
} from '../names';
import { MOST_PREFIXES } from '../operators/gateway-api';
import type { WorkerProbes } from '../queue/worker-probes';
import type { SecretKey } from '../secret-key';
import { WEBHOOK_SOURCE_KINDS, type WebhookSource } from './webhook-source';

/** Ends the name of the receiver's `KafkaUser`. */
export const RECEIVER_SUFFIX = '-receiver';
/** A certificate allows 64 characters; the receiver's name has a suffix. */
const USER_NAME = /^[a-z0-9]([-a-z0-9]{0,52}[a-z0-9])?$/;
/** The variable that the plan sets for the consumers, beside those of the stream. */
export const IDEMPOTENCY_VARIABLE = 'IDEMPOTENCY_SECONDS';

/**
 * The pods that take deliveries.
 */
export interface WebhookReceiver {
  /**
   * The image of the receiver, made with `dist/runtime/webhook-receiver-kafka/Dockerfile`. Pin a digest or a version, never
   * `latest`.
   */
  readonly image: string;

  /**
   * Name of a `KafkaUser` with TLS authentication that is there already, and of its Secret. It may write to the topic.
   *
   * @default - one is made, `<consumerGroup>-receiver`, with this permission and no other
   */
  readonly existingUser?: string;

  /**
   * Seconds of a request, for the pods (Little's law). What waits for the brokers goes to them together, so that a delivery
   * waits for their answer to the batch before it and to its own: two round trips with `acks=all`. Above 0, below 60.
   *
   * @default 0.1
   */
  readonly seconds?: number;

  /**
   * Seconds of a processor that one delivery costs. Above 0, below 60.
   *
   * @default 0.002
   */
  readonly cpuSeconds?: number;

  /**
   * Requests at once in a pod; above that it answers 503. A whole number, 1 to 1000.
   *
   * @default 80
   */
  readonly concurrency?: number;

  /**
   * Pods that always run, still checked against twice the peak. A whole number, 2 to 1000.
   *
   * @default - as many as twice the peak needs
   */
  readonly replicas?: number;

  /**
   * Pods at most, for what is above the plan. A whole number, `replicas` to 1000.
   *
   * @default - twice `replicas`
   */
  readonly maxReplicas?: number;

  /**
   * Bytes of a delivery at most; 413 above it. A whole number, 1 to 1,040,396.
   *
   * @default 1,040,384
   */
  readonly maxBodyBytes?: number;

  /**
   * The least time-out of the senders in seconds. The receiver answers 503 two seconds earlier where the brokers have not
   * confirmed. A whole number, 3 to 10.
   *
   * @default 10
   */
  readonly senderSeconds?: number;
}

/**
 * The pods that work on deliveries.
 */
export interface WebhookConsumer {
  /**
   * The image: your business on `consumeWebhooks` of `backpressure-constructs/kafka-webhook`. Pin a digest or a version,
   * never `latest`.
   */
  readonly image: string;

  /**
   * Command of the container.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * Variables of the container, beside those that are set here. One of these is refused.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: kplus.EnvValue };

  /**
   * CPU and memory of one pod. It holds up to 10 MiB of deliveries from each broker that leads its partitions, as bytes and as text: give
   * more memory where they are of a megabyte.
   *
   * @default - 250 m to 1 CPU, 256 MiB
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * How Kubernetes finds out that a pod hangs.
   *
   * @default WorkerProbes.http()
   */
  readonly probes?: WorkerProbes;

  /**
   * Name of a `KafkaUser` with TLS authentication that is there already, and of its Secret. It may read the topic as the
   * group, and write to the topic that ends in `.dead`.
   *
   * @default - one is made, with these permissions and no others
   */
  readonly existingUser?: string;
}

/**
 * A `Gateway` of Gateway API through which senders come. It ends TLS.
 */
export interface WebhookGateway {
  /** Name of the `Gateway`. */
  readonly name: string;

  /**
   * Namespace of the `Gateway`, which lets routes of the chart's namespace in.
   *
   * @default - the namespace of the chart
   */
  readonly namespace?: string;

  /**
   * The listener of the `Gateway`: the one with TLS, or senders could come without.
   *
   * @default - every listener
   */
  readonly sectionName?: string;

  /**
   * Hosts that are routed.
   *
   * @default - those of the listener
   */
  readonly hostnames?: string[];
}

/**
 * An ingress controller through which senders come.
 */
export interface WebhookIngress {
  /** Name of the `IngressClass`. For ingress-nginx the largest body is set as an annotation. */
  readonly className: string;

  /** The host that senders call. */
  readonly host: string;

  /** Name of the Secret with certificate and key of the host. */
  readonly tlsSecretName: string;
}

/**
 * What a webhook buffer is sized from.
 */
export interface WebhookBufferProps {
  /** The senders. At least one; names must differ. */
  readonly sources: WebhookSource[];

  /**
   * Deliveries of all senders together. `serviceSeconds` is the consumer's, `itemBytes` the mean body, 1024 bytes by default.
   * `failureRatio` and `burstItems` are refused on Kafka.
   */
  readonly workload: Workload;

  /** The promise from receipt to effect, of 99 % of the deliveries. The sender's own wait ends once the brokers have it. */
  readonly objective: Objective;

  /**
   * Name of the `Kafka` object. Its topic and user operator must watch the namespace of the chart, its internal listener with
   * TLS must authenticate clients by certificate, and its authorization must be of type `simple`.
   */
  readonly clusterName: string;

  /**
   * Namespace of the `Kafka` object and of its exporter.
   *
   * @default - the namespace of the chart
   */
  readonly clusterNamespace?: string;

  /**
   * Name of the topic. 1 to 244 letters, digits, dots, hyphens and underscores; with `.dead` it is that of the topic for
   * deliveries that no attempt could handle.
   */
  readonly topicName: string;

  /**
   * Whether the topic is there already. Then `partitions` are those that it has, and only the topic for dead letters is made.
   * Its `min.insync.replicas` has to be 2 at least.
   *
   * @default false
   */
  readonly existingTopic?: boolean;

  /**
   * Name of the consumer group, and of its `KafkaUser`. 1 to 54 lower-case letters, digits and hyphens.
   */
  readonly consumerGroup: string;

  /** The pods that take deliveries. */
  readonly receiver: WebhookReceiver;

  /** The pods that work on deliveries. */
  readonly consumer: WebhookConsumer;

  /**
   * The gateway through which senders come: an `HTTPRoute` is made.
   *
   * @default - none; the Service is called by what you put before it
   */
  readonly gateway?: WebhookGateway;

  /**
   * The ingress controller through which senders come: an `Ingress` is made.
   *
   * @default - none
   */
  readonly ingress?: WebhookIngress;

  /**
   * Namespaces whose pods may connect to the receiver: that of the gateway's proxies, or of the ingress controller. Needed
   * with `ingress`.
   *
   * @default - that of the `gateway`, and the namespace of the chart
   */
  readonly callerNamespaces?: string[];

  /**
   * Namespace of Prometheus, from which metrics may be scraped.
   *
   * @default monitoring
   */
  readonly monitoringNamespace?: string;

  /**
   * The DNS servers of the cluster.
   *
   * @default - those of kube-system, on port 53
   */
  readonly dns?: DnsServers;

  /**
   * Hosts and ports of brokers.
   *
   * @default - Strimzi's service for the internal listener with TLS, `<cluster>-kafka-bootstrap.<namespace>:9093`
   */
  readonly bootstrapServers?: string[];

  /**
   * Address ranges of brokers outside the cluster, such as `10.20.0.0/16`, for the network policies. With `bootstrapServers`.
   *
   * @default - the brokers are in the cluster, in `clusterNamespace`
   */
  readonly brokerCidrs?: string[];

  /**
   * Certificate (PEM) of the authority that signed the brokers' certificates, in a Secret of the chart's namespace.
   *
   * @default - the key `ca.crt` of `<cluster>-cluster-ca-cert`; a copy of it where the cluster is in another namespace
   */
  readonly certificateAuthority?: SecretKey;

  /**
   * Whether deliveries of a tenant keep their order. They then come to one partition, whose consumer does one after the
   * other.
   *
   * @default - they are spread evenly, and nothing keeps their order
   */
  readonly order?: TenantOrder;

  /**
   * Partitions of the topic. Their number only grows. A whole number, 1 to 4000.
   *
   * @default - derived from bytes and consumers, with room for twice as many
   */
  readonly partitions?: number;

  /**
   * Partitions that the topic has today: it never has fewer. A whole number, 1 to 4000.
   *
   * @default - there is no topic yet
   */
  readonly currentPartitions?: number;

  /**
   * Consumers at the peak. A whole number, 1 to `partitions`.
   *
   * @default - the fewest that keep the promise
   */
  readonly instances?: number;

  /**
   * Consumers that always run. A whole number, 1 to `instances`.
   *
   * @default - the fewest from which KEDA adds the others in time
   */
  readonly minInstances?: number;

  /**
   * Seconds from the order for a consumer's pod to its first delivery. 0 to 3600.
   *
   * @default 30
   */
  readonly startSeconds?: number;

  /**
   * Copies of each delivery. All that are in sync confirm it before its sender is told, and at least all but one are. A whole
   * number, 3 to 100.
   *
   * @default 3
   */
  readonly replicas?: number;

  /**
   * How long deliveries are kept. At least the `outage` and what makes up for it, at most ten years. They are deleted by whole
   * segments, so that one is kept up to a tenth, at least an hour, longer; on a topic that is there up to the 7 days of Kafka.
   *
   * @default - a week, and at least twice the outage and what makes up for it
   */
  readonly retention?: Duration;

  /**
   * How long all consumers may be away with no delivery lost. 1 second to 7 days.
   *
   * @default Duration.hours(4)
   */
  readonly outage?: Duration;

  /**
   * How long the key of a delivery is kept: until then a repeated one has no second effect. At least the greatest age of a
   * delivery on the topic, which is the retention and a segment; up to a year.
   *
   * @default - 14 days, or that age
   */
  readonly idempotencyRetention?: Duration;

  /**
   * Whether Helm, Argo CD and Flux keep the topics when they are no longer in the chart. Strimzi deletes a topic with its
   * records when its object is deleted.
   *
   * @default true
   */
  readonly retainTopics?: boolean;
}

/** The kind of every prop. */
export const WEBHOOK_KINDS: Kinds<WebhookBufferProps> = {
  sources: needed(listOf(struct<WebhookSource>(WEBHOOK_SOURCE_KINDS))),
  workload: CHECKED,
  objective: CHECKED,
  clusterName: needed(TEXT),
  clusterNamespace: TEXT,
  topicName: needed(TEXT),
  existingTopic: FLAG,
  consumerGroup: needed(TEXT),
  receiver: needed(
    struct<WebhookReceiver>({
      image: needed(TEXT),
      existingUser: TEXT,
      seconds: CHECKED,
      cpuSeconds: CHECKED,
      concurrency: CHECKED,
      replicas: CHECKED,
      maxReplicas: CHECKED,
      maxBodyBytes: CHECKED,
      senderSeconds: CHECKED,
    } satisfies Kinds<WebhookReceiver>),
  ),
  consumer: needed(
    struct<WebhookConsumer>({
      image: needed(TEXT),
      command: listOf(TEXT),
      environment: mapOf(having(['value', 'valueFrom'], "an EnvValue: EnvValue.fromValue('text')")),
      resources: OBJECT,
      probes: having(['_binding'], 'WorkerProbes: WorkerProbes.http(), .command() or .none()'),
      existingUser: TEXT,
    } satisfies Kinds<WebhookConsumer>),
  ),
  gateway: struct<WebhookGateway>({
    name: needed(TEXT),
    namespace: TEXT,
    sectionName: TEXT,
    hostnames: listOf(TEXT),
  } satisfies Kinds<WebhookGateway>),
  ingress: struct<WebhookIngress>({
    className: needed(TEXT),
    host: needed(TEXT),
    tlsSecretName: needed(TEXT),
  } satisfies Kinds<WebhookIngress>),
  callerNamespaces: listOf(TEXT),
  monitoringNamespace: TEXT,
  dns: DNS_SERVERS,
  bootstrapServers: listOf(TEXT),
  brokerCidrs: listOf(TEXT),
  certificateAuthority: SECRET_KEY,
  order: CHECKED,
  partitions: CHECKED,
  currentPartitions: CHECKED,
  instances: CHECKED,
  minInstances: CHECKED,
  startSeconds: CHECKED,
  replicas: CHECKED,
  retention: DURATION,
  outage: DURATION,
  idempotencyRetention: DURATION,
  retainTopics: FLAG,
};

/** The question of the plan. */
export function webhookQuestionOf(props: WebhookBufferProps): WebhookQuestion {
  const { workload, objective, order, partitions, currentPartitions, instances, minInstances, startSeconds } = props;
  const { image: _image, existingUser: _user, ...receiver } = props.receiver ?? {};
  const seconds = (duration: Duration | undefined) => duration?.toSeconds({ integral: false });
  return {
    workload,
    objective,
    receiver,
    order,
    partitions,
    currentPartitions,
    instances,
    minInstances,
    startSeconds,
    existingTopic: props.existingTopic,
    replicas: props.replicas,
    outageSeconds: seconds(props.outage),
    retentionSeconds: seconds(props.retention),
    idempotencySeconds: seconds(props.idempotencyRetention),
  };
}

/** The checks of what is not in the question. */
export function webhookInputChecks(props: WebhookBufferProps): Check[] {
  const { sources = [], topicName, consumerGroup, existingTopic, receiver, consumer, gateway, ingress } = props;
  const userText = `1 to 54 lower-case letters, digits and hyphens, because with ${RECEIVER_SUFFIX} it is the name of a KafkaUser`;
  return [
    ...sourceChecks(sources, props.workload),
    ...sources.flatMap(({ name, hmac, secret, tolerance }) => [
      {
        refused: typeof name === 'string' && /^-|-$/.test(name),
        message: `sources.name must begin and end with a letter or a digit, because the volume of its secret is named after it, got ${shown(name)}`,
      },
      // They are in a variable, in which Kubernetes replaces names of others.
      ...(['prefix', 'signed'] as const).map((part) =>
        textCheck(`sources.hmac of ${String(name)}.${part}`, hmac?.[part], isPrintable, "printable, without '$('"),
      ),
      ...secretChecks(`sources.secret of ${String(name)}`, secret),
      wholeNumber(
        `sources.tolerance of ${String(name)} in seconds`,
        tolerance?.toSeconds({ integral: false }),
        TOLERANCE_SECONDS.min,
        TOLERANCE_SECONDS.max,
      ),
    ]),
    dnsLabel('clusterName', props.clusterName),
    dnsLabel('clusterNamespace', props.clusterNamespace),
    kafkaTopicName('topicName', topicName),
    {
      refused: topicName !== undefined && topicName.length > 249 - DEAD_SUFFIX.length,
      message: `topicName must have at most ${249 - DEAD_SUFFIX.length} characters, because ${DEAD_SUFFIX} is added, got ${topicName?.length}`,
    },
    consumer?.existingUser === undefined || receiver?.existingUser === undefined
      ? textCheck('consumerGroup', consumerGroup, (text) => USER_NAME.test(text), userText)
      : foreignName('consumerGroup', consumerGroup),
    {
      refused: existingTopic === true && props.partitions === undefined,
      message: 'partitions must be given with existingTopic: as many as the topic has',
    },
    {
      refused: existingTopic === true && props.retention === undefined,
      message:
        'retention must be given with existingTopic: that of the topic, which keys of deliveries have to outlive',
    },
    imageReference('receiver.image', receiver?.image),
    dnsLabel('receiver.existingUser', receiver?.existingUser),
    imageReference('consumer.image', consumer?.image),
    dnsLabel('consumer.existingUser', consumer?.existingUser),
    {
      refused: IDEMPOTENCY_VARIABLE in (consumer?.environment ?? {}),
      message: `consumer.environment must not have ${IDEMPOTENCY_VARIABLE}; give idempotencyRetention`,
    },
    ...doorChecks(sources, gateway, ingress),
    {
      refused: ingress !== undefined && props.callerNamespaces === undefined,
      message:
        'callerNamespaces must be given with ingress: the namespace of its controller, or its connections are dropped',
    },
    {
      refused: props.callerNamespaces?.length === 0,
      message: 'callerNamespaces must have one namespace at least, got none',
    },
    ...(props.callerNamespaces ?? []).map((name) => dnsLabel('callerNamespaces', name)),
    dnsLabel('monitoringNamespace', props.monitoringNamespace),
    ...dnsChecks('dns', props.dns),
    ...brokerChecks(props.bootstrapServers, props.brokerCidrs, props.clusterNamespace),
    ...secretChecks('certificateAuthority', props.certificateAuthority),
    inRange('retention in seconds', props.retention?.toSeconds({ integral: false }), 1),
  ];
}

function doorChecks(
  sources: readonly WebhookSource[],
  gateway: WebhookGateway | undefined,
  ingress: WebhookIngress | undefined,
): Check[] {
  const hostnames = gateway?.hostnames ?? [];
  return [
    dnsSubdomain('gateway.name', gateway?.name),
    dnsLabel('gateway.namespace', gateway?.namespace),
    dnsSubdomain('gateway.sectionName', gateway?.sectionName),
    ...hostnames.map((name) => host('gateway.hostnames', name)),
    {
      refused: gateway?.hostnames?.length === 0,
      message: 'gateway.hostnames must have one host at least, got none; leave it out for all of the listener',
    },
    {
      refused: gateway !== undefined && sources.length > MOST_PREFIXES,
      message: `sources must be at most ${MOST_PREFIXES} with gateway, the prefixes of one HTTPRoute, got ${shown(sources.length)}`,
    },
    dnsSubdomain('ingress.className', ingress?.className),
    dnsSubdomain('ingress.host', ingress?.host),
    dnsSubdomain('ingress.tlsSecretName', ingress?.tlsSecretName),
  ];
}
