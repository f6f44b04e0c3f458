import { Duration } from 'cdk8s';
import fc from 'fast-check';
import { planQuotas } from '../../../lib/flow/quotas/plan';
import { KafkaQuotas, type KafkaQuotasProps, KafkaUserAuthentication } from '../../../lib/k8s/quotas/kafka-quotas';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';
import { mostly, optional, spread, validOrNamed } from '../../support/property';

/** Case 18: clicks may write ten times its mean, and must not drown billing. */
const streaming: KafkaQuotasProps = {
  clusterName: 'events',
  capacity: { brokers: 3, brokerBytesPerSecond: 60_000_000 },
  tenants: [
    { name: 'billing', steadyBytesPerSecond: 1_000_000, weight: 3 },
    { name: 'clicks', steadyBytesPerSecond: 6_000_000, peakBytesPerSecond: 60_000_000, peakSeconds: 900 },
  ],
  topics: [
    { topicName: 'billing.events', tenant: 'billing', partitions: 6, retention: Duration.days(7) },
    { topicName: 'billing_refunds', tenant: 'billing', partitions: 2 },
    { topicName: 'clicks.raw', tenant: 'clicks', partitions: 12 },
  ],
};

interface Made extends Written {
  readonly quotas: KafkaQuotas;
}

function make(props: Partial<KafkaQuotasProps> = {}): Made {
  const chart = emptyChart('streaming');
  const quotas = new KafkaQuotas(chart, 'Quotas', { ...streaming, ...props });
  return { quotas, ...written(chart) };
}

const made = make();
const tls = make({ authentication: KafkaUserAuthentication.TLS });
const user = (chart: Written, name: string): Manifest =>
  every(chart, 'KafkaUser').find(({ metadata }) => metadata.name === name);
const topic = (name: string): Manifest => every(made, 'KafkaTopic').find(({ spec }) => spec.topicName === name);
const properties = (chart: Written, tenant: string): Record<string, string> =>
  Object.fromEntries(
    every(chart, 'ConfigMap')
      .find(({ metadata }) => metadata.name === `${tenant}-producer`)
      .data['producer.properties'].trim()
      .split('\n')
      .map((line: string) => line.split('=')),
  );
const message = (props: Partial<KafkaQuotasProps>): string => {
  try {
    make(props);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
};

describe('the traps of case 18 are absent', () => {
  test('trap: a quota in the brokers’ configuration does nothing: the broker is never configured, the user is', () => {
    expect(made.manifests.map(({ kind }) => kind)).not.toContain('Kafka');
    expect(JSON.stringify(made.manifests)).not.toMatch(/quota\.callback|producer_byte_rate|consumer_byte_rate/);
    expect(Object.keys(user(made, 'clicks').spec.quotas)).toEqual(['consumerByteRate', 'producerByteRate']);
  });

  test('trap: a quota holds per broker: the rates are those of the busiest broker with one away, not of the cluster', () => {
    const clicks = made.quotas.plan.tenant('clicks');
    // Twelve partitions, two brokers left: each leads half of them. 20 MB/s of a broker, billing has its 0.5 of them.
    expect(user(made, 'clicks').spec.quotas.producerByteRate).toBe(19_500_000);
    expect(clicks.producerBytesPerSecond).toBe(2 * 19_500_000);
    const { producerByteRate } = user(made, 'billing').spec.quotas;
    expect(producerByteRate).toBe(500_000);
    const written = every(made, 'KafkaUser').reduce((sum, { spec }) => sum + spec.quotas.producerByteRate, 0);
    expect(written).toBeLessThanOrEqual(60_000_000 / 3);
  });

  test('trap: a count of retries bounds nothing: delivery.timeout.ms does, and outlasts what the quota holds back', () => {
    const clicks = properties(made, 'clicks');
    expect(clicks.retries).toBeUndefined();
    const held = made.quotas.plan.tenant('clicks').peakWaitSeconds * 1000;
    expect(held).toBeGreaterThan(0);
    expect(Number(clicks['delivery.timeout.ms'])).toBeGreaterThanOrEqual(
      held + Number(clicks['linger.ms']) + Number(clicks['request.timeout.ms']),
    );
    expect(clicks).toMatchObject({ acks: 'all', 'enable.idempotence': 'true', 'compression.type': 'zstd' });
  });

  test('trap: a client id is what a client says: the quota binds the user, who has to prove it', () => {
    expect(user(made, 'clicks').spec.authentication).toEqual({ type: 'scram-sha-512' });
    expect(user(tls, 'clicks').spec.authentication).toEqual({ type: 'tls' });
  });
});

describe('users and topics', () => {
  test('are Strimzi’s in the version that stays, and belong to the cluster', () => {
    for (const { apiVersion, metadata } of [...every(made, 'KafkaUser'), ...every(made, 'KafkaTopic')]) {
      expect(apiVersion).toBe('kafka.strimzi.io/v1');
      expect(metadata.labels).toEqual({ 'strimzi.io/cluster': 'events' });
      expect(metadata.namespace).toBe('streaming');
    }
  });

  test('a tenant may use its own topics and groups, and nothing else', () => {
    const { type, acls } = user(made, 'billing').spec.authorization;
    expect(type).toBe('simple');
    expect(
      acls.map(({ resource, operations }: Manifest) => [
        resource.type,
        resource.patternType,
        resource.name,
        operations,
      ]),
    ).toEqual([
      ['topic', 'literal', 'billing.events', ['Describe', 'Read', 'Write']],
      ['topic', 'literal', 'billing_refunds', ['Describe', 'Read', 'Write']],
      ['group', 'prefix', 'billing-', ['Describe', 'Read']],
    ]);
  });

  test('no secret is written: Strimzi makes it', () => {
    expect(made.manifests.map(({ kind }) => kind)).not.toContain('Secret');
    expect(JSON.stringify(made.manifests)).not.toMatch(/password/i);
  });

  test('a write is on all copies but one before it is acknowledged', () => {
    expect(topic('billing.events').spec).toEqual({
      topicName: 'billing.events',
      partitions: 6,
      replicas: 3,
      config: { 'min.insync.replicas': 2, 'retention.ms': 604_800_000 },
    });
    expect(topic('billing_refunds').spec.config).toEqual({ 'min.insync.replicas': 2 });
  });

  test('the object of a topic has its name where Kubernetes takes it, and one that depends on nothing else where not', () => {
    expect(topic('billing.events').metadata.name).toBe('billing.events');
    expect(topic('billing_refunds').metadata.name).toMatch(/^billing-refunds-[0-9a-f]{8}$/);
    const odd = make({
      topics: [...streaming.topics].reverse().concat({ topicName: '_X.', tenant: 'clicks', partitions: 1 }),
    });
    expect(every(odd, 'KafkaTopic').map(({ metadata }) => metadata.name)).toEqual([
      'clicks.raw',
      topic('billing_refunds').metadata.name,
      'billing.events',
      expect.stringMatching(/^x--[0-9a-f]{8}$/),
    ]);
  });

  test('the time of request threads is shared when their number is known', () => {
    const threads = make({ capacity: { ...streaming.capacity, requestThreads: 11 } });
    expect(user(threads, 'billing').spec.quotas.requestPercentage).toBe(825);
    expect(user(threads, 'clicks').spec.quotas.requestPercentage).toBe(275);
  });

  test('the numbers are those of the plan that the other engines use', () => {
    const tenants = streaming.tenants.map((tenant, i) => ({ ...tenant, partitions: [8, 12][i] }));
    expect(made.quotas.plan.tenants).toEqual(planQuotas('Quotas', { capacity: streaming.capacity, tenants }).tenants);
    expect(made.quotas.producerProperties('clicks')).toEqual(properties(made, 'clicks'));
  });
});

describe('alerts and dashboard', () => {
  const rules = (chart: Written): Manifest[] => one(chart, 'PrometheusRule').spec.groups[0].rules;
  const rule = (name: string, chart: Written = made) => rules(chart).find(({ alert }) => alert === name);

  test('every alert says what to do', () => {
    expect(rules(made).map(({ alert }) => alert)).toEqual([
      'TenantThrottled',
      'TenantThrottledBeyondItsPeak',
      'TenantAboveItsShare',
      'KafkaUnderReplicated',
      'KafkaQuotasUnseen',
    ]);
    for (const { annotations } of rules(made)) expect(annotations.runbook.length).toBeGreaterThan(80);
  });

  test('who is within its share must not be held back at all; who is not, no longer than its peak and what waited of it', () => {
    expect(rule('TenantThrottled').expr).toBe(
      'max by (user) (kafka_server_quota_throttle_time{namespace="streaming",strimzi_io_cluster="events",user="billing",resource=~"Produce|Fetch"}) > 0',
    );
    expect(rule('TenantThrottledBeyondItsPeak').expr).toContain('user="clicks"');
    const { peakWaitSeconds } = made.quotas.plan.tenant('clicks');
    expect(rule('TenantThrottledBeyondItsPeak').for).toBe(`${Math.ceil(900 + peakWaitSeconds)}s`);
  });

  test('above a share means: above the quota of one broker by more than Kafka lets through', () => {
    expect(rule('TenantAboveItsShare').expr).toContain(`resource="Produce",user="billing"}) > ${1.15 * 500_000}`);
  });

  test('a certificate’s user has its name as the brokers’ metrics write it', () => {
    expect(rule('TenantThrottled', tls).expr).toContain('user="CN%3Dbilling"');
  });

  test('the dashboard shows each tenant beside its quota', () => {
    const dashboard = every(made, 'ConfigMap').find(({ metadata }) => metadata.labels?.grafana_dashboard);
    expect(dashboard.data['quotas-streaming.json']).toContain('vector(19500000)');
  });
});

describe('what no quota can cure is refused', () => {
  test.each<[string, Partial<KafkaQuotasProps>, RegExp]>([
    [
      'tenants that write more than there is',
      { capacity: { brokers: 3, brokerBytesPerSecond: 8_000_000 } },
      /^Quotas: clicks writes 5.8 MB\/s on average and gets .*; \d+ brokers, or brokers of/,
    ],
    [
      'a name that is no KafkaUser',
      { tenants: [{ name: 'Billing', steadyBytesPerSecond: 1 }] },
      /tenants.name must be 1 to 63 lower-case letters/,
    ],
    [
      'a name that reaches the groups of another',
      {
        tenants: [
          { name: 'click', steadyBytesPerSecond: 1 },
          { name: 'click-raw', steadyBytesPerSecond: 1 },
        ],
      },
      /click and a hyphen begin click-raw: its consumer groups would be open to click/,
    ],
    [
      'a tenant without a topic',
      { topics: streaming.topics.slice(0, 2) },
      /topics must have at least one of clicks: it may write to nothing else/,
    ],
    [
      'a topic of nobody',
      { topics: [...streaming.topics, { topicName: 'x', tenant: 'risk', partitions: 1 }] },
      /topics.tenant of x must be one of billing, clicks, got 'risk'/,
    ],
    [
      'topics that Kafka’s metrics cannot tell apart',
      { topics: [...streaming.topics, { topicName: 'billing.refunds', tenant: 'billing', partitions: 1 }] },
      /topics must have names that differ in more than dots and underscores/,
    ],
    ['a cluster without a name', { clusterName: '' }, /clusterName must be 1 to 63/],
  ])('%s', (_, props, expected) => {
    expect(message(props)).toMatch(expected);
  });
});

test('property: random tenants give valid documents or a named error', () => {
  const tenant = fc
    .record({
      steadyBytesPerSecond: mostly(spread(1000, 2e6), 0, Number.NaN),
      peak: mostly(spread(1, 20), 0.5),
      peakSeconds: mostly(fc.integer({ min: 0, max: 7200 }), -1),
      weight: optional(mostly(spread(0.1, 10), 0)),
      readers: optional(mostly(fc.integer({ min: 0, max: 3 }), 1.5)),
      topics: mostly(fc.array(fc.integer({ min: 1, max: 24 }), { minLength: 1, maxLength: 3 }), []),
    })
    .map(({ peak, steadyBytesPerSecond, ...rest }) => ({
      steadyBytesPerSecond,
      peakBytesPerSecond: steadyBytesPerSecond * peak,
      ...rest,
    }));
  const props = fc
    .record({
      capacity: fc.record({
        brokers: mostly(fc.integer({ min: 1, max: 12 }), 0, 2.5),
        brokerBytesPerSecond: mostly(spread(5e6, 2e8), -1),
        requestThreads: optional(mostly(fc.integer({ min: 2, max: 64 }), 0)),
      }),
      given: fc.array(tenant, { minLength: 1, maxLength: 4 }),
      clusterName: mostly(fc.constant('events'), 'Events'),
      authentication: optional(fc.constantFrom(KafkaUserAuthentication.TLS, KafkaUserAuthentication.SCRAM_SHA_512)),
    })
    .map(({ given, ...rest }) => ({
      ...rest,
      tenants: given.map(({ topics: _, ...each }, i) => ({ name: `tenant${i}`, ...each })),
      topics: given.flatMap(({ topics }, i) =>
        topics.map((partitions, j) => ({ topicName: `topic.${i}.${j}`, tenant: `tenant${i}`, partitions })),
      ),
    }));
  validOrNamed(/^Quotas: /, props as fc.Arbitrary<KafkaQuotasProps>, make, (chart, { capacity }) => {
    const rates = every(chart, 'KafkaUser').map(({ spec }) => spec.quotas.producerByteRate);
    for (const rate of rates) expect(Number.isInteger(rate) && rate >= 1).toBe(true);
    const copies = Math.min(3, capacity.brokers);
    expect(rates.reduce((sum, rate) => sum + rate, 0)).toBeLessThanOrEqual(capacity.brokerBytesPerSecond / copies + 1);
  });
});
