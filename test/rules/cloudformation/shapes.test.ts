// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's
/** In what other shapes a rule finds what it is about: each is the example with one thing said differently. */
import { ARN, add, allow, found, get, type Near, restApi, set } from '../../support/rule-examples';

const STILL_FOUND: readonly Near[] = [
  [
    'BP-LAMBDA-001',
    'a queue that only its ARN names',
    set('Worker', { EventSourceArn: { 'Fn::Sub': 'arn:${AWS::Partition}:sqs:${AWS::Region}:1:q' } }),
  ],
  [
    'BP-LAMBDA-003',
    'a function by its alias',
    (r) => {
      r.Live = { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: 'Function' }, Name: 'live' } };
      r.Orders.Properties.FunctionName = { Ref: 'Live' };
    },
  ],
  [
    'BP-LAMBDA-004',
    'no bound, said in full',
    set('Reader', { MaximumRetryAttempts: -1, BisectBatchOnFunctionError: true }),
  ],
  [
    'BP-LAMBDA-005',
    'a topic',
    (r) => {
      delete r.Uploads;
      r.Added = {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          Protocol: 'lambda',
          Endpoint: get('Function'),
          RedrivePolicy: { deadLetterTargetArn: ARN('sqs', 'x') },
        },
      };
    },
  ],
  [
    'BP-LAMBDA-005',
    'a destination for what succeeds',
    add('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: 'Function' },
      DestinationConfig: { OnSuccess: { Destination: ARN('sqs', 'done') } },
    }),
  ],
  [
    'BP-CW-001',
    'a queue for what a topic could not deliver',
    (r) => {
      delete r.Orders;
      r.Added = {
        Type: 'AWS::SNS::Subscription',
        Properties: { Protocol: 'sqs', RedrivePolicy: { deadLetterTargetArn: get('Parked') } },
      };
    },
  ],
  [
    'BP-CW-001',
    'an alarm on its source',
    add('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: get('Orders', 'QueueName') }],
    }),
  ],
  [
    'BP-CW-001',
    'an alarm on a source that goes by its name, where the deployer names the queue',
    (r, body) => {
      body.Parameters = { Name: { Type: 'String' } };
      r.Orders.Properties.QueueName = 'orders';
      r.Parked.Properties.QueueName = { Ref: 'Name' };
      r.Alarm = {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          Namespace: 'AWS/SQS',
          MetricName: 'ApproximateNumberOfMessagesVisible',
          Dimensions: [{ Name: 'QueueName', Value: 'orders' }],
        },
      };
    },
  ],
  [
    'BP-CW-003',
    'a difference that another expression makes',
    (r) => {
      r.Drain.Properties.Metrics[0].Expression = 'waiting / net * 60';
      r.Drain.Properties.Metrics.push({ Id: 'net', ReturnData: false, Expression: 'RATE(deleted) - RATE(sent)' });
    },
  ],
  ['BP-CW-005', 'a composite alarm', (r) => (r.Alarm.Type = 'AWS::CloudWatch::CompositeAlarm')],
  [
    'BP-CW-005',
    'an alarm that is sent there only when it is over',
    (r) => {
      r.Alarm.Properties.OKActions = r.Alarm.Properties.AlarmActions;
      delete r.Alarm.Properties.AlarmActions;
    },
  ],
  [
    'BP-CW-005',
    'statements for the account and for another service',
    (r) => {
      const account = { AWS: { 'Fn::Sub': 'arn:aws:iam::${AWS::AccountId}:root' } };
      r.OnlyTls.Properties.PolicyDocument.Statement = [account, { Service: 's3.amazonaws.com' }].map((Principal) => ({
        Effect: 'Allow',
        Principal,
        Action: 'sns:*',
        Resource: '*',
      }));
    },
  ],
  [
    'BP-CW-005',
    'the key of SNS itself',
    (r) => {
      delete r.OnlyTls;
      r.Pager.Properties = { KmsMasterKeyId: 'alias/aws/sns' };
    },
  ],
  [
    'BP-CW-005',
    'the same by its ARN',
    (r) => {
      delete r.OnlyTls;
      r.Pager.Properties = {
        KmsMasterKeyId: { 'Fn::Sub': 'arn:aws:kms:${AWS::Region}:${AWS::AccountId}:alias/aws/sns' },
      };
    },
  ],
  [
    'BP-CW-005',
    'an alias of a key that admits the account alone',
    (r) => {
      delete r.OnlyTls;
      r.Pager.Properties = { KmsMasterKeyId: { Ref: 'Alias' } };
      r.Alias = { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/pager', TargetKeyId: { Ref: 'Key' } } };
      const Principal = { AWS: { 'Fn::Sub': 'arn:aws:iam::${AWS::AccountId}:root' } };
      const statement = { Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' };
      r.Key = { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Statement: [statement] } } };
    },
  ],
  [
    'BP-CW-005',
    'a key that lets alarms decrypt, but make no data keys',
    (r) => {
      delete r.OnlyTls;
      r.Pager.Properties = { KmsMasterKeyId: get('Key') };
      const Principal = { Service: ['cloudwatch.amazonaws.com'] };
      const statement = { Effect: 'Allow', Principal, Action: 'kms:Decrypt', Resource: '*' };
      r.Key = { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Statement: [statement] } } };
    },
  ],
  [
    'BP-CW-004',
    'the default retention',
    (r) => {
      delete r.Orders.Properties;
      r.Late.Properties.Threshold = 345_600;
    },
  ],
  [
    'BP-KINESIS-001',
    'a service with more tasks than shards',
    (r) => {
      r.Function = {
        Type: 'AWS::IAM::Role',
        Properties: { Policies: [{ PolicyDocument: allow('kinesis:Get*', get('Readings')) }] },
      };
      r.Reader = { Type: 'AWS::ECS::TaskDefinition', Properties: { TaskRoleArn: get('Function') } };
      r.Service = { Type: 'AWS::ECS::Service', Properties: { TaskDefinition: { Ref: 'Reader' } } };
      r.Added = {
        Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
        Properties: { MaxCapacity: 5, ResourceId: { 'Fn::Sub': 'service/c/${Service.Name}' } },
      };
    },
  ],
  [
    'BP-MSK-001',
    'a service with more tasks than partitions',
    (r) => {
      r.Role = {
        Type: 'AWS::IAM::Role',
        Properties: { Policies: [{ PolicyDocument: allow('kafka-cluster:ReadData', get('Readings', 'TopicArn')) }] },
      };
      r.Reader = { Type: 'AWS::ECS::TaskDefinition', Properties: { TaskRoleArn: get('Role') } };
      r.Service = { Type: 'AWS::ECS::Service', Properties: { TaskDefinition: { Ref: 'Reader' } } };
      r.Added = {
        Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
        Properties: { MaxCapacity: 12, ResourceId: { 'Fn::Sub': 'service/c/${Service.Name}' } },
      };
    },
  ],
  [
    'BP-MSK-002',
    'two roles that write to a topic each',
    (r) => {
      delete r.Users;
      for (const name of ['Billing', 'Search']) {
        r[`${name}Topic`] = {
          Type: 'AWS::MSK::Topic',
          Properties: { ClusterArn: { Ref: 'Cluster' }, TopicName: name },
        };
        r[name] = {
          Type: 'AWS::IAM::Role',
          Properties: {
            Policies: [{ PolicyDocument: allow('kafka-cluster:WriteData', get(`${name}Topic`, 'TopicArn')) }],
          },
        };
      }
    },
  ],
  [
    'BP-SCHED-001',
    'a rule and a schedule of Scheduler',
    (r) => {
      r.Stock = {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: 'cron(0 2 1 * ? *)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: get('Report'), DeadLetterConfig: { Arn: ARN('sqs', 'x') } },
        },
      };
    },
  ],
  ['BP-SCHED-002', 'a cron expression', set('EveryMinute', { ScheduleExpression: 'cron(0/2 8-18 ? * MON-FRI *)' })],
  ['BP-SCHED-002', 'less room than runs', set('Sync', { ReservedConcurrentExecutions: 1 })],
  ['BP-SCHED-004', 'a rate', set('Cleanup', { ScheduleExpression: 'rate(1 hour)' })],
  [
    'BP-SCHED-005',
    'a function, and an age in full',
    (r) => {
      r.Runner = { Type: 'AWS::Lambda::Function', Properties: {} };
      Object.assign(r.Cleanup.Properties.Target, {
        Arn: get('Runner'),
        RetryPolicy: { MaximumEventAgeInSeconds: 7200 },
      });
    },
  ],
  ['BP-SCHED-006', 'days in common', set('Sync', { ScheduleExpression: 'cron(0 2 ? * MON-FRI *)' })],
  ['BP-API-001', 'a REST API whose usage plan limits another', restApi('other')],
  [
    'BP-S3-003',
    'a floor that the bucket has lifted for Glacier',
    (r) => {
      const { LifecycleConfiguration } = r.Archive.Properties;
      LifecycleConfiguration.TransitionDefaultMinimumObjectSize = 'varies_by_storage_class';
      delete LifecycleConfiguration.Rules[0].ExpirationInDays;
      LifecycleConfiguration.Rules[0].Transitions = [{ StorageClass: 'GLACIER', TransitionInDays: 1 }];
    },
  ],
  [
    'BP-DDB-001',
    'a policy beside the role',
    (r) => {
      r.Added = {
        Type: 'AWS::IAM::Policy',
        Properties: { Roles: [{ Ref: 'Role' }], PolicyDocument: r.Role.Properties.Policies[0].PolicyDocument },
      };
      delete r.Role.Properties.Policies;
    },
  ],
  [
    'BP-PIPES-002',
    'changes of a table, bounded by their age',
    set('Way', {
      Source: ARN('dynamodb', 'table/orders/stream/1'),
      SourceParameters: { DynamoDBStreamParameters: { MaximumRecordAgeInSeconds: 3600 } },
    }),
  ],
  [
    'BP-DDB-001',
    'a function that a broker drives',
    (r) => {
      const mapping = r.Worker.Properties;
      delete mapping.FunctionResponseTypes;
      Object.assign(mapping, { EventSourceArn: { Ref: 'Elsewhere' }, Queues: ['orders'] });
    },
  ],
  [
    'BP-DDB-001',
    'a function that changes of a collection drive',
    (r) =>
      Object.assign(r.Worker.Properties, {
        EventSourceArn: { Ref: 'Elsewhere' },
        DocumentDBEventSourceConfig: { DatabaseName: 'shop' },
      }),
  ],
  [
    'BP-DDB-001',
    'a function that a topic starts',
    (r) => {
      r.Worker = {
        Type: 'AWS::SNS::Subscription',
        Properties: { Protocol: 'lambda', TopicArn: ARN('sns', 'orders'), Endpoint: get('Function') },
      };
    },
  ],
  ...(
    [
      ['a rule of AWS IoT', { DynamoDBv2: { PutItem: { TableName: { Ref: 'Seen' } }, RoleArn: 'x' } }],
      ['an older rule of AWS IoT', { DynamoDB: { TableName: { Ref: 'Seen' }, HashKeyField: 'deliveryId' } }],
    ] as const
  ).map(
    ([claim, action]): Near => [
      'BP-DDB-001',
      claim,
      (r) => {
        delete r.Worker;
        r.Readings = { Type: 'AWS::IoT::TopicRule', Properties: { TopicRulePayload: { Actions: [action] } } };
      },
    ],
  ),
  [
    'BP-DDB-001',
    'a step of a state machine',
    (r) => {
      delete r.Worker;
      const States = {
        Keep: {
          Type: 'Task',
          Resource: 'arn:aws:states:::dynamodb:putItem',
          Parameters: { TableName: { Ref: 'Seen' } },
          End: true,
        },
      };
      r.Machine = { Type: 'AWS::StepFunctions::StateMachine', Properties: { Definition: { StartAt: 'Keep', States } } };
    },
  ],
  [
    'BP-BATCH-001',
    'roles that may submit',
    (r) => {
      for (const name of ['Search', 'Billing']) {
        r[name] = {
          Type: 'AWS::IAM::Role',
          Properties: { Policies: [{ PolicyDocument: allow('batch:SubmitJob', { Ref: 'Jobs' }) }] },
        };
      }
    },
  ],
  [
    'BP-SCALING-001',
    'a policy that names the service, not the target',
    (r) => {
      delete r.Policy.Properties.ScalingTargetId;
      r.Policy.Properties.ResourceId = r.Scalable.Properties.ResourceId;
    },
  ],
  [
    'BP-COMPACT-002',
    'a policy of its own, on the objects of a bucket without a name',
    (r) => {
      delete r.Lake.Properties.BucketName;
      delete r.Role.Properties.Policies;
      const PolicyDocument = allow('s3:Put*', { 'Fn::Sub': '${Lake.Arn}/*' });
      r.Policy = { Type: 'AWS::IAM::Policy', Properties: { PolicyDocument, Roles: [{ Ref: 'Role' }] } };
    },
  ],
  [
    'BP-COMPACT-002',
    'a prefix below which it writes',
    (r) => {
      const [one] = r.Lake.Properties.NotificationConfiguration.LambdaConfigurations;
      one.Filter = { S3Key: { Rules: [{ Name: 'prefix', Value: 'tab' }] } };
    },
  ],
  [
    'BP-COMPACT-002',
    'a queue between the bucket and the function',
    (r) => {
      const QueueConfigurations = [{ Event: 's3:ObjectCreated:Put', Queue: get('Created') }];
      r.Lake.Properties.NotificationConfiguration = { QueueConfigurations };
      r.Created = { Type: 'AWS::SQS::Queue', Properties: {} };
      const Properties = { EventSourceArn: get('Created'), FunctionName: { Ref: 'Compact' } };
      r.Mapping = { Type: 'AWS::Lambda::EventSourceMapping', Properties };
    },
  ],
  [
    'BP-COMPACT-002',
    'a state machine that EventBridge starts',
    (r) => {
      r.Lake.Properties.NotificationConfiguration = { EventBridgeConfiguration: { EventBridgeEnabled: true } };
      r.Machine = { Type: 'AWS::StepFunctions::StateMachine', Properties: { RoleArn: get('Role') } };
      const detail = { bucket: { name: [{ Ref: 'Lake' }] } };
      const EventPattern = { source: ['aws.s3'], 'detail-type': ['Object Created'], detail };
      const Targets = [{ Id: 'Compact', Arn: { Ref: 'Machine' } }];
      r.Rule = { Type: 'AWS::Events::Rule', Properties: { EventPattern, Targets } };
    },
  ],
  ['BP-GLUE-001', 'one run without a time-out', set('Compact', { ExecutionProperty: { MaxConcurrentRuns: 1 } })],
  [
    'BP-GLUE-001',
    'EventBridge Scheduler, by the reference of the job',
    (r) => {
      delete r.EverySixHours;
      const Input = { 'Fn::Sub': '{"JobName":"${Compact}"}' };
      const Target = { Arn: 'arn:aws:scheduler:::aws-sdk:glue:startJobRun', RoleArn: 'role', Input };
      r.Added = { Type: 'AWS::Scheduler::Schedule', Properties: { ScheduleExpression: 'rate(1 hour)', Target } };
    },
  ],
  [
    'BP-GLUE-001',
    'EventBridge Scheduler, by the name of the job',
    (r) => {
      delete r.EverySixHours;
      r.Compact.Properties.Name = 'compact';
      const Target = { Arn: 'arn:aws:scheduler:::aws-sdk:glue:startJobRun', Input: '{"JobName": "compact"}' };
      r.Added = { Type: 'AWS::Scheduler::Schedule', Properties: { ScheduleExpression: 'rate(1 hour)', Target } };
    },
  ],
  [
    'BP-DDB-003',
    'a filter that passes on removals of all kinds',
    set('SignedOut', { FilterCriteria: { Filters: [{ Pattern: '{"eventName": ["MODIFY", "REMOVE"]}' }] } }),
  ],
  [
    'BP-DDB-003',
    'two filters, one of which passes them on',
    set('SignedOut', {
      FilterCriteria: { Filters: [{ Pattern: '{"eventName": ["INSERT"]}' }, { Pattern: '{"dynamodb": {}}' }] },
    }),
  ],
  ['BP-DDB-004', 'the mode that is the default', (r) => delete r.Sessions.Properties.BillingMode],
  ['BP-BATCH-002', 'zero, said in full', (r) => (r.Fair.Properties.FairsharePolicy.ShareDecaySeconds = 0)],
  ['BP-RDS-001', 'Aurora', set('Replica', { Family: 'aurora-mysql8.0' })],
  [
    'BP-RDS-002',
    'order given up on purpose',
    set('Replica', {
      Family: 'mysql8.4',
      Parameters: { replica_parallel_workers: 4, replica_preserve_commit_order: 'OFF' },
    }),
  ],
];

test.each(STILL_FOUND)('%s is found all the same: %s', (...near) => {
  expect(found(near)).toBe(true);
});
