import { Testing } from 'cdk8s';
import { STREAMING, StreamingTenantsChart } from '../../charts/streaming-tenants';
import { every, written } from '../support/manifest';

const chart = written(new StreamingTenantsChart(Testing.app(), 'streaming-tenants'));

describe('streaming tenants', () => {
  test('gives each tenant a user with a quota, its topics and the settings of its producers', () => {
    const names = STREAMING.tenants.map(({ name }) => name);
    expect(every(chart, 'KafkaUser').map(({ metadata }) => metadata.name)).toEqual(names);
    expect(every(chart, 'KafkaTopic').map(({ spec }) => spec.topicName)).toEqual(
      STREAMING.topics.map(({ topicName }) => topicName),
    );
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

  test('no object leaves its namespace, and no broker is touched', () => {
    for (const { kind, metadata } of chart.manifests) {
      expect(kind).not.toBe('Kafka');
      expect(metadata.namespace).toBe('streaming-tenants');
    }
  });

  test('is as it was', () => {
    expect(chart.manifests).toMatchSnapshot();
  });
});
