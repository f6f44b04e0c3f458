import { ApiObject, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { sound } from '../../flow/kinds';
import type { StreamPlan, StreamQuestion } from '../../flow/streams/workload';
import { solveWebhooks } from '../../flow/webhooks/plan';
import { receiverAlarmKnobs } from '../../flow/webhooks/receiver-alarms';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { networkPolicy } from '../network-policy';
import { httpRoute } from '../operators/gateway-api';
import { podMonitor } from '../operators/prometheus';
import { allow, clusterAuthority, kafkaUser, tlsBootstrap, userCertificate } from '../operators/strimzi';
import { namespaceOf } from '../promql';
import { disruptionBudget } from '../restricted-pod';
import { PartitionedStream } from '../streams/partitioned-stream';
import { type ReceiverSeries, receiverAlerts, receiverGraphs } from './receiver-alerts';
import { METRICS_PORT, RECEIVER_PORT, receiverAutoscaler, receiverDeployment } from './receiver-pod';
import {
  IDEMPOTENCY_VARIABLE,
  RECEIVER_SUFFIX,
  WEBHOOK_KINDS,
  type WebhookBufferProps,
  type WebhookGateway,
  type WebhookIngress,
  webhookInputChecks,
  webhookQuestionOf,
} from './webhook-buffer-props';
import { receiverSources } from './webhook-source';

const SERVICE_PORT = 80;
const MONITORING = 'monitoring';

/**
 * Accepts deliveries as fast as they arrive, and consumers work through them at their own pace.
 *
 * Cures a receiver that works while the sender waits: it sheds events at the peak and, when it crashes, loses those in work
 * (case 15). A receiver judges the signature, and answers 2xx only once every copy in sync of a Kafka topic has the delivery, at least all but one;
 * consumers, planned as those of a stream, commit the key of a delivery together with its effect.
 */
export class WebhookBuffer extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: StreamPlan;

  /** The topics, the consumers and their alerts. */
  public readonly stream: PartitionedStream;

  /** The Deployment that receives deliveries at `POST /<source>/<tenant>`. */
  public readonly receiver: kplus.Deployment;

  /** The container of the receiver. */
  public readonly container: kplus.Container;

  /** The Service of the receiver, on port 80. */
  public readonly service: kplus.Service;

  /** More receivers than planned, for what is above the plan. */
  public readonly autoscaler: ApiObject;

  /** Lets a node be drained one receiver at a time. */
  public readonly disruptionBudget: ApiObject;

  /** Who may connect to the receiver, and where it may connect: brokers and DNS. */
  public readonly networkPolicy: ApiObject;

  /** How Prometheus finds the receivers. */
  public readonly podMonitor: ApiObject;

  /**
   * The `KafkaUser` of the receiver: it may write to the topic of deliveries.
   *
   * @default - the user was there already
   */
  public readonly receiverUser?: ApiObject;

  /**
   * The way from the gateway.
   *
   * @default - no `gateway` was given
   */
  public readonly httpRoute?: ApiObject;

  /**
   * The way from the ingress controller.
   *
   * @default - no `ingress` was given
   */
  public readonly ingress?: ApiObject;

  /** The `PrometheusRule` of the receiver; those of the topic and its consumers are the stream's. */
  public readonly alerts: ApiObject;

  /** The dashboard of the receiver. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when the promise cannot be kept, with ways out that were each solved
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: WebhookBufferProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, WEBHOOK_KINDS);
    const solved = solveWebhooks(id, webhookQuestionOf(usable), [...checks, ...webhookInputChecks(usable)]);
    this.plan = solved.plan.withKnobs(receiverAlarmKnobs(solved.plan, usable.workload, usable.sources));
    this.stream = this.createStream(usable, solved.stream);
    this.receiverUser = this.createUser(usable);
    this.service = new kplus.Service(this, 'Service', {
      ports: [{ name: 'http', port: SERVICE_PORT, targetPort: RECEIVER_PORT }],
    });
    this.receiver = this.createReceiver(usable);
    [this.container] = this.receiver.containers;
    const { matchLabels } = this.receiver;
    this.service.select(this.receiver);
    this.autoscaler = receiverAutoscaler(this, this.receiver, this.plan);
    this.disruptionBudget = disruptionBudget(this, 'DisruptionBudget', matchLabels);
    this.networkPolicy = this.createPolicy(usable, matchLabels);
    this.podMonitor = podMonitor(this, 'PodMonitor', matchLabels, 'metrics', this.plan.value('scrapeSeconds'));
    this.httpRoute = usable.gateway === undefined ? undefined : this.createRoute(usable, usable.gateway);
    this.ingress = usable.ingress === undefined ? undefined : this.createIngress(usable, usable.ingress);
    const series = this.series(usable);
    this.alerts = alertRules(this, 'Alerts', this.node.path, receiverAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, receiverGraphs(this.plan, series));
  }

  /** The stream asks the question that this plan has put. */
  private createStream(props: WebhookBufferProps, question: StreamQuestion): PartitionedStream {
    const { consumer, existingTopic, outage } = props;
    const { workload, objective, partitions, currentPartitions, instances, minInstances, startSeconds } = question;
    return new PartitionedStream(this, 'Stream', {
      workload,
      objective,
      clusterName: props.clusterName,
      clusterNamespace: props.clusterNamespace,
      topicName: props.topicName,
      existingTopic,
      image: consumer.image,
      command: consumer.command,
      environment: {
        ...consumer.environment,
        [IDEMPOTENCY_VARIABLE]: kplus.EnvValue.fromValue(String(this.plan.value('idempotencySeconds'))),
      },
      resources: consumer.resources,
      probes: consumer.probes,
      consumerGroup: props.consumerGroup,
      existingUser: consumer.existingUser,
      bootstrapServers: props.bootstrapServers,
      brokerCidrs: props.brokerCidrs,
      certificateAuthority: props.certificateAuthority,
      partitions,
      currentPartitions,
      instances,
      minInstances,
      startSeconds,
      replicas: this.plan.value('replicas'),
      minInsyncReplicas: this.plan.value('minInsyncReplicas'),
      retention: Duration.seconds(this.plan.value('retentionSeconds')),
      outage,
      retainTopics: props.retainTopics,
    });
  }

  /** It may write deliveries; nothing else. */
  private createUser({ clusterName, consumerGroup, topicName, receiver }: WebhookBufferProps): ApiObject | undefined {
    if (receiver.existingUser !== undefined) return undefined;
    return kafkaUser(this, 'ReceiverUser', clusterName, consumerGroup + RECEIVER_SUFFIX, {
      authentication: { type: 'tls' },
      // A user without one may take what the quotas of the others leave.
      quotas: { producerByteRate: this.plan.value('producerByteRate') },
      authorization: { type: 'simple', acls: [allow('topic', topicName, ['Describe', 'Write'])] },
    });
  }

  private createReceiver(props: WebhookBufferProps): kplus.Deployment {
    const { clusterName, receiver, sources, order } = props;
    const user = userCertificate(receiver.existingUser ?? props.consumerGroup + RECEIVER_SUFFIX);
    const text = (knob: string) => String(this.plan.value(knob));
    return receiverDeployment(this, this.plan, {
      image: receiver.image,
      sources,
      environment: {
        RECEIVER: this.service.name,
        PORT: String(RECEIVER_PORT),
        METRICS_PORT: String(METRICS_PORT),
        TOPIC: props.topicName,
        WEBHOOK_SOURCES: JSON.stringify(receiverSources(sources)),
        MAX_BODY_BYTES: text('maxBodyBytes'),
        PUBLISH_TIMEOUT_SECONDS: text('publishTimeoutSeconds'),
        CONCURRENCY: text('receiverConcurrency'),
        BATCH_BYTES: text('batchBytes'),
        ...(order !== undefined && { ORDERED_BY: 'tenant' }),
        BOOTSTRAP_SERVERS: this.servers(props).join(','),
        KAFKA_TLS: 'true',
      },
      secrets: {
        KAFKA_CA: props.certificateAuthority ?? clusterAuthority(clusterName),
        KAFKA_CLIENT_CERTIFICATE: user.clientCertificate,
        KAFKA_CLIENT_KEY: user.clientKey,
      },
    });
  }

  private servers({ bootstrapServers, clusterName, clusterNamespace }: WebhookBufferProps): string[] {
    return bootstrapServers ?? [tlsBootstrap(clusterName, clusterNamespace ?? namespaceOf(this))];
  }

  private createPolicy(props: WebhookBufferProps, labels: Record<string, string>): ApiObject {
    const { gateway, callerNamespaces, monitoringNamespace = MONITORING, brokerCidrs: cidrs } = props;
    const callers = callerNamespaces ?? [gateway?.namespace, undefined];
    const ports = this.servers(props).map((server) => Number(server.split(':')[1]));
    return networkPolicy(
      this,
      'NetworkPolicy',
      labels,
      [{ ports: [...new Set(ports)], namespace: props.clusterNamespace, cidrs }],
      [
        ...[...new Set(callers)].map((namespace) => ({ ports: [RECEIVER_PORT], namespace })),
        { ports: [METRICS_PORT], namespace: monitoringNamespace },
      ],
      props.dns,
    );
  }

  private createRoute({ sources }: WebhookBufferProps, { hostnames, ...gateway }: WebhookGateway): ApiObject {
    return httpRoute(this, 'HttpRoute', {
      gateway,
      hostnames,
      prefixes: sources.map(({ name }) => `/${name}`),
      service: { name: this.service.name, port: SERVICE_PORT },
    });
  }

  /** With TLS only, and with the limit on bodies that the receiver has: a proxy buffers what it lets through. */
  private createIngress(
    { sources }: WebhookBufferProps,
    { className, host, tlsSecretName }: WebhookIngress,
  ): ApiObject {
    const backend = { service: { name: this.service.name, port: { number: SERVICE_PORT } } };
    // Not the probe of readiness, which is for the kubelet.
    const paths = sources.map(({ name }) => ({ path: `/${name}`, pathType: 'Prefix', backend }));
    return new ApiObject(this, 'Ingress', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': String(this.plan.value('maxBodyBytes')) },
      },
      spec: {
        ingressClassName: className,
        tls: [{ hosts: [host], secretName: tlsSecretName }],
        rules: [{ host, http: { paths } }],
      },
    });
  }

  private series({ sources, clusterName, clusterNamespace, topicName }: WebhookBufferProps): ReceiverSeries {
    const namespace = namespaceOf(this);
    return {
      namespace,
      receiver: this.service.name,
      sources: sources.map(({ name }) => name),
      topic: { namespace: clusterNamespace ?? namespace, cluster: clusterName, topic: topicName },
    };
  }
}
