/** A Pub/Sub emulator, Google's pstest, with the shipped loop of a worker pool, sized by `planQueue`. */
import { join } from 'node:path';
import { PubSub, v1 } from '@google-cloud/pubsub';
import { planQueue } from '../../../lib/flow/queue/plan';
import { EMULATOR, kill, missing, type Running as Process, start } from '../../engines/pubsub/processes';
import { until } from '../../support/until';
import type { Engine, Running, Sizing } from '../engine';
import { SHARES } from '../letters';
import { networkTo } from '../network';
import { Pods } from '../pods';

const PROJECT = 'torture';
const named = (kind: string, name: string) => `projects/${PROJECT}/${kind}/${name}`;
const [TOPIC, DEAD] = [named('topics', 'letters'), named('topics', 'dead')];
const [LETTERS, DEAD_LETTERS] = [named('subscriptions', 'letters'), named('subscriptions', 'dead')];
const SLOTS = 4;
/** Slots that are busy, whatever the rate: letters are slower where fewer come. pstest gives a stream some 100 messages a second. */
const BUSY = 24;
const MOST_PER_SECOND = 300;
const LEAST_SECONDS = 60;
/** What is left of the rate when what waits is worked off. */
const HEADROOM = 1.5;
const LATENCY_SECONDS = 60;
/** A killed process is started again after a second, and loads its client. */
const TAKEOVER_SECONDS = 3;
/** What the changed plan has: an attempt may take longer, and so may a lease. */
const CHANGED_ITEM_SECONDS = 20;
const MOST_PULLED = 1000;

/** The numbers of the run. */
export function sizingOf(messages: number, itemTimeoutSeconds?: number) {
  const perSecond = Math.min(MOST_PER_SECOND, messages / LEAST_SECONDS);
  const serviceSeconds = BUSY / perSecond;
  const plan = planQueue('Letters', {
    workload: {
      steadyPerSecond: perSecond,
      serviceSeconds,
      serviceVariation: 0,
      poisonRatio: SHARES.poison + SHARES.hostile,
    },
    objective: { latencySeconds: LATENCY_SECONDS, headroom: HEADROOM },
    consumer: { slotsPerInstance: SLOTS, ...(itemTimeoutSeconds !== undefined && { itemTimeoutSeconds }) },
    platform: 'cloud-run-pool',
    broker: 'pubsub',
    // The shipped loop returns what it cannot finish.
    nacksOnStop: true,
  });
  const instances = plan.value('maxInstances');
  const sizing: Sizing = {
    perSecond,
    instances,
    clearedPerSecond: (SLOTS * instances) / serviceSeconds,
    shares: 'common',
    takeoverSeconds: TAKEOVER_SECONDS,
    isBackWhenReady: true,
    peakBacklog: plan.predictions.peakBacklog,
  };
  return { plan, sizing, serviceSeconds };
}

type Planned = ReturnType<typeof sizingOf>['plan'];

export const PUBSUB: Engine = {
  title: 'Pub/Sub emulator (pstest), pubsub-worker',
  ordered: false,
  // The log has the kind of an error, and nothing else is said of a letter.
  quotes: false,
  isFifo: false,
  assumed: `a consumer that is killed takes letters again after ${TAKEOVER_SECONDS} s, before that is measured`,
  // pstest keeps its messages in memory: a restart would lose all of them, which the service does not.
  kinds: ['kill', 'upgrade', 'replan', 'cut'],
  cores: 1.2,
  killEverySeconds: 5,
  missing,
  async start(messages, folder) {
    const emulator = await start(EMULATOR, ['-port', '0']);
    try {
      return await running(emulator, messages, folder);
    } catch (error) {
      await kill(emulator);
      throw error;
    }
  },
};

/** What `QueueWorker` of Google Cloud tells its instances. */
function knobsOf(plan: Planned) {
  return {
    SLOTS: String(plan.value('slotsPerInstance')),
    MAX_EXTENSION_SECONDS: String(plan.value('maxExtensionSeconds')),
    STOP_SECONDS: String(plan.value('stopSeconds')),
  };
}

async function running(emulator: Process, messages: number, folder: string): Promise<Running> {
  const { plan, sizing, serviceSeconds } = sizingOf(messages);
  const attempts = plan.value('maxDeliveryAttempts');
  const network = await networkTo({ target: emulator.port });
  const environment = { PUBSUB_EMULATOR_HOST: `127.0.0.1:${network.ports[0]}`, METADATA_SERVER_DETECTION: 'none' };
  Object.assign(process.env, environment);
  const pubsub = new PubSub({ projectId: PROJECT });
  const subscriber = new v1.SubscriberClient({ ...(await pubsub.getClientConfig()), port: emulator.port });
  for (const topic of [TOPIC, DEAD]) await pubsub.createTopic(topic);
  await pubsub.topic(DEAD).createSubscription(DEAD_LETTERS);
  await pubsub.topic(TOPIC).createSubscription(LETTERS, {
    ackDeadlineSeconds: plan.value('ackDeadlineSeconds'),
    deadLetterPolicy: { deadLetterTopic: DEAD, maxDeliveryAttempts: attempts },
    retryPolicy: {
      minimumBackoff: { seconds: plan.value('minimumBackoffSeconds') },
      maximumBackoff: { seconds: plan.value('maximumBackoffSeconds') },
    },
  });
  const topic = pubsub.topic(TOPIC);
  const pods = new Pods(
    join(__dirname, 'pod-pubsub.cjs'),
    {
      EFFECTS: folder,
      WORK_MILLIS: String(1000 * serviceSeconds),
      ...environment,
      PROJECT,
      SUBSCRIPTION: LETTERS,
      ...knobsOf(plan),
    },
    sizing.instances,
  );
  return {
    sizing,
    pods,
    async send(letters) {
      await Promise.all(
        letters.map(({ id, body, attributes }) =>
          topic.publishMessage({ data: Buffer.from(body), attributes: { ...attributes, letter: id } }),
        ),
      );
    },
    strike: (_, seconds) => network.cut(seconds),
    async replan() {
      const { plan: changed } = sizingOf(messages, CHANGED_ITEM_SECONDS);
      await pubsub.subscription(LETTERS).setMetadata({ ackDeadlineSeconds: changed.value('ackDeadlineSeconds') });
      return knobsOf(changed);
    },
    async aside() {
      const letters = await deadLetters(subscriber);
      return {
        bodies: letters.map(({ body }) => body),
        said: letters.map(({ attributes }) => JSON.stringify(attributes)).join('\n'),
      };
    },
    left: () => unacknowledged(emulator, attempts),
    async stop() {
      // The books are closed: nothing is left to be finished in order.
      pods.killAll();
      await subscriber.close();
      await pubsub.close();
      await network.stop();
      await kill(emulator);
    },
  };
}

/** pstest sets a letter aside again and again, as one message: it is read once. */
async function deadLetters(subscriber: v1.SubscriberClient) {
  const letters = new Map<string, { readonly body: string; readonly attributes: object }>();
  for (;;) {
    const [{ receivedMessages }] = await subscriber.pull({
      ...{ subscription: DEAD_LETTERS, maxMessages: MOST_PULLED, returnImmediately: true },
    });
    const before = letters.size;
    for (const { message } of receivedMessages ?? [])
      letters.set(String(message?.messageId), {
        body: Buffer.from(message?.data ?? '').toString(),
        attributes: message?.attributes ?? {},
      });
    if (letters.size === before) return [...letters.values()];
  }
}

/** Letters that nobody has acknowledged, but for those that were set aside after so many deliveries. */
async function unacknowledged({ child, lines }: Process, attempts: number): Promise<number> {
  const before = lines.length;
  child.kill('SIGUSR1');
  await until('the emulator counts', () => lines.length > before);
  const { unacknowledged: topics } = JSON.parse(lines[lines.length - 1]) as {
    readonly unacknowledged: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  return Object.entries(topics[TOPIC])
    .filter(([deliveries]) => Number(deliveries) < attempts)
    .reduce((sum, [, count]) => sum + count, 0);
}
