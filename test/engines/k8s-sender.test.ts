/**
 * The pods of `charts/notifications` as they stand in its manifests, but for the addresses: the command of the container,
 * the program of the ConfigMap and every variable, on a real Redis server and an SMTP server.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Testing } from 'cdk8s';
import { NotificationsChart } from '../../charts/notifications';
import { RedisQueue } from '../../lib/runtime/sender/redis';
import { mostInWindow } from '../support/mailing';
import { type Manifest } from '../support/manifest';
import { freePorts } from '../support/ports';
import { atMost, EXACT, prove } from '../support/proof';
import { type RedisServer, redisMissing } from './redis';
import { isUp, mail, metric, type Sender, type Senders, Sink, sendersOnRedis, until } from './senders';

const missing = redisMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const chart = new NotificationsChart(Testing.app(), 'notifications');
const { plan, queueName } = chart.mailing;
const manifests: Manifest[] = Testing.synth(chart);
const deployment = manifests.find(({ kind }) => kind === 'Deployment');
const [container] = deployment.spec.template.spec.containers;
const { binaryData } = manifests.find((one) => one.kind === 'ConfigMap' && one.binaryData);
const { replicas } = deployment.spec;

suite('the pods of notifications', () => {
  let redis: RedisServer;
  let senders: Senders;
  let folder: string;

  sendersOnRedis((server, all) => {
    redis = server;
    senders = all;
  });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'backpressure-sender-'));
    for (const [file, packed] of Object.entries<string>(binaryData)) {
      writeFileSync(join(folder, file), Buffer.from(packed, 'base64'));
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The container, with its folders and its neighbours on this machine. */
  async function startPod(url: string): Promise<Sender> {
    const [port] = await freePorts(1);
    const variables: Record<string, string> = Object.fromEntries(
      container.env.flatMap(({ name, value }: Manifest) => (value === undefined ? [] : [[name, value]])),
    );
    // A server that others use for tests has no certificate.
    const LANES = variables.LANES.replace('"requireTls":true', '"requireTls":false');
    expect(LANES).not.toBe(variables.LANES);
    const [command, ...args] = container.command.map((part: string) =>
      part.replaceAll('/opt/sender/', `${folder}/`).replaceAll('/tmp/index.js', join(folder, `${port}.js`)),
    );
    const child = spawn(command, args, {
      env: {
        PATH: process.env.PATH,
        ...variables,
        ...senders.address,
        PROVIDER_URL: url,
        LANES,
        METRICS_PORT: String(port),
        METRICS_HOST: '127.0.0.1',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    senders.keep(child);
    return { child, port };
  }

  test('send at the rate of the plan and no faster, every mail once, and are told to end', async () => {
    const sink = new Sink('smtp');
    const url = await sink.start();
    const count = 1500;
    let missed = 0;
    try {
      const pods = await Promise.all(Array.from({ length: replicas }, () => startPod(url)));
      await Promise.all(pods.map(({ port }) => until(() => isUp(port), 60)));
      const queue = new RedisQueue(redis.client, queueName);
      await Promise.all(Array.from({ length: count }, (_, at) => queue.put(`m${at}`, mail(`mail${at}`))));
      expect(await metric(pods[0].port, 'queue_messages')).toBeGreaterThan(1000);
      await until(async () => (await senders.left(queueName)) === 0, 120);
      const counts = await Promise.all(pods.map(({ port }) => metric(port, 'slots_missed_total')));
      missed = counts.reduce((sum, one) => sum + one, 0);
      const sent = await Promise.all(pods.map(({ port }) => metric(port, 'sent_total')));
      expect(sent.reduce((sum, one) => sum + one, 0)).toBe(count);
      expect(await metric(pods[0].port, 'quarantine_messages')).toBe(0);
    } finally {
      await sink.stop();
    }
    const { times } = sink;
    const [from, to] = [100, count - 200];
    const perSecond = ((to - from) * 1000) / (times[to] - times[from]);
    const claim = {
      case: 7,
      construct: 'k8s.RateLimitedSender',
      engine: 'Redis',
      how: `The ${replicas} pods of charts/notifications as processes: command, program and variables of the manifest, on a real Redis server and an SMTP server that notes every arrival to the millisecond.`,
      scaledBy: 'thousands of mails for half a million: a limit holds in a second.',
    };
    console.info(`${replicas} pods: ${perSecond.toFixed(1)} a second on average, ${missed} slots missed`);
    prove(
      {
        ...claim,
        metric: 'mails in any second at most, at a limit of 100',
        unit: 'mails',
        predicted: 100,
        measured: mostInWindow(times, 1000),
        tolerance: atMost(0.9),
      },
      {
        ...claim,
        metric: 'mails a second',
        unit: 'mails/s',
        predicted: plan.value('messagesPerSecond'),
        measured: perSecond,
        tolerance: { least: 0.95, most: 1.01 },
      },
      {
        ...claim,
        metric: 'mails that arrive once',
        unit: 'mails',
        predicted: count,
        measured: new Set(sink.arrivals.map(({ id }) => id)).size,
        tolerance: EXACT,
      },
    );
    expect(sink.arrivals).toHaveLength(count);
  }, 180_000);

  test('a pod that is told to end gives back what waits for its slot, and ends within its grace period', async () => {
    const sink = new Sink('smtp');
    const url = await sink.start();
    try {
      // A bucket that is 40 s ahead: the pod has twelve mails that wait for their slots.
      const seconds = 40;
      await redis.client.hset(`{${queueName}:provider}:bucket`, 'next', String((Date.now() + seconds * 1000) * 1000));
      const queue = new RedisQueue(redis.client, queueName);
      await Promise.all(Array.from({ length: 12 }, (_, at) => queue.put(`w${at}`, mail(`waits${at}`))));
      const pod = await startPod(url);
      await until(() => isUp(pod.port), 60);
      await until(async () => (await metric(pod.port, 'in_flight')) === 12, 30);
      const began = Date.now();
      const ended = new Promise((resolve) => pod.child.once('close', resolve));
      pod.child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect((Date.now() - began) / 1000).toBeLessThan(plan.value('terminationGracePeriodSeconds'));
      // None was sent before its slot, and each may be sent by the next pod: there is no claim on it.
      expect(sink.arrivals).toEqual([]);
      expect(await senders.left(queueName)).toBe(12);
      expect(await redis.client.keys(`${queueName}:mail:waits*`)).toEqual([]);
    } finally {
      await sink.stop();
    }
  }, 120_000);
});
