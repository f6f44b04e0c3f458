/**
 * The triggers for Redis Streams, Kafka and SQS, as the construct emits them, on a real KEDA and autoscaler against real
 * servers. Nobody works here: the test itself puts, takes and ends the items, and looks at what is counted.
 */
import { kafkaMissing } from '../engines/kafka';
import { localAwsMissing } from '../engines/local-aws';
import { until } from '../support/until';
import { startTopic } from './kafka';
import { HAS_CLUSTER } from './kubernetes';
import type { Queue } from './queue';
import { type RedisStream, redisMissing, startRedis } from './redis';
import { apply, remove, ScaledWorker } from './scaled-worker';
import { startSqs } from './sqs';

/** Of the Kafka topic: its workers have as many replicas at the most. */
const PARTITIONS = 6;
/** More items than the largest number of replicas, each with its share, would hold. */
const FLOOD = 100;

const SERVERS: Record<string, { missing: string | undefined; start: () => Promise<Queue> }> = {
  'Redis Streams': { missing: redisMissing(), start: () => startRedis(false) },
  'Redis Streams, deleted when done': { missing: redisMissing(), start: () => startRedis(true) },
  Kafka: { missing: kafkaMissing(), start: () => startTopic(PARTITIONS) },
  SQS: { missing: localAwsMissing(), start: startSqs },
};

const onCluster = (missing: string | undefined) => (HAS_CLUSTER && !missing ? describe : describe.skip);
const because = (missing: string | undefined) => (missing ? ` (${missing})` : '');

for (const [name, { missing, start }] of Object.entries(SERVERS)) {
  onCluster(missing)(`the trigger of ${name} on a real KEDA${because(missing)}`, () => {
    const namespace = `triggers-${name.toLowerCase().replace(/\W+/g, '-')}-${process.pid}`;
    let queue: Queue;
    let awake: ScaledWorker;
    let asleep: ScaledWorker;
    let items: number;

    beforeAll(async () => {
      queue = await start();
      awake = new ScaledWorker('Awake', queue, namespace);
      asleep = new ScaledWorker('Asleep', queue, namespace, { scaleToZero: true });
      await apply(queue, namespace, [awake, asleep]);
    }, 400_000);

    afterAll(async () => await remove(queue, namespace), 60_000);

    test('KEDA is let in: both scalers are ready, and the autoscaler has its number', async () => {
      for (const worker of [awake, asleep]) await until(`${worker.scaler} is ready`, () => worker.ready());
      await until('the autoscaler sees', () => awake.sees());
      expect(await awake.outstanding()).toBe(0);
    }, 150_000);

    test('nothing to do: the minimum, and none where zero is allowed', async () => {
      await until('the minimum', async () => (await awake.replicas()) === awake.value('minInstances'));
      await until('none', async () => (await asleep.replicas()) === 0, 90);
    }, 180_000);

    test('one item wakes the worker that sleeps', async () => {
      await queue.put(1);
      await until('one replica', async () => (await asleep.replicas()) === 1);
      expect(await awake.outstanding()).toBe(1);
    }, 90_000);

    test('N items ask for ⌈N ÷ target⌉ replicas, whether they wait or are in hand', async () => {
      items = 3 * awake.value('targetPerReplica') + 1;
      await queue.put(items - 1);
      await queue.take(items - 2);
      for (const worker of [awake, asleep]) {
        const replicas = Math.ceil(items / worker.value('targetPerReplica'));
        expect([replicas > 1, replicas < worker.value('maxInstances')]).toEqual([true, true]);
        expect(await worker.outstanding()).toBe(items);
        await until(`${replicas} replicas`, async () => (await worker.replicas()) === replicas);
        expect(await worker.wanted()).toBe(replicas);
      }
    }, 150_000);

    test('what is done counts no more, what is in hand still does', async () => {
      await queue.finish(3);
      items -= 3;
      expect(await awake.outstanding()).toBe(items);
    });

    test('never more replicas than the maximum, that of a topic its partitions; the alerts see every item', async () => {
      await queue.put(FLOOD);
      items += FLOOD;
      for (const worker of [awake, asleep]) {
        const most = worker.value('maxInstances');
        expect(items).toBeGreaterThan((most + 1) * worker.value('targetPerReplica'));
        if (name === 'Kafka') expect(most).toBe(PARTITIONS);
        await until('the maximum', async () => (await worker.replicas()) === most);
        expect(await worker.outstanding()).toBe(items);
      }
      await until('KEDA publishes the depth', async () => (await asleep.published()).includes(items), 20);
      expect(await asleep.published()).toHaveLength(1);
    }, 150_000);

    test('worked off: back to the minimum, and to none', async () => {
      await queue.take(FLOOD + 2);
      expect(await awake.outstanding()).toBe(items);
      await queue.finish(items);
      expect(await awake.outstanding()).toBe(0);
      await until('the minimum', async () => (await awake.replicas()) === awake.value('minInstances'), 90);
      await until('none', async () => (await asleep.replicas()) === 0, 90);
    }, 240_000);
  });
}

onCluster(redisMissing())(`a Redis that knows no lag, on a real KEDA${because(redisMissing())}`, () => {
  const namespace = `triggers-no-lag-${process.pid}`;
  let queue: RedisStream;
  let deleting: ScaledWorker;
  let keeping: ScaledWorker;
  let asleep: ScaledWorker;

  beforeAll(async () => {
    queue = await startRedis(true);
    deleting = new ScaledWorker('Deleting', queue, namespace);
    keeping = new ScaledWorker('Keeping', queue, namespace, { trigger: queue.keeping });
    asleep = new ScaledWorker('Asleep', queue, namespace, { trigger: queue.keeping, scaleToZero: true });
    await apply(queue, namespace, [deleting, keeping, asleep]);
    for (const worker of [deleting, keeping]) await until('the autoscaler sees', () => worker.sees());
  }, 120_000);

  afterAll(async () => await remove(queue, namespace), 60_000);

  test('without its group nothing can be counted: even a worker that sleeps gets the replicas of a blind scaler', async () => {
    await until('none', async () => (await asleep.replicas()) === 0, 90);
    await queue.dropGroup();
    await queue.put(1);
    for (const worker of [asleep, keeping])
      await until('the fallback', async () => (await worker.replicas()) === worker.value('fallbackReplicas'));
    expect(await deleting.outstanding()).toBe(1);
    await queue.makeGroup();
    await until('it is counted again', async () => (await keeping.outstanding().catch(() => Number.NaN)) === 1);
  }, 240_000);

  test('what is deleted out of turn makes the lag unknown; whoever says that it deletes has every item counted', async () => {
    await queue.put(9);
    await queue.take(3);
    expect([await queue.lag(), await deleting.outstanding(), await keeping.outstanding()]).toEqual([7, 10, 10]);
    await queue.finishLast();
    expect([await queue.lag(), await deleting.outstanding()]).toEqual([null, 9]);
    // What waits is taken for none, and only what is in hand counts.
    expect(await keeping.outstanding()).toBe(2);
  });
});
