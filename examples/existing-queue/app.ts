/** A queue that another stack made: alarms, guarded redrives, a quarantine and a dashboard around it. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { aws } from 'backpressure-constructs';

const app = new App();
const stack = new Stack(app, 'Orders', { env: { account: '123456789012', region: 'eu-central-1' } });
const arn = 'arn:aws:sqs:eu-central-1:123456789012';

const orders = new aws.RedriveQueue(stack, 'Queue', {
  queue: Queue.fromQueueArn(stack, 'Existing', `${arn}:orders`),
  deadLetterQueue: Queue.fromQueueArn(stack, 'ExistingDeadLetters', `${arn}:orders-dead`),
  // What `aws sqs get-queue-attributes` says of them. Each is checked against the plan.
  existing: {
    visibilityTimeout: Duration.minutes(3),
    maxReceiveCount: 5,
    retention: Duration.days(4),
    deadLetterRetention: Duration.days(14),
    deadLetterVisibilityTimeout: Duration.minutes(3),
  },
  workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
  functionTimeout: Duration.seconds(30),
  alarmTopic: new Topic(stack, 'Alarms', { enforceSSL: true }),
});
console.log(orders.plan.explain());
