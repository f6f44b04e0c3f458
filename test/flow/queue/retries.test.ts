/** A failed item waits as long as its broker makes it wait: in the prediction, in the simulation and on the page. */
import { CapacityError } from '../../../lib/flow/errors';
import { Quantiles } from '../../../lib/flow/numerics/quantiles';
import { solveQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { simulate } from '../../../lib/flow/queue/simulation/simulate';

const workload = {
  steadyPerSecond: 20,
  peakPerSecond: 100,
  peakSeconds: 600,
  serviceSeconds: 0.05,
  failureRatio: 0.05,
};
const asked = (question: Partial<QueueQuestion>): QueueQuestion => ({
  workload,
  objective: { latencySeconds: 600 },
  ...question,
});

/** Each with a promise that its delays leave room for. */
const ROWS: readonly (readonly [what: string, question: QueueQuestion, delaySeconds: number])[] = [
  // 6 × 30 s of visibility, without the service.
  ['SQS and Lambda', asked({ platform: 'lambda', broker: 'sqs', functionTimeoutSeconds: 30 }), 179.95],
  // Item time-out and 30 s to delete the message.
  ['SQS and Fargate', asked({ platform: 'fargate', broker: 'sqs' }), 30.95],
  ['SQS and a pod', asked({ platform: 'keda', broker: 'sqs' }), 30.95],
  ['Pub/Sub', asked({ platform: 'cloud-run', broker: 'pubsub' }), 1],
  ['Pub/Sub by hand', asked({ platform: 'cloud-run', broker: 'pubsub', minimumBackoffSeconds: 100 }), 100],
  ['RabbitMQ, which has no delay', asked({ platform: 'keda', broker: 'rabbitmq' }), 0],
  ['Redis, where the consumer has a backoff', asked({ platform: 'keda', broker: 'redis' }), 1],
  ['Kafka, where the consumer has a backoff', asked({ platform: 'keda', broker: 'kafka' }), 1],
];

test.each(ROWS)('%s: the page says how long a failed item waits', (_what, question, seconds) => {
  const { plan, sizing } = solveQueue('Orders', question);
  expect(plan.value('retryDelaySeconds')).toBeCloseTo(seconds, 6);
  expect(sizing.consumer.retryDelay?.baseSeconds).toBeCloseTo(seconds, 6);
});

test.each(ROWS)('%s: the prediction agrees with the simulation of that delay', (_what, question) => {
  const { plan, sizing } = solveQueue('Orders', question);
  const all = new Quantiles();
  for (let seed = 1; seed <= 4; seed += 1) {
    all.merge(simulate({ workload: sizing.workload, consumer: sizing.consumer, seed, timelinePoints: 0 }).latency);
  }
  const error = plan.predictions.latencyP99Seconds / all.quantile(0.99) - 1;
  expect(Math.abs(error)).toBeLessThan(0.15);
});

test.each<[string, QueueQuestion]>([
  ['the visibility time-out', { ...ROWS[0][1], objective: { latencySeconds: 90 } }],
  ['the backoff of Pub/Sub', { ...ROWS[4][1], objective: { latencySeconds: 90 } }],
])('a promise shorter than %s is refused when attempts fail', (_what, question) => {
  expect(() => solveQueue('Orders', question)).toThrow(CapacityError);
  const healthy = { ...question, workload: { ...workload, failureRatio: 0 } };
  const { plan } = solveQueue('Orders', healthy);
  // Nothing is retried, so nothing is said.
  expect(plan.knobs.map(({ name }) => name)).not.toContain('retryDelaySeconds');
});
