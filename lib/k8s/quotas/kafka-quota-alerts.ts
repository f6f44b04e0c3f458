/**
 * Alerts and graphs of quotas, on metrics with the names that JMX exporter gives them. Strimzi's own rules cover the
 * partitions; the brokers' metrics of each user need the rules of docs/constructs/k8s-kafka-quotas.md as well.
 *
 * Source: Apache Kafka documentation, Monitoring, Client quota metrics (`kafka.server:type={Produce|Fetch},user=…`,
 * `byte-rate`, `throttle-time`); Strimzi, examples/metrics/kafka-metrics.yaml; jmx_exporter, examples/kafka-2_0_0.yml,
 * "Quota specific rules".
 */
import type { QuotasPlan, TenantQuota } from '../../flow/quotas/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { anyOf, matching } from '../promql';

/** The watched quotas. */
export interface WatchedQuotas {
  readonly plan: QuotasPlan;
  /** Name of the `Kafka` object: Strimzi's monitors copy the pod's label `strimzi.io/cluster`. */
  readonly cluster: string;
  /** Namespace of the brokers: Strimzi's monitors copy it from the pod. */
  readonly namespace?: string;
  /** The user of each tenant in the brokers' metrics, in the order of the plan. */
  readonly users: readonly string[];
}

/** The alerts of quotas. */
export function quotaAlerts(watched: WatchedQuotas): Alert[] {
  const { cluster, plan, users } = watched;
  const value = (name: string) => plan.value(name);
  return [
    ...throttled(watched),
    {
      name: 'TenantAboveItsShare',
      expr: plan.tenants
        .flatMap(({ name }, i) => [
          `${rateOf(watched, 'Produce', users[i])} > ${value(`alarmProducerByteRate.${name}`)}`,
          `${rateOf(watched, 'Fetch', users[i])} > ${value(`alarmConsumerByteRate.${name}`)}`,
        ])
        .join(' or '),
      forSeconds: value('alarmWindowSeconds'),
      severity: 'critical',
      summary: 'A broker gives {{ $labels.user }} more than its quota: the quota is not enforced.',
      runbook:
        'kubectl get kafkauser: Ready says whether the user operator could set the quota; kafka-configs.sh --describe --entity-type users shows the quotas on the brokers. Then check spec.kafka.quotas of the Kafka object: with type strimzi the brokers ignore the quotas of users.',
    },
    {
      name: 'KafkaUnderReplicated',
      expr: `sum by (strimzi_io_cluster) (kafka_server_replicamanager_underreplicatedpartitions${matching(brokersOf(watched))}) > ${value('alarmUnderReplicated')}`,
      forSeconds: value('alarmWindowSeconds'),
      severity: 'critical',
      summary: 'Partitions of {{ $labels.strimzi_io_cluster }} are under-replicated.',
      runbook:
        'Check whether a broker is down (the plan allows for spareBrokers of them) or falls behind: if its network or disk is saturated although every tenant keeps to its share, brokerBytesPerSecond is too high. Measure it, change the number and deploy.',
    },
    {
      name: 'KafkaQuotasUnseen',
      expr: `absent(kafka_server_quota_byte_rate${matching(brokersOf(watched))})`,
      forSeconds: value('alarmUnseenSeconds'),
      severity: 'warning',
      summary: `No broker of ${cluster} reports what users write and read: the alerts about tenants have no data.`,
      runbook:
        'Either the cluster was idle for an hour, or the metrics configuration of the Kafka object lacks the rules for quotas (docs/constructs/k8s-kafka-quotas.md), or Prometheus does not scrape the brokers.',
    },
  ];
}

/** Throttled although the plan predicts none, or for longer than the peak for which it does. */
function throttled(watched: WatchedQuotas): Alert[] {
  const { plan, users } = watched;
  const least = plan.value('alarmThrottleMilliseconds');
  const held = (wanted: (tenant: TenantQuota) => boolean) =>
    plan.tenants
      .flatMap((tenant, i) => (wanted(tenant) ? [`${throttleOf(watched, users[i])} > ${least}`] : []))
      .join(' or ');
  const unforeseen = held(({ peakWaitSeconds }) => peakWaitSeconds === 0);
  const foreseen = held(({ peakWaitSeconds }) => peakWaitSeconds > 0);
  const runbook =
    'The other tenants are safe; this tenant’s records wait in its producers. Check on the dashboard whether it writes more than its workload says. If so, ask the tenant, or set the new rates and deploy. Its producers must use delivery.timeout.ms of their ConfigMap, or they drop records.';
  return [
    ...(unforeseen === ''
      ? []
      : [
          {
            name: 'TenantThrottled',
            expr: unforeseen,
            forSeconds: plan.value('alarmHoldSeconds'),
            severity: 'warning' as const,
            summary: '{{ $labels.user }} is throttled although its whole peak is within its share.',
            runbook,
          },
        ]),
    ...(foreseen === ''
      ? []
      : [
          {
            name: 'TenantThrottledBeyondItsPeak',
            expr: foreseen,
            forSeconds: plan.value('alarmThrottledHoldSeconds'),
            severity: 'warning' as const,
            summary: '{{ $labels.user }} is throttled for longer than its peak and the backlog of that peak take.',
            runbook,
          },
        ]),
  ];
}

/** The graphs of quotas. */
export function quotaGraphs(watched: WatchedQuotas): Graph[] {
  const { plan, users } = watched;
  const busiest = (kind: 'Produce' | 'Fetch', title: string, limit: (tenant: TenantQuota) => number): Graph => ({
    title,
    unit: 'Bps',
    lines: plan.tenants.flatMap((tenant, i) => [
      { legend: tenant.name, expr: rateOf(watched, kind, users[i]) },
      { legend: `${tenant.name} quota`, expr: `vector(${limit(tenant)})` },
    ]),
  });
  return [
    busiest('Produce', 'Written on the busiest broker', ({ producerByteRate }) => producerByteRate),
    busiest('Fetch', 'Read from the busiest broker', ({ consumerByteRate }) => consumerByteRate),
    {
      title: 'Held back',
      unit: 'ms',
      lines: plan.tenants.map(({ name }, i) => ({ legend: name, expr: throttleOf(watched, users[i]) })),
    },
    {
      title: 'Under-replicated partitions',
      unit: 'short',
      lines: [
        {
          legend: 'under-replicated',
          expr: `sum(kafka_server_replicamanager_underreplicatedpartitions${matching(brokersOf(watched))})`,
        },
      ],
    },
  ];
}

/** Bytes per second on the busiest broker: a quota applies per broker. */
function rateOf(watched: WatchedQuotas, resource: 'Produce' | 'Fetch', user: string): string {
  return `max by (user) (kafka_server_quota_byte_rate${matching({ ...brokersOf(watched), resource, user })})`;
}

/** Mean milliseconds for which requests are throttled, on the broker with the highest value. */
function throttleOf(watched: WatchedQuotas, user: string): string {
  const either = { resource: anyOf(['Produce', 'Fetch']) };
  return `max by (user) (kafka_server_quota_throttle_time${matching({ ...brokersOf(watched), user }, either)})`;
}

/** The labels that Strimzi's monitors give to each series of a cluster's brokers. */
function brokersOf({ namespace, cluster }: WatchedQuotas): Record<string, string | undefined> {
  return { namespace, strimzi_io_cluster: cluster };
}
