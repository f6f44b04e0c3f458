// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's
/** How near a template may come to what a rule finds without being found: each is the example with one thing changed. */
import {
  ARN,
  add,
  allow,
  conditional,
  type Edit,
  found,
  get,
  macro,
  type Near,
  output,
  restApi,
  set,
} from '../../support/rule-examples';
import type { Untyped } from '../../support/stack';

/** Another policy of the topic, which lets this principal publish. */
const admitting = (Principal: unknown): Edit =>
  add('AWS::SNS::TopicPolicy', {
    Topics: [{ Ref: 'Pager' }],
    PolicyDocument: { Statement: [{ Effect: 'Allow', Principal, Action: 'SNS:Publish', Resource: '*' }] },
  });

/** No policy of the topic, but a key, which lets alarms do this. */
const pagerKey =
  (KmsMasterKeyId: unknown, actions: readonly string[] = []): Edit =>
  (r) => {
    delete r.OnlyTls;
    r.Pager.Properties = { KmsMasterKeyId };
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Action: actions,
      Resource: '*',
    };
    r.Key = { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Statement: [statement] } } };
  };

/** The retention of a table of the lake. */
const retention = (properties: object): Edit =>
  add('AWS::Glue::TableOptimizer', { DatabaseName: 'lake', Type: 'retention', ...properties });

/** Changes what a rule of AWS IoT does. */
const payload =
  (more: object): Edit =>
  ({ ToStream }) =>
    Object.assign(ToStream.Properties.TopicRulePayload, more);
const toStream =
  (more: object): Edit =>
  ({ ToStream }) =>
    Object.assign(ToStream.Properties.TopicRulePayload.Actions[0].Kinesis, more);
/** The rule of the lake with these settings beside those of the example. */
const expiring =
  (settings: object): Edit =>
  (r) => {
    Object.assign(r.Lake.Properties.LifecycleConfiguration.Rules[0], settings);
  };

/** Changes the log router of a task, or the options of the container that logs through it. */
const router =
  (edit: (container: Untyped) => void): Edit =>
  (r) =>
    edit(r.Orders.Properties.ContainerDefinitions[0]);
const sender =
  (edit: (options: Untyped) => void): Edit =>
  (r) =>
    edit(r.Orders.Properties.ContainerDefinitions[1].LogConfiguration.Options);

/** The checkpoint that the step is given. */
const checkpoint =
  (...args: unknown[]): Edit =>
  (r) => {
    r.Counts.Properties.HadoopJarStep.Args = ['spark-submit', 'counts.py', ...args];
  };

/** Another notification of the lake. */
const notified =
  (changed: object): Edit =>
  (r) => {
    Object.assign(r.Lake.Properties.NotificationConfiguration.LambdaConfigurations[0], changed);
  };

/** Another permission of what it starts. */
const written =
  (changed: object): Edit =>
  (r) => {
    Object.assign(r.Role.Properties.Policies[0].PolicyDocument.Statement[0], changed);
  };

const LAKE = { bucket: { name: [{ Ref: 'Lake' }] } };

/** Started by EventBridge in place of a notification. */
const byEvents =
  (EventPattern: object): Edit =>
  (r) => {
    r.Lake.Properties.NotificationConfiguration = { EventBridgeConfiguration: { EventBridgeEnabled: true } };
    const Targets = [{ Id: 'Compact', Arn: { 'Fn::GetAtt': ['Compact', 'Arn'] } }];
    r.Created = { Type: 'AWS::Events::Rule', Properties: { EventPattern, Targets } };
  };

/** The names of a policy's shares. */
const shareNames =
  (...names: unknown[]): Edit =>
  ({ Fair }) => {
    Fair.Properties.FairsharePolicy.ShareDistribution = names.map((ShareIdentifier) => ({ ShareIdentifier }));
  };

/** The statement that lets a role submit jobs. */
const statementOf: (resources: Parameters<Edit>[0]) => Record<string, unknown> = ({ Search }) =>
  Search.Properties.Policies[0].PolicyDocument.Statement[0];

const SILENT: readonly Near[] = [
  ['BP-EMR-001', 'a rule that is off', expiring({ Status: 'Disabled' })],
  ['BP-EMR-001', 'a rule of another prefix', expiring({ Prefix: 'raw/' })],
  ['BP-EMR-001', 'a rule whose prefix a parameter names', expiring({ Prefix: { Ref: 'Prefix' } })],
  ['BP-EMR-001', 'a rule of objects with a tag', expiring({ TagFilters: [{ Key: 'kept', Value: 'no' }] })],
  ['BP-EMR-001', 'a rule of large objects', expiring({ ObjectSizeGreaterThan: 1e6 })],
  [
    'BP-EMR-001',
    'a rule that only moves',
    (r) => {
      delete r.Lake.Properties.LifecycleConfiguration.Rules[0].ExpirationInDays;
    },
  ],
  ['BP-EMR-001', 'a checkpoint in another bucket', checkpoint('--checkpoint=s3://other/counts')],
  [
    'BP-EMR-001',
    'a checkpoint whose path a parameter names',
    checkpoint({ 'Fn::Sub': '--checkpoint=s3://${Lake}/${Path}' }),
  ],
  ['BP-EMR-001', 'a table in the bucket', checkpoint({ 'Fn::Sub': '--table=s3://${Lake}/counts' })],
  ['BP-EMR-001', 'an argument without its value', checkpoint('--checkpoint')],
  ['BP-ICEBERG-001', 'a retention whose table a parameter names', retention({ TableName: { Ref: 'Table' } })],
  [
    'BP-ICEBERG-001',
    'an optimizer whose type a parameter names',
    retention({ TableName: 'events', Type: { Ref: 'T' } }),
  ],
  ['BP-ICEBERG-001', 'no compaction', set('Compaction', { Type: 'orphan_file_deletion' })],
  ['BP-COMPACT-002', 'no role that the template has', set('Compact', { Role: { Ref: 'RoleArn' } })],
  ['BP-COMPACT-002', 'events of objects that are deleted', notified({ Event: 's3:ObjectRemoved:*' })],
  [
    'BP-COMPACT-002',
    'a prefix that a parameter names',
    notified({ Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: { Ref: 'Prefix' } }] } } }),
  ],
  [
    'BP-COMPACT-002',
    'an end that what is written need not have',
    notified({ Filter: { S3Key: { Rules: [{ Name: 'suffix', Value: '.csv' }] } } }),
  ],
  ['BP-COMPACT-002', 'a role that reads', written({ Action: 's3:GetObject' })],
  ['BP-COMPACT-002', 'a role that writes to another bucket', written({ Resource: 'arn:aws:s3:::warehouse/*' })],
  ['BP-COMPACT-002', 'a place that a parameter names', written({ Resource: { 'Fn::Sub': 'arn:aws:s3:::lake/${To}' } })],
  [
    'BP-COMPACT-002',
    'a permission under a condition',
    written({ Condition: { Bool: { 'aws:SecureTransport': 'true' } } }),
  ],
  [
    'BP-COMPACT-002',
    'a role that is denied',
    (r) => {
      const [{ PolicyDocument }] = r.Role.Properties.Policies;
      PolicyDocument.Statement.push({ Effect: 'Deny', Action: 's3:*', Resource: 'arn:aws:s3:::lake/tables/*' });
    },
  ],
  [
    'BP-COMPACT-002',
    'events of EventBridge with a filter on keys',
    byEvents({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { ...LAKE, object: { key: [{ prefix: 'in/' }] } },
    }),
  ],
  [
    'BP-COMPACT-002',
    'events of EventBridge about another bucket',
    byEvents({ source: ['aws.s3'], 'detail-type': ['Object Created'], detail: { bucket: { name: ['warehouse'] } } }),
  ],
  ['BP-CODEBUILD-001', 'any other time', set('Runner', { QueuedTimeoutInMinutes: 240 })],
  [
    'BP-CODEBUILD-001',
    'a time-out that a parameter sets',
    set('Runner', { QueuedTimeoutInMinutes: { Ref: 'Minutes' } }),
  ],
  [
    'BP-CODEBUILD-001',
    'a project that pushes start',
    set('Runner', { Triggers: { FilterGroups: [[{ Type: 'EVENT', Pattern: 'PUSH' }]] } }),
  ],
  ['BP-GLUE-001', 'a run that ends before the next start', set('Compact', { Timeout: 360 })],
  ['BP-GLUE-001', 'a time-out that a parameter sets', set('Compact', { Timeout: { Ref: 'Minutes' } })],
  [
    'BP-GLUE-001',
    'a number of runs that a parameter sets',
    set('Compact', { ExecutionProperty: { MaxConcurrentRuns: { Ref: 'Runs' } } }),
  ],
  [
    'BP-GLUE-001',
    'one run, and a time-out above the interval that was chosen',
    set('Compact', { ExecutionProperty: { MaxConcurrentRuns: 1 }, Timeout: 600 }),
  ],
  [
    'BP-GLUE-001',
    'a streaming job',
    set('Compact', { Command: { Name: 'gluestreaming', ScriptLocation: 's3://lake/a.py' } }),
  ],
  ['BP-GLUE-001', 'a trigger that nothing schedules', set('EverySixHours', { Type: 'ON_DEMAND' })],
  ['BP-GLUE-001', 'a schedule that a parameter sets', set('EverySixHours', { Schedule: { Ref: 'Cron' } })],
  ['BP-GLUE-001', 'a job that the template has not', set('EverySixHours', { Actions: [{ JobName: 'other' }] })],
  ['BP-ICEBERG-002', 'no retention', set('Retention', { Type: 'orphan_file_deletion' })],
  [
    'BP-ICEBERG-002',
    'files cleaned by a parameter',
    set('Retention', {
      TableOptimizerConfiguration: {
        RetentionConfiguration: { IcebergConfiguration: { CleanExpiredFiles: { Ref: 'Clean' } } },
      },
    }),
  ],
  [
    'BP-SQS-001',
    'a queue of failures that only a person reads',
    (r) => {
      delete r.Worker;
      r.FailedOrders = { Type: 'AWS::SQS::Queue' };
      r.Orders.Properties = { RedrivePolicy: { deadLetterTargetArn: ARN('sqs', 'x'), maxReceiveCount: 5 } };
      r.Role = {
        Type: 'AWS::IAM::Role',
        Properties: { Policies: [{ PolicyDocument: allow('sqs:ReceiveMessage', get('FailedOrders')) }] },
      };
    },
  ],
  [
    'BP-SQS-001',
    'a producer that may do everything with the queue',
    (r) => {
      delete r.Worker;
      r.Role = {
        Type: 'AWS::IAM::Role',
        Properties: { Policies: [{ PolicyDocument: allow('sqs:*', get('Orders')) }] },
      };
    },
  ],
  ['BP-SQS-004', 'the only mapping is switched off', set('Worker', { Enabled: false })],
  ['BP-LAMBDA-001', 'the mapping is switched off', set('Worker', { Enabled: false })],
  ['BP-LAMBDA-004', 'the mapping is switched off', set('Reader', { Enabled: false })],
  ['BP-LAMBDA-006', 'halves of halves', set('Reader', { BisectBatchOnFunctionError: true })],
  ['BP-LAMBDA-006', 'batches of one', set('Reader', { BatchSize: 1 })],
  ['BP-LAMBDA-006', 'a queue', set('Reader', { EventSourceArn: ARN('sqs', 'x') })],
  ['BP-LAMBDA-007', 'nothing is ever given up', set('Reader', { MaximumRetryAttempts: -1 })],
  ['BP-LAMBDA-007', 'the deployer may bound it', set('Reader', { MaximumRetryAttempts: { Ref: 'Somebody' } })],
  ['BP-LAMBDA-007', 'it is switched off', set('Reader', { Enabled: false })],
  ['BP-LAMBDA-009', 'an alarm on four minutes', set('Late', { Threshold: 240 })],
  ['BP-LAMBDA-009', 'an alarm on records', set('Late', { MetricName: 'SumOffsetLag' })],
  ['BP-LAMBDA-009', 'a mapping of another topic', set('Reader', { Topics: ['devices.states'] })],
  ['BP-LAMBDA-009', 'it is switched off', set('Reader', { Enabled: false })],
  [
    'BP-LAMBDA-009',
    'pollers that a parameter decides',
    set('Reader', { ProvisionedPollerConfig: { Ref: 'Somebody' } }),
  ],
  ['BP-LAMBDA-010', 'a stream that was there before', set('Reader', { EventSourceArn: ARN('kinesis', 'stream/x') })],
  ['BP-LAMBDA-010', 'it is switched off', set('Reader', { Enabled: false })],
  ['BP-LAMBDA-010', 'a position that a parameter decides', set('Reader', { StartingPosition: { Ref: 'Somebody' } })],
  ['BP-IOT-001', 'a key that a parameter decides', toStream({ PartitionKey: { Ref: 'Somebody' } })],
  ['BP-IOT-001', 'a key of the topic', toStream({ PartitionKey: 'device-${topic(2)}' })],
  ['BP-IOT-001', 'no key, whose shard nothing documents', toStream({ PartitionKey: undefined })],
  ['BP-IOT-002', 'it only publishes again', payload({ Actions: [{ Republish: { Topic: 'a' } }] })],
  ['BP-IOT-002', 'it is disabled', payload({ RuleDisabled: true })],
  ['BP-IOT-002', 'an error action that a parameter decides', payload({ ErrorAction: { Ref: 'Somebody' } })],
  ['BP-SQS-007', 'both are FIFO queues', set('Parked', { FifoQueue: true })],
  ['BP-SQS-007', 'the deployer decides', set('Parked', { FifoQueue: { Ref: 'Somebody' } })],
  ['BP-CW-006', 'the name', set('Alarm', { Dimensions: [{ Name: 'QueueName', Value: get('Parked', 'QueueName') }] })],
  ['BP-CW-006', 'a name in full', set('Alarm', { Dimensions: [{ Name: 'QueueName', Value: 'parked' }] })],
  [
    'BP-CW-006',
    'a name that a parameter is',
    set('Alarm', { Dimensions: [{ Name: 'QueueName', Value: { Ref: 'Somebody' } }] }),
  ],
  ['BP-CW-006', 'a metric of its own', set('Alarm', { Namespace: 'Shop' })],
  ['BP-CW-007', 'an action', set('Alarm', { AlarmActions: [ARN('sns', 'on-call')] })],
  ['BP-CW-007', 'an action that a parameter names', set('Alarm', { AlarmActions: { Ref: 'Somebody' } })],
  [
    'BP-CW-007',
    'a composite alarm',
    add('AWS::CloudWatch::CompositeAlarm', { AlarmRule: { 'Fn::Sub': 'ALARM(${Alarm})' } }),
  ],
  [
    'BP-CW-007',
    'EventBridge takes the states',
    add('AWS::Events::Rule', { EventPattern: { source: ['aws.cloudwatch'] }, Targets: [] }),
  ],
  ['BP-CW-007', 'a queue that is worked through', set('Orders', { RedrivePolicy: undefined })],
  ['BP-CW-008', 'a threshold that one message reaches', set('Alarm', { Threshold: 1 })],
  ['BP-CW-008', 'a threshold that is not decided', set('Alarm', { Threshold: { Ref: 'Somebody' } })],
  ['BP-CW-008', 'an age', set('Alarm', { MetricName: 'ApproximateAgeOfOldestMessage' })],
  [
    'BP-PIPES-001',
    'a bound on the age alone',
    set('Way', { SourceParameters: { KinesisStreamParameters: { MaximumRecordAgeInSeconds: 3600 } } }),
  ],
  ['BP-PIPES-001', 'a queue', set('Way', { Source: ARN('sqs', 'x'), SourceParameters: {} })],
  ['BP-PIPES-001', 'a pipe that stands still', set('Way', { DesiredState: 'STOPPED' })],
  ['BP-PIPES-002', 'a queue', set('Way', { Source: ARN('sqs', 'x'), SourceParameters: {} })],
  ['BP-PIPES-002', 'a pipe that stands still', set('Way', { DesiredState: 'STOPPED' })],
  [
    'BP-PIPES-002',
    'no bound: nothing is given up before it expires',
    set('Way', { SourceParameters: { KinesisStreamParameters: { MaximumRetryAttempts: -1 } } }),
  ],
  [
    'BP-PIPES-002',
    'a bound that a parameter decides',
    set('Way', { SourceParameters: { KinesisStreamParameters: { MaximumRetryAttempts: { Ref: 'Tries' } } } }),
  ],
  ['BP-STATES-001', 'nothing is reserved', set('Store', { ReservedConcurrentExecutions: undefined })],
  ['BP-STATES-001', 'as many are reserved', set('Store', { ReservedConcurrentExecutions: 40 })],
  [
    'BP-STATES-001',
    'a path decides',
    (r) => {
      const each = r.Import.Properties.Definition.States.Each;
      delete each.MaxConcurrency;
      each.MaxConcurrencyPath = '$.width';
    },
  ],
  ['BP-SCALING-004', 'messages of minutes', set('Films', { VisibilityTimeout: 300 })],
  ['BP-SCALING-004', 'no scaling in', set('Scalable', { MinCapacity: 10 })],
  [
    'BP-SCHED-003',
    'a tick every five minutes',
    (r) => {
      for (const one of Object.values(r) as { Type: string; Properties: Record<string, unknown> }[])
        if (one.Type === 'AWS::Scheduler::Schedule') one.Properties.ScheduleExpression = 'rate(5 minutes)';
    },
  ],
  ['BP-SES-001', 'all mails: a rate that is 1', set('Bounces', { Threshold: 0.99 })],
  ['BP-SES-001', 'a count, which may be 5', set('Bounces', { MetricName: 'Bounce' })],
  ['BP-SES-001', 'an alarm that fires when it falls', set('Bounces', { ComparisonOperator: 'LessThanThreshold' })],
  ['BP-SES-001', 'a metric of the same name of its own', set('Bounces', { Namespace: 'Shop' })],
  ['BP-SES-003', 'just below where the account is paused', set('Bounces', { Threshold: 0.0049 })],
  ['BP-SES-003', 'the rate of bounces may be higher', set('Bounces', { MetricName: 'Reputation.BounceRate' })],
  [
    'BP-SES-002',
    'another destination takes the rest',
    add('AWS::SES::ConfigurationSetEventDestination', {
      ConfigurationSetName: { Ref: 'Campaigns' },
      EventDestination: { Enabled: true, MatchingEventTypes: ['COMPLAINT'] },
    }),
  ],
  [
    'BP-SES-002',
    'a destination whose set another stack names',
    set('Events', { ConfigurationSetName: { Ref: 'Theirs' } }),
  ],
  ['BP-SES-002', 'a set that is exported', output('Campaigns')],
  ['BP-SQS-001', 'a queue whose only mapping a person switches on', set('Worker', { Enabled: false })],
  ['BP-SQS-004', 'a function that another template owns', (r) => delete r.Function],
  ['BP-LAMBDA-001', 'batches of one', set('Worker', { BatchSize: 1 })],
  ['BP-LAMBDA-001', 'a stream', set('Worker', { EventSourceArn: ARN('kinesis', 'stream/x'), MaximumRetryAttempts: 1 })],
  ['BP-LAMBDA-002', 'one of the mappings is switched off', set('Returns', { Enabled: false })],
  ['BP-LAMBDA-002', 'one of the mappings is there only sometimes', conditional('Returns')],
  ['BP-LAMBDA-002', 'one belongs to another function', set('Returns', { FunctionName: 'other' })],
  ['BP-LAMBDA-003', 'switched off by reserving nothing', set('Function', { ReservedConcurrentExecutions: 0 })],
  ['BP-LAMBDA-003', 'more reserved than pollers ask for', set('Function', { ReservedConcurrentExecutions: 1250 })],
  ['BP-LAMBDA-003', 'a FIFO queue has its groups', set('Orders', { EventSourceArn: ARN('sqs', 'orders.fifo') })],
  ['BP-LAMBDA-003', 'pollers with a maximum', set('Orders', { ProvisionedPollerConfig: { MaximumPollers: 2 } })],
  [
    'BP-LAMBDA-008',
    'a function that does not say that it merges',
    set('Merger', { Tags: [{ Key: 'team', Value: 'web' }] }),
  ],
  ['BP-LAMBDA-008', 'no window', set('Mapping', { MaximumBatchingWindowInSeconds: 0 })],
  [
    'BP-LAMBDA-008',
    'a stream, where a key has one reader',
    set('Mapping', { EventSourceArn: ARN('kinesis', 'stream/x'), MaximumRetryAttempts: 1 }),
  ],
  ['BP-CACHE-002', 'a mapping that is switched off', set('Mapping', { Enabled: false })],
  ['BP-CACHE-002', 'a standard queue', set('Changes', { ContentBasedDeduplication: false })],
  ['BP-CACHE-002', 'a function under another role', set('Purge', { Role: ARN('iam', 'role/other') })],
  ['BP-LAMBDA-004', 'a bound on age alone', set('Reader', { MaximumRecordAgeInSeconds: 3600 })],
  ['BP-LAMBDA-004', 'Kafka, which has no such bound', set('Reader', { EventSourceArn: ARN('kafka', 'cluster/x') })],
  [
    'BP-LAMBDA-005',
    'a destination for failures',
    add('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: 'Function' },
      DestinationConfig: { OnFailure: { Destination: ARN('sqs', 'failed') } },
    }),
  ],
  [
    'BP-LAMBDA-005',
    'an event with the words of a schedule, which does its work at the next tick',
    (r) => {
      delete r.Uploads;
      const Targets = [{ Id: 'it', Arn: { 'Fn::GetAtt': 'Function.Arn' }, Input: '{"look":true}' }];
      r.Ended = { Type: 'AWS::Events::Rule', Properties: { EventPattern: { source: ['shop'] }, Targets } };
      r.Often = { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'rate(1 hour)', Targets } };
    },
  ],
  ['BP-LAMBDA-005', 'a macro may add one', macro],
  ['BP-LAMBDA-005', 'another stack may', output('Function')],
  ['BP-CW-001', 'a macro may add the alarm', macro],
  ['BP-CW-001', 'another stack may', output('Parked')],
  ['BP-CW-001', 'somebody reads it', add('AWS::Pipes::Pipe', { Source: get('Parked') })],
  [
    'BP-CW-001',
    'a query finds every queue',
    add('AWS::CloudWatch::Alarm', {
      Metrics: [{ Id: 'q', Expression: 'SELECT MAX(ApproximateNumberOfMessagesVisible) FROM "AWS/SQS"' }],
    }),
  ],
  [
    'BP-CW-002',
    'a function parks its failures there as well, and those are sent',
    add('AWS::Lambda::Function', { DeadLetterConfig: { TargetArn: get('Parked') } }),
  ],
  ['BP-CW-002', 'no dead-letter queue', (r) => delete r.Orders.Properties.RedrivePolicy],
  [
    'BP-CW-003',
    'a guard by MAX',
    (r) => (r.Drain.Properties.Metrics[0].Expression = 'waiting / MAX([deleted - sent, 1])'),
  ],
  [
    'BP-CW-003',
    'a divisor that is no difference',
    (r) => (r.Drain.Properties.Metrics[0].Expression = 'waiting / deleted'),
  ],
  ['BP-CW-003', 'a share, not a rate', (r) => (r.Drain.Properties.Metrics[0].Expression = 'waiting / (1 - 0.2)')],
  ['BP-CW-003', 'an alarm on low values', set('Drain', { ComparisonOperator: 'LessThanThreshold' })],
  ['BP-CW-004', 'a sum of ages', set('Late', { Statistic: 'Sum' })],
  ['BP-CW-004', 'an alarm on low values', set('Late', { ComparisonOperator: 'LessThanThreshold' })],
  ['BP-CW-004', 'another queue', set('Late', { Dimensions: [{ Name: 'QueueName', Value: 'other' }] })],
  ['BP-CW-005', 'a macro may add the statement', macro],
  ['BP-CW-005', 'the default policy, which lets alarms publish', (r) => delete r.OnlyTls],
  ['BP-CW-005', 'the policy is there only sometimes', conditional('OnlyTls')],
  ['BP-CW-005', 'an alarm whose actions are off', set('Alarm', { ActionsEnabled: false })],
  ['BP-CW-005', 'an alarm that is sent elsewhere', set('Alarm', { AlarmActions: [ARN('sns', 'other')] })],
  ['BP-CW-005', 'a second policy that lets it publish', admitting({ Service: 'cloudwatch.amazonaws.com' })],
  ['BP-CW-005', 'everybody of the account, as the default policy has it', admitting({ AWS: '*' })],
  ['BP-CW-005', 'everybody', admitting('*')],
  [
    'BP-CW-005',
    'a service by the suffix of its partition',
    admitting({ Service: { 'Fn::Sub': 'cloudwatch.${AWS::URLSuffix}' } }),
  ],
  [
    'BP-CW-005',
    'a policy for a topic that a parameter names',
    add('AWS::SNS::TopicPolicy', { Topics: [{ Ref: 'Which' }] }),
  ],
  [
    'BP-CW-005',
    'an inline policy may be the one that counts',
    add('AWS::SNS::TopicInlinePolicy', { TopicArn: { Ref: 'Pager' } }),
  ],
  ['BP-CW-005', 'a key of another template', pagerKey(ARN('kms', 'key/1'))],
  [
    'BP-CW-005',
    'a key that lets it decrypt and make data keys',
    pagerKey({ Ref: 'Key' }, ['kms:Decrypt', 'kms:GenerateDataKey*']),
  ],
  ['BP-CW-005', 'a key that lets it do anything', pagerKey(get('Key'), ['kms:*'])],
  ['BP-SCALING-001', 'a web service that also reads', set('Workers', { LoadBalancers: [{ ContainerPort: 80 }] })],
  [
    'BP-SCALING-001',
    'a service that only sends',
    (r) => {
      r.Role.Properties.Policies[0].PolicyDocument.Statement[0].Action = 'sqs:SendMessage';
    },
  ],
  [
    'BP-SCALING-002',
    'a second policy that adds tasks',
    add('AWS::ApplicationAutoScaling::ScalingPolicy', {
      ScalingTargetId: { Ref: 'Scalable' },
      TargetTrackingScalingPolicyConfiguration: { TargetValue: 50 },
    }),
  ],
  [
    'BP-SCALING-002',
    'steps in percent',
    (r) => {
      r.Out.Properties.StepScalingPolicyConfiguration.AdjustmentType = 'PercentChangeInCapacity';
    },
  ],
  [
    'BP-KINESIS-001',
    'a stream that Kinesis scales',
    set('Readings', { StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
  ],
  ['BP-KINESIS-001', 'somebody else calls it too', add('AWS::Lambda::Url', { TargetFunctionArn: get('Function') })],
  ['BP-KINESIS-002', 'a stream that keeps longer', set('Readings', { RetentionPeriodHours: 48 })],
  ['BP-MQ-001', 'an older version', set('Broker', { EngineVersion: '3.12' })],
  ['BP-MQ-001', 'ActiveMQ', set('Broker', { EngineType: 'ACTIVEMQ' })],
  ['BP-MQ-001', 'a parameter decides', set('Broker', { AutoMinorVersionUpgrade: { Ref: 'Patches' } })],
  ['BP-MQ-002', 'ActiveMQ', set('Broker', { EngineType: 'ACTIVEMQ' })],
  ['BP-MQ-002', 'a parameter decides', set('Broker', { DeploymentMode: { Ref: 'Mode' } })],
  [
    'BP-MQ-003',
    'an alarm on the whole broker, which nothing scales on',
    (r) => {
      delete r.Policy;
      add('AWS::CloudWatch::Alarm', { Namespace: 'AWS/AmazonMQ', MetricName: 'MessageCount' })(r, {});
    },
  ],
  [
    'BP-MQ-003',
    'a dimension that a parameter names',
    ({ Policy }) => {
      const { Metrics } = Policy.Properties.TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification;
      Metrics[1].MetricStat.Metric.Dimensions.push({ Name: { Ref: 'Dimension' }, Value: 'orders' });
    },
  ],
  [
    'BP-MQ-003',
    'a metric of no broker, which does not exist',
    ({ Policy }) => {
      const { Metrics } = Policy.Properties.TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification;
      Metrics[1].MetricStat.Metric.Dimensions = [];
    },
  ],
  ['BP-MQ-004', 'a parameter', set('Broker', { Users: [{ Username: 'admin', Password: { Ref: 'Password' } }] })],
  ['BP-MSK-001', 'two topics', set('Reader', { Topics: ['readings', 'others'] })],
  ['BP-MSK-001', 'a topic of another cluster', set('Readings', { ClusterArn: ARN('kafka', 'cluster/x') })],
  ['BP-MSK-002', 'one user', (r) => r.Users.Properties.SecretArnList.pop()],
  ['BP-MSK-002', 'another stack may set them', output('Cluster')],
  [
    'BP-MSK-002',
    'a nested stack may',
    add('AWS::CloudFormation::Stack', { Parameters: { Cluster: { Ref: 'Cluster' } } }),
  ],
  ['BP-SCHED-001', 'room for both', set('Report', { ReservedConcurrentExecutions: 2 })],
  ['BP-SCHED-001', 'one is switched off', set('Stock', { State: 'DISABLED' })],
  [
    'BP-SCHED-001',
    'one starts something else',
    (r) => (r.Stock.Properties.Targets[0].Arn = ARN('lambda', 'function:x')),
  ],
  [
    'BP-SCHED-001',
    'a window in which one of them may start',
    (r) => {
      r.Stock.Type = 'AWS::Scheduler::Schedule';
      r.Stock.Properties = {
        ScheduleExpression: 'cron(0 2 * * ? *)',
        FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 30 },
        Target: { Arn: get('Report') },
      };
    },
  ],
  [
    'BP-SCHED-001',
    'the same minute in another time zone',
    (r) => {
      r.Stock.Type = 'AWS::Scheduler::Schedule';
      r.Stock.Properties = {
        ScheduleExpression: 'cron(0 2 * * ? *)',
        ScheduleExpressionTimezone: 'Asia/Taipei',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { Arn: get('Report') },
      };
    },
  ],
  ['BP-SCHED-002', 'room for all that overlap', set('Sync', { ReservedConcurrentExecutions: 5 })],
  ['BP-SCHED-002', 'switched off', set('EveryMinute', { State: 'DISABLED' })],
  ['BP-SCHED-003', 'switched off', set('Nightly', { State: 'DISABLED' })],
  ['BP-SCHED-004', 'switched off', set('Cleanup', { State: 'DISABLED' })],
  ['BP-SCHED-004', 'a day between two runs', set('Cleanup', { ScheduleExpression: 'cron(0 2 * * ? *)' })],
  ['BP-SCHED-004', 'no window', set('Cleanup', { FlexibleTimeWindow: { Mode: 'OFF' } })],
  [
    'BP-SCHED-004',
    'a window that the deployer chooses',
    set('Cleanup', { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: { Ref: 'Minutes' } } }),
  ],
  ['BP-SCHED-004', 'one run only', set('Cleanup', { ScheduleExpression: 'at(2026-03-01T10:00:00)' })],
  ['BP-SCHED-005', 'switched off', set('Cleanup', { State: 'DISABLED' })],
  ['BP-SCHED-005', 'a run a day', set('Cleanup', { ScheduleExpression: 'cron(17 2 * * ? *)' })],
  [
    'BP-SCHED-005',
    'no retry',
    (r) => {
      r.Cleanup.Properties.Target.RetryPolicy = { MaximumRetryAttempts: 0 };
    },
  ],
  [
    'BP-SCHED-005',
    'a state machine, which runs beside the others by design',
    (r) => {
      r.Cleanup.Properties.Target.Arn = ARN('states', 'stateMachine:x');
    },
  ],
  ['BP-SCHED-006', 'two in that minute, as few as a mapping can be held to', (r) => delete r.Sync],
  ['BP-SCHED-006', 'another minute for one', set('Sync', { ScheduleExpression: 'cron(5 2 * * ? *)' })],
  ['BP-SCHED-006', 'another time zone for one', set('Sync', { ScheduleExpressionTimezone: 'Asia/Taipei' })],
  [
    'BP-SCHED-006',
    'a window for one',
    set('Sync', { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 30 } }),
  ],
  ['BP-SCHED-006', 'one is switched off', set('Sync', { State: 'DISABLED' })],
  ['BP-SCHED-006', 'the mapping is switched off', set('Worker', { Enabled: false })],
  ['BP-SCHED-006', 'pollers with a maximum', set('Worker', { ProvisionedPollerConfig: { MaximumPollers: 2 } })],
  ['BP-SCHED-006', 'a reservation', set('Runner', { ReservedConcurrentExecutions: 2 })],
  ['BP-SNS-001', 'a mail, which has no dead-letter queue', set('Orders', { Protocol: 'email' })],
  [
    'BP-EVENTS-001',
    'a schedule, which comes again',
    (r) => {
      delete r.Paid.Properties.EventPattern;
      r.Paid.Properties.ScheduleExpression = 'rate(1 hour)';
    },
  ],
  ['BP-API-001', 'a throttle on routes', set('Stage', { RouteSettings: { 'GET /': { ThrottlingRateLimit: 5 } } })],
  ['BP-API-001', 'a REST API whose usage plan limits it', restApi({ Ref: 'Api' })],
  ['BP-API-001', 'no reserved concurrency', (r) => delete r.Function.Properties.ReservedConcurrentExecutions],
  [
    'BP-API-002',
    'nobody waits',
    (r) => {
      r.Orders.Properties.Integration.RequestParameters = {
        'integration.request.header.X-Amz-Invocation-Type': "'Event'",
      };
    },
  ],
  ['BP-API-002', 'a gateway that waits longer', (r) => (r.Orders.Properties.Integration.TimeoutInMillis = 60_000)],
  [
    'BP-API-002',
    'a function that also reads a queue',
    add('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: 'Function' },
      EventSourceArn: ARN('sqs', 'orders'),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    }),
  ],
  ['BP-S3-001', 'a bucket under an object lock', set('Archive', { ObjectLockEnabled: true })],
  ['BP-S3-001', 'versioning suspended', set('Archive', { VersioningConfiguration: { Status: 'Suspended' } })],
  [
    'BP-S3-002',
    'the rule that expires is off',
    (r) => {
      r.Archive.Properties.LifecycleConfiguration.Rules[0].Status = 'Disabled';
    },
  ],
  [
    'BP-S3-003',
    'moves that pay at 128 KB',
    (r) => r.Archive.Properties.LifecycleConfiguration.Rules[0].Transitions.pop(),
  ],
  [
    'BP-S3-003',
    'no expiry: the moves pay in the end',
    (r) => {
      delete r.Archive.Properties.LifecycleConfiguration.Rules[0].ExpirationInDays;
    },
  ],
  [
    'BP-S3-003',
    'versions that are kept nobody knows how long',
    set('Archive', {
      VersioningConfiguration: { Status: { Ref: 'Somebody' } },
    }),
  ],
  [
    'BP-S3-004',
    'replaced versions stay the rest of the days',
    (r) => {
      r.Archive.Properties.VersioningConfiguration = { Status: 'Enabled' };
      r.Archive.Properties.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration = { NoncurrentDays: 30 };
    },
  ],
  ['BP-LOGS-001', 'the class that keeps a day', set('Log', { LogGroupClass: 'DELIVERY' })],
  ['BP-DDB-001', 'a thing that lasts', set('Seen', { KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] })],
  [
    'BP-DDB-001',
    'a function that only updates',
    (r) => {
      r.Role.Properties.Policies[0].PolicyDocument = allow('dynamodb:UpdateItem', get('Seen'));
    },
  ],
  ['BP-DDB-001', 'a function that no queue drives', (r) => delete r.Worker],
  [
    'BP-DDB-001',
    'a function that a clock starts',
    (r) => {
      r.Worker = {
        Type: 'AWS::Events::Rule',
        Properties: { ScheduleExpression: 'rate(1 day)', Targets: [{ Id: 'f', Arn: get('Function') }] },
      };
    },
  ],
  [
    'BP-DDB-001',
    'a rule of AWS IoT that is off',
    (r) => {
      const Actions = [{ DynamoDBv2: { PutItem: { TableName: { Ref: 'Seen' } } } }];
      r.Worker = {
        Type: 'AWS::IoT::TopicRule',
        Properties: { TopicRulePayload: { RuleDisabled: true, Actions } },
      };
    },
  ],
  [
    'BP-DDB-001',
    'a rule of AWS IoT into another table',
    (r) => {
      const Actions = [{ DynamoDBv2: { PutItem: { TableName: 'others' } } }];
      r.Worker = { Type: 'AWS::IoT::TopicRule', Properties: { TopicRulePayload: { Actions } } };
    },
  ],
  [
    'BP-DDB-001',
    'a state machine that only reads',
    (r) => {
      const read = {
        Type: 'Task',
        Resource: 'arn:aws:states:::dynamodb:getItem',
        Parameters: { TableName: { Ref: 'Seen' } },
      };
      r.Worker = { Type: 'AWS::StepFunctions::StateMachine', Properties: { Definition: { States: { Read: read } } } };
    },
  ],
  [
    'BP-DDB-003',
    'a filter that passes on inserts alone',
    set('SignedOut', { FilterCriteria: { Filters: [{ Pattern: '{"eventName": ["INSERT"]}' }] } }),
  ],
  [
    'BP-DDB-003',
    'a filter for expiries alone',
    set('SignedOut', {
      FilterCriteria: { Filters: [{ Pattern: '{"userIdentity": {"principalId": ["dynamodb.amazonaws.com"]}}' }] },
    }),
  ],
  [
    'BP-DDB-003',
    'a filter that a parameter has',
    set('SignedOut', { FilterCriteria: { Filters: [{ Pattern: { Ref: 'Pattern' } }] } }),
  ],
  [
    'BP-DDB-003',
    'a program that looks for itself',
    set('Function', { Code: { ZipFile: 'if (r.userIdentity) return' } }),
  ],
  ['BP-DDB-003', 'a table that does not expire', (r) => delete r.Sessions.Properties.TimeToLiveSpecification],
  ['BP-DDB-003', 'a mapping that is off', set('SignedOut', { Enabled: false })],
  ['BP-DDB-004', 'one region', (r) => r.Sessions.Properties.Replicas.pop()],
  [
    'BP-DDB-004',
    'time to live that is off',
    set('Sessions', { TimeToLiveSpecification: { AttributeName: 'a', Enabled: false } }),
  ],
  ['BP-DDB-004', 'billing that a parameter has', set('Sessions', { BillingMode: { Ref: 'Billing' } })],
  [
    'BP-DDB-005',
    'another table beside it, which does not expire',
    (r) => (r.Users = { Type: 'AWS::DynamoDB::Table', Properties: { KeySchema: [] } }),
  ],
  ['BP-BATCH-001', 'one submitter', (r) => delete r.Billing],
  ['BP-BATCH-002', 'a policy of shares of a quota', (r) => (r.Fair.Properties = { QuotaSharePolicy: {} })],
  ['BP-FIRELENS-001', 'a task of EC2', set('Orders', { RequiresCompatibilities: ['EC2'] })],
  [
    'BP-FIRELENS-001',
    'a kind that a parameter has',
    router(({ FirelensConfiguration: { Options } }) => (Options['config-file-type'] = { Ref: 'Kind' })),
  ],
  ['BP-FIRELENS-002', 'an image of one’s own', router((it) => (it.Image = 'example/log-router:1'))],
  [
    'BP-FIRELENS-002',
    'the image that reads its configuration at the start',
    router((it) => (it.Image = 'public.ecr.aws/aws-observability/aws-for-fluent-bit:init-3.2.2')),
  ],
  ['BP-FIRELENS-002', 'Fluentd', router((it) => (it.FirelensConfiguration.Type = 'fluentd'))],
  ['BP-FIRELENS-003', 'the same option in small letters', sender((options) => (options.retry_limit = '10'))],
  ['BP-FIRELENS-003', 'no output: that of the configuration file counts', sender((options) => delete options.Name)],
  ['BP-FIRELENS-004', 'the default of 30 s', router((it) => delete it.StopTimeout)],
  ['BP-FIRELENS-004', 'a time that a parameter has', router((it) => (it.StopTimeout = { Ref: 'Stop' }))],
  ['BP-FIRELENS-005', 'non-blocking on purpose', sender((options) => (options.mode = 'non-blocking'))],
  [
    'BP-FIRELENS-005',
    'another driver',
    (r) => (r.Orders.Properties.ContainerDefinitions[1].LogConfiguration.LogDriver = 'awslogs'),
  ],
  ['BP-FIREHOSE-001', 'another output', sender((options) => (options.Name = 'cloudwatch_logs'))],
  [
    'BP-FIREHOSE-001',
    'an option that a parameter has',
    sender((options) => (options.simple_aggregation = { Ref: 'Joined' })),
  ],
  [
    'BP-FIREHOSE-002',
    'a switch that a parameter has',
    (r) =>
      (r.Orders.Properties.ExtendedS3DestinationConfiguration.CloudWatchLoggingOptions = { Enabled: { Ref: 'Told' } }),
  ],
  [
    'BP-FIREHOSE-002',
    'another destination',
    (r) => (r.Orders.Properties = { HttpEndpointDestinationConfiguration: {} }),
  ],
  [
    'BP-FIREHOSE-003',
    'no compression',
    (r) => delete r.Orders.Properties.ExtendedS3DestinationConfiguration.CompressionFormat,
  ],
  ['BP-FIREHOSE-003', 'a bucket that moves nothing', (r) => delete r.Lake.Properties.LifecycleConfiguration],
  [
    'BP-FIREHOSE-003',
    'a bucket that is not here',
    (r) => (r.Orders.Properties.ExtendedS3DestinationConfiguration.BucketARN = 'arn:aws:s3:::other'),
  ],
  [
    'BP-BATCH-003',
    'a queue without a policy beside it',
    (r) => (r.Plain = { Type: 'AWS::Batch::JobQueue', Properties: {} }),
  ],
  [
    'BP-BATCH-003',
    'a policy of another stack',
    set('Jobs', { SchedulingPolicyArn: 'arn:aws:batch:eu-west-1:1:scheduling-policy/x' }),
  ],
  ['BP-BATCH-003', 'a policy of shares of a quota', (r) => (r.Fair.Properties = { QuotaSharePolicy: {} })],
  ['BP-BATCH-003', 'a priority that a parameter has', set('Search', { SchedulingPriority: { Ref: 'Priority' } })],
  ['BP-BATCH-004', 'a prefix beside a name that only resembles it', shareNames('search*', 'sea')],
  ['BP-BATCH-004', 'two prefixes', shareNames('searchA*', 'searchB*')],
  ['BP-BATCH-004', 'an identifier that a parameter has', shareNames('search*', { Ref: 'Name' })],
  ['BP-BATCH-005', 'a prefix, which stands for any number of shares', shareNames('search', 'billing*')],
  [
    'BP-BATCH-005',
    'a reservation that a parameter has',
    (r) => (r.Fair.Properties.FairsharePolicy.ComputeReservation = { Ref: 'P' }),
  ],
  ['BP-BATCH-006', 'a policy with one share', shareNames('search')],
  ['BP-BATCH-006', 'a queue without a policy', (r) => delete r.Jobs.Properties.SchedulingPolicyArn],
  ['BP-BATCH-006', 'a condition that a parameter has', (r) => (statementOf(r).Condition = { Ref: 'Condition' })],
  [
    'BP-BATCH-006',
    'a condition on a pattern of shares',
    (r) => (statementOf(r).Condition = { StringLike: { 'Batch:ShareIdentifier': 'search*' } }),
  ],
  ['BP-BATCH-006', 'a statement that denies', (r) => (statementOf(r).Effect = 'Deny')],
  [
    'BP-BATCH-006',
    'a queue of another stack',
    (r) => (statementOf(r).Resource = 'arn:aws:batch:eu-west-1:1:job-queue/x'),
  ],
  ['BP-SQS-008', 'a FIFO queue', set('Mails', { FifoQueue: true })],
  ['BP-SQS-008', 'no group', (r) => delete r.OfTenants.Properties.Targets[0].SqsParameters],
  ['BP-SQS-008', 'an alarm on a depth', set('Age', { MetricName: 'ApproximateNumberOfMessagesVisible' })],
  ['BP-SQS-008', 'an alarm whose metric a parameter has', set('Age', { MetricName: { Ref: 'Metric' } })],
  ['BP-ECS-003', 'a task with room for both', set('Orders', { Memory: '5120' })],
  ['BP-ECS-003', 'a task whose memory a parameter has', set('Orders', { Memory: { Ref: 'Memory' } })],
  [
    'BP-ECS-003',
    'a limit of its own that is large enough',
    (r) => (r.Orders.Properties.ContainerDefinitions[0].Memory = 3840),
  ],
  [
    'BP-ECS-003',
    'another container whose share a parameter has',
    (r) => (r.Orders.Properties.ContainerDefinitions[1].Memory = { Ref: 'Share' }),
  ],
  ['BP-ECS-004', 'memory enough', set('Orders', { Memory: '2048' })],
  ['BP-ECS-004', 'a task whose memory a parameter has', set('Orders', { Memory: { Ref: 'Memory' } })],
  [
    'BP-ECS-004',
    'a limit of its own that is large enough',
    (r) => (r.Orders.Properties.ContainerDefinitions[0].Memory = 1792),
  ],
  [
    'BP-ECS-004',
    'flags that a secret may have',
    (r) =>
      (r.Orders.Properties.ContainerDefinitions[0].Secrets = [
        { Name: 'JAVA_OPTS', ValueFrom: 'arn:aws:ssm:::parameter/a' },
      ]),
  ],
  [
    'BP-ECS-004',
    'flags of a file',
    (r) =>
      (r.Orders.Properties.ContainerDefinitions[0].EnvironmentFiles = [{ Type: 's3', Value: 'arn:aws:s3:::a/b.env' }]),
  ],
  ['BP-ECS-004', 'no JVM that is known', (r) => (r.Orders.Properties.ContainerDefinitions[0].Environment = [])],
  ['BP-RDS-001', 'MariaDB, which knows no other name', set('Replica', { Family: 'mariadb10.11' })],
  ['BP-RDS-001', 'MySQL 5.7, which knows no other either', set('Replica', { Family: 'mysql5.7' })],
  ['BP-RDS-002', 'MySQL 8.4, which keeps the order', set('Replica', { Family: 'mysql8.4' })],
  ['BP-RDS-003', 'a value that is missing counts as breaching', set('Lag', { TreatMissingData: 'breaching' })],
  ['BP-RDS-003', 'a parameter decides what is missing', set('Lag', { TreatMissingData: { Ref: 'Missing' } })],
  ['BP-RDS-003', 'the lag of something else', set('Lag', { Namespace: 'AWS/DMS' })],
  ['BP-RDS-003', 'it fires below a bound', set('Lag', { ComparisonOperator: 'LessThanThreshold' })],
  ['BP-RDS-004', 'MySQL 8.0, which has it', set('Source', { Family: 'mysql8.0' })],
  ['BP-RDS-004', 'a family that a parameter names', set('Source', { Family: { Ref: 'Family' } })],
  ['BP-RDS-005', 'a larger one', set('Replica', { DBInstanceClass: 'db.r6g.4xlarge' })],
  ['BP-RDS-005', 'another family of the same size', set('Replica', { DBInstanceClass: 'db.m7g.2xlarge' })],
  ['BP-RDS-005', 'a class without a size', set('Replica', { DBInstanceClass: 'db.serverless' })],
  ['BP-RDS-005', 'a class that a parameter decides', set('Replica', { DBInstanceClass: { Ref: 'Class' } })],
  ['BP-RDS-005', 'a source of another stack', set('Replica', { SourceDBInstanceIdentifier: 'orders' })],
  ['BP-RDS-006', 'a source that uses the group as well', set('Orders', { DBParameterGroupName: { Ref: 'OfReplica' } })],
  ['BP-RDS-006', 'what Amazon RDS decides', set('OfReplica', { Parameters: { read_only: '{TrueIfReplica}' } })],
  ['BP-RDS-006', 'a group that nothing here uses', set('Replica', { DBParameterGroupName: 'other' })],
  [
    'BP-ALB-001',
    'no Target Optimizer, and no agent',
    (r) => {
      delete r.Targets.Properties.TargetControlPort;
      r.Task.Properties.ContainerDefinitions.pop();
    },
  ],
  [
    'BP-ALB-001',
    'variables that a parameter decides',
    (r) => {
      r.Task.Properties.ContainerDefinitions[1].Environment = { Ref: 'Variables' };
    },
  ],
  [
    'BP-ALB-001',
    'a maximum that a parameter decides',
    (r) => {
      r.Task.Properties.ContainerDefinitions[1].Environment.push({
        Name: 'TARGET_CONTROL_MAX_CONCURRENCY',
        Value: { Ref: 'Most' },
      });
    },
  ],
  ['BP-ALB-002', 'as long as the deadline', (r) => (r.Targets.Properties.TargetGroupAttributes[0].Value = '30')],
  ['BP-ALB-002', 'the default of 300 s', (r) => delete r.Targets.Properties.TargetGroupAttributes],
  [
    'BP-ALB-002',
    'a delay that a parameter decides',
    (r) => (r.Targets.Properties.TargetGroupAttributes[0].Value = { Ref: 'Delay' }),
  ],
  [
    'BP-ALB-002',
    'a program that says no deadline',
    (r) => delete r.Task.Properties.ContainerDefinitions[0].Environment,
  ],
  ['BP-ALB-003', 'refused requests', set('NoRoom', { MetricName: 'TargetControlRequestRejectCount' })],
  [
    'BP-ALB-003',
    'none of the places',
    set('NoRoom', { ComparisonOperator: 'LessThanOrEqualToThreshold', Threshold: 0 }),
  ],
  ['BP-ALB-003', 'a comparison that a parameter decides', set('NoRoom', { ComparisonOperator: { Ref: 'Compare' } })],
  ['BP-RDS-002', 'one worker', set('Replica', { Parameters: { replica_parallel_workers: 1 } })],
];

test.each(SILENT)('%s is silent: %s', (...near) => {
  expect(found(near)).toBe(false);
});
