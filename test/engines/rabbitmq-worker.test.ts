/**
 * The peak of case 2 on a real RabbitMQ, with the queue that the shipped function declares and the shipped worker with the
 * knobs of the plan: what waits, how long it takes, that nothing is lost when tasks are killed, and what ends as a dead
 * letter. There is no ECS here: tasks are processes, and what target tracking does is done as the plan says it, on the
 * depth that the broker counts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import { Random } from '../../lib/flow/numerics/random';
import { planQueue } from '../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../lib/flow/queue/question';
import { ended } from '../support/ended';
import { about, EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';
import { until } from '../support/until';
import type { SecretStore } from './bundle';
import { type RabbitMq, rabbitMqMissing, startRabbitMq } from './rabbitmq';
import {
  ADMIN,
  clientEnvironment,
  declare,
  declared,
  PASSWORDS,
  properties,
  signIn,
  startQueueSecrets,
} from './rabbitmq-objects';

const missing = rabbitMqMissing();
const described = missing ? describe.skip : describe;
jest.setTimeout(10 * 60_000);

const SERVICE_SECONDS = 0.25;
const POISON_EVERY = 97;
/** Seconds of steady load before the peak: the minimum has to be at work when it begins. */
const SETTLE_SECONDS = 20;
/** Times of CloudWatch, target tracking and Fargate, a tenth of them. */
const TIMES = { pollSeconds: 6, decideSeconds: 18, startSeconds: 6 };
/** Of the start of a task, what the process takes by itself until its first order: measured, about a second. */
const PROCESS_SECONDS = 1;
/** Readings in a row above the target until target tracking acts. */
const READINGS = 3;

const QUESTION: QueueQuestion = {
  workload: {
    steadyPerSecond: 6,
    peakPerSecond: 30,
    peakSeconds: 60,
    serviceSeconds: SERVICE_SECONDS,
    // A timer: what it varies by is the machine's load.
    serviceVariation: 0.05,
  },
  objective: { latencySeconds: 45 },
  consumer: { slotsPerInstance: 2, ...TIMES },
  platform: 'fargate',
  broker: 'amazon-mq',
};
const PLAN = planQueue('Orders', QUESTION);

interface Published {
  readonly id: string;
  readonly at: number;
  readonly poison: boolean;
}
interface Line {
  readonly at: number;
  readonly ready?: boolean;
  readonly booked?: string;
  readonly setAside?: boolean;
}

described(`the worker of a RabbitMqQueue in a peak${missing ? ` (${missing})` : ''}`, () => {
  let rabbit: RabbitMq;
  let secrets: SecretStore;
  const log: Line[] = [];
  const tasks: ChildProcess[] = [];
  const published: Published[] = [];
  const counts: { at: number; count: number }[] = [];
  let most = 0;
  let killed = 0;

  const start = (delaySeconds = 0) => {
    const script = join(ROOT, 'dist', 'runtime', 'order-worker', 'index.js');
    const child = spawn(
      process.execPath,
      ['-e', `setTimeout(() => require(${JSON.stringify(script)}), ${delaySeconds * 1000})`],
      {
        env: {
          PATH: process.env.PATH,
          ...clientEnvironment(rabbit, '/', 'orders.worker', PASSWORDS.worker),
          NODE_EXTRA_CA_CERTS: rabbit.certificateFile,
          QUEUE_NAME: 'orders',
          PREFETCH: String(PLAN.value('prefetch')),
          SLOTS: String(PLAN.value('slotsPerInstance')),
          HEARTBEAT_SECONDS: String(PLAN.value('heartbeatSeconds')),
          SERVICE_SECONDS: String(SERVICE_SECONDS),
          HEALTH_PORT: '0',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      log.push({ at: Date.now(), ...(JSON.parse(line) as object) }),
    );
    tasks.push(child);
    most = Math.max(most, tasks.length);
  };
  const depth = async (queue: string) =>
    (await rabbit.ask<{ messages?: number }>('GET', `queues/%2F/${queue}`))?.messages ?? 0;
  const readyTasks = () => log.filter(({ ready }) => ready).length;
  const settledOrders = () =>
    new Set(log.flatMap(({ booked }) => booked ?? [])).size + log.filter(({ setAside }) => setAside).length;

  /** Publishes exponential times apart, with confirms. */
  const publish = async (stretches: readonly { perSecond: number; seconds: number }[]) => {
    const connection = await signIn(rabbit, '/', 'orders.producer', PASSWORDS.producer);
    const channel = await connection.createConfirmChannel();
    const random = new Random(7 + published.length);
    const begun = Date.now();
    let [at, end] = [0, 0];
    for (const { perSecond, seconds } of stretches) {
      end += seconds;
      for (at += random.exponential() / perSecond; at <= end; at += random.exponential() / perSecond) {
        const early = begun + at * 1000 - Date.now();
        if (early > 1) await wait(early);
        const poison = published.length % POISON_EVERY === POISON_EVERY - 1;
        const id = `order-${published.length}`;
        const sent = { id, at: Date.now(), poison };
        const body = JSON.stringify(poison ? { id, quantity: -1 } : { id, quantity: 1 });
        channel.publish('orders', '', Buffer.from(body), { persistent: true, messageId: id, timestamp: sent.at });
        published.push(sent);
      }
      at = end;
    }
    await channel.waitForConfirms();
    await connection.close();
  };

  /**
   * Target tracking as the plan takes it: a reading every period, which CloudWatch has a period later, three above the
   * target, then every task at once.
   */
  const track = async (signal: AbortSignal) => {
    let [above, read] = [0, 0];
    while (!signal.aborted) {
      await wait(TIMES.pollSeconds * 1000, undefined, { signal }).catch(() => {});
      above = read > PLAN.value('backlogPerInstance') ? above + 1 : 0;
      read = (await depth('orders')) / tasks.length;
      if (above < READINGS) continue;
      while (tasks.length < PLAN.value('maxInstances')) start(TIMES.startSeconds - PROCESS_SECONDS);
    }
  };

  beforeAll(async () => {
    secrets = await startQueueSecrets('/', 'orders');
    rabbit = await startRabbitMq(ADMIN);
    const { error } = await declare(rabbit, secrets, {
      RequestType: 'Create',
      LogicalResourceId: 'Topology',
      ResourceProperties: properties(rabbit, declared('/', 'orders', PLAN)),
    });
    expect(error).toBeUndefined();
    for (let i = 0; i < PLAN.value('minInstances'); i += 1) start();
    await until('the minimum is at work', () => readyTasks() === PLAN.value('minInstances'));

    const { steadyPerSecond: perSecond, peakPerSecond = 0, peakSeconds = 0 } = QUESTION.workload;
    const tracking = new AbortController();
    const tracked = track(tracking.signal);
    await publish([
      { perSecond, seconds: SETTLE_SECONDS },
      { perSecond: peakPerSecond, seconds: peakSeconds },
    ]);
    await until('every order of the peak is booked or set aside', () => settledOrders() === published.length, 120);
    tracking.abort();
    await tracked;
    counts.push(...waiting(published, log));
  }, 9 * 60_000);

  afterAll(async () => {
    for (const task of tasks) task.kill('SIGKILL');
    await Promise.all(tasks.map(ended));
    await rabbit?.stop();
    await secrets?.stop();
  }, 60_000);

  test('what waits, and how long, is within 25 % of the prediction of the plan', () => {
    const begun = published[0].at + SETTLE_SECONDS * 1000;
    const arrivedAt = new Map(published.map(({ id, at }) => [id, at]));
    const latency = new Quantiles();
    for (const { booked, at } of log) {
      const arrived = booked === undefined ? undefined : arrivedAt.get(booked);
      if (arrived !== undefined && arrived >= begun) latency.record((at - arrived) / 1000);
    }
    const { peakBacklog, latencyP50Seconds, latencyP99Seconds } = PLAN.predictions;
    const rows = [
      ['peak depth', 'orders', peakBacklog, Math.max(...counts.map(({ count }) => count)), about(0.25)],
      ['P50 of the latency', 's', latencyP50Seconds, latency.quantile(0.5), about(0.25)],
      ['P99 of the latency', 's', latencyP99Seconds, latency.quantile(0.99), about(0.25)],
      ['most tasks', 'tasks', PLAN.value('maxInstances'), most, EXACT],
    ] as const;
    prove(
      ...rows.map(([metric, unit, predicted, measured, tolerance]) => ({
        ...common(),
        metric,
        unit,
        predicted,
        measured,
        tolerance,
      })),
    );
  });

  test('tasks that are killed while they work lose nothing', async () => {
    const before = published.length;
    const flood = publish([{ perSecond: 30, seconds: 12 }]);
    for (let i = 0; i < 3; i += 1) {
      const had = settledOrders();
      await until('orders are in work', () => settledOrders() > had + 20);
      const [task] = tasks.splice(0, 1);
      task.kill('SIGKILL');
      await ended(task);
      killed += 1;
      // ECS replaces it.
      start();
    }
    await flood;
    await until('every order is booked or set aside', () => settledOrders() === published.length, 120);
    const booked = log.flatMap(({ booked: id }) => id ?? []);
    const valid = published.filter(({ poison }) => !poison).map(({ id }) => id);
    expect([...new Set(booked)].sort()).toEqual([...valid].sort());
    // At least once: what a killed task had in hand is delivered again.
    expect(booked.length - valid.length).toBeLessThanOrEqual(killed * PLAN.value('prefetch'));
    prove({
      ...common(),
      metric: 'valid orders booked, with three tasks killed at work',
      unit: 'orders',
      predicted: valid.length,
      measured: new Set(booked).size,
      tolerance: EXACT,
      how: `Of ${published.length - before} orders at the rate of the peak, while three tasks are ended by SIGKILL and replaced; ${common().how}`,
    });
  });

  test('every order that can never be booked is a dead letter, and nothing else is', async () => {
    const poison = published.filter((order) => order.poison).length;
    await until('the broker counts them', async () => (await depth('orders.dead')) === poison, 30);
    expect(await depth('orders')).toBe(0);
    prove({
      ...common(),
      metric: 'orders that can never be booked, in the queue of dead letters',
      unit: 'orders',
      predicted: poison,
      measured: await depth('orders.dead'),
      tolerance: EXACT,
    });
  });

  function common() {
    return {
      case: 2,
      construct: 'aws.RabbitMqWorker',
      engine: `RabbitMQ ${rabbit.version}`,
      how: `The shipped worker, as many processes as the plan has tasks, on a real RabbitMQ over TLS with the queue that the shipped function declares. No ECS: every ${TIMES.pollSeconds} s the depth is read, and after ${READINGS} readings above backlogPerInstance, each a period old, every task is started, ${TIMES.startSeconds} s later. One order in ${POISON_EVERY} cannot be read. Planned with ${givenText()}.`,
      scaledBy:
        'a quarter of the rates, and a tenth of the times of CloudWatch and Fargate, with the plan of exactly these numbers.',
    };
  }
});

function givenText(): string {
  const { workload, objective, consumer } = QUESTION;
  return Object.entries({ ...workload, ...objective, ...consumer })
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** Orders that wait, at every moment at which that changes: published and not begun. A poison order is refused at once. */
function waiting(published: readonly Published[], log: readonly Line[]): { at: number; count: number }[] {
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
