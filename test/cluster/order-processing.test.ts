/**
 * Order processing for real: the chart applied, KEDA and the autoscaler at work, a real RabbitMQ, and as many worker
 * processes as there are ready replicas. A scaled-down peak must go as the plan of the chart says.
 */
import { join } from 'node:path';
import { connect } from 'amqplib';
import { Duration, Testing, Yaml } from 'cdk8s';
import { OrderProcessingChart } from '../../charts/order-processing';
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import type { Manifest } from '../support/manifest';
import { about, EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';
import { until } from '../support/until';
import { get, HAS_CLUSTER, kubectl, settled } from './kubernetes';
import { type Published, publish } from './publisher';
import { AMQP_URL, brokerAnswers, declare, depth, MANAGEMENT_URL, remove } from './rabbitmq';
import { type LogLine, Workers } from './workers';

const NAMESPACE = 'orders';
const SERVICE_SECONDS = 0.25;
const POISON_EVERY = 97;
/** Seconds of steady load before the peak: the minimum has to be at work when it begins. */
const SETTLE_SECONDS = 40;

/** Small enough for two cores, large enough that chance is a few per cent. */
const PEAK = {
  workload: {
    steadyPerSecond: 6,
    peakPerSecond: 30,
    peakSeconds: 60,
    serviceSeconds: SERVICE_SECONDS,
    // A timer: what it varies by is the machine's load.
    serviceVariation: 0.05,
  },
  objective: { latencySeconds: 45 },
  // The control plane of the tests syncs every 5 s and its broker counts every second; a pod "starts" in 30 s.
  consumer: { slotsPerInstance: 1, pollSeconds: 5, decideSeconds: 1, startSeconds: 30 },
};

const onCluster = HAS_CLUSTER ? describe : describe.skip;
jest.setTimeout(15 * 60_000);

onCluster('order processing on a real KEDA, autoscaler and RabbitMQ', () => {
  const chart = new OrderProcessingChart(Testing.app(), 'order-processing', {
    orders: PEAK,
    cooldown: Duration.seconds(30),
  });
  const manifests: Manifest[] = Testing.synth(chart);
  const { plan } = chart.orders;
  const deployment = (manifests.find(({ kind }) => kind === 'Deployment') as Manifest).metadata.name as string;
  const minimum = plan.value('minInstances');
  const workers = new Workers(
    { name: deployment, namespace: NAMESPACE },
    join(ROOT, 'dist', 'runtime', 'order-worker', 'index.js'),
    {
      RABBITMQ_URL: AMQP_URL,
      QUEUE_NAME: 'orders',
      PREFETCH: String(plan.value('prefetch')),
      SLOTS: String(plan.value('slotsPerInstance')),
      SERVICE_SECONDS: String(SERVICE_SECONDS),
    },
    PEAK.consumer.startSeconds,
  );
  let published: Published[];

  beforeAll(async () => {
    if (!(await brokerAnswers())) throw new Error('no RabbitMQ answers at RABBITMQ_MANAGEMENT (127.0.0.1:15683)');
    await settled();
    await remove(manifests);
    await declare(manifests);
    const namespaces = manifests.filter(({ kind }) => kind === 'Namespace');
    await kubectl(['apply', '-f', '-'], Yaml.stringify(...namespaces));
    await kubectl(['apply', '-f', '-'], Yaml.stringify(brokerSecret()));
    await kubectl(['apply', '-f', '-'], Yaml.stringify(...manifests));
    workers.follow();
    await until(`${minimum} workers at work`, async () => ready(workers.log) >= minimum, 120);

    const { steadyPerSecond, peakPerSecond, peakSeconds } = PEAK.workload;
    const steady = { perSecond: steadyPerSecond, seconds: SETTLE_SECONDS };
    published = await publish(
      'orders',
      [steady, { perSecond: peakPerSecond, seconds: peakSeconds }, { ...steady, seconds: SETTLE_SECONDS }],
      POISON_EVERY,
    );
    await until('every order is booked or set aside', async () => done(workers.log) >= published.length, 180);
  });

  afterAll(async () => {
    await workers.end();
    await kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']).catch(() => {});
    await remove(manifests);
  });

  test('nothing is lost: every valid order is booked, once', () => {
    const booked = workers.log.flatMap(({ booked: id }) => id ?? []);
    expect(booked.sort()).toEqual(
      published
        .filter(({ poison }) => !poison)
        .map(({ id }) => id)
        .sort(),
    );
  });

  test('every poison order lies in the dead-letter queue', async () => {
    const poison = published.filter((order) => order.poison).length;
    expect(poison).toBeGreaterThan(20);
    await until('the broker counts them', async () => (await depth('orders.dead')) === poison, 10);
    prove({
      case: 14,
      construct: 'k8s.QueueWorker',
      engine: 'RabbitMQ',
      metric: 'poison orders in the dead-letter queue',
      unit: 'orders',
      predicted: poison,
      measured: await depth('orders.dead'),
      tolerance: EXACT,
      how: `One order in ${POISON_EVERY} cannot be read; the worker sets it aside in the peak of case 2.`,
      scaledBy: 'tens for thousands: counts do not depend on the scale.',
    });
  });

  test('depth, latency and drain time are within 25 % of the prediction of the plan', () => {
    const begun = published[0].at + SETTLE_SECONDS * 1000;
    const ended = begun + PEAK.workload.peakSeconds * 1000;
    const waits = waiting(published, workers.log);
    const latency = new Quantiles();
    const arrivedAt = new Map(published.map(({ id, at }) => [id, at]));
    for (const { booked, at } of workers.log) {
      const arrived = booked === undefined ? undefined : arrivedAt.get(booked);
      if (arrived !== undefined && arrived >= begun && arrived < ended) latency.record((at - arrived) / 1000);
    }
    const drained = waits.find(({ at, count }) => at >= ended && count === 0);
    const { peakBacklog, latencyP50Seconds, latencyP99Seconds, drainSeconds } = plan.predictions;
    const most = (values: readonly { readonly count: number }[]) => Math.max(...values.map(({ count }) => count));
    const rows = [
      ['peak depth', 'orders', peakBacklog, most(waits), about(0.25)],
      ['P50 of the latency', 's', latencyP50Seconds, latency.quantile(0.5), about(0.25)],
      ['P99 of the latency', 's', latencyP99Seconds, latency.quantile(0.99), about(0.25)],
      ['drained after the peak', 's', drainSeconds, ((drained?.at ?? Number.NaN) - ended) / 1000, about(0.25)],
      ['most replicas', 'replicas', plan.value('maxInstances'), most(workers.replicas), EXACT],
    ] as const;
    const common = {
      case: 2,
      construct: 'k8s.QueueWorker',
      engine: 'KEDA, autoscaler, RabbitMQ',
      how: `A real API server, autoscaler, KEDA and RabbitMQ; pods are local processes, as many as the Deployment has ready replicas. ${published.length} orders: ${givenText()}.`,
      scaledBy: 'a hundredth of the orders, with the plan of exactly these numbers.',
    };
    prove(
      ...rows.map(([metric, unit, predicted, measured, tolerance]) => ({
        ...common,
        metric,
        unit,
        predicted,
        measured,
        tolerance,
      })),
    );
  });

  test('replicas are back at the minimum', async () => {
    const count = async () => (await get('deployment', deployment, NAMESPACE)).spec.replicas;
    await until('the autoscaler gives back', async () => (await count()) === minimum, 180);
  });

  test('a message that always fails is tried delivery limit + 1 times, then set aside', async () => {
    const connection = await connect(AMQP_URL);
    try {
      const channel = await connection.createConfirmChannel();
      await channel.prefetch(1);
      let tries = 0;
      // A queue without workers: its jobs only seem to run here.
      await channel.consume('rendering', (message) => {
        if (message === null) return;
        tries += 1;
        channel.nack(message, false, true);
      });
      channel.sendToQueue('rendering', Buffer.from('{}'), { persistent: true });
      await channel.waitForConfirms();
      await until('it is set aside', async () => (await depth('rendering.dead')) === 1, 30);
      const limit = (manifests.find(({ kind, spec }) => kind === 'Policy' && spec.name === 'rendering') as Manifest)
        .spec.definition['delivery-limit'];
      expect(tries).toBe(limit + 1);
    } finally {
      await connection.close();
    }
  });
});

/** The numbers that the run was planned with. */
function givenText(): string {
  const { workload, objective, consumer } = PEAK;
  return Object.entries({ ...workload, ...objective, ...consumer })
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function brokerSecret(): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'orders-broker', namespace: NAMESPACE },
    stringData: { amqp: AMQP_URL, management: MANAGEMENT_URL },
  };
}

const ready = (log: readonly (LogLine & { ready?: boolean })[]) => log.filter((line) => line.ready).length;
const done = (log: readonly LogLine[]) => log.filter(({ booked, setAside }) => booked !== undefined || setAside).length;

/** Orders that wait, at every moment at which that changes: published and not begun. A poison order is refused at once. */
function waiting(published: readonly Published[], log: readonly LogLine[]): { at: number; count: number }[] {
  const changes = [
    ...published.map(({ at }) => ({ at, by: 1 })),
    ...log.flatMap(({ at, booked, setAside }) => {
      if (booked !== undefined) return [{ at: at - SERVICE_SECONDS * 1000, by: -1 }];
      return setAside ? [{ at, by: -1 }] : [];
    }),
  ].sort((a, b) => a.at - b.at);
  let count = 0;
  return changes.map(({ at, by }) => {
    count += by;
    return { at, count };
  });
}
