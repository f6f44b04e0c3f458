/**
 * Three charts that teams brought along, and what was impossible in them. Each row is possible now.
 *
 * An FQDN in place of addresses is not: a NetworkPolicy of Kubernetes has none, so brokers whose addresses change need a
 * policy of the network plugin beside ours; policies add up.
 */
import { ApiObject, JsonPatch, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { QueueWorkerProps } from '../../lib/k8s/queue/queue-worker-props';
import { emptyChart, type Manifest, one, written } from '../support/manifest';

const objective = { latencySeconds: 120 };
const secret = (key: string) => ({ secretName: 'credentials', key });

function chart(trigger: QueueTrigger, props: Partial<QueueWorkerProps> = {}) {
  const made = emptyChart();
  const worker = new QueueWorker(made, 'Worker', {
    workload: { steadyPerSecond: 5, peakPerSecond: 40, peakSeconds: 600, serviceSeconds: 0.3 },
    objective,
    trigger,
    ...(props.target === undefined ? { image: 'registry:5000/acme/worker:3.1' } : {}),
    ...props,
  });
  return { worker, chart: made };
}

const pod = (made: ReturnType<typeof chart>): Manifest => one(written(made.chart), 'Deployment').spec.template.spec;

describe('thumbnails on SQS', () => {
  const thumbnails = (props: Partial<QueueWorkerProps> = {}) =>
    chart(
      QueueTrigger.sqs({
        queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/thumbnails',
        region: 'eu-west-1',
      }),
      props,
    );

  test('an image without a tag is refused, also behind a port', () => {
    expect(() => thumbnails({ image: 'registry:5000/acme/worker' })).toThrow(/image must name a version or a digest/);
  });

  test('SLOTS by hand is not overwritten in silence, and is possible as slotsPerInstance', () => {
    const environment = { SLOTS: kplus.EnvValue.fromValue('7') };
    expect(() => thumbnails({ environment })).toThrow(
      /environment must not have SLOTS.*give consumer.slotsPerInstance/,
    );
    const { env } = pod(thumbnails({ consumer: { slotsPerInstance: 7 } })).containers[0];
    expect(env).toContainEqual({ name: 'SLOTS', value: '7' });
  });

  test('/tmp is as large as a picture needs', () => {
    expect(pod(thumbnails({ scratchSpace: Size.gibibytes(1) })).volumes[0].emptyDir.sizeLimit).toBe('1024Mi');
  });

  test('EKS Pod Identity: no role in the manifest', () => {
    expect(JSON.stringify(written(thumbnails().chart).manifests)).not.toContain('role-arn');
  });

  test('labels on pods need no podMetadata', () => {
    const labels = { 'app.kubernetes.io/name': 'thumbnails' };
    const deployment = one(written(thumbnails({ labels }).chart), 'Deployment');
    expect(deployment.spec.template.metadata.labels).toMatchObject(labels);
  });
});

describe('orders on RabbitMQ', () => {
  const trigger = QueueTrigger.rabbitMq({
    queueName: 'orders',
    connection: secret('amqp'),
    management: secret('management'),
    existing: {},
    clusterNamespace: 'mq',
  });

  test.each([
    { name: 'orders' },
    { name: 'orders', kind: 'StatefulSet' },
    { name: 'orders', kind: 'Rollout', apiVersion: 'argoproj.io/v1alpha1' },
  ])('a workload of the team is scaled: $kind', (target) => {
    const made = chart(trigger, { target });
    expect(one(written(made.chart), 'ScaledObject').spec.scaleTargetRef).toMatchObject(target);
  });

  test('an existing queue on a broker without the topology operator', () => {
    const groups = written(chart(trigger).chart).manifests.map(({ apiVersion }) => apiVersion.split('/')[0]);
    expect(groups).not.toContain('rabbitmq.com');
  });

  test('patches are kept: a port as a number, and preStop.sleep', () => {
    const made = chart(trigger);
    const patch = (object: ApiObject | undefined, path: string, value: unknown) =>
      object?.addJsonPatch(JsonPatch.add(path, value));
    patch(made.worker.networkPolicy, '/spec/egress/-', { ports: [{ port: 5432 }] });
    const preStop = { sleep: { seconds: 10 } };
    patch(ApiObject.of(made.worker.deployment!), '/spec/template/spec/containers/0/lifecycle', { preStop });
    expect(one(written(made.chart), 'NetworkPolicy').spec.egress.at(-1)).toEqual({ ports: [{ port: 5432 }] });
    expect(pod(made).containers[0].lifecycle).toEqual({ preStop });
  });

  test('a second /tmp is refused when the chart is written', () => {
    const made = chart(trigger);
    made.worker.container.mount('/tmp', kplus.Volume.fromEmptyDir(made.chart, 'Mine', 'mine'));
    expect(() => Testing.synth(made.chart)).toThrow(/one volume at \/tmp/);
  });
});

describe('events on Kafka with TLS', () => {
  const broker = {
    bootstrapServers: ['b-1.events.example.com:9094'],
    topic: 'events',
    partitions: 24,
    consumerGroup: 'w',
  };

  test('TLS without a user, and a client certificate as KafkaQuotas makes its users', () => {
    const tls = chart(QueueTrigger.kafka({ ...broker, tls: true }));
    expect(one(written(tls.chart), 'ScaledObject').spec.triggers[0].metadata.tls).toBe('enable');
    const certificate = { clientCertificate: secret('user.crt'), clientKey: secret('user.key') };
    const mutual = chart(QueueTrigger.kafka({ ...broker, ...certificate, certificateAuthority: secret('ca.crt') }));
    expect(mutual.worker.triggerAuthentication).toBeDefined();
  });

  test('brokers outside the cluster are reached', () => {
    const made = chart(QueueTrigger.kafka({ ...broker, tls: true, cidrs: ['10.1.0.0/24', '10.2.0.0/24'] }));
    expect(one(written(made.chart), 'NetworkPolicy').spec.egress.at(-1)).toMatchObject({
      to: [{ ipBlock: { cidr: '10.1.0.0/24' } }, { ipBlock: { cidr: '10.2.0.0/24' } }],
      ports: [{ port: 9094 }],
    });
  });

  test('three partitions are the bound, so more partitions are advised, not more instances', () => {
    const few = () => chart(QueueTrigger.kafka({ ...broker, partitions: 3 }));
    expect(few).toThrow(/\d+ partitions/);
    expect(few).not.toThrow(/allow \d+ instances/);
  });
});
