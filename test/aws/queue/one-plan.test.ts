/** One queue, one plan: a worker on a redrive queue takes its plan from there, and whatever contradicts it is refused. */
import { CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import fc from 'fast-check';
import type { LambdaWorkerProps } from '../../../lib/aws/queue/lambda-compute';
import { QueuePlatform } from '../../../lib/aws/queue/queue-platform';
import { QueueWorker, type QueueWorkerProps, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../../lib/aws/queue/redrive-queue-props';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import { kedaPlatform } from '../../../lib/flow/queue/platforms/keda';
import { spread, templates } from '../../support/property';

const workload = {
  steadyPerSecond: 20,
  peakPerSecond: 80,
  peakSeconds: 600,
  serviceSeconds: 0.07,
  serviceVariation: 0.5,
};
const objective = { latencySeconds: 60 };

function lambda(
  stack: Stack,
  more: Partial<LambdaWorkerProps> = {},
  timeoutSeconds = 1,
  memorySize?: number,
): WorkerCompute {
  const worker = new LambdaFunction(stack, 'Function', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => ({ batchItemFailures: [] });'),
    timeout: Duration.seconds(timeoutSeconds),
    memorySize,
  });
  return WorkerCompute.lambda({ function: worker, ...more });
}

function fargate(stack: Stack): WorkerCompute {
  const vpc = new Vpc(stack, 'Vpc', { natGateways: 1 });
  const cluster = new Cluster(stack, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
  return WorkerCompute.fargate({ cluster, image: ContainerImage.fromRegistry('worker:1') });
}

function served(
  props: Partial<RedriveQueueProps> = {},
  compute: (stack: Stack) => WorkerCompute = lambda,
  more: Partial<QueueWorkerProps> = {},
) {
  const stack = new Stack();
  const queue = new RedriveQueue(stack, 'Orders', { workload, objective, ...props });
  const alone = queue.plan;
  const worker = new QueueWorker(stack, 'Worker', { queue, compute: compute(stack), ...more });
  return { stack, queue, alone, worker };
}

describe.each([
  ['Lambda', QueuePlatform.LAMBDA, lambda],
  ['Lambda with provisioned pollers', QueuePlatform.LAMBDA_PROVISIONED, lambda],
  ['Fargate', QueuePlatform.FARGATE, fargate],
] as const)('%s', (_name, platform, compute) => {
  const { queue, alone, worker } = served({ platform }, compute);

  test('every knob of the queue alone has the same value in the plan of its worker', () => {
    for (const { name, value } of alone.knobs) expect([name, worker.plan.value(name)]).toEqual([name, value]);
  });

  test('the queue has the plan of its worker: there is one', () => {
    expect(queue.plan).toBe(worker.plan);
  });

  test('what is expected is the same, whether or not the worker is known', () => {
    const { monthlyCost: _, ...priced } = worker.plan.predictions;
    const { monthlyCost: __, ...bare } = alone.predictions;
    expect(priced).toEqual(bare);
  });
});

describe('a ceiling on the cost', () => {
  const busy = { steadyPerSecond: 20, peakPerSecond: 200, peakSeconds: 600, serviceSeconds: 0.5 };
  const lambda60 = (stack: Stack) => lambda(stack, {}, 60);
  const bounded = (monthlyCost: number, props: Partial<RedriveQueueProps> = {}) =>
    served(
      {
        workload: busy,
        objective: { latencySeconds: 120, monthlyCost },
        functionTimeout: Duration.seconds(60),
        ...props,
      },
      lambda60,
    );

  test.each([
    ['Lambda', QueuePlatform.LAMBDA, lambda60],
    ['Lambda with provisioned pollers', QueuePlatform.LAMBDA_PROVISIONED, lambda60],
    ['Fargate', QueuePlatform.FARGATE, fargate],
  ] as const)(
    '%s: every knob that both plans have is the same, or the refusal names it',
    (_name, platform, compute) => {
      let [made, refused] = [0, 0];
      fc.assert(
        fc.property(
          fc.record({
            // Around what the instances cost.
            share: spread(0.7, 1.4),
            peakPerSecond: spread(50, 100),
            serviceSeconds: spread(0.2, 0.6),
            batchSize: fc.constantFrom(undefined, undefined, undefined, 1, 5),
            instanceHourCost: fc.constantFrom(undefined, undefined, undefined, 0.008),
          }),
          ({ share, peakPerSecond, serviceSeconds, batchSize, instanceHourCost }) => {
            const monthlyCost = share * peakPerSecond * serviceSeconds * (platform === QueuePlatform.LAMBDA ? 7 : 9);
            const stack = new Stack();
            let alone: ReadonlyMap<string, number> | undefined;
            try {
              const queue = new RedriveQueue(stack, 'Orders', {
                workload: { steadyPerSecond: 10, peakPerSecond, peakSeconds: 600, serviceSeconds },
                objective: { latencySeconds: 600, monthlyCost },
                consumer: { instanceHourCost },
                functionTimeout: Duration.seconds(60),
                platform,
              });
              alone = new Map(queue.plan.knobs.map(({ name, value }) => [name, value]));
              const own = platform === QueuePlatform.FARGATE ? compute(stack) : lambda(stack, { batchSize }, 60);
              const { plan } = new QueueWorker(stack, 'Worker', { queue, compute: own });
              const common = plan.knobs.filter(({ name }) => alone?.has(name));
              expect(common.map(({ name, value }) => [name, value])).toEqual(
                common.map(({ name }) => [name, alone?.get(name)]),
              );
              // The queue has no knob that its worker lacks.
              expect(common).toHaveLength(alone.size);
              if (plan.value('costCeiling') > monthlyCost) throw new Error('above the ceiling');
              made += 1;
            } catch (error) {
              if (!(error instanceof CapacityError || error instanceof InvalidInputError)) throw error;
              // A queue that is refused alone is no matter of its worker.
              if (alone === undefined) return;
              expect(error.message).toMatch(/\b(batchSize|maxInstances|maxConcurrency|maximumPollers)\b/);
              refused += 1;
            }
          },
        ),
        { numRuns: templates / 2 },
      );
      expect(Math.min(made, refused)).toBeGreaterThan(templates / 20);
    },
  );

  test('a worker above it is refused, each way out leads to a worker, and the alarms stay those of the plan', () => {
    // 126 invocations all month.
    expect(bounded(900).worker.plan.value('maxInstances')).toBe(126);
    let refusal: unknown;
    try {
      bounded(670);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(CapacityError);
    const { reason, waysOut } = refusal as CapacityError;
    expect(reason).toMatch(
      /^maxInstances 126 of the queue's plan may cost [\d,.]+ USD a month, 670 are allowed; the queue did not know what an instance costs$/,
    );
    expect(waysOut).toHaveLength(2);
    const dollars = /^([\d,]+) USD a month$/.exec(waysOut[0])?.[1].replace(/,/g, '');
    expect(bounded(Number(dollars)).worker.plan.value('maxInstances')).toBe(126);
    const price = /^consumer.instanceHourCost ([\d.]+) given to the queue, which then plans (\d+) instances/.exec(
      waysOut[1],
    );
    const { alone, worker } = bounded(670, { consumer: { instanceHourCost: Number(price?.[1]) } });
    expect(alone.value('maxInstances')).toBe(Number(price?.[2]));
    expect(worker.plan.value('maxInstances')).toBe(Number(price?.[2]));
    expect(worker.plan.value('costCeiling')).toBeLessThanOrEqual(670);
  });

  test('a function whose price nobody knows is refused by name', () => {
    const make = () => {
      const stack = new Stack();
      const { valueAsNumber: memorySize } = new CfnParameter(stack, 'Memory', { type: 'Number' });
      const queue = new RedriveQueue(stack, 'Orders', { workload, objective: { ...objective, monthlyCost: 100 } });
      return new QueueWorker(stack, 'Worker', { queue, compute: lambda(stack, {}, 1, memorySize) });
    };
    expect(make).toThrow('monthlyCost needs instanceHourCost');
  });
});

test('the alarms and the dashboard of the queue say who serves it', () => {
  const template = Template.fromStack(served().stack);
  const texts = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties.AlarmDescription as string,
  );
  expect(texts.filter((text) => text.endsWith('Worker serves the queue.'))).toHaveLength(3);
  const [{ Properties }] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  expect(JSON.stringify(Properties.DashboardBody)).toContain('Worker: Invocations at a time');
});

test('a redrive queue stands for its queue', () => {
  const { queue } = served();
  expect([queue.queueArn, queue.queueUrl, queue.queueName]).toEqual([
    queue.queue.queueArn,
    queue.queue.queueUrl,
    queue.queue.queueName,
  ]);
});

test.each<[string, () => unknown, string]>([
  [
    'a compute of another platform',
    () => served({}, fargate),
    "compute must be the platform of the queue's plan, lambda, got Fargate; give the queue platform QueuePlatform.FARGATE",
  ],
  [
    'Lambda on a queue for Fargate',
    () => served({ platform: QueuePlatform.FARGATE }),
    "compute must be the platform of the queue's plan, fargate, got Lambda; give the queue platform QueuePlatform.LAMBDA",
  ],
  [
    'another workload',
    () => served({}, lambda, { workload: { ...workload, peakPerSecond: 90 } }),
    'workload.peakPerSecond must be that of the queue Orders, 80, got 90; leave it out here, or give it to the queue',
  ],
  [
    'another promise',
    () => served({}, lambda, { objective: { latencySeconds: 30 } }),
    'objective.latencySeconds must be that of the queue Orders, 60, got 30',
  ],
  [
    'a setting of the consumer that the queue does not know',
    () => served({}, lambda, { consumer: { maxInstances: 20 } }),
    'consumer.maxInstances must be that of the queue Orders, undefined, got 20',
  ],
  [
    'a batch that the queue is not planned for',
    () => served({}, (stack) => lambda(stack, { batchSize: 5 }), {}),
    'batchSize must be that of the queue Orders, 1, got 5; leave it out here, or give it to the queue',
  ],
  [
    'a batch that needs a window, on the queue',
    () => served({ batchSize: 11 }),
    'batchSize above 10 needs a batchWindow of at least 1 s, got batchSize 11 and batchWindow 0 s',
  ],
  [
    'a second worker',
    () => {
      const { stack, queue } = served();
      const other = new Stack(stack, 'Other');
      return new QueueWorker(other, 'Second', { queue: queue.queue, compute: lambda(other) });
    },
    'queue already has the worker Worker',
  ],
])('%s is refused', (_what, make, message) => {
  expect(make).toThrow(InvalidInputError);
  expect(make).toThrow(message);
});

test('a batch size that the queue is planned for goes to the mapping', () => {
  const { worker, stack } = served({ batchSize: 5 });
  expect(worker.plan.knob('batchSize').formula).toBe('given');
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::EventSourceMapping', { BatchSize: 5 });
});

test('the same numbers given twice are no contradiction', () => {
  expect(served({}, lambda, { workload: { ...workload }, objective: { ...objective } }).worker.plan).toBeDefined();
});

test('any other queue works too, with what it has to be sized from; without, all that is missing is named', () => {
  const stack = new Stack();
  const queue = new Queue(stack, 'Plain', { visibilityTimeout: Duration.seconds(6) });
  const bare = { queue, compute: lambda(stack) };
  expect(() => new QueueWorker(stack, 'Bare', bare)).toThrow(
    'Bare: workload must be given for a queue that is not a RedriveQueue, got none; objective must be given for a queue that is not a RedriveQueue, got none',
  );
  const worker = new QueueWorker(stack, 'Worker', { ...bare, workload, objective });
  expect(worker.plan.value('maxConcurrency')).toBeGreaterThan(5);
});

describe('KEDA', () => {
  const queueFor = (platform: QueuePlatform, serviceSeconds: number) =>
    new RedriveQueue(new Stack(), 'Renders', {
      workload: { steadyPerSecond: 0.1, serviceSeconds, serviceVariation: 0.5 },
      objective: { latencySeconds: 7200 },
      platform,
    });

  // At a variation of 0.5 the P99.9 is 3.27 × the mean: 180 s end within 10 minutes, 300 s do not.
  test.each([
    [180, QueuePlatform.KEDA],
    [300, QueuePlatform.KEDA_JOB],
  ])('%p s an item: the queue is planned for what the worker on Kubernetes runs, %s', (serviceSeconds, platform) => {
    const { plan, _question } = queueFor(platform, serviceSeconds);
    const other = planQueue(plan.subject, { ..._question, platform: kedaPlatform(_question.workload) });
    expect(plan.explain()).toBe(other.explain());
    expect(plan.servedBy).toContain(platform === QueuePlatform.KEDA ? 'Deployment' : 'job for each item');
  });

  test('a Deployment for items that no node waits for is refused, with the platform to give', () => {
    expect(() => queueFor(QueuePlatform.KEDA, 300)).toThrow(
      /Renders: platform must be keda-job, a job for each item, got keda: with serviceSeconds 300 an attempt may take longer than a drained node waits for a pod, 600 s$/,
    );
  });
});
