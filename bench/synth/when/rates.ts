/** `RateLimitedSender` on Amazon SES, and the same resources by hand. */
import { type App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, type Dashboard, GraphWidget, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import {
  AutoValidationThreshold,
  ConfigurationSet,
  ConfigurationSetEventDestination,
  ConfigurationSetTlsPolicy,
  EmailIdentity,
  EmailSendingEvent,
  EventDestination,
  type IEmailIdentity,
  SuppressionReasons,
} from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { RateLimitedSender } from '../../../lib/aws/rates/rate-limited-sender';
import { bucketSettings } from '../../../lib/flow/rates/question';
import { redriveQueue } from '../by-hand';
import type { Numbers } from '../numbers';
import { alarm, bundled, counted, numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  /** Numbers of the plan of the queue. */
  readonly ofQueue: Numbers;
  readonly pace: object;
}

const FROM = 'shop@example.com';
export const CAMPAIGN = {
  workload: { campaignMessages: 500_000, callSeconds: 0.15, undeliverableRatio: 0.015 },
  limit: { perSecond: 100 },
  objective: { completeSeconds: 7200 },
};

const identityOf = (stack: Stack, number: number) =>
  EmailIdentity.fromEmailIdentityName(stack, `Identity${number}`, 'example.com');

function ours(stack: Stack, number: number): RateLimitedSender {
  const identity = identityOf(stack, number);
  return new RateLimitedSender(stack, `Mailing${number}`, { ...CAMPAIGN, identity, from: FROM });
}

function known(app: App): Known {
  const { plan, redriveQueue } = ours(new Stack(app, 'Numbers'), 0);
  const queue = redriveQueue!.plan;
  const numbers = numbersOf(queue);
  return {
    numbers: numbersOf(plan),
    ofQueue: (name) => (name === 'drainSeconds' ? queue.predictions.drainSeconds : numbers(name)),
    pace: bucketSettings(plan, 'first'),
  };
}

function byHand(stack: Stack, number: number, { numbers, ofQueue, pace }: Known): void {
  const identity = identityOf(stack, number);
  const scope = new Construct(stack, `Mailing${number}`);
  const { queues, dashboard } = redriveQueue(scope, 'Queue', ofQueue, scope.node.id);
  const { queue } = queues;
  const table = new TableV2(scope, 'Table', {
    partitionKey: { name: 'id', type: AttributeType.STRING },
    billing: Billing.onDemand(),
    encryption: TableEncryptionV2.awsManagedKey(),
    timeToLiveAttribute: 'expires',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const configurationSet = makeConfigurationSet(scope);
  const sender = makeSender(scope, { queues, table, configurationSet, identity, pace }, numbers);
  const mapping = new EventSourceMapping(scope, 'Mapping', {
    target: sender,
    eventSourceArn: queue.queueArn,
    batchSize: numbers('messagesPerSender'),
    maxBatchingWindow: Duration.seconds(numbers('batchWindowSeconds')),
    maxConcurrency: numbers('senders'),
    reportBatchItemFailures: true,
  });
  mapping.node.addDependency(sender.role!);
  const breaker = makeBreaker(scope, table, mapping, configurationSet, numbers);
  makeAlarms(new Construct(scope, 'Alarms'), { sender, breaker, configurationSet }, numbers);
  addGraphs(dashboard, sender, configurationSet, numbers);
}

function makeConfigurationSet(scope: Construct): ConfigurationSet {
  const configurationSet = new ConfigurationSet(scope, 'ConfigurationSet', {
    reputationMetrics: true,
    suppressionReasons: SuppressionReasons.BOUNCES_AND_COMPLAINTS,
    autoValidationThreshold: AutoValidationThreshold.MANAGED,
    tlsPolicy: ConfigurationSetTlsPolicy.REQUIRE,
  });
  new ConfigurationSetEventDestination(scope, 'Events', {
    configurationSet,
    destination: EventDestination.eventBus(EventBus.fromEventBusName(scope, 'DefaultBus', 'default')),
    events: [
      EmailSendingEvent.BOUNCE,
      EmailSendingEvent.COMPLAINT,
      EmailSendingEvent.REJECT,
      EmailSendingEvent.RENDERING_FAILURE,
      EmailSendingEvent.DELIVERY_DELAY,
      EmailSendingEvent.DELIVERY,
    ],
  });
  return configurationSet;
}

interface Parts {
  readonly queues: ReturnType<typeof redriveQueue>['queues'];
  readonly table: TableV2;
  readonly configurationSet: ConfigurationSet;
  readonly identity: IEmailIdentity;
  readonly pace: object;
}

const setArn = (scope: Construct, { configurationSetName }: ConfigurationSet) =>
  Stack.of(scope).formatArn({ service: 'ses', resource: 'configuration-set', resourceName: configurationSetName });

function makeSender(scope: Construct, parts: Parts, numbers: Numbers): LambdaFunction {
  const { queues, table, configurationSet, identity, pace } = parts;
  const { queue, quarantine } = queues;
  const text = (name: string) => String(numbers(name));
  const lane = {
    name: 'ses',
    from: FROM,
    identityArn: identity.emailIdentityArn,
    configurationSet: configurationSet.configurationSetName,
    pace,
    connections: numbers('connections'),
  };
  const sender = bundled(scope, 'Sender', 'sender', {
    description: `Sends the mails of ${scope.node.path} in their slots, each once`,
    timeout: Duration.seconds(numbers('functionTimeoutSeconds')),
    memorySize: 1769,
    environment: {
      TABLE: table.tableName,
      QUEUE_URL: queue.queueUrl,
      QUARANTINE_QUEUE_URL: quarantine.queueUrl,
      LANES: Stack.of(scope).toJsonString([lane]),
      MOST_RECIPIENTS: '1',
      ON_UNKNOWN: 'park',
      CLAIM_SECONDS: text('functionTimeoutSeconds'),
      CALL_TIMEOUT_SECONDS: text('callTimeoutSeconds'),
      BACKOFF_SECONDS: text('backoffSeconds'),
      BACKOFF_CAP_SECONDS: text('backoffCapSeconds'),
      CLOSED_SECONDS: text('closedSeconds'),
      HOLD_SECONDS: text('holdSeconds'),
      RECORD_SECONDS: text('recordSeconds'),
    },
  });
  table.grant(sender, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem');
  quarantine.grant(sender, 'sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl');
  queue.grant(
    sender,
    'sqs:ReceiveMessage',
    'sqs:ChangeMessageVisibility',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
  );
  const arn = setArn(scope, configurationSet);
  sender.addToRolePolicy(
    new PolicyStatement({ actions: ['ses:SendEmail'], resources: [identity.emailIdentityArn, arn] }),
  );
  sender.addToRolePolicy(new PolicyStatement({ actions: ['ses:GetConfigurationSet'], resources: [arn] }));
  return sender;
}

function makeBreaker(
  scope: Construct,
  table: TableV2,
  mapping: EventSourceMapping,
  configurationSet: ConfigurationSet,
  numbers: Numbers,
): LambdaFunction {
  const breaker = bundled(scope, 'Breaker', 'sender-breaker', {
    description: `Pauses the sender ${scope.node.path} by itself; resumes it when told to`,
    environment: {
      TABLE: table.tableName,
      MAPPING_ID: mapping.eventSourceMappingId,
      BATCH: String(numbers('messagesPerSender')),
      LANES: Stack.of(scope).toJsonString([{ name: 'ses', configurationSet: configurationSet.configurationSetName }]),
    },
  });
  breaker.addToRolePolicy(
    new PolicyStatement({
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      resources: [table.tableArn],
      conditions: {
        'ForAllValues:StringLike': {
          'dynamodb:LeadingKeys': ['bucket#*', 'day#*', `gate#${mapping.eventSourceMappingId}`],
        },
      },
    }),
  );
  breaker.addToRolePolicy(
    new PolicyStatement({
      actions: ['ses:PutConfigurationSetSendingOptions'],
      resources: [setArn(scope, configurationSet)],
    }),
  );
  breaker.addToRolePolicy(
    new PolicyStatement({ actions: ['lambda:UpdateEventSourceMapping'], resources: [mapping.eventSourceMappingArn] }),
  );
  return breaker;
}

const reputation = ({ configurationSetName }: ConfigurationSet, metricName: string, seconds: number) =>
  new Metric({
    namespace: 'AWS/SES',
    metricName,
    dimensionsMap: { 'ses:configuration-set': configurationSetName },
    statistic: Stats.AVERAGE,
    period: Duration.seconds(seconds),
  });

interface Watched {
  readonly sender: LambdaFunction;
  readonly breaker: LambdaFunction;
  readonly configurationSet: ConfigurationSet;
}

function makeAlarms(scope: Construct, { sender, breaker, configurationSet }: Watched, numbers: Numbers): void {
  const window = numbers('alarmWindowSeconds');
  const errors = { period: Duration.seconds(window), statistic: Stats.SUM };
  const bounced = (id: string, metricName: string, threshold: string) =>
    alarm(scope, id, reputation(configurationSet, metricName, numbers('alarmReputationSeconds')), {
      threshold: numbers(threshold),
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    });
  const away = { evaluationPeriods: numbers('alarmAwayWindows') };
  const bounces = bounced('Bounces', 'Reputation.BounceRate', 'pauseAtBounceRatio');
  const complaints = bounced('Complaints', 'Reputation.ComplaintRate', 'pauseAtComplaintRatio');
  alarm(scope, 'RateThrottled', counted(sender, 'Throttled', numbers('alarmThrottledSeconds')), {
    threshold: numbers('alarmThrottled'),
    evaluationPeriods: numbers('alarmThrottledWindows'),
  });
  alarm(scope, 'Parked', counted(sender, 'Parked', window), {});
  alarm(scope, 'Away', counted(sender, 'Away', numbers('alarmAwaySeconds')), away);
  const closed = alarm(scope, 'Closed', counted(sender, 'Closed', numbers('alarmAwaySeconds')), away);
  alarm(scope, 'SenderErrors', sender.metricErrors(errors), {});
  alarm(scope, 'Paused', counted(breaker, 'BreakerPaused', window), {});
  alarm(scope, 'BreakerErrors', breaker.metricErrors(errors), {});
  for (const one of [bounces, complaints, closed]) {
    one.addAlarmAction(new LambdaAction(breaker, { useUniquePermissionId: true }));
  }
}

function addGraphs(
  dashboard: Dashboard,
  sender: LambdaFunction,
  configurationSet: ConfigurationSet,
  numbers: Numbers,
): void {
  const hour = numbers('alarmReputationSeconds');
  dashboard.addWidgets(
    new GraphWidget({
      title: 'sent and refused a minute, against the rate',
      width: 12,
      left: ['Sent', 'Throttled', 'SlotsMissed', 'Parked'].map((name) => counted(sender, name, 60)),
      leftAnnotations: [{ value: 60 * numbers('messagesPerSecond'), label: 'rate of the plan' }],
    }),
    new GraphWidget({
      title: 'bounces and complaints, as shares',
      width: 12,
      left: [reputation(configurationSet, 'Reputation.BounceRate', hour)],
      right: [reputation(configurationSet, 'Reputation.ComplaintRate', hour)],
      leftAnnotations: [{ value: numbers('pauseAtBounceRatio'), label: 'pauses' }],
      rightAnnotations: [{ value: numbers('pauseAtComplaintRatio'), label: 'pauses' }],
    }),
  );
}

export const rates = { ours, byHand, known };
