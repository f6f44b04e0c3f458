import type { ApiObject, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check, shown, validate, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { streamAlertKnobs } from '../../flow/streams/alarms';
import { solveStream } from '../../flow/streams/plan';
import { DEAD_SUFFIX, STREAM_VARIABLES } from '../../flow/streams/run-time';
import { workerQuestion } from '../../flow/streams/sizing';
import type { StreamObjective, StreamPlan, StreamQuestion, StreamWorkload } from '../../flow/streams/workload';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { DURATION, SECRET_KEY } from '../kinds';
import { brokerChecks, dnsLabel, foreignName, kafkaTopicName, objectName, secretChecks, textCheck } from '../names';
import { allow, clusterAuthority, kafkaTopic, kafkaUser, tlsBootstrap, userCertificate } from '../operators/strimzi';
import { namespaceOf } from '../promql';
import { QueueTrigger } from '../queue/queue-trigger';
import { QueueWorker } from '../queue/queue-worker';
import type { WorkerProbes } from '../queue/worker-probes';
import type { SecretKey } from '../secret-key';
import { type StreamSeries, streamAlerts, streamGraphs } from './stream-alerts';

/** A certificate allows 64 characters. */
const USER_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * What a partitioned stream on Kafka is sized from.
 */
export interface PartitionedStreamProps {
  /**
   * What arrives, and what a record costs.
   */
  readonly workload: StreamWorkload;

  /**
   * How far consumers may be behind.
   */
  readonly objective: StreamObjective;

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
   * records that no attempt could handle.
   */
  readonly topicName: string;

  /**
   * Whether the topic is there already, such as one of a tenant of `KafkaQuotas`. Then `partitions` are those that it has,
   * and only the topic for records that could not be handled is made.
   *
   * @default false
   */
  readonly existingTopic?: boolean;

  /**
   * The image of the consumers. It reads batches of `BATCH_SIZE` records from `TOPIC` as `CONSUMER_GROUP`, commits a batch
   * after its effect, sets a record aside in `DEAD_TOPIC` after `RETRY_ATTEMPTS`, answers `GET /healthz` on `HEALTH_PORT`
   * unless `probes` says otherwise, and on SIGTERM finishes its batch and leaves the group: `streamWorker` of
   * `backpressure-constructs/stream-worker` does. Pin a digest or a version, never `latest`.
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
   * CPU and memory of one pod. It holds up to 10 MiB of records from each broker that leads its partitions, as bytes and as text: give
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
   * Name of the consumer group, and of its `KafkaUser`. Its offsets are kept under this name. 1 to 63 lower-case letters,
   * digits and hyphens.
   */
  readonly consumerGroup: string;

  /**
   * Name of a `KafkaUser` with TLS authentication that is there already, and of its Secret. It may read the topic as the
   * group, and write to the topic that ends in `.dead`.
   *
   * @default - one is made, with these permissions and no others
   */
  readonly existingUser?: string;

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
   * Partitions of the topic. Their number only grows, and keys move when it does. A whole number, 1 to 4000.
   *
   * @default - derived from bytes, consumers and `growthFactor`
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
   * Records of one batch at most. A whole number, 1 to 10,000.
   *
   * @default - the fewest that make the fixed cost of a batch small
   */
  readonly batchSize?: number;

  /**
   * Seconds from the order for a pod to its first record. 0 to 3600.
   *
   * @default 30
   */
  readonly startSeconds?: number;

  /**
   * Copies of every record. A whole number, 1 to 100.
   *
   * @default 3
   */
  readonly replicas?: number;

  /**
   * Copies that a write waits for, with `acks=all`. A whole number, 1 to `replicas`.
   *
   * @default - all copies but one
   */
  readonly minInsyncReplicas?: number;

  /**
   * Bytes of the largest batch of records that the topic takes, `max.message.bytes`; with `existingTopic`, what that topic takes.
   * The quota of the consumers lets such a batch through: of a larger one nothing is ever read. A whole number, 1,024 to
   * 104,792,064.
   *
   * @default 1,048,588, which is Kafka's
   */
  readonly maxMessageBytes?: number;

  /**
   * How long records are kept; with `existingTopic`, how long that topic keeps them. 1 s to ten years. Records are deleted by
   * whole segments, so that one is kept up to a tenth, at least an hour, longer.
   *
   * @default - twice an outage of `outage` and what makes up for it, at least a day
   */
  readonly retention?: Duration;

  /**
   * How long all consumers may be away with no record lost. 1 second to 7 days.
   *
   * @default Duration.hours(4)
   */
  readonly outage?: Duration;

  /**
   * Whether Helm, Argo CD and Flux keep the topics when they are no longer in the chart. Strimzi deletes a topic with its
   * records when its object is deleted.
   *
   * @default true
   */
  readonly retainTopics?: boolean;
}

/**
 * A topic of Kafka and its consumers, whose partitions, number, batch and lag threshold are derived together.
 *
 * Cures a single consumer on too few partitions (case 5): a partition feeds one member of a group at a time, so that three
 * consumers on four partitions are no better than two. Partitions are a multiple of the consumers, KEDA never asks for more
 * consumers than partitions, and as many run all day as the lag that is allowed needs until others have started.
 */
export class PartitionedStream extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: StreamPlan;

  /**
   * The `KafkaTopic`.
   *
   * @default - the topic was there already
   */
  public readonly topic?: ApiObject;

  /** The `KafkaTopic` of the records that no attempt could handle. */
  public readonly deadTopic: ApiObject;

  /**
   * The `KafkaUser` of the consumers.
   *
   * @default - the user was there already
   */
  public readonly user?: ApiObject;

  /** The consumers. */
  public readonly worker: QueueWorker;

  /** The `PrometheusRule` of the partitions; that of the lag is the worker's. */
  public readonly alerts: ApiObject;

  /** The dashboard of the partitions. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when the promise cannot be kept, with ways out that were each solved
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: PartitionedStreamProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const { clusterName, topicName, consumerGroup } = usable;
    const question = questionOf(usable);
    const { plan, sizing } = solveStream(id, question, [...checks, ...inputChecks(usable)]);
    this.plan = plan.withKnobs(streamAlertKnobs(plan));
    const deadName = topicName + DEAD_SUFFIX;
    this.topic = usable.existingTopic ? undefined : this.createTopic('Topic', topicName, usable);
    this.deadTopic = this.createTopic('DeadTopic', deadName, usable);
    this.user = usable.existingUser === undefined ? this.createUser(usable, deadName) : undefined;
    this.worker = this.createWorker(usable, workerQuestion(question, sizing.settings), deadName);
    const series: StreamSeries = {
      namespace: usable.clusterNamespace ?? namespaceOf(this),
      cluster: clusterName,
      topic: topicName,
      deadTopic: deadName,
      consumerGroup,
    };
    this.alerts = alertRules(this, 'Alerts', this.node.path, streamAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, streamGraphs(this.plan, series));
  }

  private createTopic(id: string, topicName: string, props: PartitionedStreamProps): ApiObject {
    const { clusterName, replicas = 3, retainTopics = true } = props;
    const dead = id === 'DeadTopic';
    return kafkaTopic(
      this,
      id,
      clusterName,
      objectName(topicName),
      {
        topicName,
        // What is set aside is rare, and has no order to keep.
        partitions: dead ? 1 : this.plan.value('partitions'),
        replicas,
        config: {
          'min.insync.replicas': props.minInsyncReplicas ?? Math.max(1, replicas - 1),
          // What is set aside waits for a person.
          'retention.ms': 1000 * this.plan.value(dead ? 'deadRetentionSeconds' : 'retentionSeconds'),
          'segment.ms': 1000 * this.plan.value(dead ? 'deadSegmentSeconds' : 'segmentSeconds'),
          'max.message.bytes': this.plan.value(dead ? 'deadMaxMessageBytes' : 'maxMessageBytes'),
        },
      },
      retainTopics,
    );
  }

  /** It may read the topic as its group, and set records aside; nothing else. */
  private createUser({ clusterName, topicName, consumerGroup }: PartitionedStreamProps, deadName: string): ApiObject {
    return kafkaUser(this, 'User', clusterName, consumerGroup, {
      authentication: { type: 'tls' },
      // A user without one may take what the quotas of the others leave.
      quotas: { consumerByteRate: this.plan.value('consumerByteRate') },
      authorization: {
        type: 'simple',
        acls: [
          allow('topic', topicName, ['Describe', 'Read']),
          allow('topic', deadName, ['Describe', 'Write']),
          allow('group', consumerGroup, ['Describe', 'Read']),
        ],
      },
    });
  }

  private createWorker(
    props: PartitionedStreamProps,
    question: ReturnType<typeof workerQuestion>,
    deadName: string,
  ): QueueWorker {
    const { clusterName, clusterNamespace, brokerCidrs, topicName, environment = {}, certificateAuthority } = props;
    const own: Record<string, string> = {
      [STREAM_VARIABLES.batchSize]: String(this.plan.value('batchSize')),
      [STREAM_VARIABLES.attempts]: String(this.plan.value('retryAttempts')),
      [STREAM_VARIABLES.deadTopic]: deadName,
      [STREAM_VARIABLES.timeoutSeconds]: String(this.plan.value('batchTimeoutSeconds')),
    };
    validate(
      this.node.id,
      Object.keys(environment).map((name) => ({
        refused: name in own,
        message: `environment must not have ${name}, which is set here from the plan`,
      })),
    );
    const secretName = props.existingUser ?? props.consumerGroup;
    const place = clusterNamespace ?? namespaceOf(this);
    const values = Object.entries(own).map(([name, value]) => [name, kplus.EnvValue.fromValue(value)] as const);
    return new QueueWorker(this, 'Worker', {
      workload: question.workload,
      objective: question.objective,
      consumer: question.consumer,
      trigger: QueueTrigger.kafka({
        bootstrapServers: props.bootstrapServers ?? [tlsBootstrap(clusterName, place)],
        ...(brokerCidrs === undefined
          ? clusterNamespace !== undefined && { namespace: clusterNamespace }
          : { cidrs: brokerCidrs }),
        topic: topicName,
        partitions: this.plan.value('partitions'),
        peakLag: question.peakLag,
        consumerGroup: props.consumerGroup,
        certificateAuthority: certificateAuthority ?? clusterAuthority(clusterName),
        ...userCertificate(secretName),
      }),
      image: props.image,
      command: props.command,
      environment: { ...environment, ...Object.fromEntries(values) },
      resources: props.resources,
      probes: props.probes,
    });
  }
}

const KINDS: Kinds<PartitionedStreamProps> = {
  workload: CHECKED,
  objective: CHECKED,
  clusterName: needed(TEXT),
  clusterNamespace: TEXT,
  topicName: needed(TEXT),
  existingTopic: FLAG,
  image: needed(TEXT),
  command: listOf(TEXT),
  environment: mapOf(having(['value', 'valueFrom'], "an EnvValue: EnvValue.fromValue('text')")),
  resources: OBJECT,
  probes: having(['_binding'], 'WorkerProbes: WorkerProbes.http(), .command() or .none()'),
  consumerGroup: needed(TEXT),
  existingUser: TEXT,
  bootstrapServers: listOf(TEXT),
  brokerCidrs: listOf(TEXT),
  certificateAuthority: SECRET_KEY,
  partitions: CHECKED,
  currentPartitions: CHECKED,
  instances: CHECKED,
  minInstances: CHECKED,
  batchSize: CHECKED,
  startSeconds: CHECKED,
  replicas: CHECKED,
  minInsyncReplicas: CHECKED,
  maxMessageBytes: CHECKED,
  retention: DURATION,
  outage: DURATION,
  retainTopics: FLAG,
};

function questionOf(props: PartitionedStreamProps): StreamQuestion {
  const { workload, objective, partitions, currentPartitions, instances, minInstances, batchSize, startSeconds } =
    props;
  const { outage, retention, existingTopic, maxMessageBytes } = props;
  return {
    workload,
    objective,
    platform: 'kafka-keda',
    ...(partitions !== undefined && { partitions }),
    ...(currentPartitions !== undefined && { currentPartitions }),
    ...(instances !== undefined && { instances }),
    ...(minInstances !== undefined && { minInstances }),
    ...(batchSize !== undefined && { batchSize }),
    ...(startSeconds !== undefined && { startSeconds }),
    ...(existingTopic !== undefined && { existingTopic }),
    ...(maxMessageBytes !== undefined && { maxMessageBytes }),
    ...(outage !== undefined && { outageSeconds: outage.toSeconds({ integral: false }) }),
    ...(retention !== undefined && { retentionSeconds: retention.toSeconds({ integral: false }) }),
  };
}

function inputChecks(props: PartitionedStreamProps): Check[] {
  const { topicName, consumerGroup, replicas, minInsyncReplicas, existingTopic, existingUser, bootstrapServers } =
    props;
  const userText = '1 to 63 lower-case letters, digits and hyphens, because it is the name of a KafkaUser';
  return [
    dnsLabel('clusterName', props.clusterName),
    dnsLabel('clusterNamespace', props.clusterNamespace),
    kafkaTopicName('topicName', topicName),
    {
      refused: topicName !== undefined && topicName.length > 249 - DEAD_SUFFIX.length,
      message: `topicName must have at most ${249 - DEAD_SUFFIX.length} characters, because ${DEAD_SUFFIX} is added, got ${topicName?.length}`,
    },
    existingUser === undefined
      ? textCheck('consumerGroup', consumerGroup, (text) => USER_NAME.test(text), userText)
      : foreignName('consumerGroup', consumerGroup),
    dnsLabel('existingUser', existingUser),
    ...brokerChecks(bootstrapServers, props.brokerCidrs, props.clusterNamespace),
    ...secretChecks('certificateAuthority', props.certificateAuthority),
    {
      refused: existingTopic === true && props.partitions === undefined,
      message: 'partitions must be given with existingTopic: as many as the topic has',
    },
    wholeNumber('replicas', replicas, 1, 100),
    wholeNumber('minInsyncReplicas', minInsyncReplicas, 1, 100),
    {
      refused: minInsyncReplicas !== undefined && minInsyncReplicas > (replicas ?? 3),
      message: `minInsyncReplicas must be at most replicas (${shown(replicas ?? 3)}), got ${shown(minInsyncReplicas)}`,
    },
  ];
}
