/**
 * A partitioned stream on a real KEDA and autoscaler and a real Kafka that takes clients by their certificate, as Strimzi's
 * listener does. KEDA follows the lag of the stream's own group; as many shipped workers run as the Deployment has replicas.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Yaml } from 'cdk8s';
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import { PartitionedStream } from '../../lib/k8s/streams/partitioned-stream';
import { type Kafka, kafkaMissing, startKafka } from '../engines/kafka';
import { produce } from '../engines/stream-producer';
import { ended } from '../support/ended';
import { emptyChart, type Manifest, one, written } from '../support/manifest';
import { about, EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import { conditions, outstanding, replicas, wanted } from './keda';
import { HAS_CLUSTER, kubectl } from './kubernetes';
import { Workers } from './workers';

const NAMESPACE = `streams-${process.pid}`;
const ADMIN = { username: 'admin', password: 'admin-6Hs2' };
const KEYS = 3000;
const PARTITIONS = 6;
const START_SECONDS = 5;
/** Fetch and commit of a record take some milliseconds beside it. */
const WORK_MILLIS = 190;

/** The deepest lag comes while others start: small enough for two cores, and the minimum falls behind. */
const SIZE = {
  workload: {
    steadyPerSecond: 4,
    peakPerSecond: 20,
    peakSeconds: 120,
    recordSeconds: WORK_MILLIS / 1000,
    batchSeconds: 0.01,
    recordVariation: 0,
    keys: KEYS,
  },
  objective: { latencySeconds: 120, maxLag: 1500 },
  clusterName: 'events',
  image: 'shop/readings:1.2.0',
  partitions: PARTITIONS,
  startSeconds: START_SECONDS,
};

const claim = {
  case: 5,
  construct: 'k8s.PartitionedStream',
  engine: 'KEDA, autoscaler, Apache Kafka 3.9.1',
  scaledBy: 'a hundredth of the records of case 5, with the plan of exactly these numbers.',
};

const missing = kafkaMissing();
const onCluster = HAS_CLUSTER && !missing ? describe : describe.skip;
jest.setTimeout(10 * 60_000);

onCluster(`a stream on a real KEDA, autoscaler and Kafka${missing ? ` (${missing})` : ''}`, () => {
  let kafka: Kafka;
  let streams: Record<'live' | 'still', { stream: PartitionedStream; manifests: Manifest[] }>;
  const producers = new Set<ChildProcess>();
  let workers: Workers | undefined;

  beforeAll(async () => {
    kafka = await startKafka({ [ADMIN.username]: ADMIN.password });
    for (const topic of ['live', 'still', 'live.dead']) {
      const partitions = String(topic === 'live.dead' ? 1 : PARTITIONS);
      const args = ['--create', '--topic', topic, '--partitions', partitions];
      await kafka.tool('org.apache.kafka.tools.TopicCommand', ADMIN.username, args);
    }
    streams = { live: streamOf('live'), still: streamOf('still') };
    await kubectl(['create', 'namespace', NAMESPACE]);
    const manifests = Object.values(streams).flatMap(({ manifests }) => manifests);
    await kubectl(['apply', '--validate=strict', '-f', '-'], Yaml.stringify(...secrets(), ...manifests));
    for (const { stream } of Object.values(streams)) {
      const { name } = stream.worker.scaler;
      const is = async (kind: string, object: string, condition: string) =>
        (await conditions(kind, object, NAMESPACE)).includes(condition);
      await until('KEDA is let in', () => is('scaledobject', name, 'Ready'));
      await until('the autoscaler sees', () => is('hpa', `keda-hpa-${name}`, 'ScalingActive'));
    }
  });

  afterAll(async () => {
    await workers?.end();
    for (const child of producers) child.kill('SIGKILL');
    await kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']).catch(() => {});
    await kafka?.stop();
  });

  function streamOf(topicName: string) {
    const chart = emptyChart(NAMESPACE);
    const stream = new PartitionedStream(chart, topicName, {
      ...SIZE,
      topicName,
      consumerGroup: `${topicName}-readers`,
      bootstrapServers: [kafka.certificateBroker],
      // Strimzi would make topic, user and Secret; here they are made by hand.
      existingTopic: true,
      existingUser: 'readers',
    });
    const absent = ['PrometheusRule', 'KafkaTopic'];
    return { stream, manifests: written(chart).manifests.filter(({ kind }) => !absent.includes(kind)) };
  }

  /** As Strimzi's operators would write them. */
  function secrets() {
    const secret = (name: string, stringData: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: NAMESPACE },
      stringData,
    });
    const { certificateFile, keyFile } = kafka.client;
    const text = (file: string) => readFileSync(file, 'utf8');
    return [
      secret('readers', { 'user.crt': text(certificateFile), 'user.key': text(keyFile) }),
      secret('events-cluster-ca-cert', { 'ca.crt': text(kafka.certificateFile) }),
    ];
  }

  /** What a pod of the Deployment would find in its environment. */
  function environmentOf(manifests: Manifest[]): Record<string, string> {
    const values = Object.fromEntries(secrets().map(({ metadata, stringData }) => [metadata.name, stringData]));
    const [{ env }] = one({ manifests } as ReturnType<typeof written>, 'Deployment').spec.template.spec.containers;
    return Object.fromEntries(
      env.map(({ name, value, valueFrom }: Manifest) => [
        name,
        value ?? values[valueFrom.secretKeyRef.name][valueFrom.secretKeyRef.key],
      ]),
    );
  }

  /** Sends at an even rate, and books when each record was confirmed. */
  async function send(topic: string, perSecond: number, seconds: number, sentAt: number[]): Promise<void> {
    const child = produce(kafka, ADMIN, { topic, keys: KEYS, perSecond, seconds, first: sentAt.length });
    producers.add(child);
    const before = sentAt.length;
    createInterface({ input: child.stdout as Readable }).on('line', (line) => {
      const sent = before + Number(line.slice('SENT '.length));
      while (sentAt.length < sent) sentAt.push(Date.now());
    });
    await ended(child);
    producers.delete(child);
  }

  test('without a consumer: as many replicas as the lag asks for, and never more than there are partitions', async () => {
    const { stream } = streams.still;
    const { name } = stream.worker.scaler;
    const target = stream.worker.plan.value('targetPerReplica');
    const minimum = stream.plan.value('minInstances');
    const deployment = stream.worker.deployment?.name ?? '';
    expect(await outstanding(name, NAMESPACE)).toBe(0);
    await until('the minimum', async () => (await replicas(deployment, NAMESPACE)) === minimum);

    const sent: number[] = [];
    await send('still', 200, ((minimum + 1) * target + 1) / 200, sent);
    const asked = Math.ceil(sent.length / target);
    expect([asked > minimum, asked < stream.plan.value('instances')]).toEqual([true, true]);
    expect(await outstanding(name, NAMESPACE)).toBe(sent.length);
    await until(`${asked} replicas`, async () => (await replicas(deployment, NAMESPACE)) === asked);

    await send('still', 400, (2 * PARTITIONS * target) / 400, sent);
    expect(await outstanding(name, NAMESPACE)).toBe(sent.length);
    await until('the most', async () => (await replicas(deployment, NAMESPACE)) === PARTITIONS);
    prove({
      ...claim,
      metric: 'replicas that a standing lag asks for',
      unit: 'replicas',
      predicted: Math.min(PARTITIONS, Math.ceil(sent.length / target)),
      measured: (await wanted(name, NAMESPACE)) as number,
      tolerance: EXACT,
      how: `${sent.length} records that nobody reads on ${PARTITIONS} partitions, ${target} a replica; KEDA reads the offsets of the group by its certificate.`,
    });
  });

  test('with the shipped workers: the lag stays below the plan, and every record is handled', async () => {
    const { stream, manifests } = streams.live;
    const { plan } = stream;
    const minimum = plan.value('minInstances');
    const scaler = stream.worker.scaler.name;
    workers = new Workers(
      { name: stream.worker.deployment?.name ?? '', namespace: NAMESPACE },
      join(__dirname, 'stream-pod.cjs'),
      { ...environmentOf(manifests), WORK_MILLIS: String(WORK_MILLIS) },
      START_SECONDS,
    );
    const { log } = workers;
    workers.follow();
    await until('the minimum has joined', async () => log.filter(({ ready }) => ready).length >= minimum, 120);

    const sentAt: number[] = [];
    const { steadyPerSecond, peakPerSecond, peakSeconds } = SIZE.workload;
    await send('live', steadyPerSecond, 20, sentAt);
    const peakFrom = sentAt.length;
    await send('live', peakPerSecond, peakSeconds, sentAt);
    const peakTo = sentAt.length;
    await send('live', steadyPerSecond, 20, sentAt);
    const doneAt = () => new Map(log.flatMap(({ booked, at }) => (booked === undefined ? [] : [[Number(booked), at]])));
    await until('all are handled', async () => doneAt().size === sentAt.length, 120);
    await until('the group has committed', async () => (await outstanding(scaler, NAMESPACE)) === 0, 30);

    const done = doneAt();
    expect(log.filter(({ setAside }) => setAside)).toEqual([]);
    const waits = new Quantiles();
    for (let record = peakFrom; record < peakTo; record += 1)
      waits.record(((done.get(record) as number) - sentAt[record]) / 1000);
    const lag = deepest(sentAt, [...done.values()]);
    // The plan allows for an autoscaler that decides every 15 s and 10 s a rebalance: this one decides every 5 s.
    expect(lag).toBeLessThanOrEqual(plan.predictions.peakLag);
    expect(waits.quantile(0.99)).toBeLessThanOrEqual(plan.predictions.latencyP99Seconds);
    const others = log.filter(({ ready }) => ready).slice(minimum);
    const reaction = (Math.max(...others.map(({ at }) => at)) - sentAt[peakFrom]) / 1000;
    const common = {
      ...claim,
      how: `${sentAt.length} records over certificates, ${peakPerSecond}/s for ${peakSeconds} s from ${minimum} consumers on; pods are local processes, as many as the Deployment has ready replicas.`,
    };
    prove(
      {
        ...common,
        metric: 'most replicas in the peak',
        unit: 'replicas',
        predicted: plan.value('instances'),
        measured: Math.max(...workers.replicas.map(({ count }) => count)),
        tolerance: EXACT,
      },
      {
        ...common,
        metric: 'deepest lag, with the reaction that was measured',
        unit: 'records',
        predicted: (peakPerSecond - minimum * plan.predictions.consumerRecordsPerSecond) * reaction,
        measured: lag,
        tolerance: about(0.3),
        how: `${common.how} (peak − minimum × records a consumer handles) × ${reaction.toFixed(1)} s until the others read.`,
      },
    );
  });
});

/** The most that were sent and not handled. */
function deepest(sentAt: readonly number[], doneAt: readonly number[]): number {
  const steps = [...sentAt.map((at) => ({ at, step: 1 })), ...doneAt.map((at) => ({ at, step: -1 }))];
  let [lag, most] = [0, 0];
  for (const { step } of steps.sort((a, b) => a.at - b.at || a.step - b.step)) {
    lag += step;
    most = Math.max(most, lag);
  }
  return most;
}
