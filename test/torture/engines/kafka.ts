/** Kafka with the shipped stream worker, sized by `planStream`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planStream } from '../../../lib/flow/streams/plan';
import { SESSION_SECONDS } from '../../../lib/flow/streams/platforms';
import type { StreamPlan } from '../../../lib/flow/streams/workload';
import { type Kafka, kafkaMissing, startKafka } from '../../engines/kafka';
import { freePorts } from '../../support/ports';
import type { Engine, Running, Sizing } from '../engine';
import { FAULT_KINDS } from '../faults';
import { type Letter, SHARES } from '../letters';
import { type Network, networkTo } from '../network';
import { Pods } from '../pods';
import { Dealings } from './kafka-dealings';

export const ADMIN = { username: 'admin', password: 'admin-7Yt3' };
export const TOPIC = 'letters';
const GROUP = 'readers';
const KEYS = 1000;
/** Consumers that are busy at the peak, whatever the rate: records are slower where fewer come. */
const BUSY = 2.5;
/** No quicker: reading a record and keeping its effect take milliseconds of their own, which are to be in it. */
const LEAST_RECORD_SECONDS = 0.02;
/** Of a run that is long enough for a group to settle between two kills. */
const MOST_PER_SECOND = 240;
const LEAST_SECONDS = 40;
export const LATENCY_SECONDS = 60;
/** What the changed plan is told. Its topic has no more partitions: keys would go to others, and their order is promised. */
const CHANGED: Partial<Load> = { batchSize: 4 };

/** Of both engines on Kafka. */
export const ASSUMED = `the partitions of a consumer that is killed are read again after its session of ${SESSION_SECONDS} s, which a broker that restarts begins anew, before that is measured`;

/** What comes, and how long each takes. */
export interface Load {
  readonly perSecond: number;
  readonly recordSeconds: number;
  /** Records of a batch, by hand. */
  readonly batchSize?: number;
}

/** The numbers of a run on a topic, by its plan. */
export function sizingBy(
  planOf: (load: Load) => StreamPlan,
  messages: number,
  changed: (load: Load) => Partial<Load> = () => ({}),
) {
  const perSecond = Math.min(MOST_PER_SECOND, messages / LEAST_SECONDS);
  const load = { perSecond, recordSeconds: Math.max(LEAST_RECORD_SECONDS, BUSY / perSecond) };
  const plan = planOf({ ...load, ...changed(load) });
  const instances = plan.value('instances');
  const sizing: Sizing = {
    perSecond,
    instances,
    clearedPerSecond: instances * plan.predictions.consumerRecordsPerSecond,
    shares: 'own',
    takeoverSeconds: SESSION_SECONDS,
    peakBacklog: plan.predictions.peakLag,
  };
  return { plan, sizing, workMillis: 1000 * load.recordSeconds };
}

const streamOf = ({ perSecond, recordSeconds, batchSize }: Load) =>
  planStream('Letters', {
    workload: {
      steadyPerSecond: perSecond,
      recordSeconds,
      recordVariation: 0,
      poisonRatio: SHARES.poison,
      // A letter of a mebibyte needs no more than any other: the mean counts.
      recordBytes: 1024,
      keys: KEYS,
    },
    objective: { latencySeconds: LATENCY_SECONDS },
    platform: 'kafka-keda',
    ...(batchSize !== undefined && { batchSize }),
  });

/** The numbers of the run, and those of the changed plan. */
export const sizingOf = (messages: number) => sizingBy(streamOf, messages);
export const changedOf = (messages: number) => sizingBy(streamOf, messages, () => CHANGED);

export const KAFKA: Engine = {
  title: 'Apache Kafka 3.9.1, stream-worker',
  ordered: true,
  quotes: true,
  isFifo: true,
  assumed: ASSUMED,
  kinds: FAULT_KINDS,
  cores: 0.7,
  killEverySeconds: 1.5 * SESSION_SECONDS,
  missing: kafkaMissing,
  async start(messages, folder) {
    const { plan, sizing, workMillis } = sizingOf(messages);
    return onKafka(plan.value('partitions'), async (kafka, started) => {
      const pods = new Pods(
        join(__dirname, 'pod-kafka.cjs'),
        {
          EFFECTS: folder,
          WORK_MILLIS: String(workMillis),
          ...readerSettings(kafka),
          ...knobsOf(plan),
        },
        sizing.instances,
      );
      started.push(pods);
      return {
        ...(await withTopic(kafka, pods, new Dealings(pods), sizing)),
        replan: async () => knobsOf(changedOf(messages).plan),
      };
    });
  },
};

/** A broker whose addresses are those of the network in front of it. */
export interface KafkaBehind extends Kafka {
  readonly network: Network;
}

/** Starts a broker with the topics of a run; when the run cannot begin, it is ended, and what was started by then. */
export async function onKafka(
  partitions: number,
  begin: (kafka: KafkaBehind, started: Pods[]) => Promise<Running>,
): Promise<Running> {
  const started: Pods[] = [];
  const kafka = await startBehindNetwork();
  try {
    for (const [topic, count] of Object.entries({ [TOPIC]: partitions, [`${TOPIC}.dead`]: 1 }))
      await kafka.tool('org.apache.kafka.tools.TopicCommand', ADMIN.username, [
        '--create',
        '--topic',
        topic,
        '--partitions',
        String(count),
      ]);
    return await begin(kafka, started);
  } catch (error) {
    for (const pods of started) pods.killAll();
    await kafka.network.stop();
    await kafka.stop();
    throw error;
  }
}

/** The broker tells its clients the ports of the network, or they would go past it. */
async function startBehindNetwork(): Promise<KafkaBehind> {
  const [tls, mutual] = await freePorts(2);
  const kafka = await startKafka({ [ADMIN.username]: ADMIN.password }, undefined, { tls, mutual });
  const target = (broker: string) => Number(broker.split(':').at(-1));
  const network = await networkTo(
    { target: target(kafka.tlsBroker), port: tls },
    { target: target(kafka.certificateBroker), port: mutual },
  );
  return { ...kafka, network, tlsBroker: `localhost:${tls}`, certificateBroker: `localhost:${mutual}` };
}

/** How consumers, and receivers, reach the broker. */
export function readerSettings(kafka: Kafka) {
  return {
    BOOTSTRAP_SERVERS: kafka.certificateBroker,
    TOPIC,
    CONSUMER_GROUP: GROUP,
    DEAD_TOPIC: `${TOPIC}.dead`,
    KAFKA_TLS: 'true',
    KAFKA_CA: readFileSync(kafka.certificateFile, 'utf8'),
    KAFKA_CLIENT_CERTIFICATE: readFileSync(kafka.client.certificateFile, 'utf8'),
    KAFKA_CLIENT_KEY: readFileSync(kafka.client.keyFile, 'utf8'),
  };
}

/** What a consumer is told of a plan. */
export function knobsOf(plan: StreamPlan) {
  return {
    BATCH_SIZE: String(plan.value('batchSize')),
    RETRY_ATTEMPTS: String(plan.value('retryAttempts')),
    ITEM_TIMEOUT_SECONDS: String(plan.value('batchTimeoutSeconds')),
  };
}

/** The topic, to which letters are sent by a client of its own, and the books of it. */
export async function withTopic(kafka: KafkaBehind, pods: Pods, dealings: Dealings, sizing: Sizing): Promise<Running> {
  const { Consumer, Producer } = await import('@platformatic/kafka');
  const connection = {
    clientId: 'torture',
    bootstrapBrokers: [kafka.tlsBroker],
    sasl: { mechanism: 'SCRAM-SHA-512' as const, ...ADMIN },
    tls: { ca: readFileSync(kafka.certificateFile) },
    tlsServerName: true,
    connectTimeout: 5000,
    requestTimeout: 10_000,
    retries: 0,
  };
  let producer = new Producer({ ...connection, acks: -1 });
  const offsets = async () => {
    const text = await kafka.tool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', ADMIN.username, [
      '--describe',
      '--group',
      GROUP,
    ]);
    return lagIn(text);
  };
  return {
    sizing,
    pods,
    takenOver: (consumer) => dealings.takenOver(consumer),
    async send(letters) {
      try {
        await producer.send({ messages: letters.map(messageOf) });
      } catch (error) {
        // A client that lost its broker is made anew: what it had in hand is sent again, in its order.
        await producer.close().catch(() => {});
        producer = new Producer({ ...connection, acks: -1 });
        throw error;
      }
    },
    async strike(kind, seconds) {
      if (kind === 'cut') await kafka.network.cut(seconds);
      else await kafka.restart(kind === 'restart' ? 'SIGTERM' : 'SIGKILL');
    },
    async aside() {
      const bodies: string[] = [];
      let said = '';
      const consumer = new Consumer({ ...connection, groupId: `torture-${process.pid}`, autocommit: false });
      const ends = await consumer.listOffsets({ topics: [`${TOPIC}.dead`] });
      const last = ends.get(`${TOPIC}.dead`)?.[0] ?? 0n;
      if (last === 0n) {
        await consumer.close(true);
        return { bodies, said };
      }
      const stream = await consumer.consume({ topics: [`${TOPIC}.dead`], mode: 'earliest' });
      for await (const { value, headers, offset } of stream) {
        bodies.push(String(value));
        for (const [name, text] of headers) said += `${name}: ${text}\n`;
        if (offset >= last - 1n) break;
      }
      await consumer.close(true);
      return { bodies, said };
    },
    left: offsets,
    async stop() {
      await pods.end();
      await producer.close().catch(() => {});
      await kafka.network.stop();
      await kafka.stop();
    },
  };
}

function messageOf({ key, body, attributes }: Letter) {
  const headers = new Map(Object.entries(attributes).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]));
  return { topic: TOPIC, key: Buffer.from(key), value: Buffer.from(body), headers };
}

/** The sum of the column LAG of Kafka's own tool. Of a partition without a commit, which has none, everything is left. */
export function lagIn(text: string): number {
  const rows = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([group, topic]) => group === GROUP && topic === TOPIC);
  if (rows.length === 0) throw new Error(`the tool of Kafka lists no lag:\n${text}`);
  return rows.reduce((sum, [, , , committed, end, lag]) => sum + Number(committed === '-' ? end : lag), 0);
}
