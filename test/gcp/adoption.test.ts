/** What a team has already: a topic, a service, accounts. */
import * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import * as pubsub from '@pulumi/gcp/pubsub';
import * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { InvalidInputError } from '../../lib/flow/errors';
import { given } from '../../lib/flow/plan';
import { PushWorker } from '../../lib/gcp/queue/push-worker';
import { RedriveQueue } from '../../lib/gcp/queue/redrive-queue';
import { WebhookBuffer, type WebhookBufferArgs } from '../../lib/gcp/webhooks/webhook-buffer';
import { allOf, inputsOf, program } from '../support/pulumi';

const demand = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };
const hooks: WebhookBufferArgs = {
  ...demand,
  sources: [{ name: 'github', scheme: 'github', secret: { secretId: 'signing' } }],
  location: 'europe-west1',
  receiver: { image: 'receiver@sha256:1' },
  worker: { image: 'worker@sha256:1' },
};

const account = (name: string) => new serviceaccount.Account(name, { accountId: `${name}-of-ours` });

/** A service as another pipeline has deployed it. */
const ours = (template: cloudrunv2.ServiceArgs['template']) =>
  new cloudrunv2.Service('ours', { name: 'ours', location: 'europe-west1', project: 'shop-project', template });

let warned: string[];
beforeEach(() => {
  warned = [];
  jest.spyOn(pulumi.log, 'warn').mockImplementation(async (message) => {
    warned.push(message);
  });
});
afterEach(() => jest.restoreAllMocks());

describe('a topic that is there', () => {
  test('is subscribed to; grants on it are of its own project', async () => {
    const { resources } = await program(() => {
      const topic = new pubsub.Topic('events', { name: 'events', project: 'another-project' });
      new RedriveQueue('orders', { ...demand, topic }).grantPublish('producer', 'serviceAccount:a@b');
    });
    expect(Object.keys(allOf(resources, 'Topic'))).toEqual(['events', 'orders-dead-letters']);
    expect(inputsOf(resources, 'Subscription', 'orders').topic).toBe('projects/shop-project/topics/events');
    expect(inputsOf(resources, 'TopicIAMMember', 'producer')).toMatchObject({
      topic: 'events',
      project: 'another-project',
    });
  });

  test('is what the receiver of webhooks publishes to', async () => {
    const { resources } = await program(() => {
      const topic = new pubsub.Topic('events', { name: 'events' });
      return new WebhookBuffer('hooks', { ...hooks, queue: { topic } });
    });
    const { envs } = inputsOf(resources, 'Service', 'hooks-receiver').template.containers[0];
    expect(envs).toContainEqual({ name: 'TOPIC', value: 'projects/shop-project/topics/events' });
    expect(inputsOf(resources, 'TopicIAMMember', 'hooks-receiver').topic).toBe('events');
  });
});

describe('accounts that are there', () => {
  test('run the services, are given what these need, and none is made beside them', async () => {
    const { resources } = await program(
      () =>
        new WebhookBuffer('hooks', {
          ...hooks,
          receiver: { ...hooks.receiver, account: account('taker') },
          worker: { ...hooks.worker, account: account('worker') },
        }),
    );
    // The one that Pub/Sub pushes as is ours: it may invoke the worker, and nothing else may be it.
    expect(Object.keys(allOf(resources, 'Account'))).toEqual(['taker', 'worker', 'hooks-push']);
    const email = (name: string) => `${name}-of-ours@shop-project.iam.gserviceaccount.com`;
    expect(inputsOf(resources, 'Service', 'hooks-receiver').template.serviceAccount).toBe(email('taker'));
    expect(inputsOf(resources, 'Service', 'hooks-worker').template.serviceAccount).toBe(email('worker'));
    for (const [type, name] of [
      ['TopicIAMMember', 'hooks-receiver'],
      ['SecretIamMember', 'hooks-github'],
    ])
      expect(inputsOf(resources, type, name).member).toBe(`serviceAccount:${email('taker')}`);
  });
});

describe('a service that is there', () => {
  const plan = RedriveQueue.planOf('hooks', { ...demand, platform: 'cloud-run' });
  const template = {
    scaling: { minInstanceCount: plan.value('minInstances'), maxInstanceCount: plan.value('maxInstances') },
    maxInstanceRequestConcurrency: plan.value('slotsPerInstance'),
    timeout: `${plan.value('ackDeadlineSeconds')}s`,
  };

  test('is pushed to by an account that may invoke it, and stays as it is', async () => {
    const { resources, made } = await program(
      () => new PushWorker('hooks', { plan, service: ours(template), location: 'europe-west1' }),
    );
    expect(Object.keys(allOf(resources, 'Service'))).toEqual(['ours']);
    expect(inputsOf(resources, 'ServiceIamMember', 'hooks-push')).toMatchObject({
      name: 'ours',
      role: 'roles/run.invoker',
    });
    expect(Object.keys(allOf(resources, 'Account'))).toEqual(['hooks-push']);
    expect(made.account).toBeUndefined();
    expect(warned).toEqual([]);
  });

  test('is named where it is not as the plan has it', async () => {
    const scaling = { ...template.scaling, maxInstanceCount: 100 };
    await program(() => new WebhookBuffer('hooks', { ...hooks, worker: { service: ours({ ...template, scaling }) } }));
    expect(warned).toEqual([
      expect.stringMatching(
        /^ours has maxInstanceCount 100, the plan has \d+: deploy it with that, or what the plan says of waits and load does not hold$/,
      ),
      expect.stringMatching(/^ours has IDEMPOTENCY_SECONDS \(none\), the plan has 1209600: /),
    ]);
  });

  test('is allowed to be pushed to where it is, not where the rest is', async () => {
    const { resources } = await program(() => {
      const service = new cloudrunv2.Service('far', {
        name: 'far',
        location: 'us-east1',
        project: 'another-project',
        template,
      });
      return new PushWorker('hooks', { plan, service, location: 'europe-west1', project: 'shop-project' });
    });
    expect(inputsOf(resources, 'ServiceIamMember', 'hooks-push')).toMatchObject({
      name: 'far',
      location: 'us-east1',
      project: 'another-project',
    });
  });

  test('without a least number of instances it has none, which is no difference from a plan with none', async () => {
    const none = plan.withKnobs([given('minInstances', 0, 'instances')]);
    const scaling = { maxInstanceCount: plan.value('maxInstances') };
    await program(
      () => new PushWorker('hooks', { plan: none, service: ours({ ...template, scaling }), location: 'europe-west1' }),
    );
    expect(warned).toEqual([]);
  });

  test('no value of a variable is in a warning unless it was given as plain text, and is a number where it is yours', async () => {
    const envs = [
      { name: 'API_KEY', value: 'their-secret' },
      { name: 'MODE', value: 'their-mode' },
    ];
    await program(
      () =>
        new PushWorker('hooks', {
          plan,
          service: ours({ ...template, containers: [{ image: 'theirs', envs }] }),
          location: 'europe-west1',
          environment: { API_KEY: pulumi.secret('our-secret'), MODE: 'fast' },
        }),
    );
    expect(warned).toEqual([
      expect.stringContaining('ours has API_KEY (another value), the plan has (a value that is not plain): '),
      expect.stringContaining('ours has MODE (another value), the plan has fast: '),
    ]);
    expect(warned.join()).not.toMatch(/secret|their-mode/);
  });

  test.each<[string, WebhookBufferArgs['worker'], string]>([
    ['no worker at all', {}, 'worker.image is missing: give an image, or as worker.service a service that is there'],
    ['memory of a service that is not made', { memory: '1Gi' }, 'worker.memory is that of a service that is made'],
  ])('%s', async (_, worker, message) => {
    await program(() => {
      const service = worker.memory === undefined ? undefined : ours(template);
      const make = () => new WebhookBuffer('hooks', { ...hooks, worker: { ...worker, service } });
      expect(make).toThrow(InvalidInputError);
      expect(make).toThrow(message);
    });
  });
});
