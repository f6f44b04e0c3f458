import * as pulumi from '@pulumi/pulumi';
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import {
  WebhookBuffer,
  type WebhookBufferArgs,
  type WebhookReceiverArgs,
  type WebhookWorkerArgs,
} from '../../../lib/gcp/webhooks/webhook-buffer';
import { mostly, objectives, optional, templates, workloads } from '../../support/property';
import { allOf, inputsOf, madeOrNamed, program, type Registered } from '../../support/pulumi';

const usualArgs: WebhookBufferArgs = {
  workload: { steadyPerSecond: 20, peakPerSecond: 80, peakSeconds: 600, serviceSeconds: 0.07 },
  objective: { latencySeconds: 60 },
  consumer: { slotsPerInstance: 4 },
  sources: [
    { name: 'github', scheme: 'github', secret: { value: 'open sesame' }, deduplicateBy: 'signed-content' },
    { name: 'pay', scheme: 'stripe', secret: { secretId: 'pay-signing' }, toleranceSeconds: 60 },
  ],
  location: 'europe-west1',
  receiver: { image: 'europe-docker.pkg.dev/shop/receiver@sha256:1' },
  worker: { image: 'europe-docker.pkg.dev/shop/consumer@sha256:2', environment: { DATABASE: 'orders' } },
};

/** Some of the arguments, and of their parts some as well. */
type Some = Partial<Omit<WebhookBufferArgs, 'receiver' | 'worker'>> & {
  receiver?: Partial<WebhookReceiverArgs>;
  worker?: WebhookWorkerArgs;
};
const withUsual = ({ receiver, worker, ...rest }: Some): WebhookBufferArgs => ({
  ...usualArgs,
  ...rest,
  receiver: { ...usualArgs.receiver, ...receiver },
  worker: { ...usualArgs.worker, ...worker },
});
const make = (args: Some = {}) => program(() => new WebhookBuffer('hooks', withUsual(args)));

const RECEIVER = 'serviceAccount:hooks-receiver@shop-project.iam.gserviceaccount.com';

let resources: readonly Registered[];
let buffer: WebhookBuffer;
beforeAll(async () => {
  ({ resources, made: buffer } = await make());
});

const service = (name: string, there = resources) => inputsOf(there, 'Service', name);
const container = (name: string, there = resources) => service(name, there).template.containers[0];
const environment = (name: string, there = resources): Record<string, string> =>
  Object.fromEntries(container(name, there).envs.map((env: { name: string; value: string }) => [env.name, env.value]));
const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

describe('the traps of case 15 are absent', () => {
  test('a key is not forgotten before the delivery that it stands for', () => {
    const kept = Number(environment('hooks-worker').IDEMPOTENCY_SECONDS);
    expect(kept).toBe(buffer.plan.value('idempotencySeconds'));
    expect(kept).toBeGreaterThanOrEqual(buffer.plan.value('retentionSeconds'));
  });

  test('every source is judged by its scheme, and by a secret that is mounted', () => {
    expect(JSON.parse(environment('hooks-receiver').WEBHOOK_SOURCES)).toEqual({
      github: {
        scheme: 'github',
        secretFile: '/secrets/github/signing-secret',
        toleranceSeconds: 300,
        deduplicateBy: 'signed-content',
      },
      pay: {
        scheme: 'stripe',
        secretFile: '/secrets/pay/signing-secret',
        toleranceSeconds: 60,
        deduplicateBy: 'delivery-id',
      },
    });
    expect(container('hooks-receiver').volumeMounts).toEqual([
      { name: 'secret-github', mountPath: '/secrets/github' },
      { name: 'secret-pay', mountPath: '/secrets/pay' },
    ]);
    const items = [{ version: 'latest', path: 'signing-secret' }];
    expect(service('hooks-receiver').template.volumes).toEqual([
      { name: 'secret-github', secret: { secret: 'hooks-github', items } },
      { name: 'secret-pay', secret: { secret: 'pay-signing', items } },
    ]);
  });

  test('what is received has somewhere to go before it is received: the receiver comes last', () => {
    const order = resources.map(({ type, name }) => `${type.split(':').pop()} ${name}`);
    const at = (what: string) => order.indexOf(what);
    for (const before of [
      'Subscription hooks',
      'SubscriptionIAMMember hooks-dead-lettering',
      'TopicIAMMember hooks-dead-lettering',
      'TopicIAMMember hooks-receiver',
      'ServiceIamMember hooks-push',
      'SecretVersion hooks-github',
      'SecretIamMember hooks-pay',
    ])
      expect([before, at(before) >= 0 && at(before) < at('Service hooks-receiver')]).toEqual([before, true]);
  });
});

describe('secrets', () => {
  test('a value is secret on its way to the provider', async () => {
    expect(inputsOf(resources, 'SecretVersion', 'hooks-github')).toEqual({
      secret: 'hooks-github-id',
      secretData: { secret: 'open sesame' },
    });
  });

  test('a secret that exists is named and gets no version of ours', () => {
    expect(Object.keys(allOf(resources, 'SecretVersion'))).toEqual(['hooks-github']);
    expect(Object.keys(allOf(resources, 'Secret'))).toEqual(['hooks-github']);
  });

  test('nothing else holds the value', () => {
    const others = resources.filter(({ type }) => !type.endsWith(':SecretVersion'));
    expect(JSON.stringify(others)).not.toContain('open sesame');
  });

  test('a value that is an output stays one', async () => {
    const secret = { value: pulumi.secret('later') };
    const { resources: there } = await make({ sources: [{ name: 'shop', scheme: 'standard-webhooks', secret }] });
    expect(inputsOf(there, 'SecretVersion', 'hooks-shop').secretData).toEqual({ secret: 'later' });
  });
});

describe('who may do what', () => {
  test('the receiver publishes to its topic and reads its secrets, and nothing else', () => {
    const grants = resources
      .filter(({ inputs }) => inputs.member === RECEIVER)
      .map(({ inputs: { member: _, ...grant } }) => grant);
    expect(grants).toHaveLength(3);
    expect(grants).toEqual(
      expect.arrayContaining([
        { role: 'roles/pubsub.publisher', topic: 'hooks-1a2b3c4' },
        { role: 'roles/secretmanager.secretAccessor', secretId: 'hooks-github' },
        { role: 'roles/secretmanager.secretAccessor', secretId: 'pay-signing' },
      ]),
    );
  });

  test('the worker has an account without any permission', () => {
    const worker = 'hooks-worker@shop-project.iam.gserviceaccount.com';
    expect(service('hooks-worker').template.serviceAccount).toBe(worker);
    expect(resources.filter(({ inputs }) => inputs.member === `serviceAccount:${worker}`)).toEqual([]);
  });

  test('anybody may reach the receiver, Pub/Sub alone the worker', () => {
    const invokers = Object.values(allOf(resources, 'ServiceIamMember')).map(({ name, member }) => [name, member]);
    expect(invokers.sort()).toEqual([
      ['hooks-receiver-1a2b3c4', 'allUsers'],
      ['hooks-worker-1a2b3c4', 'serviceAccount:hooks-push@shop-project.iam.gserviceaccount.com'],
    ]);
    expect(service('hooks-receiver').ingress).toBe('INGRESS_TRAFFIC_ALL');
    expect(service('hooks-worker').ingress).toBe('INGRESS_TRAFFIC_INTERNAL_ONLY');
  });

  test('no account has a role on the whole project', () => {
    expect(resources.filter(({ type }) => type.startsWith('gcp:projects/'))).toEqual([]);
  });

  test('behind a load balancer the receiver is not reached around it', async () => {
    const { resources: there } = await make({ receiver: { ingress: 'load-balancer' } });
    expect(service('hooks-receiver', there).ingress).toBe('INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER');
  });
});

describe('the numbers are those of the plan', () => {
  const scaling = (name: string) => service(name).template.scaling;
  test.each([
    ['receivers at most', 'receiverMaxInstances', () => scaling('hooks-receiver').maxInstanceCount],
    ['receivers at least', 'receiverMinInstances', () => scaling('hooks-receiver').minInstanceCount],
    [
      'requests at once in one',
      'receiverConcurrency',
      () => service('hooks-receiver').template.maxInstanceRequestConcurrency,
    ],
    ['its memory', 'receiverMemoryMiB', () => Number.parseInt(container('hooks-receiver').resources.limits.memory, 10)],
    ['largest body', 'maxBodyBytes', () => Number(environment('hooks-receiver').MAX_BODY_BYTES)],
    ['wait for Pub/Sub', 'publishTimeoutSeconds', () => Number(environment('hooks-receiver').PUBLISH_TIMEOUT_SECONDS)],
    [
      'time for one delivery',
      'receiverRequestSeconds',
      () => Number.parseInt(service('hooks-receiver').template.timeout, 10),
    ],
    ['workers at most', 'maxInstances', () => scaling('hooks-worker').maxInstanceCount],
    ['workers at least', 'minInstances', () => scaling('hooks-worker').minInstanceCount],
    [
      'deliveries at once in one',
      'slotsPerInstance',
      () => service('hooks-worker').template.maxInstanceRequestConcurrency,
    ],
    ['time for one attempt', 'ackDeadlineSeconds', () => Number.parseInt(service('hooks-worker').template.timeout, 10)],
  ])('%s: %s', (_, knob, deployed) => {
    expect(deployed()).toBe(buffer.plan.value(knob));
  });

  test.each([
    // 2 × 506.5/s × 0.1 s = 101.3 busy requests in instances of 80: 2; 2.026 s of CPU a second at 60 %: 4.
    ['CPU decides on quick requests', { peakPerSecond: 506.5 }, {}, 4],
    // 2 × 506.5/s × 1 s = 1013 busy requests: 13 instances of 80.
    ['width decides on slow ones', { peakPerSecond: 506.5 }, { seconds: 1 }, 13],
    ['one that fell must not be the only one', { peakPerSecond: 20 }, {}, 2],
  ])('receivers for twice the peak: %s', async (_, peak, choices, expected) => {
    const workload = { steadyPerSecond: 20, peakSeconds: 600, serviceSeconds: 0.07, ...peak };
    const { made } = await make({ workload, receiver: choices });
    expect(made.plan.value('receiverMaxInstances')).toBe(expected);
  });

  test('the topic of the receiver is the one that the subscription hangs on', async () => {
    expect(environment('hooks-receiver').TOPIC).toBe(inputsOf(resources, 'Subscription', 'hooks').topic);
    expect(await value(buffer.url)).toBe('https://hooks-receiver-1a2b3c4.run.app');
  });

  test('your environment reaches the worker', () => {
    expect(environment('hooks-worker').DATABASE).toBe('orders');
  });
});

test('a delivery that is turned away is an alert', () => {
  const policy = inputsOf(resources, 'AlertPolicy', 'hooks-turned-away');
  const { filter, thresholdValue } = policy.conditions[0].conditionThreshold;
  expect(thresholdValue).toBe(0);
  // A name is the only one in its region: an installation in another one may have it too.
  expect(filter).toContain(
    'resource.labels.project_id = "shop-project" AND resource.labels.location = "europe-west1" AND resource.labels.service_name = "hooks-receiver-1a2b3c4"',
  );
  for (const status of ['429', '503']) expect(filter).toContain(`"${status}"`);
});

describe('what is refused at the door is an alert for each source', () => {
  const query = (source: string, there = resources): string =>
    inputsOf(there, 'AlertPolicy', `hooks-refused-${source}`).conditions[0].conditionPrometheusQueryLanguage.query;

  test('the metrics count the lines that receiver and worker write, with the source as a label', () => {
    const filter = (service: string) =>
      `resource.type = "cloud_run_revision" AND resource.labels.location = "europe-west1" AND resource.labels.service_name = "${service}-1a2b3c4" AND `;
    expect(inputsOf(resources, 'Metric', 'hooks-refused').filter).toBe(
      `${filter('hooks-receiver')}jsonPayload.message = "refused"`,
    );
    expect(inputsOf(resources, 'Metric', 'hooks-accepted').filter).toBe(
      `${filter('hooks-worker')}jsonPayload.message = ("processed" OR "duplicate")`,
    );
    for (const name of ['hooks-refused', 'hooks-accepted']) {
      expect(inputsOf(resources, 'Metric', name)).toMatchObject({
        labelExtractors: { source: 'EXTRACT(jsonPayload.source)' },
        metricDescriptor: { metricKind: 'DELTA', valueType: 'INT64', labels: [{ key: 'source', valueType: 'STRING' }] },
      });
    }
  });

  test('rings when more was refused in an hour than accepted, and more than the plan says', () => {
    const threshold = Math.floor(0.1 * (20 / 2) * 3600);
    expect(buffer.plan.value('alarmRefusedPerHour.pay')).toBe(threshold);
    const inAnHour = (metric: string) =>
      `sum(increase(logging_googleapis_com:user_hooks_${metric}{monitored_resource="cloud_run_revision",project_id="shop-project",source="pay"}[3600s]))`;
    const [refused, accepted] = ['refused', 'accepted'].map(inAnHour);
    expect(query('pay')).toBe(`(${refused} > ${threshold}) and (${refused} > (${accepted} or vector(0)))`);
    expect(Object.keys(buffer.refusedAlerts.bySource)).toEqual(['github', 'pay']);
  });

  test('says what to do, and who does not retry', () => {
    const { documentation } = inputsOf(resources, 'AlertPolicy', 'hooks-refused-github');
    expect(documentation.content).toMatch(/forged .*outside-window.*GitHub does not/);
  });

  test('a source that sends less than its share has its own threshold', async () => {
    const [github, pay] = usualArgs.sources;
    const { resources: there } = await make({ sources: [{ ...github, steadyPerSecond: 0.001 }, pay] });
    expect(query('github', there)).toContain('> 0) and');
  });
});

test('a secret for each tenant reaches the receiver as such', async () => {
  const [github] = usualArgs.sources;
  const { resources: there } = await make({ sources: [{ ...github, secretPerTenant: true }] });
  expect(JSON.parse(environment('hooks-receiver', there).WEBHOOK_SOURCES).github.secretPerTenant).toBe(true);
});

describe('refusals', () => {
  const refuse = (args: Some) => () => new WebhookBuffer('hooks', withUsual(args));

  test('every failure at once', () => {
    const [github] = usualArgs.sources;
    const sources = [github, { ...github, toleranceSeconds: 0, steadyPerSecond: 21 }, { ...github, name: 'Git_Hub' }];
    const receiver = { concurrency: 1001, maxBodyBytes: 20_000_000 };
    const refused = refuse({ sources, idempotencySeconds: 60, receiver });
    expect(refused).toThrow(InvalidInputError);
    for (const part of [
      'sources must have different names, got github, github, Git_Hub',
      "sources.name must be 1 to 32 lower-case letters, digits and hyphens, got 'Git_Hub'",
      'sources.toleranceSeconds must be a whole number, between 1 and 3600, got 0',
      'sources.steadyPerSecond must be above 0 and at most workload.steadyPerSecond, 20, got 21',
      'idempotencySeconds must be a whole number, between 3600 and 31536000, got 60',
      'receiver.concurrency must be a whole number, between 1 and 1000, got 1001',
      'receiver.maxBodyBytes must be a whole number, between 1 and 9995904, got 20000000',
    ])
      expect(refused).toThrow(part);
  });

  test.each([
    ['no source', { sources: [] }, 'sources must name at least one sender'],
    [
      'keys that die before their deliveries',
      { idempotencySeconds: 86_400, queue: { retentionSeconds: 172_800 } },
      "idempotencySeconds must be at least the queue's retention, 172800 s, got 86400 s",
    ],
    [
      'a setting of ours',
      { worker: { environment: { IDEMPOTENCY_SECONDS: '1' } } },
      'worker.environment must not set IDEMPOTENCY_SECONDS',
    ],
    [
      'an hmac without algorithm, as JavaScript without types gives it',
      {
        sources: [
          { name: 'pay', scheme: 'hmac', hmac: { signatureHeader: 'X-S', encoding: 'hex' }, secret: { secretId: 's' } },
        ],
      },
      'sources.hmac of pay.algorithm must be given: one of sha1, sha256, sha512',
    ],
    ['a worker wider than Cloud Run takes', { consumer: { slotsPerInstance: 1001 } }, 'consumer.slotsPerInstance'],
  ])('%s', (_, args, message) => {
    expect(refuse(args as Some)).toThrow(message);
  });

  test('a name that no service account can have', () => {
    expect(() => new WebhookBuffer('Webhooks of the shop', usualArgs)).toThrow(
      "name must be 1 to 20 lower-case letters, digits and hyphens, beginning with a letter, got 'Webhooks of the shop'",
    );
  });

  test.each([
    ['too few receivers for the peak', { maxInstances: 1, seconds: 2 }, /allow (\d+) instances/, 'maxInstances'],
    [
      'bodies that do not fit into an instance',
      { maxBodyBytes: 5_000_000, concurrency: 1000 },
      /receiver\.concurrency (\d+)/,
      'concurrency',
    ],
  ])('%s, with a way out that works', async (_, receiver, way, prop) => {
    expect(refuse({ receiver })).toThrow(CapacityError);
    let message = '';
    try {
      refuse({ receiver })();
    } catch (error) {
      ({ message } = error as Error);
    }
    const wayOut = Number(way.exec(message)?.[1]);
    await expect(make({ receiver: { ...receiver, [prop]: wayOut } })).resolves.toBeDefined();
  });
});

test('random arguments give a whole program or a named error, nothing else', async () => {
  const args = fc.record({
    workload: workloads(),
    objective: objectives(),
    consumer: optional(fc.record({ slotsPerInstance: mostly(fc.integer({ min: 1, max: 100 }), 0, 1001) })),
    receiver: fc.record({
      seconds: optional(mostly(fc.double({ min: 0.01, max: 5, noNaN: true }), 0, -1)),
      concurrency: optional(mostly(fc.integer({ min: 1, max: 200 }), 0, 2000)),
      maxInstances: optional(mostly(fc.integer({ min: 1, max: 1000 }), 0, 1001)),
      maxBodyBytes: optional(mostly(fc.integer({ min: 1, max: 4_000_000 }), 0, 11_000_000)),
      ingress: optional(fc.constantFrom('all' as const, 'load-balancer' as const)),
    }),
    idempotencySeconds: optional(mostly(fc.integer({ min: 14 * 86_400, max: 365 * 86_400 }), 60, 7200)),
  });
  let [valid, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(args, async (given) => {
      const result = await madeOrNamed(/^hooks: /, () => new WebhookBuffer('hooks', withUsual(given)));
      if (!result) {
        refused += 1;
        return;
      }
      valid += 1;
      for (const name of ['hooks-receiver', 'hooks-worker']) {
        const { scaling, maxInstanceRequestConcurrency } = service(name, result.resources).template;
        expect(scaling.minInstanceCount).toBeLessThanOrEqual(scaling.maxInstanceCount);
        expect(scaling.maxInstanceCount).toBeLessThanOrEqual(1000);
        expect(maxInstanceRequestConcurrency).toBeLessThanOrEqual(1000);
      }
      const memory = Number.parseInt(container('hooks-receiver', result.resources).resources.limits.memory, 10);
      expect(memory).toBeLessThanOrEqual(4096);
    }),
    { numRuns: templates },
  );
  expect(Math.min(valid, refused)).toBeGreaterThan(templates / 10);
}, 600_000);
