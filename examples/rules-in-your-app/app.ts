/** The rules in an app that has nothing else from this library: synthesis stops at what they find. */
import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { aws } from 'backpressure-constructs';

const app = new App();
Validations.of(app).addPlugins(new aws.BackpressureChecks());

const stack = new Stack(app, 'Shop');
const parked = new Queue(stack, 'Parked', { retentionPeriod: Duration.days(14), enforceSSL: true });
const orders = new Queue(stack, 'Orders', {
  // Six times the time-out of the function, or a message is seen twice.
  visibilityTimeout: Duration.seconds(180),
  retentionPeriod: Duration.days(4),
  deadLetterQueue: { queue: parked, maxReceiveCount: 5 },
  enforceSSL: true,
});
const handler = new LambdaFunction(stack, 'Handler', {
  runtime: Runtime.NODEJS_22_X,
  handler: 'index.handler',
  timeout: Duration.seconds(30),
  code: Code.fromInline('exports.handler = async () => ({ batchItemFailures: [] });'),
});
handler.addEventSource(new SqsEventSource(orders, { reportBatchItemFailures: true, maxConcurrency: 10 }));

const alarm = new Alarm(stack, 'ParkedMessages', {
  metric: parked.metricApproximateNumberOfMessagesVisible(),
  threshold: 0,
  comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
  evaluationPeriods: 1,
});
const alarms = new Topic(stack, 'Alarms', { enforceSSL: true });
// `enforceSSL` takes the place of the default policy, in which CloudWatch may publish: one of the things the rules find.
alarms.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com'));
alarm.addAlarmAction(new SnsAction(alarms));
