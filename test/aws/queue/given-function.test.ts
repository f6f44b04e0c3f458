/** Functions that a team has already: aliases, versions, imported ones, and mappings that are there. */
import { Duration, type Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import {
  Alias,
  Code,
  EventSourceMapping,
  type EventSourceMappingProps,
  Function as LambdaFunction,
  Runtime,
  Version,
} from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { type LambdaWorkerProps } from '../../../lib/aws/queue/lambda-compute';
import { QueueWorker, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { SpreadSchedule } from '../../../lib/aws/schedule/spread-schedule';
import { InvalidInputError } from '../../../lib/flow/errors';
import { shop } from '../../support/stack';

const workload = { steadyPerSecond: 5, peakPerSecond: 50, peakSeconds: 600, serviceSeconds: 0.5 };
const objective = { latencySeconds: 30 };

function functionIn(stack: Stack, timeoutSeconds = 60): LambdaFunction {
  return new LambdaFunction(stack, 'Handler', {
    code: Code.fromInline('exports.handler = async () => ({})'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    timeout: Duration.seconds(timeoutSeconds),
    memorySize: 512,
  });
}

/** A worker on a redrive queue that is told the same time-out. */
function worker(stack: Stack, compute: LambdaWorkerProps): QueueWorker {
  const queue = new RedriveQueue(stack, 'Orders', { workload, objective, functionTimeout: Duration.seconds(60) });
  return new QueueWorker(stack, 'Worker', { queue, compute: WorkerCompute.lambda(compute) });
}

function mappingsOf(stack: Stack) {
  const found = Template.fromStack(stack).findResources('AWS::Lambda::EventSourceMapping');
  // The redriver has one too.
  return Object.entries(found).filter(([id]) => !id.includes('Redriver'));
}

const plain = () => {
  const stack = shop();
  return worker(stack, { function: functionIn(stack) });
};

describe('an alias and a version', () => {
  test.each<[string, (fn: LambdaFunction) => LambdaWorkerProps['function']]>([
    ['alias', (fn) => new Alias(fn, 'Live', { aliasName: 'live', version: fn.currentVersion })],
    ['version', (fn) => fn.currentVersion],
  ])('%s: the mapping calls it, and the plan is that of its function', (_, of) => {
    const stack = shop();
    const made = worker(stack, { function: of(functionIn(stack)) });
    expect(made.plan.knobs).toEqual(plain().plan.knobs);
    const [[, { Properties }]] = mappingsOf(stack);
    // An alias is named by its ARN, and a version is the resource itself.
    expect(JSON.stringify(Properties.FunctionName)).toMatch(/Alias|CurrentVersion|Live/);
    expect(Properties.ScalingConfig.MaximumConcurrency).toBe(made.plan.value('maxConcurrency'));
    // Whoever runs the alias has the rights on the queue.
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['sqs:DeleteMessage']) })]),
      }),
    });
  });

  test('a time-out given beside that of the function must be the same', () => {
    const stack = shop();
    const fn = functionIn(stack);
    expect(() => worker(stack, { function: fn, functionTimeout: Duration.seconds(30) })).toThrow(
      `functionTimeout must be that of the function ${fn.node.path}, 60 s, got 30 s; leave it out`,
    );
  });
});

describe('an imported function', () => {
  const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:orders';
  const imported = (stack: Stack) =>
    LambdaFunction.fromFunctionAttributes(stack, 'Imported', { functionArn: ARN, sameEnvironment: true });

  test('is mapped by its name with the numbers of the plan; what it costs is not known', () => {
    const stack = shop();
    const made = worker(stack, { function: imported(stack), functionTimeout: Duration.seconds(60) });
    const [[, { Properties }]] = mappingsOf(stack);
    expect(Properties).toMatchObject({
      FunctionName: 'orders',
      BatchSize: made.plan.value('batchSize'),
      ScalingConfig: { MaximumConcurrency: made.plan.value('maxConcurrency') },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(made.plan.knobs.map(({ name }) => name)).not.toContain('costCeiling');
    expect(made.plan.predictions.monthlyCost).toBeUndefined();
  });

  test('by the ARN of an alias is refused, because the mapping would call the newest code; an imported alias is mapped', () => {
    const functionTimeout = Duration.seconds(60);
    const stack = shop();
    const byArn = LambdaFunction.fromFunctionArn(stack, 'Imported', `${ARN}:live`);
    expect(() => worker(stack, { function: byArn, functionTimeout })).toThrow(
      /Imported is imported by the ARN of a version or an alias, .*orders:live, .*use Alias.fromAliasAttributes/,
    );
    const good = shop();
    const aliasVersion = Version.fromVersionArn(good, 'Version', `${ARN}:7`);
    const alias = Alias.fromAliasAttributes(good, 'Live', { aliasName: 'live', aliasVersion });
    worker(good, { function: alias, functionTimeout });
    expect(mappingsOf(good)[0][1].Properties.FunctionName).toBe('orders:live');
  });

  test('needs its time-out', () => {
    const stack = shop();
    expect(() => worker(stack, { function: imported(stack) })).toThrow(InvalidInputError);
    expect(() => worker(shop(), { function: imported(shop()) })).toThrow(
      /functionTimeout must be given for .*Imported, which this app does not define, got none/,
    );
  });

  test('cannot run a schedule, whose settings are in its environment', () => {
    const stack = shop();
    const jobs = [{ name: 'report', cron: '0 * * * *', durationSeconds: 20 }];
    const compute = WorkerCompute.lambda({ function: imported(stack), functionTimeout: Duration.seconds(60) });
    expect(() => new SpreadSchedule(stack, 'Chores', { jobs, compute })).toThrow(
      /compute.function must be defined by this app.*IDEMPOTENCY_TABLE/,
    );
  });
});

describe('a mapping that is there', () => {
  const { plan } = plain();
  const planned = {
    batchSize: plan.value('batchSize'),
    maxConcurrency: plan.value('maxConcurrency'),
    reportBatchItemFailures: true,
  };
  const withMapping = (given: Partial<EventSourceMappingProps>) => {
    const stack = shop();
    const fn = functionIn(stack);
    const queue = new RedriveQueue(stack, 'Orders', { workload, objective, functionTimeout: Duration.seconds(60) });
    const eventSourceMapping = new EventSourceMapping(stack, 'Mapping', {
      target: fn,
      eventSourceArn: queue.queueArn,
      ...given,
    });
    new QueueWorker(stack, 'Worker', { queue, compute: WorkerCompute.lambda({ function: fn, eventSourceMapping }) });
    return stack;
  };

  test('with the numbers of the plan stays the only one', () => {
    expect(mappingsOf(withMapping(planned)).map(([id]) => id)).toEqual([expect.stringMatching(/^Mapping/)]);
  });

  test('with others is refused, with all that differs', () => {
    const message = (given: Partial<EventSourceMappingProps>) => {
      try {
        withMapping(given);
      } catch (error) {
        return String(error);
      }
      return 'accepted';
    };
    const other = message({ batchSize: 1, maxBatchingWindow: Duration.seconds(5) });
    expect(other).toContain(`BatchSize of the mapping Shop/Mapping must be ${planned.batchSize}, as planned, got 1`);
    expect(other).toContain('MaximumBatchingWindowInSeconds of the mapping Shop/Mapping must be 0, as planned, got 5');
    expect(other).toContain(
      `MaximumConcurrency of the mapping Shop/Mapping must be ${planned.maxConcurrency}, as planned, got undefined`,
    );
    expect(other).toContain(
      'FunctionResponseTypes of the mapping Shop/Mapping must have ReportBatchItemFailures, got none',
    );
  });

  test('of another app cannot be read: a warning says what the plan is for', () => {
    const stack = shop();
    const eventSourceMapping = EventSourceMapping.fromEventSourceMappingId(stack, 'Mapping', 'a1b2');
    worker(stack, { function: functionIn(stack), eventSourceMapping });
    expect(mappingsOf(stack)).toEqual([]);
    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp(
        `a1b2 is not of this app.*BatchSize ${planned.batchSize}, MaximumBatchingWindowInSeconds 0, MaximumConcurrency ${planned.maxConcurrency}, FunctionResponseTypes ReportBatchItemFailures`,
      ),
    );
  });
});

test('a queue that is not planned is sized for the imported function', () => {
  const stack = shop();
  const queue = new Queue(stack, 'Queue', { visibilityTimeout: Duration.seconds(360) });
  const arn = 'arn:aws:lambda:us-east-1:123456789012:function:orders';
  const fn = LambdaFunction.fromFunctionArn(stack, 'Imported', arn);
  const compute = WorkerCompute.lambda({ function: fn, functionTimeout: Duration.seconds(60) });
  const { plan } = new QueueWorker(stack, 'Worker', { queue, workload, objective, compute });
  expect(plan.value('functionTimeoutSeconds')).toBe(60);
});
