/** One queue has one worker, whatever construct reads it: each message goes to one of two, and both plan for all. */
import { Duration, type Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { CoalescingQueue } from '../../../lib/aws/merging/coalescing-queue';
import { EventTransport } from '../../../lib/aws/merging/coalescing-queue-props';
import { Invalidator } from '../../../lib/aws/merging/invalidator';
import { QueueWorker, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { RateLimitedSender } from '../../../lib/aws/rates/rate-limited-sender';
import { SpreadSchedule } from '../../../lib/aws/schedule/spread-schedule';
import { refusalOf } from '../../support/refused';
import { shop } from '../../support/stack';

const demand = { workload: { steadyPerSecond: 1, serviceSeconds: 0.1 }, objective: { latencySeconds: 300 } };

const handler = (stack: Stack, id: string) =>
  new LambdaFunction(stack, `${id}Handler`, {
    code: Code.fromInline('exports.handler = async () => ({})'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    timeout: Duration.seconds(10),
  });

/** Every construct that reads a queue, made with the props that it needs. */
const READERS: Readonly<Record<string, (stack: Stack, id: string, queue: IQueue) => { readonly queue?: IQueue }>> = {
  QueueWorker(stack, id, queue) {
    const compute = WorkerCompute.lambda({ function: handler(stack, id) });
    new QueueWorker(stack, id, { queue, compute, ...(queue instanceof RedriveQueue ? {} : demand) });
    return { queue };
  },
  RateLimitedSender: (stack, id, queue) =>
    new RateLimitedSender(stack, id, {
      workload: { campaignMessages: 1000, callSeconds: 0.15 },
      limit: { perSecond: 100 },
      identity: EmailIdentity.fromEmailIdentityName(stack, `${id}Identity`, 'example.com'),
      from: 'shop@example.com',
      queue,
    }),
  CoalescingQueue: (stack, id, queue) =>
    new CoalescingQueue(stack, id, {
      workload: { steadyPerSecond: 1, peakPerSecond: 150, peakSeconds: 600, distinctKeys: 50, keySeconds: 0.02 },
      objective: { freshnessSeconds: 120 },
      transport: EventTransport.SQS,
      invalidator: Invalidator.lambda({ function: handler(stack, id) }),
      queue,
    }),
  SpreadSchedule: (stack, id, queue) =>
    new SpreadSchedule(stack, id, {
      jobs: [{ name: 'report', periodSeconds: 3600, durationSeconds: 2 }],
      compute: WorkerCompute.lambda({ function: handler(stack, id) }),
      queue,
    }),
};

const NAMES = Object.keys(READERS);
const PAIRS = NAMES.flatMap((first) => NAMES.map((second) => [first, second] as const));

const plain = (stack: Stack) => new Queue(stack, 'Own', { visibilityTimeout: Duration.hours(2) });

test.each(PAIRS)('a queue that a %s reads is read by no %s', (first, second) => {
  const stack = shop();
  const queue = plain(stack);
  READERS[first](stack, 'First', queue);
  expect(refusalOf(() => READERS[second](stack, 'Second', queue))).toMatch(
    /queue already has the worker First\S*, which gets all messages of Shop\/Own/,
  );
});

test.each(NAMES)('two imports of a queue are one queue: %s', (name) => {
  const stack = shop();
  const imported = (id: string) => Queue.fromQueueArn(stack, id, 'arn:aws:sqs:eu-west-1:123456789012:own');
  READERS[name](stack, 'First', imported('A'));
  expect(refusalOf(() => READERS.QueueWorker(stack, 'Second', imported('B')))).toContain('one queue has one worker');
});

test.each(NAMES)('a queue that a %s reads gets no RedriveQueue later', (name) => {
  const stack = shop();
  const queue = plain(stack);
  READERS[name](stack, 'First', queue);
  expect(refusalOf(() => new RedriveQueue(stack, 'Late', { ...demand, queue }))).toContain(
    'make the RedriveQueue first',
  );
});

/** With a queue that the construct makes: what the member `queue` gives is read already. */
test('the queue that a sender makes is read by the sender alone', () => {
  const stack = shop();
  const sender = READERS.RateLimitedSender(stack, 'Mailing', undefined as never);
  expect(refusalOf(() => READERS.QueueWorker(stack, 'Second', sender.queue!))).toContain(
    'queue already has the worker Mailing',
  );
});

test('the queue that a merger makes is read by the merger alone', () => {
  const stack = shop();
  const merging = READERS.CoalescingQueue(stack, 'Merging', undefined as never);
  expect(refusalOf(() => READERS.QueueWorker(stack, 'Second', merging.queue!))).toContain(
    'queue already has the worker Merging',
  );
});

test('two queues have a worker each', () => {
  const stack = shop();
  READERS.RateLimitedSender(stack, 'First', plain(stack));
  const other = new Queue(stack, 'Other', { visibilityTimeout: Duration.hours(2) });
  expect(refusalOf(() => READERS.CoalescingQueue(stack, 'Second', other))).toBe('nothing was thrown');
});
