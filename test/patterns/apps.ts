/**
 * The patterns of others, each as its own documentation shows it: what they set is theirs, what they ask for is the
 * least that they take.
 */
import { join } from 'node:path';
import { type App, Duration, Stack } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationLoadBalancedFargateService,
  QueueProcessingFargateService,
  ScheduledFargateTask,
} from 'aws-cdk-lib/aws-ecs-patterns';
import { Schedule as EventSchedule } from 'aws-cdk-lib/aws-events';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Code, Function as LambdaFunction, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';

/** Where `npm run test:patterns` installs them. */
export const INSTALLED = join(__dirname, '..', '..', 'dist', 'patterns');

/** A construct class of somebody else. */
type Construct = new (scope: Stack, id: string, props: object) => unknown;

/** One pattern: the package it is from, and the app that its documentation shows. */
export interface Pattern {
  readonly name: string;
  readonly build: (stack: Stack) => void;
}

const theirs = (pkg: string, name: string): Construct =>
  // Not known to TypeScript: they are no dependency of ours.
  require(join(INSTALLED, 'node_modules', pkg))[name] as Construct;

const lambdaFunctionProps = () => ({
  runtime: Runtime.NODEJS_24_X,
  handler: 'index.handler',
  code: Code.fromInline('exports.handler = async () => {};'),
});

const handler = (stack: Stack) => new LambdaFunction(stack, 'Handler', lambdaFunctionProps());
const image = () => ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:1.37');

function solution(pkg: string, name: string, props: (stack: Stack) => object): Pattern {
  return {
    name: `@aws-solutions-constructs/${pkg}`,
    build: (stack) => {
      const Theirs = theirs(`@aws-solutions-constructs/${pkg}`, name);
      new Theirs(stack, 'Pattern', props(stack));
    },
  };
}

const rate = { schedule: EventSchedule.rate(Duration.minutes(5)) };

/** All of them. */
export const PATTERNS: readonly Pattern[] = [
  solution('aws-sqs-lambda', 'SqsToLambda', () => ({ lambdaFunctionProps: lambdaFunctionProps() })),
  solution('aws-sns-lambda', 'SnsToLambda', () => ({ lambdaFunctionProps: lambdaFunctionProps() })),
  solution('aws-sns-sqs', 'SnsToSqs', () => ({})),
  solution('aws-eventbridge-sqs', 'EventbridgeToSqs', () => ({ eventRuleProps: rate })),
  solution('aws-eventbridge-lambda', 'EventbridgeToLambda', () => ({
    eventRuleProps: rate,
    lambdaFunctionProps: lambdaFunctionProps(),
  })),
  solution('aws-kinesisstreams-lambda', 'KinesisStreamsToLambda', () => ({
    lambdaFunctionProps: lambdaFunctionProps(),
  })),
  solution('aws-dynamodbstreams-lambda', 'DynamoDBStreamsToLambda', () => ({
    lambdaFunctionProps: lambdaFunctionProps(),
  })),
  solution('aws-lambda-dynamodb', 'LambdaToDynamoDB', () => ({ lambdaFunctionProps: lambdaFunctionProps() })),
  solution('aws-apigateway-lambda', 'ApiGatewayToLambda', () => ({ lambdaFunctionProps: lambdaFunctionProps() })),
  {
    name: 'cdk-serverless-clamscan',
    build: (stack) => {
      const Theirs = theirs('cdk-serverless-clamscan', 'ServerlessClamscan');
      new Theirs(stack, 'Pattern', { buckets: [new Bucket(stack, 'Uploads')] });
    },
  },
  {
    name: 'aws-cdk-lib/aws-ecs-patterns QueueProcessingFargateService',
    build: (stack) => void new QueueProcessingFargateService(stack, 'Pattern', { image: image() }),
  },
  {
    name: 'aws-cdk-lib/aws-ecs-patterns ScheduledFargateTask',
    build: (stack) =>
      void new ScheduledFargateTask(stack, 'Pattern', {
        schedule: Schedule.cron({ minute: '0', hour: '3' }),
        scheduledFargateTaskImageOptions: { image: image() },
      }),
  },
  {
    name: 'aws-cdk-lib/aws-ecs-patterns ApplicationLoadBalancedFargateService',
    build: (stack) =>
      void new ApplicationLoadBalancedFargateService(stack, 'Pattern', { taskImageOptions: { image: image() } }),
  },
  {
    name: 'aws-cdk-lib/aws-lambda-event-sources SqsEventSource',
    build: (stack) => handler(stack).addEventSource(new SqsEventSource(new Queue(stack, 'Queue'))),
  },
  {
    name: 'aws-cdk-lib/aws-lambda-event-sources KinesisEventSource',
    build: (stack) => {
      const stream = new Stream(stack, 'Stream');
      handler(stack).addEventSource(new KinesisEventSource(stream, { startingPosition: StartingPosition.LATEST }));
    },
  },
];

/** A stack that holds a pattern. */
export function stackOf(app: App, { build }: Pattern): Stack {
  const stack = new Stack(app, 'Theirs');
  build(stack);
  return stack;
}
