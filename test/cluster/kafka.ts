/** A topic of a real Kafka on loopback, over TLS and SCRAM, read by one consumer group. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { type Kafka, startKafka } from '../engines/kafka';
import { ended } from '../support/ended';
import { type Queue, secret } from './queue';

const USER = { username: 'worker', password: 'worker-5Tgb' };
const TOPIC = 'orders';
const GROUP = 'workers';

/** Starts a broker with an empty topic, and a group that has never committed. */
export async function startTopic(partitions: number): Promise<Queue> {
  const kafka = await startKafka({ admin: 'admin-4Qp7', [USER.username]: USER.password });
  const create = ['--create', '--topic', TOPIC, '--partitions', String(partitions)];
  await kafka.tool('org.apache.kafka.tools.TopicCommand', 'admin', create);
  const client = startClient(kafka, partitions);
  const end = () => client.kill('SIGKILL');
  process.once('exit', end);
  const answers = createInterface({ input: client.stdout as Readable });
  const call = (name: string, count: number) => ask(client, answers, `${name} ${count}`);
  return {
    trigger: QueueTrigger.kafka({
      bootstrapServers: [kafka.tlsBroker],
      topic: TOPIC,
      partitions,
      consumerGroup: GROUP,
      username: secret('username'),
      password: secret('password'),
      certificateAuthority: secret('ca'),
    }),
    credentials: { ...USER, ca: readFileSync(kafka.certificateFile, 'utf8') },
    put: (count) => call('put', count),
    take: (count) => call('take', count),
    finish: (count) => call('finish', count),
    async stop() {
      client.stdin?.end();
      await ended(client);
      process.removeListener('exit', end);
      await kafka.stop();
    },
  };
}

function startClient(kafka: Kafka, partitions: number): ChildProcess {
  return spawn(process.execPath, [join(__dirname, 'kafka-client.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      NODE_NO_WARNINGS: '1',
      BROKER: kafka.tlsBroker,
      CERTIFICATE: kafka.certificateFile,
      USERNAME: USER.username,
      PASSWORD: USER.password,
      TOPIC,
      GROUP,
      PARTITIONS: String(partitions),
    },
  });
}

async function ask(client: ChildProcess, answers: Interface, line: string): Promise<void> {
  const answer = once(answers, 'line', { signal: AbortSignal.timeout(30_000) });
  client.stdin?.write(`${line}\n`);
  const [said] = (await answer) as [string];
  if (said !== 'done') throw new Error(`Kafka: ${line}: ${said}`);
}
