import * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import * as pubsub from '@pulumi/gcp/pubsub';
import * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { InvalidInputError } from '../../../lib/flow/errors';
import { QueueWorker, type QueueWorkerArgs } from '../../../lib/gcp/queue/queue-worker';
import { RedriveQueue, type RedriveQueueArgs } from '../../../lib/gcp/queue/redrive-queue';
import { allOf, inputsOf, program, type Registered } from '../../support/pulumi';
import type { Untyped } from '../../support/stack';

const demand: RedriveQueueArgs = {
  workload: { steadyPerSecond: 20, peakPerSecond: 111, peakSeconds: 1800, serviceSeconds: 0.05, serviceVariation: 0.5 },
  objective: { latencySeconds: 90, maxBacklog: 5000 },
  consumer: { slotsPerInstance: 2 },
  platform: 'cloud-run-pool',
};

const make = (args: Partial<QueueWorkerArgs> = {}, asked: Partial<RedriveQueueArgs> = {}) =>
  program(() => {
    const queue = new RedriveQueue('orders', { ...demand, ...asked });
    return new QueueWorker('orders', {
      queue,
      image: 'shop/worker@sha256:1',
      location: 'europe-west1',
      ...args,
    });
  });

let resources: readonly Registered[];
let worker: QueueWorker;
beforeAll(async () => {
  ({ resources, made: worker } = await make());
});

const pool = () => inputsOf(resources, 'WorkerPool', 'orders');
const variables = (inputs: Record<string, Untyped>) =>
  Object.fromEntries(inputs.template.containers[0].envs.map((env: Untyped) => [env.name, env.value]));
const config = (of = resources) => {
  const { parameterData } = inputsOf(of, 'ParameterVersion', 'orders-scaler');
  return JSON.parse(parameterData.secret);
};

describe('the pool', () => {
  test('begins with the instances that the first 200 s of a peak need: three of two slots', () => {
    expect(worker.plan.predictions.reactionSeconds).toBe(200);
    expect(pool().scaling).toEqual({ scalingMode: 'MANUAL', manualInstanceCount: 3 });
    expect(worker.plan.value('minInstances')).toBe(3);
  });

  test('is told what to pull, how many at once, how long a lease is extended and how long it has to end', () => {
    expect(variables(pool())).toEqual({
      SUBSCRIPTION: 'projects/shop-project/subscriptions/orders-1a2b3c4',
      SLOTS: '2',
      MAX_EXTENSION_SECONDS: String(worker.plan.value('maxExtensionSeconds')),
      STOP_SECONDS: '10',
    });
  });

  test('runs as an account of its own, which may consume this subscription and nothing else', () => {
    expect(pool().template.serviceAccount).toBe('orders-worker@shop-project.iam.gserviceaccount.com');
    const granted = resources.filter(
      ({ type, inputs }) => /I[Aa][Mm]Member$/.test(type) && inputs.member.includes('orders-worker@'),
    );
    expect(granted.map(({ inputs }) => [inputs.role, inputs.subscription])).toEqual([
      ['roles/pubsub.subscriber', 'orders-1a2b3c4'],
    ]);
  });
});

describe('the autoscaler', () => {
  test('is told the bounds and the target of the plan, and polls as it says', () => {
    const { pollingInterval, scaledObjects } = config().spec;
    expect(pollingInterval).toBe(30);
    expect(scaledObjects).toHaveLength(1);
    const [{ spec }] = scaledObjects;
    expect(spec.scaleTargetRef).toEqual({
      name: 'projects/shop-project/locations/europe-west1/workerpools/orders-1a2b3c4',
    });
    expect([spec.minReplicaCount, spec.maxReplicaCount]).toEqual([3, worker.plan.value('maxInstances')]);
    expect(spec.triggers).toHaveLength(1);
    expect(spec.triggers[0].metadata).toEqual({
      projectId: 'shop-project',
      filter:
        'metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" AND resource.type="pubsub_subscription" AND resource.labels.subscription_id="orders-1a2b3c4"',
      targetValue: String(worker.plan.value('targetPerReplica')),
      filterDuration: '4',
    });
  });

  test('identifies itself as its own account: no key is anywhere', () => {
    const { triggerAuthentications, scaledObjects } = config().spec;
    expect(triggerAuthentications).toEqual([
      { metadata: { name: 'identity' }, spec: { podIdentity: { provider: 'gcp' } } },
    ]);
    expect(scaledObjects[0].spec.triggers[0].authenticationRef).toEqual({ name: 'identity' });
  });

  // CREMA ignores them, and whoever set them would believe in them.
  test('has no cooldownPeriod, fallback or pollingInterval in its ScaledObject', () => {
    const [{ spec }] = config().spec.scaledObjects;
    for (const ignored of ['cooldownPeriod', 'fallback', 'pollingInterval']) expect(spec).not.toHaveProperty(ignored);
  });

  test('asks for all instances in one step, and takes none away within the stabilisation', () => {
    const { behavior } = config().spec.scaledObjects[0].spec.advanced.horizontalPodAutoscalerConfig;
    const most = worker.plan.value('maxInstances');
    expect(behavior.scaleUp).toEqual({
      stabilizationWindowSeconds: 0,
      policies: [{ type: 'Pods', value: most, periodSeconds: 30 }],
    });
    expect(behavior.scaleDown.stabilizationWindowSeconds).toBe(worker.plan.value('scaleDownStabilizationSeconds'));
  });

  test('is one instance that polls between requests, on the configuration that was just written', () => {
    const service = inputsOf(resources, 'Service', 'orders-scaler');
    expect(service.template.scaling).toEqual({ minInstanceCount: 1, maxInstanceCount: 1 });
    const [container] = service.template.containers;
    expect(container.resources.cpuIdle).toBe(false);
    expect(container.image).toBe('us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler:1.2');
    expect(container.baseImageUri).toMatch(/java25$/);
    expect(variables(service).OUTPUT_SCALER_METRICS).toBe('True');
    expect(service.ingress).toBe('INGRESS_TRAFFIC_INTERNAL_ONLY');
  });

  test('may change this pool and run as its account, read its parameter and metrics, and no more', () => {
    const granted = resources.filter(
      ({ type, inputs }) => /I[Aa][Mm]Member$/.test(type) && inputs.member.includes('orders-scaler@'),
    );
    expect(granted.map(({ inputs }) => [inputs.role, inputs.name ?? inputs.serviceAccountId ?? '']).sort()).toEqual([
      [
        'roles/iam.serviceAccountUser',
        'projects/shop-project/serviceAccounts/orders-worker@shop-project.iam.gserviceaccount.com',
      ],
      ['roles/monitoring.metricWriter', ''],
      ['roles/monitoring.viewer', ''],
      ['roles/parametermanager.parameterViewer', ''],
      ['roles/run.developer', 'orders-1a2b3c4'],
    ]);
  });

  test('a changed configuration is another version, so that the old one is there until the service has the new one', async () => {
    const id = (of: readonly Registered[]) => inputsOf(of, 'ParameterVersion', 'orders-scaler').parameterVersionId;
    const [same, other] = [await make(), await make({}, { consumer: { slotsPerInstance: 2, maxInstances: 9 } })];
    expect(id(resources)).toMatch(/^v-[0-9a-f]{16}$/);
    expect(id(same.resources)).toBe(id(resources));
    expect(id(other.resources)).not.toBe(id(resources));
  });

  // A filter on a metric that CREMA has not written yet would be refused, and the first deployment with it.
  test('raises an alert when it writes nothing, which can be made before it has written anything', () => {
    const policy = inputsOf(resources, 'AlertPolicy', 'orders-scaler-silent');
    const [{ conditionPrometheusQueryLanguage: promql }] = policy.conditions;
    expect(promql.query).toBe(
      '(absent_over_time(custom_googleapis_com:requested_instance_count{monitored_resource="global",project_id="shop-project",consumer_service="orders-1a2b3c4"}[600s]) > 0)',
    );
    expect(promql.disableMetricValidation).toBe(true);
  });

  test('is not made where there is nothing to scale, and a deployment then sets the number', async () => {
    const fixed = await make({}, { consumer: { slotsPerInstance: 2, minInstances: 4, maxInstances: 4 } });
    expect(Object.keys(allOf(fixed.resources, 'Service'))).toEqual([]);
    expect(fixed.made.scaler).toBeUndefined();
    expect(fixed.made.scalerSilent).toBeUndefined();
    expect(inputsOf(fixed.resources, 'WorkerPool', 'orders').scaling.manualInstanceCount).toBe(4);
  });
});

describe('what is there already', () => {
  const account = (name: string) => new serviceaccount.Account(name, { accountId: `${name}-of-ours` });
  let warned: string[];
  beforeEach(() => {
    warned = [];
    jest.spyOn(pulumi.log, 'warn').mockImplementation(async (message) => {
      warned.push(message);
    });
  });
  afterEach(() => jest.restoreAllMocks());

  test('a CREMA may scale the pool, and is given the entry of its configuration', async () => {
    const { resources: found, made } = await program(() => {
      const queue = new RedriveQueue('orders', demand);
      const crema = account('crema');
      const made = new QueueWorker('orders', { queue, image: 'w', location: 'europe-west1', scalerAccount: crema });
      return { made, entry: made.scaledObject };
    });
    expect(Object.keys(allOf(found, 'Service'))).toEqual([]);
    expect(allOf(found, 'ParameterVersion')).toEqual({});
    expect(inputsOf(found, 'WorkerPoolIamMember', 'orders-scaling').member).toContain('crema-of-ours@');
    const entry = await new Promise<Untyped>((resolve) => made.entry.apply(resolve));
    expect(entry).toEqual(config().spec.scaledObjects[0]);
  });

  test('a pool is scaled, and otherwise named where it is not as the plan has it', async () => {
    const { resources: found } = await program(() => {
      const queue = new RedriveQueue('orders', demand);
      const envs = [{ name: 'SLOTS', value: '9' }];
      const ours = new cloudrunv2.WorkerPool('ours', {
        name: 'ours',
        location: 'europe-west1',
        project: 'shop-project',
        template: { containers: [{ image: 'theirs', envs }] },
      });
      return new QueueWorker('orders', { queue, pool: ours, account: account('worker'), location: 'europe-west1' });
    });
    expect(Object.keys(allOf(found, 'WorkerPool'))).toEqual(['ours']);
    expect(config(found).spec.scaledObjects[0].spec.scaleTargetRef.name).toMatch(/workerpools\/ours$/);
    expect(warned).toContainEqual(expect.stringContaining('ours has SLOTS 9, the plan has 2: '));
    expect(warned).toContainEqual(expect.stringContaining('ours has STOP_SECONDS (none), the plan has 10: '));
  });

  test('a subscription is consumed, by a plan that was made for it', async () => {
    const { resources: found } = await program(() => {
      const subscription = new pubsub.Subscription('theirs', { topic: 't', name: 'theirs', project: 'another' });
      const queue = { subscription, plan: RedriveQueue.planOf('orders', demand) };
      return new QueueWorker('orders', { queue, image: 'w', location: 'europe-west1' });
    });
    expect(inputsOf(found, 'SubscriptionIAMMember', 'orders-consuming')).toMatchObject({
      subscription: 'theirs',
      project: 'another',
    });
    expect(config(found).spec.scaledObjects[0].spec.triggers[0].metadata.projectId).toBe('another');
  });
});

describe('instances', () => {
  const limits = async (args: Partial<QueueWorkerArgs>) =>
    inputsOf((await make(args)).resources, 'WorkerPool', 'orders').template.containers[0].resources.limits;

  test.each([
    [undefined, '512Mi'],
    [2, '512Mi'],
    [4, '2048Mi'],
    [8, '4096Mi'],
  ])('with %s vCPU have the memory that Cloud Run asks for: %s', async (cpu, memory) => {
    expect(await limits({ cpu })).toEqual({ cpu: String(cpu ?? 1), memory });
  });
});

describe('refused', () => {
  const failures = async (args: Untyped, asked: Partial<RedriveQueueArgs> = {}) => {
    const failure = await make(args, asked).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidInputError);
    return (failure as InvalidInputError).failures;
  };

  test('a plan for another platform, which reacts at another speed', async () => {
    expect(await failures({}, { platform: 'other' })).toEqual([
      expect.stringMatching(/^queue\.plan must be for a Cloud Run worker pool, scaled by CREMA, got one for /),
    ]);
  });

  test('all that is wrong, together', async () => {
    const wrong = { image: undefined, cpu: 3, memory: '1Gi', environment: { SLOTS: '9' }, queue: 'orders' };
    expect(await failures(wrong)).toEqual([
      "queue is text, 'orders'; give a RedriveQueue, or a subscription and its plan",
      'image is missing: give an image, or as pool a worker pool that is there',
      'cpu must be one of 1, 2, 4, 6, 8, got 3',
      'environment must not have what is set here, got SLOTS',
    ]);
  });

  test('memory below what the vCPUs ask for', async () => {
    expect(await failures({ cpu: 4, memory: '1Gi' })).toEqual(['memory must be at least 2048Mi with 4 vCPU, got 1Gi']);
  });

  test('a push target in front of a pool', async () => {
    const push = { endpoint: 'https://x', serviceAccount: {} as serviceaccount.Account };
    expect(await failures({}, { push })).toEqual([
      "platform 'cloud-run-pool' pulls: leave push out, or give platform 'cloud-run'",
    ]);
  });
});

test('two workers of other names share no name', async () => {
  const { resources: both } = await program(() => {
    for (const name of ['orders', 'images']) {
      const queue = new RedriveQueue(name, demand);
      new QueueWorker(name, { queue, image: 'w', location: 'europe-west1' });
    }
  });
  for (const field of ['accountId', 'parameterId']) {
    const ids = both.map(({ inputs }) => inputs[field]).filter(Boolean);
    expect(ids.length).toBeGreaterThan(1);
    expect(new Set(ids).size).toBe(ids.length);
  }
});
