import { Testing } from 'cdk8s';
import { STREAMING, StreamingTenantsChart } from '../../charts/streaming-tenants';
import { PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { METRICS } from '../../lib/cases/case-05-iot-metrics';
import { planEtl } from '../../lib/flow/etl/plan';
import { planArguments } from '../../lib/flow/etl/settings';
import { planStream } from '../../lib/flow/streams/plan';
import { every, one, written } from '../support/manifest';
import type { Untyped } from '../support/stack';

const stack = new StreamingTenantsChart(Testing.app(), 'streaming-tenants');
const chart = written(stack);

describe('streaming tenants', () => {
  test('gives each tenant a user with a quota, its topics and the settings of its producers', () => {
    const names = STREAMING.tenants.map(({ name }) => name);
    const withQuotas = every(chart, 'KafkaUser').filter(({ spec }) => spec.quotas !== undefined);
    expect(withQuotas.slice(0, names.length).map(({ metadata }) => metadata.name)).toEqual(names);
    // The users of consumers and of the ETL have a quota of their own.
    expect(every(chart, 'KafkaUser').filter(({ spec }) => spec.quotas === undefined)).toEqual([]);
    const topics = every(chart, 'KafkaTopic').map(({ spec }) => spec.topicName);
    expect(topics.slice(0, STREAMING.topics.length)).toEqual(STREAMING.topics.map(({ topicName }) => topicName));
    for (const name of names) {
      const settings = every(chart, 'ConfigMap').find(({ metadata }) => metadata.name === `${name}-producer`);
      expect(settings.data['producer.properties']).toMatch(/^delivery\.timeout\.ms=\d+$/m);
    }
  });

  test('the one that drowned the rest has what the others leave of a broker', () => {
    const { producerByteRate: clicks } = every(chart, 'KafkaUser')[2].spec.quotas;
    // 80 MB/s in three copies, less billing's and devices' own with one broker away.
    expect(clicks).toBe(Math.floor(80_000_000 / 3 - 500_000 - 8_000_000));
  });

  // Case 3: a stream into a table, with the plan of its case.
  test('page views are aggregated by one application, as its case plans', () => {
    const { spec } = one(chart, 'SparkApplication');
    const plan = planEtl('PageViews', { ...PAGE_VIEWS, platform: 'spark-operator' });
    expect(spec.arguments).toEqual(expect.arrayContaining(planArguments(plan)));
    expect(spec.executor.instances).toBe(plan.value('executors'));
    expect(spec.restartPolicy.type).toBe('Always');
  });

  test('the consumers of the metrics read the topic of the devices, whose partitions are those of the plan', () => {
    const { plan } = stack.metrics.stream;
    const devices = every(chart, 'KafkaTopic').find(({ spec }) => spec.topicName === 'devices.metrics');
    expect(devices.spec.partitions).toBe(plan.value('partitions'));
    // Derived from the case alone they would be as many.
    expect(
      planStream('Stream', { ...METRICS, platform: 'kafka-keda', on: undefined } as never).value('partitions'),
    ).toBe(plan.value('partitions'));
    const consumer = every(chart, 'KafkaUser').find(({ metadata }) => metadata.name === 'device-metrics');
    expect(consumer.spec.authorization.acls.map(({ resource }: Untyped) => resource.name)).toEqual([
      'devices.metrics',
      'devices.metrics.dead',
      'device-metrics',
    ]);
  });

  test('no object leaves its namespace, and no broker is touched', () => {
    for (const { kind, metadata } of chart.manifests) {
      expect(kind).not.toBe('Kafka');
      expect(kind === 'Namespace' ? metadata.name : metadata.namespace).toBe('streaming-tenants');
    }
  });

  test('is as it was', () => {
    expect(chart.manifests).toMatchSnapshot();
  });
});
