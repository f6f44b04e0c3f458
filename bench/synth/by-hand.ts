/**
 * The other side of the synth benchmark: what `ours.ts` makes, written by hand with aws-cdk-lib alone, by somebody who
 * has looked every number up. Construct ids are the same, so that the two templates can be asserted to be equal.
 */
import { Aws, Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  PeriodOverride,
  Row,
  Stats,
  TextWidget,
  TextWidgetBackground,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption, type QueueProps, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { bundleFolder } from '../../lib/aws/runtime-function';
import { FUNCTION_TIMEOUT_SECONDS, HANDLER_CODE } from './workload';

const MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);
const ACCEPTED_AGE_SECONDS = 76.4262784954271;

interface Queues {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly quarantine: Queue;
}

/** A queue with its dead-letter queue, quarantine, redriver, alarms and dashboard, and a function that works it. */
export function byHand(stack: Stack, number: number): void {
  const orders = new Construct(stack, `Orders${number}`);
  const sourceName = `${uniqueNames[`${stack.node.id}/${orders.node.id}`]}-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`;
  const queues = makeQueues(orders, sourceName);
  const redriver = makeRedriver(orders, queues);
  const alarms = makeAlarms(new Construct(orders, 'Alarms'), queues, redriver);
  makeDashboard(orders, queues, redriver, alarms);

  const handler = new LambdaFunction(stack, `Handler${number}`, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    timeout: Duration.seconds(FUNCTION_TIMEOUT_SECONDS),
    code: Code.fromInline(HANDLER_CODE),
  });
  handler.addEventSource(
    new SqsEventSource(queues.queue, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency: 21 }),
  );
}
