/** A worker on Cloud Run that Pub/Sub pushes to: who may reach it, what it may do, and that its numbers are the plan's. */
import * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { InvalidInputError } from '../../../lib/flow/errors';
import { given } from '../../../lib/flow/plan';
import { PushWorker, type PushWorkerArgs } from '../../../lib/gcp/queue/push-worker';
import { RedriveQueue, type RedriveQueueArgs } from '../../../lib/gcp/queue/redrive-queue';
import { allOf, inputsOf, program, type Registered } from '../../support/pulumi';
import type { Untyped } from '../../support/stack';

const queueArgs: RedriveQueueArgs = {
  workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05, poisonRatio: 0.001 },
  objective: { latencySeconds: 90 },
  platform: 'cloud-run',
};
const plan = RedriveQueue.planOf('orders', queueArgs);
const usual: PushWorkerArgs = { plan, image: 'worker@sha256:1', location: 'europe-west1' };
const make = (args: Partial<PushWorkerArgs> = {}) => program(() => new PushWorker('orders', { ...usual, ...args }));
const emailOf = (id: string) => `${id}@shop-project.iam.gserviceaccount.com`;

describe('a worker and its queue', () => {
  let resources: readonly Registered[];
  let service: Record<string, Untyped>;
  beforeAll(async () => {
    ({ resources } = await program(() => {
      const worker = new PushWorker('orders', usual);
      return new RedriveQueue('orders', { ...queueArgs, push: worker.target });
    }));
    service = inputsOf(resources, 'Service', 'orders-worker');
  });

  test('it is private: reached from inside, and invoked by the one account that Pub/Sub pushes as', () => {
    expect(service.ingress).toBe('INGRESS_TRAFFIC_INTERNAL_ONLY');
    expect(Object.values(allOf(resources, 'ServiceIamMember'))).toEqual([
      expect.objectContaining({ role: 'roles/run.invoker', member: `serviceAccount:${emailOf('orders-push')}` }),
    ]);
    expect(JSON.stringify(resources)).not.toMatch(/allUsers|allAuthenticatedUsers/);
  });

  test('no account is given anything else: the worker has no permission, and the pusher may only invoke', () => {
    const grants = resources
      .filter(({ type }) => /(Iam|IAM)(Member|Binding|Policy)$/.test(type))
      .filter(({ inputs }) =>
        [emailOf('orders-worker'), emailOf('orders-push')].some((one) => inputs.member?.includes(one)),
      );
    expect(grants.map(({ name, inputs }) => [name, inputs.role])).toEqual([['orders-push', 'roles/run.invoker']]);
    expect(service.template.serviceAccount).toBe(emailOf('orders-worker'));
  });

  test('what it takes at once, how many there are and how long a push may take are the plan', () => {
    expect(service.template).toMatchObject({
      maxInstanceRequestConcurrency: plan.value('slotsPerInstance'),
      scaling: { minInstanceCount: plan.value('minInstances'), maxInstanceCount: plan.value('maxInstances') },
      timeout: `${plan.value('ackDeadlineSeconds')}s`,
    });
    // The queue lets a push take as long as the worker has for it.
    const { ackDeadlineSeconds } = inputsOf(resources, 'Subscription', 'orders');
    expect(service.template.timeout).toBe(`${ackDeadlineSeconds}s`);
  });

  test('what it fails every time is set aside, and never lost', () => {
    expect(inputsOf(resources, 'Subscription', 'orders').deadLetterPolicy).toEqual({
      deadLetterTopic: 'projects/shop-project/topics/orders-dead-letters-1a2b3c4',
      maxDeliveryAttempts: plan.value('maxDeliveryAttempts'),
    });
    expect(inputsOf(resources, 'Subscription', 'orders-dead-letters').pushConfig).toBeUndefined();
  });

  test('it can be replaced, and holds nothing that would be lost', () => {
    expect(service.deletionProtection).toBe(false);
    expect(service.template.volumes).toEqual([]);
  });
});

describe('choices', () => {
  const containerOf = (resources: readonly Registered[]) =>
    inputsOf(resources, 'Service', 'orders-worker').template.containers[0];

  test('image, variables and memory are those of the container; memory is 512Mi unless given', async () => {
    const { resources } = await make({ environment: { MODE: 'fast' }, memory: '1Gi' });
    expect(containerOf(resources)).toMatchObject({
      image: 'worker@sha256:1',
      envs: [{ name: 'MODE', value: 'fast' }],
      resources: { limits: { cpu: '1', memory: '1Gi' } },
    });
    expect(containerOf((await make()).resources).resources.limits.memory).toBe('512Mi');
  });

  test('a variable that is a secret stays one', async () => {
    const { resources } = await make({ environment: { TOKEN: pulumi.secret('sesame') } });
    expect(JSON.stringify(inputsOf(resources, 'Service', 'orders-worker'))).toMatch(/"secret":.*sesame/);
  });

  test('an account of yours runs it, and no second one is made for that', async () => {
    const { resources, made } = await program(() => {
      const account = new serviceaccount.Account('mine', { accountId: 'mine' });
      return new PushWorker('orders', { ...usual, account });
    });
    expect(Object.keys(allOf(resources, 'Account')).sort()).toEqual(['mine', 'orders-push']);
    expect(inputsOf(resources, 'Service', 'orders-worker').template.serviceAccount).toBe(emailOf('mine'));
    expect(made.account).toBeDefined();
  });

  test('a project of yours has all of it', async () => {
    const { resources } = await make({ project: 'another' });
    const ours = resources.filter(({ type }) => type.startsWith('gcp:'));
    expect(ours.map(({ inputs }) => inputs.project)).toEqual(ours.map(() => 'another'));
  });
});

describe('refused', () => {
  const refusal = (args: Partial<Record<keyof PushWorkerArgs, unknown>>, name = 'orders') => {
    try {
      new PushWorker(name, { ...usual, ...args } as PushWorkerArgs);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
      return (error as InvalidInputError).failures;
    }
    return ['nothing was refused'];
  };
  const planWith = (knob: string, value: number) => ({ plan: plan.withKnobs([given(knob, value, '')]) });

  test.each<[string, Partial<Record<keyof PushWorkerArgs, unknown>>]>([
    ['slotsPerInstance must be a whole number, between 1 and 1000, got 1001', planWith('slotsPerInstance', 1001)],
    ['maxInstances must be a whole number, between 1 and', planWith('maxInstances', 0)],
    ['image is missing: give an image, or as service a service that is there', { image: undefined }],
    ['memory must be a number and G, M, Gi or Mi, such as 512Mi', { memory: 'plenty' }],
    [
      'plan must be for Cloud Run, got one for',
      { plan: RedriveQueue.planOf('orders', { ...queueArgs, platform: 'other' }) },
    ],
  ])('%s', (message, args) => {
    expect(refusal(args).join('\n')).toContain(message);
  });

  test('a name that no two accounts could be called after', () => {
    expect(refusal({}, 'a-name-of-more-than-20')).toEqual([expect.stringContaining('name must be 1 to 20')]);
  });
});
