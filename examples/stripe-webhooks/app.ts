/** Stripe's events: accepted at once, kept in a queue, judged by signature and handled once. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { aws } from 'backpressure-constructs';

const app = new App();
const stack = new Stack(app, 'Payments');
const webhooks = new aws.WebhookBuffer(stack, 'Webhooks', {
  // The signing secret is made empty; put Stripe's into it before the first event.
  sources: [{ name: 'stripe', scheme: aws.WebhookScheme.STRIPE }],
  workload: { steadyPerSecond: 2, peakPerSecond: 200, peakSeconds: 600, serviceSeconds: 0.08 },
  objective: { latencySeconds: 30 },
  functionTimeout: Duration.seconds(10),
});
const handler = new LambdaFunction(stack, 'Handler', {
  runtime: Runtime.NODEJS_22_X,
  handler: 'index.handler',
  timeout: Duration.seconds(10),
  // In your app: new NodejsFunction(stack, 'Handler', { entry: 'handler.ts', … }).
  code: Code.fromInline('/* handler.ts, bundled */'),
});
webhooks.attach(handler);
new aws.QueueWorker(stack, 'Worker', {
  queue: webhooks.redriveQueue,
  compute: aws.WorkerCompute.lambda({ function: handler }),
});
