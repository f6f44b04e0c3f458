/** One queue, one plan: a worker on a redrive queue takes its plan from there, and whatever contradicts it is refused. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { QueuePlatform } from '../../../lib/aws/queue/queue-platform';
import { QueueWorker, type QueueWorkerProps, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../../lib/aws/queue/redrive-queue-props';
import { InvalidInputError } from '../../../lib/flow/errors';

const workload = {
  steadyPerSecond: 20,
  peakPerSecond: 80,
  peakSeconds: 600,
  serviceSeconds: 0.07,
  serviceVariation: 0.5,
};
const objective = { latencySeconds: 60 };

function lambda(stack: Stack): WorkerCompute {
  const worker = new LambdaFunction(stack, 'Function', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => ({ batchItemFailures: [] });'),
    timeout: Duration.seconds(1),
  });
  return WorkerCompute.lambda({ function: worker });
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
