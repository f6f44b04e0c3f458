/**
 * An item that takes longer than a pod is given to end: the ScaledJob as the construct emits it, on a real KEDA with a
 * real RabbitMQ and a real Redis. The pods are larger than any node, so that each job goes on until the test ends it.
 */
import { Cpu } from 'cdk8s-plus-28';
import type { QueueWorkerProps } from '../../lib/k8s/queue/queue-worker-props';
import { EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import { conditions } from './keda';
import { get, HAS_CLUSTER, kubectl } from './kubernetes';
import type { Queue } from './queue';
import { brokerAnswers } from './rabbitmq';
import { type RabbitMqQueue, startRabbitMq } from './rabbitmq-queue';
import { redisMissing, startRedis } from './redis';
import { apply, remove, ScaledWorker } from './scaled-worker';

const MOST = 5;
const LARGER_THAN_A_NODE = Cpu.units(64);
const RENDERING: Partial<QueueWorkerProps> = {
  workload: { steadyPerSecond: 0.001, serviceSeconds: 900 },
  objective: { latencySeconds: 14_400 },
  consumer: { maxInstances: MOST, pollSeconds: 1, startSeconds: 1 },
  cooldown: undefined,
  resources: { cpu: { request: LARGER_THAN_A_NODE, limit: LARGER_THAN_A_NODE } },
};

const NAME = `jobs-${process.pid}`;
const SERVERS: Record<string, { missing?: string; start: () => Promise<Queue> }> = {
  RabbitMQ: { start: () => startRabbitMq(NAME) },
  'Redis Streams': { missing: redisMissing(), start: () => startRedis(false) },
  'Redis Streams, deleted when done': { missing: redisMissing(), start: () => startRedis(true) },
};

for (const [name, { missing, start }] of Object.entries(SERVERS)) {
  const described = HAS_CLUSTER && !missing ? describe : describe.skip;
  described(`a job for each item of ${name} on a real KEDA${missing ? ` (${missing})` : ''}`, () => {
    const namespace = `${NAME}-${name.toLowerCase().replace(/\W+/g, '-')}`;
    let queue: Queue;
    let worker: ScaledWorker;

    beforeAll(async () => {
      if (name === 'RabbitMQ' && !(await brokerAnswers())) throw new Error('no RabbitMQ answers');
      queue = await start();
      worker = new ScaledWorker('Rendering', queue, namespace, RENDERING);
      await (queue as Partial<RabbitMqQueue>).declare?.(worker.manifests);
      await apply(queue, namespace, [worker]);
    }, 120_000);

    afterAll(async () => await remove(queue, namespace), 60_000);

    const jobs = async () =>
      (await kubectl(['get', 'jobs', '-n', namespace, '-o', 'name'])).split('\n').filter(Boolean);

    /** Waits for so many jobs, and for KEDA to look twice more, which it notes by the second. */
    async function jobsStay(count: number): Promise<void> {
      await until(`${count} jobs`, async () => (await jobs()).length === count, 30);
      const looked = async () => (await get('scaledjob', worker.scaler, namespace)).status.lastActiveTime;
      for (let looks = 0; looks < 2; looks += 1) {
        const before = await looked();
        await until('KEDA looks again', async () => (await looked()) !== before, 30);
      }
      expect(await jobs()).toHaveLength(count);
    }

    test('KEDA is let in, and begins with none', async () => {
      const ready = async () => (await conditions('scaledjob', worker.scaler, namespace)).includes('Ready');
      await until('the ScaledJob is ready', ready);
      expect([worker.value('maxInstances'), worker.value('targetPerReplica'), await jobs()]).toEqual([MOST, 1, []]);
    }, 90_000);

    test('one job for each item that waits, and no more while it goes on', async () => {
      await queue.put(2);
      await jobsStay(2);
    }, 90_000);

    test('items in hand and their jobs make up for each other: one more item is one more job', async () => {
      await queue.take(2);
      await jobsStay(2);
      await queue.put(1);
      await jobsStay(3);
    }, 120_000);

    test('an item that is done takes its job along', async () => {
      await queue.finish(1);
      const [job] = await jobs();
      await kubectl(['delete', job, '-n', namespace]);
      await jobsStay(2);
    }, 90_000);

    test('a job that died leaves its item, and another one is started for it', async () => {
      const [job] = await jobs();
      await kubectl(['delete', job, '-n', namespace]);
      await jobsStay(2);
      expect(await jobs()).not.toContain(job);
    }, 90_000);

    test('never more than the maximum', async () => {
      await queue.put(2 * MOST);
      await jobsStay(MOST);
      prove({
        case: 6,
        construct: 'k8s.QueueWorker',
        engine: `KEDA, ${name}`,
        metric: 'jobs at once, with items for twice as many',
        unit: 'jobs',
        predicted: worker.value('maxInstances'),
        measured: (await jobs()).length,
        tolerance: EXACT,
        how: 'The ScaledJob as the construct emits it, on a real KEDA; pods are larger than any node, so that jobs go on until the test ends them.',
        scaledBy: `${MOST} jobs for dozens: one item is one job.`,
      });
    }, 90_000);
  });
}
