import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAILING } from '../../../lib/cases/case-07-mail-rate-limit';
import { CapacityError } from '../../../lib/flow/errors';
import { planTaskRates } from '../../../lib/flow/rates/cloud-tasks';
import { RateLimitedSender, type RateLimitedSenderArgs } from '../../../lib/gcp/rates/rate-limited-sender';
import type { SenderHandlerArgs } from '../../../lib/gcp/rates/sender-handler';
import { allOf, inputsOf, program, type Registered } from '../../support/pulumi';
import { ROOT } from '../../support/reference';
import type { Untyped } from '../../support/stack';

const PRODUCER = 'serviceAccount:shop@shop-project.iam.gserviceaccount.com';
const usualArgs: RateLimitedSenderArgs = {
  ...MAILING,
  image: 'sender',
  location: 'europe-west1',
  producers: [PRODUCER],
};
const make = (args: Partial<RateLimitedSenderArgs> = {}) =>
  program(() => new RateLimitedSender('mailing', { ...usualArgs, ...args }));

let resources: readonly Registered[];
let sender: RateLimitedSender;
beforeAll(async () => {
  ({ resources, made: sender } = await make());
});

const email = (id: string) => `${id}@shop-project.iam.gserviceaccount.com`;
const variables = (all: readonly Registered[]): Record<string, string> =>
  Object.fromEntries(
    inputsOf(all, 'Service', 'mailing-worker').template.containers[0].envs.map(
      ({ name, value }: { name: string; value: string }) => [name, value],
    ),
  );

function thrown(args: Partial<RateLimitedSenderArgs>): Error {
  try {
    new RateLimitedSender('mailing', { ...usualArgs, ...args });
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was made');
}

describe('the traps of case 7 are absent', () => {
  test('trap: a queue at the limit breaks it by what it saves: 80.8 a second of 100', () => {
    const { rateLimits } = inputsOf(resources, 'Queue', 'mailing');
    // (100 + 1) ÷ (1 + 0.05 + 0.2), and Little's law with a fifth more.
    expect(rateLimits.maxDispatchesPerSecond).toBeCloseTo(80.8, 9);
    expect(rateLimits.maxConcurrentDispatches).toBe(Math.ceil(80.8 * 0.2 * 1.2));
    const saved = rateLimits.maxDispatchesPerSecond / 5;
    expect(rateLimits.maxDispatchesPerSecond * 1.05 + saved).toBeLessThanOrEqual(101);
  });

  test('trap: what waits for an instance that starts leaves at once: there are always enough', () => {
    const { scaling, maxInstanceRequestConcurrency } = inputsOf(resources, 'Service', 'mailing-worker').template;
    const { maxConcurrentDispatches } = inputsOf(resources, 'Queue', 'mailing').rateLimits;
    expect(scaling.minInstanceCount * maxInstanceRequestConcurrency).toBeGreaterThanOrEqual(maxConcurrentDispatches);
    expect(scaling.maxInstanceCount).toBe(scaling.minInstanceCount + 1);
  });

  test('trap: a task is deleted after its last attempt: while the handler is down for four days, none is', () => {
    const { retryConfig, stackdriverLoggingConfig } = inputsOf(resources, 'Queue', 'mailing');
    expect(retryConfig).toEqual({
      maxAttempts: 10,
      minBackoff: '1s',
      maxBackoff: '600s',
      maxDoublings: 9,
      maxRetryDuration: '345600s',
    });
    expect(stackdriverLoggingConfig).toEqual({ samplingRatio: 1 });
    // The handler knows its last attempt, and where to park.
    expect(variables(resources)).toMatchObject({
      MAX_ATTEMPTS: '10',
      PARKED_TOPIC: expect.stringContaining('topics/mailing-parked'),
    });
  });

  test('trap: a paused queue is resumed by the next deployment: it is not a matter of the program', () => {
    expect(inputsOf(resources, 'Queue', 'mailing').desiredState).toBeUndefined();
  });

  test('trap: an attempt beside its retry: a request ends before its task does', () => {
    const { plan } = sender;
    expect(inputsOf(resources, 'Service', 'mailing-worker').template.timeout).toBe('10s');
    expect(plan.value('callTimeoutSeconds')).toBeLessThan(plan.value('requestTimeoutSeconds'));
    expect(plan.value('dispatchDeadlineSeconds')).toBeGreaterThan(plan.value('requestTimeoutSeconds'));
  });
});

describe('who may do what', () => {
  test('the sender parks, tasks invoke, a producer enqueues and lets a task call as its account', () => {
    const grants = resources
      .filter(({ type }) => /Member$/.test(type))
      .map(({ inputs }) => [inputs.role, inputs.member, inputs.topic ?? inputs.serviceAccountId ?? inputs.name]);
    expect(grants).toEqual(
      expect.arrayContaining([
        ['roles/run.invoker', `serviceAccount:${email('mailing-task')}`, 'mailing-worker-1a2b3c4'],
        [
          'roles/pubsub.publisher',
          `serviceAccount:${email('mailing-worker')}`,
          expect.stringContaining('mailing-parked'),
        ],
        ['roles/cloudtasks.enqueuer', PRODUCER, 'mailing-1a2b3c4'],
        ['roles/iam.serviceAccountUser', PRODUCER, expect.stringContaining('mailing-task')],
      ]),
    );
    expect(grants).toHaveLength(4);
  });

  test('without producers nobody may enqueue', async () => {
    const { resources: alone } = await make({ producers: undefined });
    expect(alone.filter(({ type }) => /QueueIamMember|serviceaccount.*IAMMember/.test(type))).toEqual([]);
  });
});

describe('alerts', () => {
  test('429 and 503 are refusals for the rate, 2xx are none, and the rest are failures', () => {
    const filter = (name: string) =>
      inputsOf(resources, 'AlertPolicy', name).conditions[0].conditionThreshold.filter as string;
    expect(filter('mailing-alerts-throttled')).toContain('response_code = monitoring.regex.full_match("429|503")');
    expect(filter('mailing-alerts-failed')).toContain(
      'response_code != monitoring.regex.full_match("ok|2[0-9]+|429|503")',
    );
    expect(filter('mailing-alerts-parked')).toContain('mailing-parked');
  });

  test('no time is promised: what waits is then no alert', async () => {
    const { resources: all } = await make({ objective: undefined });
    expect(Object.keys(allOf(resources, 'AlertPolicy'))).toContain('mailing-alerts-backlog');
    expect(Object.keys(allOf(all, 'AlertPolicy'))).not.toContain('mailing-alerts-backlog');
  });
});

describe('the plan', () => {
  test('has no knob of another sender', () => {
    for (const name of ['burst', 'slotSeconds', 'throttledFactor', 'pauseAtBounceRatio', 'retentionSeconds', 'senders'])
      expect([name, sender.plan.knobs.some((knob) => knob.name === name)]).toEqual([name, false]);
  });

  test('a daily limit that the rate does not keep is refused, with the rate that does; and that one is taken', () => {
    const limit = { perSecond: 100, perDay: 432_000 };
    const { message } = thrown({ limit });
    expect(message).toContain(
      '500,000 messages are for one of 432,000; give messagesPerSecond of at most 5, or release',
    );
    const { workload } = MAILING;
    expect(() => planTaskRates('Mailing', { workload, limit, messagesPerSecond: 5 })).not.toThrow();
    expect(thrown({ limit, objective: undefined, messagesPerSecond: 6 }).message).toContain('counts no days');
    // A campaign that one day takes needs no other rate.
    expect(() => planTaskRates('Mailing', { workload, limit: { perSecond: 100, perDay: 500_000 } })).not.toThrow();
  });

  test('a long campaign keeps its tasks for twice as long, up to 30 days', () => {
    const retry = (campaignMessages: number) =>
      planTaskRates('Mailing', { workload: { ...MAILING.workload, campaignMessages }, limit: { perSecond: 1 } }).value(
        'maxRetrySeconds',
      );
    expect(retry(100_000)).toBe(345_600);
    expect(retry(300_000)).toBeGreaterThan(2 * 300_000);
    expect(retry(10_000_000)).toBe(30 * 86_400);
  });

  test('a campaign that is late is refused', () => {
    expect(thrown({ objective: { completeSeconds: 6000 } })).toBeInstanceOf(CapacityError);
  });
});

describe('the handler that is shipped', () => {
  const handler: SenderHandlerArgs = {
    from: 'shop@example.com',
    redis: { host: '10.0.0.3', passwordSecret: 'redis-auth' },
    smtp: { connectionSecret: 'smtp-url' },
    network: { network: 'default', subnetwork: 'run' },
  };
  let shipped: readonly Registered[];
  let made: RateLimitedSender;
  beforeAll(async () => {
    ({ resources: shipped, made } = await make({ handler }));
  });
  const container = () => inputsOf(shipped, 'Service', 'mailing-worker').template.containers[0];

  test('its bucket is in Redis: 95.2 of 100, and what the queue saves waits for its slot', () => {
    const { rateLimits } = inputsOf(shipped, 'Queue', 'mailing');
    expect(rateLimits.maxDispatchesPerSecond).toBeCloseTo(100 / 1.05, 9);
    const [lane] = JSON.parse(variables(shipped).LANES);
    expect(lane.pace.messagesPerSecond).toBe(rateLimits.maxDispatchesPerSecond);
    expect(lane.pace).toMatchObject({ burst: 1, slotSeconds: 0.025, throttledFactor: 0.7, horizonSeconds: 60 });
    expect(lane).toMatchObject({ kind: 'smtp', urlFrom: 'PROVIDER_URL', requireTls: true, from: 'shop@example.com' });
  });

  test('what waits for its slot is part of a request: 23 in flight, three times, are less than a second', () => {
    expect(variables(shipped).REQUEST_TIMEOUT_SECONDS).toBe('11');
    expect(inputsOf(shipped, 'Service', 'mailing-worker').template.timeout).toBe('11s');
  });

  test('it parks long before its task is deleted, and long after a provider that is away for a day', () => {
    const attempt = made.plan.value('parkAtAttempt');
    expect(variables(shipped).PARK_AT_ATTEMPT).toBe(String(attempt));
    // The longest wait between two attempts, and the time that a task is retried.
    expect(attempt * 600).toBeLessThanOrEqual(0.5 * 345_600);
    expect(attempt * 600).toBeGreaterThan(86_400);
    expect(attempt).toBeGreaterThan(made.plan.value('maxAttempts'));
  });

  test('secrets are read from Secret Manager, by this account alone, and stand in no variable', () => {
    const { envs } = container();
    const secrets = envs.filter(({ valueSource }: Untyped) => valueSource !== undefined);
    expect(secrets).toEqual([
      { name: 'REDIS_PASSWORD', valueSource: { secretKeyRef: { secret: 'redis-auth', version: 'latest' } } },
      { name: 'PROVIDER_URL', valueSource: { secretKeyRef: { secret: 'smtp-url', version: 'latest' } } },
    ]);
    const grants = shipped.filter(({ type }) => /SecretIamMember/.test(type)).map(({ inputs }) => inputs);
    expect(grants.map(({ secretId, role, member }) => [secretId, role, member])).toEqual([
      ['redis-auth', 'roles/secretmanager.secretAccessor', `serviceAccount:${email('mailing-worker')}`],
      ['smtp-url', 'roles/secretmanager.secretAccessor', `serviceAccount:${email('mailing-worker')}`],
    ]);
  });

  test('it is attached to the network of Redis; one of your own is to none', () => {
    expect(inputsOf(shipped, 'Service', 'mailing-worker').template.vpcAccess).toEqual({
      networkInterfaces: [{ network: 'default', subnetwork: 'run' }],
      egress: 'PRIVATE_RANGES_ONLY',
    });
    expect(inputsOf(resources, 'Service', 'mailing-worker').template.vpcAccess).toBeUndefined();
  });

  test('every variable that it reads is set, and no other', () => {
    const program = readFileSync(join(ROOT, 'lib', 'runtime', 'sender-tasks', 'main.ts'), 'utf8');
    const told = new Set(/Environment: ([\s\S]*?)\.\n/.exec(program)![1].match(/\b[A-Z]+(?:_[A-Z]+)*\b/g));
    const set = container().envs.map(({ name }: Untyped) => name);
    // Cloud Run gives PORT; JSON is a word of the text. MAX_ATTEMPTS is for a handler of your own.
    for (const name of set) if (name !== 'MAX_ATTEMPTS') expect([name, told.has(name)]).toEqual([name, true]);
    for (const name of told) {
      if (!['PORT', 'HOST', 'JSON', 'REDIS_USERNAME', 'REDIS_CA', 'PROVIDER_KEY'].includes(name))
        expect([name, set.includes(name)]).toEqual([name, true]);
    }
  });

  test('a daily limit is counted by the bucket', async () => {
    const { made: daily } = await make({ handler, limit: { perSecond: 100, perDay: 500_000 }, objective: undefined });
    expect(daily.plan.value('messagesPerDay')).toBe(500_000);
  });

  test('every wrong setting at once', () => {
    const { message } = thrown({
      handler: { ...handler, from: 'shop', smtp: undefined, redis: { host: 'h', port: 0 } },
      environment: { LANES: '[]' },
    });
    for (const part of ['smtp or http', 'handler.from', 'handler.redis.port', 'got LANES'])
      expect(message).toContain(part);
  });
});

test('queue and parked mails stay when they leave the program, unless told otherwise', async () => {
  expect(inputsOf(resources, 'Subscription', 'mailing-parked')).toMatchObject({
    ackDeadlineSeconds: 600,
    messageRetentionDuration: '2678400s',
    expirationPolicy: { ttl: '' },
  });
});
