import type { ApiObject, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check, oneOf, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, NUMBER, needed, OBJECT, sound, struct, TEXT } from '../../flow/kinds';
import { quotaAlertKnobs } from '../../flow/quotas/alarms';
import { planQuotas } from '../../flow/quotas/plan';
import { producerProperties } from '../../flow/quotas/producer-settings';
import { resolveCapacity } from '../../flow/quotas/shares';
import type { KafkaCapacity, KafkaTenant, ProducerSettings, QuotasPlan } from '../../flow/quotas/workload';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { DURATION } from '../kinds';
import { dnsLabel, kafkaTopicName, objectName, textCheck } from '../names';
import { type AccessRule, allow, kafkaTopic, kafkaUser } from '../operators/strimzi';
import { namespaceOf } from '../promql';
import { quotaAlerts, quotaGraphs, type WatchedQuotas } from './kafka-quota-alerts';

/** A DNS label, because the tenant's name is that of its `KafkaUser`; a certificate allows at most 64 characters. */
const TENANT_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LONGEST_RETENTION_SECONDS = 10 * 365 * 86_400;

/**
 * How tenants authenticate. The quota binds the authenticated user, not the client id, which any client can choose.
 */
export enum KafkaUserAuthentication {
  /** User and password; Strimzi makes the password and keeps it in a Secret named after the tenant. */
  SCRAM_SHA_512 = 'scram-sha-512',
  /** A certificate that Strimzi makes, renews and keeps in a Secret named after the tenant. */
  TLS = 'tls',
}

/**
 * A topic of a tenant.
 */
export interface KafkaQuotaTopic {
  /**
   * Name of the topic. 1 to 249 letters, digits, dots, hyphens and underscores.
   */
  readonly topicName: string;

  /**
   * Name of the tenant that owns it. Its partitions count towards the tenant's quota.
   */
  readonly tenant: string;

  /**
   * Number of partitions. It can be raised later, which moves keys to other partitions. A whole number, 1 or more.
   */
  readonly partitions: number;

  /**
   * How long records are kept. 1 s to ten years.
   *
   * @default - the cluster's own setting
   */
  readonly retention?: Duration;
}

/**
 * What the quotas of a shared cluster under Strimzi are sized from.
 */
export interface KafkaQuotasProps {
  /**
   * Name of the `Kafka` object. Its user and topic operator must watch the namespace of the chart, and its
   * `spec.kafka.quotas`, if set, must be of type `kafka`: under type `strimzi` brokers ignore the quotas of users.
   */
  readonly clusterName: string;

  /**
   * Namespace of the `Kafka` object. The alerts select its brokers by it, because another namespace may have a cluster
   * of the same name.
   *
   * @default - the namespace of the chart
   */
  readonly clusterNamespace?: string;

  /**
   * The capacity of the cluster.
   */
  readonly capacity: KafkaCapacity;

  /**
   * The tenants. At least one. A tenant's name is that of its user: 1 to 63 lower-case letters, digits and hyphens.
   */
  readonly tenants: KafkaTenant[];

  /**
   * The tenants' topics. At least one for every tenant.
   */
  readonly topics: KafkaQuotaTopic[];

  /**
   * How tenants authenticate. Their listener must require the same.
   *
   * @default KafkaUserAuthentication.SCRAM_SHA_512
   */
  readonly authentication?: KafkaUserAuthentication;

  /**
   * Whether Helm, Argo CD and Flux keep a `KafkaTopic` that is no longer in the chart. Strimzi deletes the topic with
   * its records when the object is deleted. `kubectl delete` still deletes it.
   *
   * @default true
   */
  readonly retainTopics?: boolean;
}

/**
 * A shared Kafka cluster on which every tenant has its share, enforced by the brokers.
 *
 * Cures one producer that starves the others (case 18). Quotas are dynamic and apply per broker: a line in the brokers'
 * configuration has no effect, and a rate meant for the whole cluster is several times too high. Each tenant is a
 * `KafkaUser` with its quotas per broker and with access only to its own topics and consumer groups. A ConfigMap has
 * the settings of its producers.
 */
export class KafkaQuotas extends Construct {
  /** Every quota with its reason, and what each tenant gets. */
  public readonly plan: QuotasPlan;

  /** The `KafkaUser`s, in the order of the tenants. */
  public readonly users: ApiObject[];

  /** The `KafkaTopic`s, in the order they were given. */
  public readonly topics: ApiObject[];

  /** The ConfigMaps `<tenant>-producer` with `producer.properties`, in the order of the tenants. */
  public readonly producers: kplus.ConfigMap[];

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when the tenants do not fit on the cluster; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: KafkaQuotasProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const { clusterName, capacity, tenants, topics, authentication = KafkaUserAuthentication.SCRAM_SHA_512 } = usable;
    const retained = usable.retainTopics ?? true;
    const planned = planQuotas(
      id,
      {
        capacity,
        tenants: tenants?.map((tenant) => ({
          ...tenant,
          partitions: tenant.partitions ?? partitionsOf(tenant.name, topics ?? []),
        })),
      },
      [...checks, ...inputChecks(usable)],
    );
    this.plan = planned.withKnobs(quotaAlertKnobs(planned, tenants));
    const replicas = resolveCapacity(capacity).replicationFactor;
    this.topics = topics.map(({ topicName, partitions, retention }) =>
      kafkaTopic(
        this,
        `Topic-${topicName}`,
        clusterName,
        objectName(topicName),
        {
          topicName,
          partitions,
          replicas,
          config: {
            // With acks=all, a write needs all replicas but one, so it succeeds while one is down.
            'min.insync.replicas': Math.max(1, replicas - 1),
            ...(retention ? { 'retention.ms': retention.toMilliseconds() } : {}),
          },
        },
        retained,
      ),
    );
    this.users = this.plan.tenants.map(({ name, producerByteRate, consumerByteRate, requestPercentage }) =>
      kafkaUser(this, `User-${name}`, clusterName, name, {
        authentication: { type: authentication },
        authorization: { type: 'simple', acls: accessOf(name, topics) },
        quotas: {
          producerByteRate,
          consumerByteRate,
          ...(requestPercentage === undefined ? {} : { requestPercentage }),
        },
      }),
    );
    this.producers = this.plan.tenants.map(
      ({ name }) =>
        new kplus.ConfigMap(this, `Producer-${name}`, {
          metadata: { name: `${name}-producer` },
          data: { 'producer.properties': propertiesText(this.producerProperties(name)) },
        }),
    );
    const watched: WatchedQuotas = {
      plan: this.plan,
      cluster: clusterName,
      namespace: usable.clusterNamespace ?? namespaceOf(this),
      users: tenants.map(({ name }) => metricUser(name, authentication)),
    };
    this.alerts = alertRules(this, 'Alerts', this.node.path, quotaAlerts(watched));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, quotaGraphs(watched));
  }

  /**
   * Settings for that tenant's producers.
   *
   * @throws InvalidInputError when there is no such tenant; the message lists the tenants
   */
  public producerSettings(tenant: string): ProducerSettings {
    return this.plan.tenant(tenant).producer;
  }

  /**
   * The same under the names of the Java client, for a properties file or environment variables.
   *
   * @throws InvalidInputError when there is no such tenant; the message lists the tenants
   */
  public producerProperties(tenant: string): { [name: string]: string } {
    return producerProperties(this.producerSettings(tenant));
  }
}

/** Only its own topics and the consumer groups that begin with its name and a hyphen, without creating or altering. */
function accessOf(tenant: string, topics: readonly KafkaQuotaTopic[]): AccessRule[] {
  const own = topics.filter((topic) => topic.tenant === tenant);
  return [
    ...own.map(({ topicName }) => allow('topic', topicName, ['Describe', 'Read', 'Write'])),
    allow('group', `${tenant}-`, ['Describe', 'Read'], 'prefix'),
  ];
}

/** A certificate's user is its common name; in metrics Kafka URL-encodes characters other than letters and digits. */
function metricUser(tenant: string, authentication: KafkaUserAuthentication): string {
  return authentication === KafkaUserAuthentication.TLS ? `CN%3D${tenant}` : tenant;
}

function propertiesText(properties: { readonly [name: string]: string }): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function partitionsOf(tenant: string, topics: readonly KafkaQuotaTopic[]): number {
  return topics.filter((topic) => topic.tenant === tenant).reduce((sum, { partitions }) => sum + partitions, 0);
}

const KINDS: Kinds<KafkaQuotasProps> = {
  clusterName: needed(TEXT),
  clusterNamespace: TEXT,
  capacity: CHECKED,
  tenants: needed(listOf(OBJECT)),
  topics: needed(
    listOf(
      struct<KafkaQuotaTopic>({
        topicName: needed(TEXT),
        tenant: needed(TEXT),
        partitions: needed(NUMBER),
        retention: DURATION,
      }),
    ),
  ),
  authentication: CHECKED,
  retainTopics: FLAG,
};

function inputChecks(props: KafkaQuotasProps): Check[] {
  const { clusterName, tenants = [], topics = [], authentication } = props;
  const names = tenants.map(({ name }) => name);
  const topicNames = topics.map(({ topicName }) => topicName);
  return [
    dnsLabel('clusterName', clusterName),
    dnsLabel('clusterNamespace', props.clusterNamespace),
    oneOf('authentication', authentication, Object.values(KafkaUserAuthentication)),
    ...names.map((name) =>
      textCheck(
        'tenants.name',
        name,
        (text) => TENANT_NAME.test(text),
        '1 to 63 lower-case letters, digits and hyphens, because it is the name of a KafkaUser',
      ),
    ),
    // A name that is a prefix of another tenant's would give access to its consumer groups.
    ...names.flatMap((name) =>
      names
        .filter((other) => other !== name && other.startsWith(`${name}-`))
        .map((other) => ({
          refused: true,
          message: `tenants.name ${name} and a hyphen begin ${other}: its consumer groups would be open to ${name}`,
        })),
    ),
    {
      // In metric names a dot becomes an underscore, so Kafka refuses the second of two such topics.
      refused: new Set(topicNames.map((name) => name.replaceAll('.', '_'))).size < topicNames.length,
      message: `topics must have names that differ in more than dots and underscores, got ${topicNames.join(', ')}`,
    },
    ...topics.flatMap(({ topicName, tenant, partitions, retention }) => [
      kafkaTopicName('topics.topicName', topicName),
      {
        refused: !names.includes(tenant),
        message: `topics.tenant of ${topicName} must be one of ${names.join(', ')}, got '${tenant}'`,
      },
      wholeNumber(`topics.partitions of ${topicName}`, partitions, 1, 1_000_000),
      wholeNumber(
        `topics.retention of ${topicName} in seconds`,
        retention?.toSeconds({ integral: false }),
        1,
        LONGEST_RETENTION_SECONDS,
      ),
    ]),
    ...tenants.flatMap(({ name, partitions }) => {
      const written = partitionsOf(name, topics);
      return [
        { refused: written === 0, message: `topics must have at least one of ${name}: it may write to nothing else` },
        {
          refused: partitions !== undefined && partitions < written,
          message: `tenants.partitions of ${name} must be at least those of its topics, ${written}, got ${partitions}`,
        },
      ];
    }),
  ];
}
