import { App, CfnParameter, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  Cluster,
  ContainerImage,
  ContainerInsights,
  Secret as EcsSecret,
  type FargateService,
  type FargateTaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import { Architecture, Code, type FunctionProps, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import fc from 'fast-check';
import type { FargateWorkerProps } from '../../../lib/aws/queue/fargate-props';
import type { LambdaWorkerProps } from '../../../lib/aws/queue/lambda-compute';
import { QueueWorker, type QueueWorkerProps, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { nagFindings } from '../../support/nag';
import { mostly, objectives, optional, validOrNamed, workloads } from '../../support/property';
import { messageOf } from '../../support/refused';
import { type Made, only, permissions, properties, shop, type Untyped } from '../../support/stack';

/** Case 6: an image takes two seconds and may wait 90. */
const images = {
  workload: { steadyPerSecond: 2, peakPerSecond: 20, peakSeconds: 900, serviceSeconds: 2 },
  objective: { latencySeconds: 90 },
};
/** The same with a promise that a fleet asleep can keep. */
const patient = { ...images, objective: { latencySeconds: 1800 } };

interface Worker extends Made {
  readonly queue: Queue;
  readonly worker: QueueWorker;
}

interface LambdaGiven extends Partial<Omit<QueueWorkerProps, 'queue' | 'compute'>> {
  readonly fn?: Partial<FunctionProps>;
  readonly compute?: Partial<LambdaWorkerProps>;
  readonly queue?: QueueProps;
}

function withLambda({ fn, compute, queue: queueProps, ...props }: LambdaGiven = {}, stack = shop()): Worker {
  const deadLetterQueue = { queue: new Queue(stack, 'Dead', { fifo: queueProps?.fifo }), maxReceiveCount: 5 };
  const queue = new Queue(stack, 'Queue', { visibilityTimeout: Duration.seconds(360), deadLetterQueue, ...queueProps });
  const code = { code: Code.fromInline('exports.handler = async () => ({})'), handler: 'index.handler' };
  const timeout = Duration.seconds(60);
  const handler = new LambdaFunction(stack, 'Handler', { ...code, runtime: Runtime.NODEJS_24_X, timeout, ...fn });
  const worker = new QueueWorker(stack, 'Images', {
    ...images,
    ...props,
    queue,
    compute: WorkerCompute.lambda({ function: handler, ...compute }),
  });
  return { stack, queue, worker, template: Template.fromStack(stack) };
}

interface FargateGiven extends Partial<Omit<QueueWorkerProps, 'queue' | 'compute'>> {
  readonly compute?: Partial<FargateWorkerProps>;
  readonly queue?: QueueProps;
  readonly insights?: ContainerInsights;
}

/** Fixed zones: a lookup would make the template depend on the machine. */
function cluster(stack: Stack, insights: ContainerInsights | undefined = ContainerInsights.ENABLED): Cluster {
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
  return new Cluster(stack, 'Cluster', { vpc, containerInsightsV2: insights });
}

function withFargate({ compute, queue: queueProps, insights, ...props }: FargateGiven = {}, stack = shop()): Worker {
  const deadLetterQueue = { queue: new Queue(stack, 'Dead'), maxReceiveCount: 5 };
  const queue = new Queue(stack, 'Queue', { visibilityTimeout: Duration.seconds(360), deadLetterQueue, ...queueProps });
  const worker = new QueueWorker(stack, 'Images', {
    ...images,
    ...props,
    queue,
    compute: WorkerCompute.fargate({
      cluster: cluster(stack, insights),
      image: ContainerImage.fromRegistry('public.ecr.aws/shop/images:1'),
      ...compute,
    }),
  });
  return { stack, queue, worker, template: Template.fromStack(stack) };
}

const onLambda = withLambda();
const onFargate = withFargate();
const asleep = withFargate({ ...patient, compute: { scaleToZero: true } });

const mappingOf = (made: Made) => only(made, 'AWS::Lambda::EventSourceMapping');
const targetOf = (made: Made) => only(made, 'AWS::ApplicationAutoScaling::ScalableTarget');

function policy(made: Made, policyType: string): Record<string, Untyped> {
  const found = made.template.findResources('AWS::ApplicationAutoScaling::ScalingPolicy', {
    Properties: { PolicyType: policyType },
  });
  expect(Object.keys(found)).toHaveLength(1);
  return Object.values(found)[0].Properties;
}

function container(made: Made): Record<string, Untyped> {
  const { ContainerDefinitions } = only(made, 'AWS::ECS::TaskDefinition');
  expect(ContainerDefinitions).toHaveLength(1);
  return ContainerDefinitions[0];
}

describe('the traps of case 6 are absent', () => {
  test('trap: a target per replica read as a threshold of the queue (500): it is the backlog that one task clears in time', () => {
    const { targetTrackingScalingPolicyConfiguration: _, ...rest } = policy(onFargate, 'TargetTrackingScaling');
    const { TargetValue } = rest.TargetTrackingScalingPolicyConfiguration;
    expect(TargetValue).toBe(onFargate.worker.plan.value('backlogPerInstance'));
    // 90 s ÷ 2 s an image: one task never has more in front of it than it can clear within the promise.
    expect(TargetValue).toBeLessThanOrEqual(45);
    expect(TargetValue).toBeGreaterThan(0);
  });

  test('trap: waiting alone is counted, so that tasks at work are taken away: in-flight counts too, per running task', () => {
    const { CustomizedMetricSpecification } = policy(
      onFargate,
      'TargetTrackingScaling',
    ).TargetTrackingScalingPolicyConfiguration;
    const { Metrics } = CustomizedMetricSpecification;
    const expression = Metrics.find((one: Untyped) => one.Expression);
    expect(expression).toMatchObject({ Expression: '(visible + inFlight) / FILL(running, 1)', ReturnData: true });
    const sources = Metrics.filter((one: Untyped) => one.MetricStat).map((one: Untyped) => [
      one.Id,
      one.MetricStat.Metric.Namespace,
      one.MetricStat.Metric.MetricName,
      one.MetricStat.Metric.Dimensions.map((dimension: Untyped) => dimension.Name).join(' '),
      one.ReturnData,
    ]);
    expect(sources).toEqual([
      ['visible', 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', false],
      ['inFlight', 'AWS/SQS', 'ApproximateNumberOfMessagesNotVisible', 'QueueName', false],
      ['running', 'ECS/ContainerInsights', 'RunningTaskCount', 'ClusterName ServiceName', false],
    ]);
  });

  test('trap: user and password in plain text: secrets come by reference, and no value of one is in the template', () => {
    const stack = shop();
    const secret = new Secret(stack, 'Key');
    const made = withFargate({ compute: { secrets: { API_KEY: EcsSecret.fromSecretsManager(secret) } } }, stack);
    expect(container(made).Secrets).toEqual([{ Name: 'API_KEY', ValueFrom: { Ref: expect.stringMatching(/^Key/) } }]);
    expect(container(made).Environment.map((one: Untyped) => one.Name)).toEqual(['QUEUE_URL', 'SLOTS']);
    expect(JSON.stringify(made.template.toJSON())).not.toMatch(/\{\{resolve:|"SecretString"|password/i);
  });

  test('trap: a CPU policy beside the queue policy, each undoing the other: there is one policy, and none on CPU', () => {
    onFargate.template.resourceCountIs('AWS::ApplicationAutoScaling::ScalingPolicy', 1);
    expect(JSON.stringify(onFargate.template.toJSON())).not.toMatch(
      /CPUUtilization|MemoryUtilization|PredefinedMetric/,
    );
  });
});

describe('Lambda', () => {
  test('reports partial failures: one bad image does not bring back the nine beside it', () => {
    expect(mappingOf(onLambda).FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  test('is bounded by the mapping, at what the plan needs, and never by reserved concurrency', () => {
    const { plan } = onLambda.worker;
    expect(mappingOf(onLambda).ScalingConfig).toEqual({ MaximumConcurrency: plan.value('maxInstances') });
    expect(plan.value('maxConcurrency')).toBe(plan.value('maxInstances'));
    // 20/s × 2 s keep 40 busy; fewer would never catch up.
    expect(plan.value('maxInstances')).toBeGreaterThan(40);
    expect(JSON.stringify(onLambda.template.toJSON())).not.toContain('ReservedConcurrentExecutions');
  });

  test('no mapping goes below two, the least that Lambda takes', () => {
    const quiet = withLambda({ workload: { steadyPerSecond: 0.01, serviceSeconds: 1 } });
    expect(quiet.worker.plan.value('maxInstances')).toBe(1);
    expect(mappingOf(quiet).ScalingConfig).toEqual({ MaximumConcurrency: 2 });
  });

  test.each([
    [60, 4, 'four images of up to 14 s fit into a minute'],
    [14, 1, 'one at its longest'],
    [900, 10, 'ten, the most without a window'],
  ])('time-out %d s: batches of %d, %s', (seconds, size) => {
    const timeout = Duration.seconds(seconds);
    const made = withLambda({ fn: { timeout }, queue: { visibilityTimeout: Duration.seconds(6 * seconds) } });
    expect(mappingOf(made).BatchSize).toBe(size);
    expect(made.worker.plan.value('itemTimeoutSeconds')).toBe(14);
  });

  test('the plan tells what was given from what was derived', () => {
    const { plan } = onLambda.worker;
    const derived = ['maxInstances', 'minInstances', 'maxConcurrency', 'batchSize'];
    for (const name of derived) expect(plan.knob(name).formula).not.toBe('given');
    const given = withLambda({ compute: { batchSize: 2 }, consumer: { maxInstances: 80 } }).worker.plan;
    for (const name of ['maxInstances', 'batchSize']) expect(given.knob(name).formula).toBe('given');
    expect(given.value('maxConcurrency')).toBe(80);
    expect(plan.value('minInstances')).toBe(5);
  });

  test('refuses a queue that hides messages too briefly, with both numbers and the way out', () => {
    const short = () =>
      withLambda({
        fn: { timeout: Duration.seconds(30) },
        compute: { batchWindow: Duration.seconds(5) },
        queue: { visibilityTimeout: Duration.seconds(184) },
      });
    expect(short).toThrow(InvalidInputError);
    expect(short).toThrow(
      "Images: the queue's visibility timeout must be at least 6 × the function's time-out + the batch window = 185 s, got 184 s; let it hide a message for 185 s",
    );
    // SQS' default is 30 s, and saying nothing is no excuse.
    expect(() => withLambda({ queue: { visibilityTimeout: undefined } })).toThrow(/= 360 s, got 30 s/);
    expect(withLambda({ queue: { visibilityTimeout: Duration.seconds(360) } }).worker).toBeDefined();
  });

  test('takes an imported queue as it is: nobody knows its visibility timeout here', () => {
    const stack = shop();
    const queue = Queue.fromQueueArn(stack, 'Imported', 'arn:aws:sqs:us-east-1:123456789012:images');
    const code = { code: Code.fromInline('exports.handler = 0'), handler: 'index.handler' };
    const timeout = Duration.seconds(60);
    const handler = new LambdaFunction(stack, 'Handler', { ...code, runtime: Runtime.NODEJS_24_X, timeout });
    new QueueWorker(stack, 'Images', { ...images, queue, compute: WorkerCompute.lambda({ function: handler }) });
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('refuses reserved concurrency below maxConcurrency: throttles would count as failures', () => {
    const need = onLambda.worker.plan.value('maxConcurrency');
    expect(() => withLambda({ fn: { reservedConcurrentExecutions: need - 1 } })).toThrow(
      `Images: reservedConcurrentExecutions must be at least maxConcurrency ${need}, got ${need - 1}`,
    );
    const reserved = withLambda({ fn: { reservedConcurrentExecutions: need } });
    // Never alone: the mapping stops before the reservation does.
    expect(mappingOf(reserved).ScalingConfig.MaximumConcurrency).toBe(need);
  });

  test.each<[string, LambdaGiven]>([
    [
      "the function's time-out must be at least the time of one item, 14 s at its P99.9, got 13 s",
      { fn: { timeout: Duration.seconds(13) } },
    ],
    [
      'must be at least the time of one item, 1382 s at its P99.9, got 900 s; a function ends after 900 s, so use Fargate',
      {
        workload: { steadyPerSecond: 0.01, serviceSeconds: 200 },
        objective: { latencySeconds: 7200 },
        fn: { timeout: Duration.seconds(900) },
        queue: { visibilityTimeout: Duration.hours(12) },
      },
    ],
    [
      "batchSize 31 × 2 s of mean service does not fit the function's time-out of 60 s",
      { ...batch(31, 5), queue: { visibilityTimeout: Duration.seconds(365) } },
    ],
    ['batchSize above 10 needs a batchWindow of at least 1 s, got batchSize 11 and batchWindow 0 s', batch(11)],
    ['batchSize must be a whole number, between 1 and 10000, got 10001', batch(10_001, 5)],
    ['batchSize must be a whole number, between 1 and 10000, got 1.5', batch(1.5)],
    ['batchWindow in seconds must be a whole number, between 0 and 300, got 301', batch(5, 301)],
    ['batchWindow in seconds must be a whole number, between 0 and 300, got 1.5', batch(5, 1.5)],
    ['batchWindow must be below latencySeconds, 90 s, got 90 s', batch(5, 90)],
    ['consumer.slotsPerInstance must be 1, because a function', { consumer: { slotsPerInstance: 4 } }],
    ['consumer.minInstances must be left out', { consumer: { minInstances: 9 } }],
    ['batchSize must be a whole number, between 1 and 10, got 11', { ...batch(11, 0), queue: { fifo: true } }],
    [
      'batchWindow in seconds must be a whole number, between 0 and 0, got 5',
      { ...batch(5, 5), queue: { fifo: true } },
    ],
  ])('%s', (message, given) => {
    expect(() => withLambda(given)).toThrow(InvalidInputError);
    expect(() => withLambda(given)).toThrow(message);
  });

  test('names everything that is wrong at once', () => {
    expect(() => withLambda({ ...batch(0, 301), consumer: { slotsPerInstance: 2 } })).toThrow(
      /batchSize must .*; batchWindow in seconds must .*; consumer.slotsPerInstance must/,
    );
  });

  test('says so where a sum needs a number that only the deployment knows', () => {
    const stack = shop();
    const parameter = new CfnParameter(stack, 'Size', { type: 'Number' }).valueAsNumber;
    const unknown = () =>
      withLambda({ compute: { batchSize: parameter, batchWindow: Duration.seconds(parameter) } }, stack);
    expect(unknown).toThrow(
      'batchSize must be known at synthesis, got a token; batchWindow must be known at synthesis, got a token',
    );
  });

  test('a ceiling holds for Lambda too: every invocation that may run, all month, at the price of its memory', () => {
    const { plan } = withLambda({ fn: { memorySize: 512 } }).worker;
    // ½ GB at 0.0000166667 USD a GB-second, and a request of two seconds at 0.20 USD a million.
    const hour = 3600 * (0.5 * 0.0000166667 + 0.2e-6 / 2);
    expect(plan.value('costCeiling')).toBeCloseTo(plan.value('maxConcurrency') * hour * 730, 6);
    // 2/s and a daily quarter of an hour of 18/s more, 2 s each: billed is what works, not what waits to.
    const busy = ((2 * 730 * 3600 + 18 * 900 * (365 / 12)) * 2) / 3600;
    expect(plan.predictions.monthlyCost).toBeCloseTo(busy * hour, 6);
    const arm = withLambda({ fn: { memorySize: 512, architecture: Architecture.ARM_64 } }).worker.plan;
    expect(arm.value('costCeiling')).toBeLessThan(0.81 * plan.value('costCeiling'));
    const within = (share: number) => () =>
      withLambda({
        fn: { memorySize: 512 },
        objective: { ...images.objective, monthlyCost: share * plan.value('costCeiling') },
      });
    // A little less leaves less head-room; four fifths of what the bare load needs are refused.
    expect(within(0.9)().worker.plan.value('headroom')).toBeLessThan(1.25);
    expect(within(0.64)).toThrow(CapacityError);
    expect(within(0.64)).toThrow(/may cost [\d.,]+ USD a month, [\d.,]+ are allowed; .*s per item/);
    expect(within(1.01)().worker).toBeDefined();
  });

  test('the ceiling of a quiet queue is that of two invocations, the least bound that Lambda takes', () => {
    const quiet = { steadyPerSecond: 0.01, serviceSeconds: 1 };
    const { plan } = withLambda({ workload: quiet }).worker;
    expect(plan.knob('costCeiling').inputs).toMatchObject({ maxConcurrency: 2 });
    const monthlyCost = 0.75 * plan.value('costCeiling');
    expect(() => withLambda({ workload: quiet, objective: { ...images.objective, monthlyCost } })).toThrow(
      /Images: 2 concurrent invocations, the fewest .* may cost .* are allowed; .* USD a month/,
    );
  });

  test('a ceiling without a price is refused: the memory is known only to the deployment', () => {
    const known = (stack: Stack, given: LambdaGiven) => {
      const memorySize = new CfnParameter(stack, 'Memory', { type: 'Number' }).valueAsNumber;
      const objective = { ...images.objective, monthlyCost: 100 };
      return withLambda({ fn: { memorySize }, objective, ...given }, stack);
    };
    expect(() => known(shop(), {})).toThrow(
      'Images: monthlyCost needs instanceHourCost, the price of an instance and hour; got a ceiling of 100 and no price',
    );
    const priced = known(shop(), { consumer: { instanceHourCost: 0.001 } });
    expect(priced.worker.plan.predictions.monthlyCost).toBeGreaterThan(0);
  });

  test('a way out is one that Lambda has: nobody can keep pollers running, and each that is named leads out', () => {
    const workload = { steadyPerSecond: 2, peakPerSecond: 200, peakSeconds: 900, serviceSeconds: 2 };
    const refused = (change: LambdaGiven) => () =>
      withLambda({ workload, objective: { latencySeconds: 60 }, ...change });
    const message = messageOf(refused({}));
    expect(message).not.toMatch(/keep \d+ instances/);
    const [, faster, patience, atMost] =
      /; ([\d.]+) s per item, or ([\d.]+) s of latency, or ([\d.]+)\/s at most/.exec(message) ?? [];
    expect(refused({ workload: { ...workload, serviceSeconds: Number(faster) } })().worker).toBeDefined();
    expect(refused({ objective: { latencySeconds: Number(patience) } })().worker).toBeDefined();
    expect(refused({ workload: { ...workload, peakPerSecond: Number(atMost) } })().worker).toBeDefined();
    // With a bound given by hand it is the bound that may be raised, and by no more than there is.
    const bounded = messageOf(refused({ objective: { latencySeconds: 120 }, consumer: { maxInstances: 200 } }));
    const [, allowed] = /allow (\d+) instances/.exec(bounded) ?? [];
    expect(
      refused({ objective: { latencySeconds: 120 }, consumer: { maxInstances: Number(allowed) } })().worker,
    ).toBeDefined();
  });

  test('the ramp of the pollers is said, and that it is reckoned as dead time', () => {
    const { plan } = onLambda.worker;
    expect(plan.value('rampSeconds')).toBeCloseTo((plan.value('maxInstances') - 5) / 5, 9);
    expect(plan.predictions.reactionSeconds).toBeCloseTo(plan.value('rampSeconds') + 1, 9);
    expect(plan.knob('rampSeconds').formula).toContain('dead time');
  });

  test('refuses more than an event source mapping allows', () => {
    const flood = { steadyPerSecond: 1000, serviceSeconds: 2 };
    expect(() => withLambda({ workload: flood })).toThrow(CapacityError);
    expect(() => withLambda({ workload: flood })).toThrow(
      /Images: needs 2,?\d+ concurrent invocations, an event source mapping allows 1000; .* s per item, .* or 3 queues with 1\/3 of it each, or a Fargate worker/,
    );
  });

  test('the batch window comes out of the promise, so that it does not break it', () => {
    const tight = { latencySeconds: 20 };
    const queue = { visibilityTimeout: Duration.seconds(375) };
    expect(withLambda({ objective: tight }).worker).toBeDefined();
    expect(() => withLambda({ objective: tight, queue, compute: { batchWindow: Duration.seconds(15) } })).toThrow(
      CapacityError,
    );
  });

  test('a queue without a dead-letter queue is a warning, which can be acknowledged', () => {
    Annotations.fromStack(onLambda.stack).hasNoWarning('*', Match.anyValue());
    const without = () => {
      const stack = new Stack(new App(), 'Shop');
      withLambdaOn(stack);
      return stack;
    };
    const warning = Match.stringLikeRegexp('Shop/Queue has no dead-letter queue.*BP-SQS-001');
    const warned = without();
    Annotations.fromStack(warned).hasWarning('/Shop/Images', warning);
    const acknowledged = without();
    Validations.of(acknowledged.node.findChild('Images')).acknowledge({
      id: 'Backpressure::BP-SQS-001',
      reason: 'Losing one of these is fine.',
    });
    Annotations.fromStack(acknowledged).hasNoWarning('*', Match.anyValue());
  });

  test('the role may consume this queue and nothing else', () => {
    const role = onLambda.stack.node.findChild('Handler').node.findChild('ServiceRole');
    expect(permissions(onLambda, role as never)).toEqual({
      'sqs:ReceiveMessage sqs:ChangeMessageVisibility sqs:GetQueueUrl sqs:DeleteMessage sqs:GetQueueAttributes':
        'Queue',
    });
  });

  test('works with a RedriveQueue that was told the same time-out', () => {
    const stack = shop();
    const timeout = Duration.seconds(60);
    const { queue } = new RedriveQueue(stack, 'Orders', { ...images, functionTimeout: timeout });
    const code = { code: Code.fromInline('exports.handler = 0'), handler: 'index.handler' };
    const handler = new LambdaFunction(stack, 'Handler', { ...code, runtime: Runtime.NODEJS_24_X, timeout });
    new QueueWorker(stack, 'Images', { ...images, queue, compute: WorkerCompute.lambda({ function: handler }) });
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });
});

describe('Fargate', () => {
  test('runs between the minimum and the maximum of the plan', () => {
    const { plan } = onFargate.worker;
    expect(targetOf(onFargate)).toMatchObject({
      ServiceNamespace: 'ecs',
      ScalableDimension: 'ecs:service:DesiredCount',
      MinCapacity: plan.value('minInstances'),
      MaxCapacity: plan.value('maxInstances'),
    });
    expect(plan.value('minInstances')).toBeGreaterThanOrEqual(4);
    expect(plan.value('maxInstances')).toBeGreaterThan(40);
    // The count belongs to the scaler: a number in the template would be put back by every deployment.
    expect(only(onFargate, 'AWS::ECS::Service').DesiredCount).toBeUndefined();
  });

  test('the scaler reaches this service of this cluster', () => {
    expect(targetOf(onFargate).ResourceId).toEqual({
      'Fn::Join': [
        '',
        [
          'service/',
          { Ref: expect.stringMatching(/^Cluster/) },
          '/',
          { 'Fn::GetAtt': [expect.stringMatching(/^ImagesService/), 'Name'] },
        ],
      ],
    });
    expect(policy(onFargate, 'TargetTrackingScaling').ScalingTargetId).toEqual({
      Ref: expect.stringMatching(/^ImagesScalableTarget/),
    });
  });

  test('a task is not taken away before it has had its turn, and has time to end what it holds', () => {
    const config = policy(onFargate, 'TargetTrackingScaling').TargetTrackingScalingPolicyConfiguration;
    expect(config.ScaleInCooldown).toBeGreaterThanOrEqual(300);
    expect(config.DisableScaleIn).toBeUndefined();
    expect(container(onFargate).StopTimeout).toBe(onFargate.worker.plan.value('itemTimeoutSeconds'));
  });

  test('an item that outlasts the longest stop is a warning', () => {
    const workload = { steadyPerSecond: 0.1, serviceSeconds: 60 };
    const made = withFargate({
      workload,
      objective: { latencySeconds: 3600 },
      queue: { visibilityTimeout: Duration.hours(12) },
    });
    expect(container(made).StopTimeout).toBe(120);
    Annotations.fromStack(made.stack).hasWarning('/Shop/Images', Match.stringLikeRegexp('415 s.*120 s.*BP-ECS-002'));
  });

  test('slots make fewer tasks, and the container is told how many it has', () => {
    const four = withFargate({ consumer: { slotsPerInstance: 4 } });
    expect(container(four).Environment).toEqual([
      { Name: 'QUEUE_URL', Value: { Ref: expect.stringMatching(/^Queue/) } },
      { Name: 'SLOTS', Value: '4' },
    ]);
    const most = (made: Worker) => made.worker.plan.value('maxInstances');
    expect(most(four)).toBeLessThanOrEqual(Math.ceil(most(onFargate) / 4));
  });

  test('environment of the user cannot put another queue in its place', () => {
    const made = withFargate({ compute: { environment: { QUEUE_URL: 'elsewhere', MODE: 'fast' } } });
    const environment = Object.fromEntries(container(made).Environment.map((one: Untyped) => [one.Name, one.Value]));
    expect(environment).toEqual({ MODE: 'fast', SLOTS: '1', QUEUE_URL: { Ref: expect.stringMatching(/^Queue/) } });
  });

  test('a secret by the name of a variable that is set here is refused: ECS takes neither of two', () => {
    const secret = EcsSecret.fromSsmParameter(StringParameter.fromStringParameterName(shop(), 'Name', '/name'));
    expect(() => withFargate({ compute: { secrets: { SLOTS: secret } } })).toThrow('secrets must not have SLOTS');
  });

  test('refuses a queue that hides a message for less than one item takes', () => {
    expect(() => withFargate({ queue: { visibilityTimeout: Duration.seconds(13) } })).toThrow(
      'Images: the queue hides a message for 13 s, and the time of one item is 14 s: the message would be delivered again while it may still be in work; a visibility timeout of 44 s',
    );
    withFargate({ queue: { visibilityTimeout: Duration.seconds(14) } });
  });

  test('a ceiling below what the tasks cost is refused, with both figures and ways out', () => {
    const { plan } = onFargate.worker;
    // ¼ vCPU and ½ GB at 0.03238 and 0.00356 USD an hour: every task that may run, all month.
    const ceiling = plan.value('maxInstances') * (0.25 * 0.03238 + 0.5 * 0.00356) * 730;
    expect(plan.value('costCeiling')).toBeCloseTo(ceiling, 6);
    // What a month with one peak a day is expected to cost is less, and is no ceiling.
    expect(plan.predictions.monthlyCost).toBeLessThan(0.8 * ceiling);
    const priced = (share: number) => () =>
      withFargate({ objective: { ...images.objective, monthlyCost: share * ceiling } });
    // A little less leaves less head-room; less than the bare load needs is refused.
    expect(priced(0.99)().worker.plan.value('headroom')).toBeLessThan(1.25);
    const poor = priced(0.6);
    expect(poor).toThrow(CapacityError);
    expect(poor).toThrow(/^Images: .* may cost [\d.,]+ USD a month, [\d.,]+ are allowed; .+, or .+/);
    expect(priced(1.01)().worker.plan.value('headroom')).toBe(1.25);
  });

  test('a fleet that sleeps is priced while it is awake, and its ceiling is that of a fleet that does not', () => {
    const rare = { steadyPerSecond: 0.001, peakPerSecond: 1, peakSeconds: 600, serviceSeconds: 2 };
    const { plan } = withFargate({ ...patient, workload: rare, compute: { scaleToZero: true } }).worker;
    const hour = 0.25 * 0.03238 + 0.5 * 0.00356;
    const { monthlyCost = 0 } = plan.predictions;
    // An item in a thousand seconds, each of which keeps a task for five minutes: a quarter of the month, and the peaks.
    expect(monthlyCost).toBeGreaterThan((1 - Math.exp(-0.302)) * 730 * hour);
    expect(monthlyCost).toBeLessThan(730 * hour);
    expect(plan.value('costCeiling')).toBeCloseTo(plan.value('maxInstances') * hour * 730, 6);
  });

  test('a bigger task costs more', () => {
    const big = withFargate({ compute: { cpu: 1024, memoryLimitMiB: 2048 } });
    const { monthlyCost = 0 } = onFargate.worker.plan.predictions;
    // Four times the size; a price that does not follow would make the ceiling worthless.
    expect(big.worker.plan.predictions.monthlyCost).toBeCloseTo(4 * monthlyCost, 6);
  });

  test.each<[string, Partial<FargateWorkerProps>]>([
    ['cpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, got 300', { cpu: 300 }],
    ['memoryLimitMiB must be 512 or 1024 to 2048 in steps of 1024 with cpu 256, got 4096', { memoryLimitMiB: 4096 }],
    ['memoryLimitMiB must be 1024 to 4096 in steps of 1024 with cpu 512, got 512', { cpu: 512 }],
    ['in steps of 8192 with cpu 16384, got 33000', { cpu: 16_384, memoryLimitMiB: 33_000 }],
  ])('no such task: %s', (message, compute) => {
    expect(() => withFargate({ compute })).toThrow(InvalidInputError);
    expect(() => withFargate({ compute })).toThrow(message);
  });

  test('a cluster without Container Insights is a warning: the number of running tasks comes from there', () => {
    Annotations.fromStack(onFargate.stack).hasNoWarning('*', Match.anyValue());
    const stack = shop();
    const blind = new Cluster(stack, 'Blind', { vpc: new Vpc(stack, 'Net', { natGateways: 0 }) });
    const dark = [{ compute: { cluster: blind } }, { insights: ContainerInsights.DISABLED }] as const;
    const stacks = [withFargate(dark[0], stack).stack, withFargate(dark[1]).stack];
    for (const one of stacks) {
      Annotations.fromStack(one).hasWarning('/Shop/Images', Match.stringLikeRegexp('has no Container Insights'));
    }
    const enhanced = withFargate({ insights: ContainerInsights.ENHANCED });
    Annotations.fromStack(enhanced.stack).hasNoWarning('*', Match.anyValue());
  });

  test('the container cannot write to its root file system', () => {
    expect(container(onFargate).ReadonlyRootFilesystem).toBe(true);
    expect(container(onFargate).Privileged).toBeUndefined();
  });

  test('the roles: the task may consume this queue, the agent may write this log, nothing else', () => {
    const task = onFargate.worker.node.findChild('Task') as FargateTaskDefinition;
    expect(permissions(onFargate, task.taskRole)).toEqual({
      'sqs:ReceiveMessage sqs:ChangeMessageVisibility sqs:GetQueueUrl sqs:DeleteMessage sqs:GetQueueAttributes':
        'Queue',
    });
    expect(permissions(onFargate, task.obtainExecutionRole())).toEqual({
      'logs:CreateLogStream logs:PutLogEvents': 'Images/Logs',
    });
    expect(Object.keys(permissions(onFargate))).toHaveLength(2);
    onFargate.template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
  });

  test('tasks have no public address and let nobody in', () => {
    const service = onFargate.worker.node.findChild('Service') as FargateService;
    expect(properties(onFargate, service).NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp).toBe('DISABLED');
    for (const { Properties } of Object.values(onFargate.template.findResources('AWS::EC2::SecurityGroup'))) {
      expect(Properties.SecurityGroupIngress).toBeUndefined();
    }
    onFargate.template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  });

  test('AwsSolutions finds nothing, and is asked again about an environment that the user adds', () => {
    expect(nagFindings(onFargate.worker)).toEqual([]);
    const added = withFargate({ compute: { environment: { MODE: 'fast' } } });
    expect(nagFindings(added.worker).map(({ rule }) => rule)).toEqual(['AwsSolutions-ECS2']);
  });
});

describe('scale to zero', () => {
  test('the last task stops, and the plan knew it', () => {
    expect(targetOf(asleep).MinCapacity).toBe(0);
    expect(asleep.worker.plan.knob('minInstances')).toMatchObject({ value: 0, formula: /^scaleToZero/ as never });
    expect(targetOf(onFargate).MinCapacity).toBeGreaterThan(0);
  });

  test('a minimum of none is asleep, too', () => {
    const none = withFargate({ ...patient, consumer: { minInstances: 0 } });
    expect(targetOf(none).MinCapacity).toBe(0);
    none.template.resourceCountIs('AWS::CloudWatch::Alarm', 1);
    expect(none.worker.plan.value('wakeUpSeconds')).toBe(asleep.worker.plan.value('wakeUpSeconds'));
  });

  test('an alarm on waiting messages starts the first task: the division by running tasks cannot', () => {
    const alarm = only(asleep, 'AWS::CloudWatch::Alarm');
    const { Expression } = alarm.Metrics.find((one: Untyped) => one.Expression);
    const rings = (visible: number, running: number | undefined) => {
      const text = Expression.replace('FILL(running, 0)', String(running ?? 0))
        .replace('visible', String(visible))
        .replace('AND', '&&')
        .replace('IF(', 'when(');
      return new Function('when', `return ${text}`)((condition: boolean, yes: number, no: number) =>
        condition ? yes : no,
      );
    };
    expect([rings(1, 0), rings(1, undefined), rings(0, 0), rings(9, 1), rings(0, 1)]).toEqual([1, 1, 0, 0, 0]);
    expect(alarm).toMatchObject({ Threshold: 1, EvaluationPeriods: 1, TreatMissingData: 'notBreaching' });
    expect(alarm.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^ImagesWakeUp/) }]);
    onFargate.template.resourceCountIs('AWS::CloudWatch::Alarm', 0);
  });

  test('waking up adds one task and waits for it; it never takes away what target tracking has added', () => {
    expect(policy(asleep, 'StepScaling').StepScalingPolicyConfiguration).toEqual({
      AdjustmentType: 'ChangeInCapacity',
      Cooldown: asleep.worker.plan.value('wakeUpSeconds'),
      MetricAggregationType: 'Maximum',
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
    });
  });

  test('says how long waking up takes, from the start of a task', () => {
    expect(asleep.worker.plan.value('wakeUpSeconds')).toBe(180);
    const slow = withFargate({ ...patient, compute: { scaleToZero: true }, consumer: { startSeconds: 200 } });
    expect(slow.worker.plan.value('wakeUpSeconds')).toBe(320);
    expect(asleep.worker.plan.explain()).toContain('up to 900 s more after six idle hours');
    expect(onFargate.worker.plan.explain()).not.toContain('wakeUpSeconds');
  });

  test('refuses a promise shorter than waking up, with ways out', () => {
    const hasty = () => withFargate({ objective: { latencySeconds: 181 }, compute: { scaleToZero: true } });
    expect(hasty).toThrow(CapacityError);
    expect(hasty).toThrow(
      'Images: waking up from zero takes 180 s and an item 2 s, 181 s of latency is promised; leave scaleToZero off, or promise at least 270 s',
    );
  });

  test('refuses a peak that finds everybody asleep and cannot be caught up with in time', () => {
    const peak = { steadyPerSecond: 0.01, peakPerSecond: 20, peakSeconds: 900, serviceSeconds: 2 };
    const given = { workload: peak, objective: { latencySeconds: 200 } };
    expect(() => withFargate({ ...given, compute: { scaleToZero: true } })).toThrow(CapacityError);
    expect(withFargate(given).worker).toBeDefined();
  });
});

describe('random props give a valid template or a named error, nothing else', () => {
  const consumer = optional(
    fc.record({
      maxInstances: optional(mostly(fc.integer({ min: 1, max: 500 }), 0, 1.5)),
      startSeconds: optional(mostly(fc.integer({ min: 0, max: 300 }), -1)),
    }),
  );
  const seconds = (max: number, ...bad: number[]) =>
    mostly(fc.integer({ min: 1, max }), ...bad).map((value) => Duration.seconds(value));

  test('Lambda', () => {
    const given: fc.Arbitrary<LambdaGiven> = fc
      .record({
        workload: workloads(),
        objective: objectives(),
        consumer,
        timeout: fc.integer({ min: 60, max: 900 }),
        compute: fc.record({
          batchSize: optional(mostly(fc.integer({ min: 1, max: 10 }), 0, 2.5, 11, 10_001)),
          batchWindow: optional(seconds(20, 0, 301, 1.5)),
        }),
        visibility: mostly(fc.constant(6), 5),
        reserved: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined, freq: 1 }),
      })
      .map(({ timeout, visibility, reserved, compute, ...rest }) => ({
        ...rest,
        compute,
        fn: { timeout: Duration.seconds(timeout), reservedConcurrentExecutions: reserved },
        queue: {
          visibilityTimeout: Duration.seconds(
            Math.ceil(visibility * timeout + (compute.batchWindow?.toSeconds({ integral: false }) ?? 0)),
          ),
        },
      }));
    const claim = (made: Worker, { fn }: LambdaGiven) => {
      const { BatchSize, ScalingConfig, FunctionResponseTypes } = mappingOf(made);
      expect(FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
      expect(ScalingConfig.MaximumConcurrency).toBeGreaterThanOrEqual(2);
      expect(ScalingConfig.MaximumConcurrency).toBeLessThanOrEqual(fn?.reservedConcurrentExecutions ?? 1000);
      expect(BatchSize).toBeGreaterThanOrEqual(1);
      for (const knob of made.worker.plan.knobs)
        expect([knob.name, Number.isFinite(knob.value)]).toEqual([knob.name, true]);
    };
    validOrNamed(/^Images: /, given, withLambda, claim);
  }, 300_000);

  test('Fargate', () => {
    const given: fc.Arbitrary<FargateGiven> = fc.record({
      workload: workloads(),
      objective: objectives(),
      consumer,
      compute: fc.record({
        cpu: optional(mostly(fc.constantFrom(256, 512, 1024), 300, -1)),
        memoryLimitMiB: mostly(fc.constantFrom(1024, 2048), 512, 1000, Number.NaN),
        scaleToZero: optional(fc.boolean()),
      }),
      queue: fc.record({ visibilityTimeout: seconds(43_200, 1) }),
    });
    validOrNamed(/^Images: /, given, withFargate, (made, { compute }) => {
      const { MinCapacity, MaxCapacity } = targetOf(made);
      expect(MaxCapacity).toBeGreaterThanOrEqual(Math.max(1, MinCapacity));
      expect(MinCapacity === 0).toBe(compute?.scaleToZero ?? false);
      const { TargetValue } = policy(made, 'TargetTrackingScaling').TargetTrackingScalingPolicyConfiguration;
      expect(TargetValue).toBeGreaterThan(0);
      expect(container(made).StopTimeout).toBeLessThanOrEqual(120);
    });
  }, 300_000);
});

function batch(batchSize: number, windowSeconds?: number): LambdaGiven {
  const batchWindow = windowSeconds === undefined ? undefined : Duration.seconds(windowSeconds);
  return { compute: { batchSize, batchWindow } };
}

/** As `withLambda`, on a queue without a dead-letter queue. */
function withLambdaOn(stack: Stack): void {
  const queue = new Queue(stack, 'Queue', { visibilityTimeout: Duration.seconds(360) });
  const code = { code: Code.fromInline('exports.handler = 0'), handler: 'index.handler' };
  const timeout = Duration.seconds(60);
  const handler = new LambdaFunction(stack, 'Handler', { ...code, runtime: Runtime.NODEJS_24_X, timeout });
  new QueueWorker(stack, 'Images', { ...images, queue, compute: WorkerCompute.lambda({ function: handler }) });
}

describe('a queue without a plan keeps its settings, and the plan has no others', () => {
  const knobsOf = ({ plan }: QueueWorker) =>
    Object.fromEntries(
      ['visibilityTimeoutSeconds', 'retentionSeconds', 'maxReceiveCount'].map((name) => {
        const found = plan.knobs.find((knob) => knob.name === name);
        return [name, found && [found.value, found.formula]];
      }),
    );

  test.each([
    ['Lambda', withLambda],
    ['Fargate', withFargate],
  ] as const)('%s: those of the queue are given', (_name, make) => {
    const stack = shop();
    const { worker } = make(
      {
        queue: {
          visibilityTimeout: Duration.minutes(10),
          retentionPeriod: Duration.days(14),
          deadLetterQueue: { queue: new Queue(stack, 'OwnDead'), maxReceiveCount: 7 },
        },
      },
      stack,
    );
    expect(knobsOf(worker)).toEqual({
      visibilityTimeoutSeconds: [600, 'given'],
      retentionSeconds: [14 * 86_400, 'given'],
      maxReceiveCount: [7, 'given'],
    });
  });

  test('what CloudFormation sets by default is a setting; without a dead-letter queue there is no maxReceiveCount', () => {
    const { worker } = withFargate({ queue: { visibilityTimeout: undefined, deadLetterQueue: undefined } });
    expect(knobsOf(worker)).toEqual({
      visibilityTimeoutSeconds: [30, 'given'],
      retentionSeconds: [4 * 86_400, 'given'],
      maxReceiveCount: undefined,
    });
  });

  test.each([
    ['Lambda', withLambda, 600],
    ['Lambda', withLambda, 900],
    ['Fargate', withFargate, 600],
    ['Fargate', withFargate, 14],
  ] as const)('%s: a failed message is retried after the visibility timeout that the queue has', (_, make, seconds) => {
    const workload = { ...patient.workload, failureRatio: 0.01 };
    const retryOf = ({ plan }: QueueWorker) => plan.knobs.find(({ name }) => name === 'retryDelaySeconds');
    const queue = { visibilityTimeout: Duration.seconds(seconds), retentionPeriod: Duration.days(1) };
    const { plan } = make({ ...patient, workload, queue }).worker;
    expect(plan.value('retryDelaySeconds')).toBe(seconds - workload.serviceSeconds);

    const stack = shop();
    const token = Duration.seconds(new CfnParameter(stack, 'Seconds', { type: 'Number' }).valueAsNumber);
    const unknown = make({ ...patient, workload, queue: { ...queue, visibilityTimeout: token } }, stack).worker;
    expect(retryOf(unknown)).toBeUndefined();
  });

  test('a retention below the promise loses messages, and is refused', () => {
    // The shop's images may wait half an hour, and this queue deletes them after two minutes.
    const queue = { retentionPeriod: Duration.minutes(2) };
    expect(() => withLambda({ ...patient, queue })).toThrow(
      /^Images: an item may wait 30 min, as promised, .*it is deleted after 2 min; retention of 2 days/,
    );
    withLambda({ ...patient, queue: { retentionPeriod: Duration.days(1) } });
  });

  test('of an imported queue, and of tokens, nothing is known', () => {
    const stack = shop();
    const queue = Queue.fromQueueArn(stack, 'Queue', 'arn:aws:sqs:eu-central-1:111122223333:images');
    const image = ContainerImage.fromRegistry('public.ecr.aws/shop/images:1');
    const compute = WorkerCompute.fargate({ cluster: cluster(stack), image });
    const none = { visibilityTimeoutSeconds: undefined, retentionSeconds: undefined, maxReceiveCount: undefined };
    expect(knobsOf(new QueueWorker(stack, 'Images', { ...images, queue, compute }))).toEqual(none);

    const other = shop();
    const seconds = Duration.seconds(new CfnParameter(other, 'Seconds', { type: 'Number' }).valueAsNumber);
    const { worker } = withFargate({ queue: { visibilityTimeout: seconds, retentionPeriod: seconds } }, other);
    expect(knobsOf(worker)).toEqual({ ...none, maxReceiveCount: [5, 'given'] });
  });
});
