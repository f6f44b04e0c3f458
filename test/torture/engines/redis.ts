/**
 * Redis with the shipped sender, sized by `planRates`: a queue in a sorted set, with a record of every letter.
 *
 * Not the merger, the other program that waits at Redis: `planCoalescing` refuses letters of which each has an effect of its
 * own, because merging saves nothing there, and what it sets aside is a key without its letter. What the sender sets aside is
 * masked and has a digest, by which the letter is known here. A mail that was perhaps sent is sent again, as `UnknownMail.SEND`
 * has it: with the default it would be set aside although it can have its effect.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { planRates } from '../../../lib/flow/rates/plan';
import { bucketSettings, pauseSettings } from '../../../lib/flow/rates/question';
import { type RatesPlan, type RatesQuestion, UnknownMail } from '../../../lib/flow/rates/workload';
import { RedisQueue } from '../../../lib/runtime/sender/redis';
import type { ContainerLane } from '../../../lib/runtime/sender-container/lane';
import { type RedisServer, redisEnvironment, redisMissing, startRedis } from '../../engines/redis';
import { freePorts } from '../../support/ports';
import type { Engine, Running, Sizing } from '../engine';
import { FAULT_KINDS } from '../faults';
import type { Letter } from '../letters';
import { type Network, networkTo } from '../network';
import { Pods } from '../pods';

const QUEUE = 'letters';
/** Calls that run at any time, whatever the rate: they take longer where fewer letters come. */
const BUSY = 30;
const MOST_PER_SECOND = 300;
const LEAST_SECONDS = 40;
/** Spare rate, so that a recovery can be measured while letters come. */
const SPARE = 1.5;
/** A machine that others use keeps a process waiting, and a slot that is half of this late is lost: by default 25 ms. */
const JITTER_SECONDS = 1;
const KILL_EVERY_SECONDS = 5;
/** A container that has ended is started again after 1 s; a process then takes so long to its first letter. Measured. */
const START_SECONDS = 1.6;
/** What the changed plan is told: calls may take longer, so more letters are in flight and are hidden for longer. */
const CHANGED_CALLS = 1.5;

/** The numbers of the run. */
export function sizingOf(messages: number, calls = 1) {
  const perSecond = Math.min(MOST_PER_SECOND, messages / LEAST_SECONDS);
  const callSeconds = BUSY / perSecond;
  const messagesPerSecond = SPARE * perSecond;
  const question: RatesQuestion = {
    workload: { steadyPerSecond: perSecond, callSeconds: calls * callSeconds },
    limit: { perSecond: 2 * messagesPerSecond },
    messagesPerSecond,
    jitterSeconds: JITTER_SECONDS,
    sender: 'deployment',
  };
  const plan = planRates('Letters', question);
  const sizing: Sizing = {
    perSecond,
    instances: plan.value('senders'),
    clearedPerSecond: plan.value('messagesPerSecond'),
    shares: 'common',
    // What it had in hand comes back when it is no longer hidden; its slots are taken by then.
    takeoverSeconds: START_SECONDS,
    isBackWhenReady: true,
    peakBacklog: plan.value('inFlight'),
  };
  return { plan, sizing, callSeconds };
}

export const REDIS: Engine = {
  title: 'Redis, sender',
  ordered: false,
  quotes: true,
  // Those that a sender had in hand when it was killed are hidden for their time.
  isFifo: true,
  assumed: `a consumer that is killed takes letters again after ${START_SECONDS} s, before that is measured`,
  kinds: FAULT_KINDS,
  cores: 0.7,
  killEverySeconds: KILL_EVERY_SECONDS,
  missing: redisMissing,
  async start(messages, folder) {
    const { plan, sizing, callSeconds } = sizingOf(messages);
    const redis = await startRedis(true);
    const network = await networkTo({ target: redis.port });
    const ports = await freePorts(sizing.instances);
    const pods = new Pods(
      join(__dirname, 'pod-redis.cjs'),
      {
        EFFECTS: folder,
        WORK_MILLIS: String(1000 * callSeconds),
        METRICS_PORTS: ports.join(','),
        METRICS_HOST: '127.0.0.1',
        ...redisEnvironment({ port: network.ports[0] }),
        QUEUE,
        KEY: 'secret',
        MOST_RECIPIENTS: '1',
        ON_UNKNOWN: UnknownMail.SEND,
        ...knobsOf(plan),
      },
      sizing.instances,
    );
    return running(redis, network, pods, sizing, messages);
  },
};

/** What a sender is told of a plan, as `RateLimitedSender` tells it. */
function knobsOf(plan: RatesPlan): Record<string, string> {
  const value = (knob: string) => String(plan.value(knob));
  const lane: ContainerLane = {
    name: 'provider',
    kind: 'http',
    from: 'letters@example.com',
    urlFrom: 'PROVIDER_URL',
    keyFrom: 'KEY',
    pace: bucketSettings(plan, 'first'),
    pause: pauseSettings(plan),
  };
  return {
    LANES: JSON.stringify([lane]),
    IN_FLIGHT: value('messagesPerSender'),
    CALL_TIMEOUT_SECONDS: value('callTimeoutSeconds'),
    HIDE_SECONDS: value('hideSeconds'),
    RECORD_SECONDS: value('recordSeconds'),
    BACKOFF_SECONDS: value('backoffSeconds'),
    BACKOFF_CAP_SECONDS: value('backoffCapSeconds'),
    CLOSED_SECONDS: value('closedSeconds'),
    HOLD_SECONDS: value('holdSeconds'),
    STALLED_SECONDS: value('stalledSeconds'),
  };
}

function running(redis: RedisServer, network: Network, pods: Pods, sizing: Sizing, messages: number): Running {
  const queue = new RedisQueue(redis.client, QUEUE);
  const sender = new Redis(network.ports[0], { retryStrategy: () => 50, maxRetriesPerRequest: null });
  sender.on('error', () => {});
  const sending = new RedisQueue(sender, QUEUE);
  /** Bodies of letters by the digest of their mail. */
  const bodies = new Map<string, string>();
  let sent = 0;
  return {
    sizing,
    pods,
    async send(letters) {
      await Promise.all(
        letters.map((letter) => {
          const mail = mailOf(letter);
          bodies.set(createHash('sha256').update(mail).digest('hex'), letter.body);
          sent += 1;
          // A sender that sends a letter twice is not known by the queue, only by the id of the mail.
          return sending.put(`${letter.id}-${sent}`, mail);
        }),
      );
    },
    async strike(kind, seconds) {
      if (kind === 'cut') await network.cut(seconds);
      else await redis.restart(kind === 'restart' ? 'SIGTERM' : 'SIGKILL');
    },
    replan: async () => knobsOf(sizingOf(messages, CHANGED_CALLS).plan),
    async aside() {
      const copies = await redis.client.lrange(queue.quarantineKey, 0, -1);
      return {
        bodies: copies.map((copy) => {
          const { attributes } = JSON.parse(copy) as { readonly attributes: Readonly<Record<string, string>> };
          return bodies.get(attributes['backpressure-digest']) ?? copy;
        }),
        said: copies.join('\n'),
      };
    },
    left: async () => (await queue.sizes()).messages,
    async stop() {
      await pods.end();
      sender.disconnect();
      await network.stop();
      await redis.stop();
    },
  };
}

/** A letter that is an object becomes a mail, with itself as the text; another one is handed over as it is. */
function mailOf({ body }: Letter): string {
  if (!isObject(body)) return body;
  const mail = { to: ['reader@example.com'], subject: 'letter', text: body };
  return `${body.slice(0, -1)},${JSON.stringify(mail).slice(1)}`;
}

function isObject(body: string): boolean {
  try {
    return typeof JSON.parse(body) === 'object';
  } catch {
    return false;
  }
}
