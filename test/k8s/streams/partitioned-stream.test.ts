import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { METRICS } from '../../../lib/cases/case-05-iot-metrics';
import { planStream } from '../../../lib/flow/streams/plan';
import { PartitionedStream, type PartitionedStreamProps } from '../../../lib/k8s/streams/partitioned-stream';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';

const metrics: PartitionedStreamProps = {
  workload: METRICS.workload,
  objective: METRICS.objective,
  clusterName: 'events',
  clusterNamespace: 'kafka',
  topicName: 'devices.metrics',
  consumerGroup: 'device-metrics',
  image: 'registry.example.net/metrics:1.0.0',
};

interface Made extends Written {
  readonly stream: PartitionedStream;
}

function make(props: Partial<PartitionedStreamProps> = {}): Made {
  const chart = emptyChart('streaming');
  const stream = new PartitionedStream(chart, 'Metrics', { ...metrics, ...props });
  return { stream, ...written(chart) };
}

const message = (props: Partial<PartitionedStreamProps>): string => {
  try {
    make(props);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
};

const made = make();
const topic = (chart: Written, name: string): Manifest =>
  every(chart, 'KafkaTopic').find(({ spec }) => spec.topicName === name);
const variables = (chart: Written): Record<string, string> =>
  Object.fromEntries(
    one(chart, 'Deployment').spec.template.spec.containers[0].env.map(({ name, value }: Manifest) => [name, value]),
  );

describe('the traps of case 5 are absent', () => {
  test('trap: partitions from the consumer alone: they are a multiple of the consumers, with room to grow', () => {
    const { spec } = topic(made, 'devices.metrics');
    expect(spec.partitions).toBe(6);
    expect(spec.partitions % one(made, 'ScaledObject').spec.maxReplicaCount).toBe(0);
  });

  test('trap: more consumers than partitions are idle: KEDA asks for no more than the plan', () => {
    const { minReplicaCount, maxReplicaCount, triggers } = one(made, 'ScaledObject').spec;
    expect([minReplicaCount, maxReplicaCount]).toEqual([3, 3]);
    expect(triggers[0].metadata).toMatchObject({ lagThreshold: '1666', consumerGroup: 'device-metrics' });
    expect(message({ partitions: 4, instances: 5 })).toContain('instances must be at most 4');
  });

  test('trap: three consumers on four partitions are no better than two', () => {
    expect(message({ partitions: 4, instances: 3 })).toMatch(/busiest of 3 consumers on 4 partitions gets 50\.5 %/);
  });

  test('trap: a group that begins at the latest offset skips what came before: it is counted from the earliest', () => {
    expect(one(made, 'ScaledObject').spec.triggers[0].metadata.offsetResetPolicy).toBe('earliest');
  });
});

describe('topics, user and consumers', () => {
  test('one plan: the stream has the knobs of the case', () => {
    const { knobs } = planStream('Metrics', { ...METRICS, platform: 'kafka-keda', on: undefined } as never);
    for (const { name, value } of knobs) expect([name, made.stream.plan.value(name)]).toEqual([name, value]);
  });

  test('a write is on all copies but one before it is acknowledged, and records are kept for a day', () => {
    const { replicas, config } = topic(made, 'devices.metrics').spec;
    expect(replicas).toBe(3);
    expect(config).toEqual({
      'min.insync.replicas': 2,
      'retention.ms': 86_400_000,
      // Kafka's own are 7 days: what is kept for a day would be kept for eight.
      'segment.ms': 8_640_000,
      'max.message.bytes': 1_048_588,
    });
    expect(topic(make({ retention: Duration.days(3) }), 'devices.metrics').spec.config['retention.ms']).toBe(
      259_200_000,
    );
  });

  test('what no attempt could handle has a topic of its own, for two weeks', () => {
    expect(topic(made, 'devices.metrics.dead').spec).toMatchObject({
      partitions: 1,
      config: { 'retention.ms': 14 * 86_400_000, 'segment.ms': 120_960_000 },
    });
  });

  // One that the broker refuses is never set aside, and holds up its partition for good.
  test('the largest record can be set aside, with the headers that say why', () => {
    const most = (chart: Written, name: string) => topic(chart, name).spec.config['max.message.bytes'];
    expect(most(made, 'devices.metrics.dead') - most(made, 'devices.metrics')).toBe(8192);
    const large = make({ maxMessageBytes: 5_000_000 });
    expect([most(large, 'devices.metrics'), most(large, 'devices.metrics.dead')]).toEqual([5_000_000, 5_008_192]);
    // Four of them in the ten seconds in which a broker counts.
    expect(one(large, 'KafkaUser').spec.quotas.consumerByteRate).toBe(2_000_000);
    expect(message({ maxMessageBytes: 10 })).toContain(
      'maxMessageBytes must be a whole number, between 1024 and 104792064, got 10',
    );
  });

  test('the consumers may read the topic as their group and set records aside, and nothing else', () => {
    const { authentication, authorization, quotas } = one(made, 'KafkaUser').spec;
    expect(authentication).toEqual({ type: 'tls' });
    // What they handle, and as much again that they fetch ahead.
    expect(quotas).toEqual({ consumerByteRate: made.stream.plan.value('consumerByteRate') });
    expect(
      authorization.acls.map(({ resource, operations }: Manifest) => [
        resource.type,
        resource.patternType,
        resource.name,
        operations,
      ]),
    ).toEqual([
      ['topic', 'literal', 'devices.metrics', ['Describe', 'Read']],
      ['topic', 'literal', 'devices.metrics.dead', ['Describe', 'Write']],
      ['group', 'literal', 'device-metrics', ['Describe', 'Read']],
    ]);
  });

  test('a consumer is told its batch, its attempts and its topics', () => {
    expect(variables(made)).toMatchObject({
      BATCH_SIZE: '1',
      RETRY_ATTEMPTS: '5',
      DEAD_TOPIC: 'devices.metrics.dead',
      TOPIC: 'devices.metrics',
      CONSUMER_GROUP: 'device-metrics',
      BOOTSTRAP_SERVERS: 'events-kafka-bootstrap.kafka:9093',
      KAFKA_TLS: 'true',
    });
  });

  test('a batch is finished before a pod is killed', () => {
    const large = make({ workload: { ...METRICS.workload, batchSeconds: 2, recordSeconds: 0.001 }, batchSize: 2000 });
    const seconds = large.stream.plan.value('batchTimeoutSeconds');
    expect(seconds).toBe(30);
    expect(one(large, 'Deployment').spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(seconds);
    expect(variables(large).ITEM_TIMEOUT_SECONDS).toBe('30');
  });

  test('topics are kept when they are no longer in the chart, unless that was asked for', () => {
    const kept = (chart: Written) =>
      every(chart, 'KafkaTopic').map(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy']);
    expect(kept(made)).toEqual(['keep', 'keep']);
    expect(kept(make({ retainTopics: false }))).toEqual([undefined, undefined]);
  });
});

describe('alerts of the consumers go by the lag of the stream, whose members have a line each', () => {
  test.each<[string, Partial<PartitionedStreamProps>]>([
    ['the case', {}],
    ['more pods at the peak', { minInstances: 1, objective: { latencySeconds: 120, maxLag: 100_000 } }],
    ['batches', { workload: { ...METRICS.workload, batchSeconds: 0.05 } }],
    ['uneven partitions', { existingTopic: true, partitions: 11 }],
  ])('%s: a lag as predicted is below each threshold', (_what, props) => {
    const { stream } = make(props);
    const { peakLag } = stream.plan.predictions;
    const plan = stream.worker.plan;
    expect(plan.value('peakOutstanding')).toBeGreaterThanOrEqual(peakLag);
    expect(plan.value('alarmDrainBacklog')).toBeGreaterThan(peakLag);
    expect(plan.value('alarmBacklog')).toBeGreaterThan(1.1 * peakLag);
    expect(plan.knob('peakOutstanding').inputs.peakLag).toBe(peakLag);
  });
});

describe('bring your own', () => {
  test('a topic that exists is not made, and its partitions are those of the plan', () => {
    const own = make({ existingTopic: true, partitions: 12, retention: Duration.days(9) });
    // Said of it, so that the plan is of the topic that is there.
    expect(own.stream.plan.value('retentionSeconds')).toBe(9 * 86_400);
    expect(every(own, 'KafkaTopic').map(({ spec }) => spec.topicName)).toEqual(['devices.metrics.dead']);
    expect(own.stream.topic).toBeUndefined();
    expect(own.stream.plan.knob('partitions').formula).toBe('given');
    expect(message({ existingTopic: true })).toContain('partitions must be given with existingTopic');
  });

  test('a user that exists signs in with its own certificate', () => {
    const own = make({ existingUser: 'reader' });
    expect(every(own, 'KafkaUser')).toEqual([]);
    expect(one(own, 'TriggerAuthentication').spec.secretTargetRef.map(({ name }: Manifest) => name)).toEqual([
      'events-cluster-ca-cert',
      'reader',
      'reader',
    ]);
  });

  test('what the plan sets is not set again', () => {
    expect(message({ environment: { BATCH_SIZE: kplus.EnvValue.fromValue('7') } })).toContain(
      'environment must not have BATCH_SIZE',
    );
  });
});

describe('two installations', () => {
  test('have alerts of their own', () => {
    const rule = JSON.stringify(made.manifests.filter(({ kind }) => kind === 'PrometheusRule'));
    expect(rule).toContain('kafka_consumergroup_lag{namespace=\\"kafka\\",strimzi_io_cluster=\\"events\\"');
  });

  test('names of topics depend on nothing but the topic', () => {
    expect(topic(made, 'devices.metrics').metadata.name).toBe('devices.metrics');
    expect(one(made, 'KafkaUser').metadata.name).toBe('device-metrics');
  });
});

test.each<[Partial<PartitionedStreamProps>, RegExp]>([
  [{ consumerGroup: 'Metrics' }, /consumerGroup must be 1 to 63 lower-case/],
  [{ topicName: 'a b' }, /topicName must/],
  [{ topicName: 'x'.repeat(246) }, /at most 244 characters/],
  [{ replicas: 2, minInsyncReplicas: 3 }, /minInsyncReplicas must be at most replicas \(2\)/],
  [{ bootstrapServers: ['events'] }, /bootstrapServers/],
  [{ bootstrapServers: ['b-1.example.com:9093'] }, /brokerCidrs must be given for b-1\.example\.com:9093/],
])('%j is refused by name', (props, expected) => {
  expect(message(props)).toMatch(expected);
});

test('however long the path is, the autoscaler of KEDA has a name that its webhook takes: 63 characters with keda-hpa-', () => {
  const chart = emptyChart('streaming-tenants-of-the-platform');
  new PartitionedStream(chart, 'MetricsOfEveryDeviceThatReports', metrics);
  const { name } = one(written(chart), 'ScaledObject').metadata;
  expect(`keda-hpa-${name}`.length).toBeLessThanOrEqual(63);
});
