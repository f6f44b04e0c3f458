/**
 * The resources of Terraform's provider for AWS that rules know, as CloudFormation writes them. Pulumi's provider is made
 * from Terraform's, so its names follow from these.
 */
import {
  base64,
  block,
  blocks,
  capitals,
  choice,
  either,
  ending,
  type Fields,
  json,
  known,
  list,
  named,
  object,
  pairs,
  policy,
  type Row,
  resource,
  set,
  unless,
  without,
} from './row';

/** The group of a message that is sent to a queue. */
const GROUP = { MessageGroupId: 'message_group_id' };
const RETRIES: Fields = {
  MaximumEventAgeInSeconds: 'maximum_event_age_in_seconds',
  MaximumRetryAttempts: 'maximum_retry_attempts',
};

const DEAD_LETTERS: Fields = { Arn: 'arn' };

/** What a redrive policy has; a plan does not tell it as long as the queue has no ARN. */
const REDRIVE = { deadLetterTargetArn: 'aws_sqs_queue', maxReceiveCount: '' };

const METRIC: Fields = { Namespace: 'namespace', MetricName: 'metric_name' };

const DIMENSIONS: Fields = { Name: 'name', Value: 'value' };

const QUERIES: Fields = {
  Id: 'id',
  Expression: 'expression',
  ReturnData: 'return_data',
  MetricStat: block('metric_stat', {
    Stat: 'stat',
    Metric: block('metric', { ...METRIC, Dimensions: blocks('dimensions', DIMENSIONS) }),
  }),
};

/** A metric of target tracking; the attribute of its dimensions differs. */
const customized = (dimensions: string) =>
  block('customized_metric_specification', {
    ...METRIC,
    Statistic: 'statistic',
    Dimensions: blocks(dimensions, DIMENSIONS),
    Metrics: blocks('metrics', QUERIES),
  });

const TRANSITION: Fields = {
  StorageClass: 'storage_class',
  TransitionInDays: without('date', 'days'),
  TransitionDate: 'date',
};

/** Both names are the provider's: the second one is older. */
const TARGET_GROUP: Row = {
  type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
  properties: {
    Name: 'name',
    TargetControlPort: unless('target_control_port', 0),
    TargetGroupAttributes: list(
      object({ Key: set('deregistration_delay.timeout_seconds'), Value: 'deregistration_delay' }),
    ),
  },
};

const API = 'aws_api_gateway_rest_api';
const HTTP_API = 'aws_apigatewayv2_api';
const ROLE = 'aws_iam_role';

/** By the type of the provider. */
export const AWS: Readonly<Record<string, Row>> = {
  aws_sqs_queue: {
    type: 'AWS::SQS::Queue',
    attributes: { name: 'QueueName' },
    properties: {
      QueueName: 'name',
      VisibilityTimeout: 'visibility_timeout_seconds',
      MessageRetentionPeriod: unless('message_retention_seconds', 345_600),
      FifoQueue: 'fifo_queue',
      ContentBasedDeduplication: 'content_based_deduplication',
      RedrivePolicy: json('redrive_policy', REDRIVE),
      Tags: pairs('tags'),
    },
  },
  aws_sqs_queue_redrive_policy: {
    type: 'AWS::SQS::Queue',
    part: { of: 'aws_sqs_queue', by: 'queue_url' },
    pulumi: 'aws:sqs/redrivePolicy:RedrivePolicy',
    properties: { RedrivePolicy: json('redrive_policy', REDRIVE) },
  },
  aws_lambda_function: {
    type: 'AWS::Lambda::Function',
    renamed: { function_name: 'name' },
    properties: {
      FunctionName: 'function_name',
      Timeout: 'timeout',
      ReservedConcurrentExecutions: unless('reserved_concurrent_executions', -1),
      Role: 'role',
      DeadLetterConfig: block('dead_letter_config', { TargetArn: 'target_arn' }),
      Environment: block('environment', { Variables: 'variables' }),
      Tags: pairs('tags'),
    },
  },
  aws_lambda_alias: {
    type: 'AWS::Lambda::Alias',
    properties: { FunctionName: 'function_name', Name: 'name' },
  },
  aws_lambda_event_source_mapping: {
    type: 'AWS::Lambda::EventSourceMapping',
    properties: {
      EventSourceArn: 'event_source_arn',
      FunctionName: 'function_name',
      Enabled: 'enabled',
      BatchSize: unless('batch_size', 0),
      BisectBatchOnFunctionError: 'bisect_batch_on_function_error',
      MaximumBatchingWindowInSeconds: unless('maximum_batching_window_in_seconds', 0),
      MaximumRecordAgeInSeconds: unless('maximum_record_age_in_seconds', 0),
      MaximumRetryAttempts: 'maximum_retry_attempts',
      ParallelizationFactor: unless('parallelization_factor', 0),
      StartingPosition: 'starting_position',
      FunctionResponseTypes: 'function_response_types',
      Topics: 'topics',
      Queues: 'queues',
      SelfManagedEventSource: block('self_managed_event_source', { Endpoints: 'endpoints' }),
      DocumentDBEventSourceConfig: block('document_db_event_source_config', { DatabaseName: 'database_name' }),
      ScalingConfig: block('scaling_config', { MaximumConcurrency: unless('maximum_concurrency', 0) }),
      ProvisionedPollerConfig: block('provisioned_poller_config', {
        MinimumPollers: 'minimum_pollers',
        MaximumPollers: 'maximum_pollers',
      }),
      DestinationConfig: block('destination_config', {
        OnFailure: block('on_failure', { Destination: 'destination_arn' }),
      }),
    },
  },
  aws_lambda_function_event_invoke_config: {
    type: 'AWS::Lambda::EventInvokeConfig',
    properties: {
      FunctionName: 'function_name',
      MaximumEventAgeInSeconds: unless('maximum_event_age_in_seconds', 0),
      MaximumRetryAttempts: 'maximum_retry_attempts',
      DestinationConfig: block('destination_config', {
        OnFailure: block('on_failure', { Destination: 'destination' }),
      }),
    },
  },
  aws_lambda_permission: {
    type: 'AWS::Lambda::Permission',
    renamed: { function_name: 'function' },
    properties: { FunctionName: 'function_name', Principal: 'principal', SourceArn: 'source_arn' },
  },
  aws_sns_topic: {
    type: 'AWS::SNS::Topic',
    attributes: { name: 'TopicName' },
    properties: { TopicName: 'name', KmsMasterKeyId: resource('kms_master_key_id', 'aws_kms_key', 'aws_kms_alias') },
  },
  aws_sns_topic_policy: {
    type: 'AWS::SNS::TopicPolicy',
    properties: { Topics: list('arn'), PolicyDocument: policy('policy') },
  },
  aws_sns_topic_subscription: {
    type: 'AWS::SNS::Subscription',
    renamed: { topic_arn: 'topic' },
    properties: {
      TopicArn: 'topic_arn',
      Protocol: 'protocol',
      Endpoint: 'endpoint',
      RedrivePolicy: json('redrive_policy', { deadLetterTargetArn: 'aws_sqs_queue' }),
    },
  },
  aws_cloudwatch_metric_alarm: {
    type: 'AWS::CloudWatch::Alarm',
    renamed: { alarm_name: 'name' },
    properties: {
      AlarmName: 'alarm_name',
      ...METRIC,
      Statistic: 'statistic',
      Dimensions: pairs('dimensions', 'Name', 'Value'),
      Period: unless('period', 0),
      EvaluationPeriods: 'evaluation_periods',
      DatapointsToAlarm: unless('datapoints_to_alarm', 0),
      Threshold: 'threshold',
      ComparisonOperator: 'comparison_operator',
      ActionsEnabled: 'actions_enabled',
      AlarmActions: 'alarm_actions',
      OKActions: 'ok_actions',
      InsufficientDataActions: 'insufficient_data_actions',
      TreatMissingData: 'treat_missing_data',
      Metrics: blocks('metric_query', {
        Id: 'id',
        Expression: 'expression',
        ReturnData: 'return_data',
        MetricStat: block('metric', {
          Stat: 'stat',
          Period: 'period',
          Metric: object({ ...METRIC, Dimensions: pairs('dimensions', 'Name', 'Value') }),
        }),
      }),
    },
  },
  aws_cloudwatch_composite_alarm: {
    type: 'AWS::CloudWatch::CompositeAlarm',
    properties: {
      AlarmName: 'alarm_name',
      AlarmRule: 'alarm_rule',
      ActionsEnabled: 'actions_enabled',
      AlarmActions: 'alarm_actions',
      OKActions: 'ok_actions',
      InsufficientDataActions: 'insufficient_data_actions',
    },
  },
  aws_cloudwatch_log_group: {
    type: 'AWS::Logs::LogGroup',
    properties: {
      LogGroupName: 'name',
      RetentionInDays: unless('retention_in_days', 0),
      LogGroupClass: 'log_group_class',
    },
  },
  aws_cloudwatch_log_subscription_filter: {
    type: 'AWS::Logs::SubscriptionFilter',
    renamed: { log_group_name: 'logGroup' },
    properties: { LogGroupName: 'log_group_name', DestinationArn: 'destination_arn' },
  },
  aws_cloudwatch_event_rule: {
    type: 'AWS::Events::Rule',
    properties: {
      Name: 'name',
      ScheduleExpression: 'schedule_expression',
      EventPattern: json('event_pattern'),
      State: either('state', choice('is_enabled', { true: 'ENABLED', false: 'DISABLED' })),
    },
  },
  aws_cloudwatch_event_target: {
    type: 'AWS::Events::Rule',
    part: { of: 'aws_cloudwatch_event_rule', by: 'rule', also: 'event_bus_name', list: 'Targets' },
    properties: {
      Id: 'target_id',
      Arn: 'arn',
      Input: 'input',
      RoleArn: 'role_arn',
      DeadLetterConfig: block('dead_letter_config', DEAD_LETTERS),
      RetryPolicy: block('retry_policy', RETRIES),
      SqsParameters: block('sqs_target', GROUP),
    },
  },
  aws_scheduler_schedule: {
    type: 'AWS::Scheduler::Schedule',
    properties: {
      Name: 'name',
      ScheduleExpression: 'schedule_expression',
      ScheduleExpressionTimezone: 'schedule_expression_timezone',
      State: 'state',
      StartDate: 'start_date',
      EndDate: 'end_date',
      FlexibleTimeWindow: block('flexible_time_window', {
        Mode: 'mode',
        MaximumWindowInMinutes: unless('maximum_window_in_minutes', 0),
      }),
      Target: block('target', {
        Arn: 'arn',
        RoleArn: 'role_arn',
        DeadLetterConfig: block('dead_letter_config', DEAD_LETTERS),
        RetryPolicy: block('retry_policy', RETRIES),
        SqsParameters: block('sqs_parameters', GROUP),
      }),
    },
  },
  aws_pipes_pipe: {
    type: 'AWS::Pipes::Pipe',
    properties: {
      Name: 'name',
      Source: 'source',
      Target: 'target',
      DesiredState: 'desired_state',
      SourceParameters: block('source_parameters', {
        KinesisStreamParameters: block('kinesis_stream_parameters', {
          MaximumRetryAttempts: 'maximum_retry_attempts',
          MaximumRecordAgeInSeconds: unless('maximum_record_age_in_seconds', 0),
          DeadLetterConfig: block('dead_letter_config', DEAD_LETTERS),
        }),
        DynamoDBStreamParameters: block('dynamodb_stream_parameters', {
          MaximumRetryAttempts: 'maximum_retry_attempts',
          MaximumRecordAgeInSeconds: unless('maximum_record_age_in_seconds', 0),
          DeadLetterConfig: block('dead_letter_config', DEAD_LETTERS),
        }),
      }),
      TargetParameters: block('target_parameters', {
        SqsQueueParameters: block('sqs_queue_parameters', GROUP),
      }),
    },
  },
  aws_kinesis_stream: {
    type: 'AWS::Kinesis::Stream',
    properties: {
      Name: 'name',
      RetentionPeriodHours: 'retention_period',
      ShardCount: unless('shard_count', 0),
      StreamModeDetails: known(block('stream_mode_details', { StreamMode: 'stream_mode' })),
    },
  },
  aws_kinesis_stream_consumer: {
    type: 'AWS::Kinesis::StreamConsumer',
    properties: { ConsumerName: 'name', StreamARN: 'stream_arn' },
  },
  aws_dynamodb_table: {
    type: 'AWS::DynamoDB::Table',
    properties: {
      TableName: 'name',
      KeySchema: list(object({ AttributeName: 'hash_key' }), object({ AttributeName: 'range_key' })),
      TimeToLiveSpecification: known(block('ttl', { AttributeName: 'attribute_name', Enabled: 'enabled' }, 'enabled')),
    },
  },
  aws_s3_bucket: {
    type: 'AWS::S3::Bucket',
    properties: {
      BucketName: 'bucket',
      AccessControl: choice('acl', { 'log-delivery-write': 'LogDeliveryWrite' }),
      ObjectLockEnabled: unless('object_lock_enabled', false),
      VersioningConfiguration: known(
        block('versioning', { Status: choice('enabled', { true: 'Enabled', false: 'Suspended' }) }, 'enabled'),
      ),
      LoggingConfiguration: known(block('logging', { DestinationBucketName: 'target_bucket' })),
      // Of the provider before version 4.
      LifecycleConfiguration: object({
        Rules: known(
          blocks('lifecycle_rule', {
            Id: 'id',
            Status: choice('enabled', { true: 'Enabled', false: 'Disabled' }),
            ExpirationInDays: unless('expiration.days', 0),
            ExpirationDate: 'expiration.date',
            AbortIncompleteMultipartUpload: object({
              DaysAfterInitiation: unless('abort_incomplete_multipart_upload_days', 0),
            }),
            NoncurrentVersionExpiration: block('noncurrent_version_expiration', { NoncurrentDays: 'days' }),
            Transitions: blocks('transition', TRANSITION),
          }),
        ),
      }),
    },
  },
  aws_s3_bucket_versioning: {
    type: 'AWS::S3::Bucket',
    part: { of: 'aws_s3_bucket', by: 'bucket' },
    properties: { VersioningConfiguration: block('versioning_configuration', { Status: 'status' }) },
  },
  aws_s3_bucket_lifecycle_configuration: {
    type: 'AWS::S3::Bucket',
    part: { of: 'aws_s3_bucket', by: 'bucket' },
    properties: {
      LifecycleConfiguration: object({
        TransitionDefaultMinimumObjectSize: 'transition_default_minimum_object_size',
        Rules: blocks('rule', {
          Id: 'id',
          Status: 'status',
          ExpirationInDays: unless('expiration.days', 0),
          ExpirationDate: 'expiration.date',
          ObjectSizeGreaterThan: either('filter.object_size_greater_than', 'filter.and.object_size_greater_than'),
          AbortIncompleteMultipartUpload: block('abort_incomplete_multipart_upload', {
            DaysAfterInitiation: 'days_after_initiation',
          }),
          NoncurrentVersionExpiration: block('noncurrent_version_expiration', { NoncurrentDays: 'noncurrent_days' }),
          Transitions: blocks('transition', TRANSITION),
        }),
      }),
    },
  },
  aws_s3_bucket_logging: {
    type: 'AWS::S3::Bucket',
    part: { of: 'aws_s3_bucket', by: 'bucket' },
    properties: { LoggingConfiguration: object({ DestinationBucketName: resource('target_bucket', 'aws_s3_bucket') }) },
  },
  aws_s3_bucket_acl: {
    type: 'AWS::S3::Bucket',
    part: { of: 'aws_s3_bucket', by: 'bucket' },
    properties: { AccessControl: choice('acl', { 'log-delivery-write': 'LogDeliveryWrite' }) },
  },
  aws_s3_bucket_object_lock_configuration: {
    type: 'AWS::S3::Bucket',
    part: { of: 'aws_s3_bucket', by: 'bucket' },
    properties: { ObjectLockEnabled: set(true) },
  },
  aws_s3_bucket_notification: {
    type: 'AWS::S3::Bucket',
    part: { of: 'aws_s3_bucket', by: 'bucket' },
    properties: {
      NotificationConfiguration: object({
        LambdaConfigurations: blocks('lambda_function', { Function: 'lambda_function_arn' }),
      }),
    },
  },
  aws_s3_bucket_policy: {
    type: 'AWS::S3::BucketPolicy',
    properties: { Bucket: resource('bucket', 'aws_s3_bucket'), PolicyDocument: policy('policy') },
  },
  aws_ecs_service: {
    type: 'AWS::ECS::Service',
    properties: {
      ServiceName: 'name',
      TaskDefinition: 'task_definition',
      LoadBalancers: blocks('load_balancer', { TargetGroupArn: 'target_group_arn' }),
      ServiceRegistries: blocks('service_registries', { RegistryArn: 'registry_arn' }),
      ServiceConnectConfiguration: block('service_connect_configuration', { Enabled: 'enabled' }, 'enabled'),
      VpcLatticeConfigurations: blocks('vpc_lattice_configurations', { TargetGroupArn: 'target_group_arn' }),
    },
  },
  aws_ecs_task_definition: {
    type: 'AWS::ECS::TaskDefinition',
    properties: {
      Family: 'family',
      TaskRoleArn: 'task_role_arn',
      Memory: 'memory',
      ContainerDefinitions: capitals('container_definitions'),
    },
  },
  aws_appautoscaling_target: {
    type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    properties: {
      MinCapacity: 'min_capacity',
      MaxCapacity: 'max_capacity',
      ResourceId: ending('service/', 'resource_id', 'aws_ecs_service'),
    },
  },
  aws_appautoscaling_policy: {
    type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
    properties: {
      ResourceId: ending('service/', 'resource_id', 'aws_ecs_service'),
      ScalingTargetId: resource('resource_id', 'aws_appautoscaling_target'),
      StepScalingPolicyConfiguration: block('step_scaling_policy_configuration', {
        AdjustmentType: 'adjustment_type',
        Cooldown: 'cooldown',
        StepAdjustments: blocks('step_adjustment', {
          ScalingAdjustment: 'scaling_adjustment',
          MetricIntervalLowerBound: 'metric_interval_lower_bound',
          MetricIntervalUpperBound: 'metric_interval_upper_bound',
        }),
      }),
      TargetTrackingScalingPolicyConfiguration: block('target_tracking_scaling_policy_configuration', {
        TargetValue: 'target_value',
        PredefinedMetricSpecification: block('predefined_metric_specification', {
          PredefinedMetricType: 'predefined_metric_type',
        }),
        CustomizedMetricSpecification: customized('dimensions'),
      }),
    },
  },
  aws_autoscaling_policy: {
    type: 'AWS::AutoScaling::ScalingPolicy',
    properties: {
      TargetTrackingConfiguration: block('target_tracking_configuration', {
        TargetValue: 'target_value',
        CustomizedMetricSpecification: customized('metric_dimension'),
      }),
    },
  },
  aws_batch_job_queue: {
    type: 'AWS::Batch::JobQueue',
    properties: { JobQueueName: 'name', SchedulingPolicyArn: 'scheduling_policy_arn' },
  },
  aws_batch_scheduling_policy: {
    type: 'AWS::Batch::SchedulingPolicy',
    properties: {
      Name: 'name',
      FairsharePolicy: block('fair_share_policy', {
        ShareDecaySeconds: 'share_decay_seconds',
        ComputeReservation: 'compute_reservation',
        ShareDistribution: blocks('share_distribution', {
          ShareIdentifier: 'share_identifier',
          WeightFactor: 'weight_factor',
        }),
      }),
    },
  },
  aws_lb_target_group: TARGET_GROUP,
  aws_alb_target_group: TARGET_GROUP,
  aws_db_instance: {
    type: 'AWS::RDS::DBInstance',
    pulumi: 'aws:rds/instance:Instance',
    properties: {
      DBInstanceIdentifier: 'identifier',
      DBInstanceClass: 'instance_class',
      DBParameterGroupName: resource('parameter_group_name', 'aws_db_parameter_group'),
      SourceDBInstanceIdentifier: resource('replicate_source_db', 'aws_db_instance'),
    },
  },
  aws_db_parameter_group: {
    type: 'AWS::RDS::DBParameterGroup',
    pulumi: 'aws:rds/parameterGroup:ParameterGroup',
    properties: { Family: 'family', Parameters: named('parameter') },
  },
  aws_rds_cluster_parameter_group: {
    type: 'AWS::RDS::DBClusterParameterGroup',
    pulumi: 'aws:rds/clusterParameterGroup:ClusterParameterGroup',
    properties: { Family: 'family', Parameters: named('parameter') },
  },
  aws_msk_cluster: {
    type: 'AWS::MSK::Cluster',
    properties: { ClusterName: 'cluster_name' },
  },
  aws_msk_serverless_cluster: {
    type: 'AWS::MSK::ServerlessCluster',
    properties: { ClusterName: 'cluster_name' },
  },
  aws_msk_configuration: {
    type: 'AWS::MSK::Configuration',
    properties: { Name: 'name', ServerProperties: 'server_properties' },
  },
  aws_msk_scram_secret_association: {
    type: 'AWS::MSK::BatchScramSecret',
    properties: { ClusterArn: 'cluster_arn', SecretArnList: 'secret_arn_list' },
  },
  aws_msk_single_scram_secret_association: {
    type: 'AWS::MSK::BatchScramSecret',
    properties: { ClusterArn: 'cluster_arn', SecretArnList: list('secret_arn') },
  },
  aws_api_gateway_rest_api: {
    type: 'AWS::ApiGateway::RestApi',
    properties: { Name: 'name', Body: json('body') },
  },
  aws_api_gateway_integration: {
    type: 'AWS::ApiGateway::Method',
    renamed: { rest_api_id: 'restApi' },
    properties: {
      RestApiId: resource('rest_api_id', API),
      Integration: object({
        Uri: 'uri',
        TimeoutInMillis: unless('timeout_milliseconds', 0),
        RequestParameters: 'request_parameters',
        ResponseTransferMode: 'response_transfer_mode',
      }),
    },
  },
  aws_api_gateway_stage: {
    type: 'AWS::ApiGateway::Stage',
    renamed: { rest_api_id: 'restApi' },
    properties: { StageName: 'stage_name', RestApiId: resource('rest_api_id', API) },
  },
  aws_api_gateway_method_settings: {
    type: 'AWS::ApiGateway::Stage',
    renamed: { rest_api_id: 'restApi' },
    part: { of: 'aws_api_gateway_stage', by: 'stage_name', also: 'rest_api_id', list: 'MethodSettings' },
    properties: { ThrottlingRateLimit: unless('settings.throttling_rate_limit', -1) },
  },
  aws_api_gateway_usage_plan: {
    type: 'AWS::ApiGateway::UsagePlan',
    properties: {
      ApiStages: blocks('api_stages', { ApiId: resource('api_id', API), Stage: 'stage' }),
      Throttle: block('throttle_settings', { RateLimit: 'rate_limit', BurstLimit: 'burst_limit' }),
    },
  },
  aws_apigatewayv2_api: {
    type: 'AWS::ApiGatewayV2::Api',
    properties: { Name: 'name', ProtocolType: 'protocol_type', Body: json('body') },
  },
  aws_apigatewayv2_integration: {
    type: 'AWS::ApiGatewayV2::Integration',
    properties: {
      ApiId: resource('api_id', HTTP_API),
      IntegrationUri: 'integration_uri',
      TimeoutInMillis: unless('timeout_milliseconds', 0),
    },
  },
  aws_apigatewayv2_stage: {
    type: 'AWS::ApiGatewayV2::Stage',
    properties: {
      ApiId: resource('api_id', HTTP_API),
      DefaultRouteSettings: block('default_route_settings', {
        ThrottlingRateLimit: unless('throttling_rate_limit', 0),
      }),
      RouteSettings: blocks('route_settings', { RouteKey: 'route_key' }),
    },
  },
  aws_iam_role: {
    type: 'AWS::IAM::Role',
    properties: {
      RoleName: 'name',
      ManagedPolicyArns: 'managed_policy_arns',
      Policies: known(blocks('inline_policy', { PolicyName: 'name', PolicyDocument: policy('policy') })),
    },
  },
  aws_iam_role_policy_attachment: {
    type: 'AWS::IAM::Role',
    part: { of: ROLE, by: 'role', list: 'ManagedPolicyArns' },
    properties: { '': 'policy_arn' },
  },
  aws_iam_role_policy: {
    type: 'AWS::IAM::RolePolicy',
    properties: { PolicyName: 'name', RoleName: resource('role', ROLE), PolicyDocument: policy('policy') },
  },
  aws_iam_policy: {
    type: 'AWS::IAM::ManagedPolicy',
    properties: { ManagedPolicyName: 'name', PolicyDocument: policy('policy') },
  },
  aws_iam_policy_attachment: {
    type: 'AWS::IAM::ManagedPolicy',
    part: { of: 'aws_iam_policy', by: 'policy_arn' },
    properties: { Roles: 'roles' },
  },
  aws_sfn_state_machine: {
    type: 'AWS::StepFunctions::StateMachine',
    properties: { StateMachineName: 'name', RoleArn: 'role_arn', Definition: json('definition') },
  },
  aws_ses_configuration_set: {
    type: 'AWS::SES::ConfigurationSet',
    properties: { Name: 'name' },
  },
  aws_ses_event_destination: {
    type: 'AWS::SES::ConfigurationSetEventDestination',
    properties: {
      ConfigurationSetName: 'configuration_set_name',
      EventDestination: object({ Enabled: 'enabled', MatchingEventTypes: 'matching_types' }),
    },
  },
  aws_sesv2_configuration_set: {
    type: 'AWS::SES::ConfigurationSet',
    properties: { Name: 'configuration_set_name' },
  },
  aws_sesv2_configuration_set_event_destination: {
    type: 'AWS::SES::ConfigurationSetEventDestination',
    properties: {
      ConfigurationSetName: 'configuration_set_name',
      EventDestination: block('event_destination', { Enabled: 'enabled', MatchingEventTypes: 'matching_event_types' }),
    },
  },
  aws_iot_topic_rule: {
    type: 'AWS::IoT::TopicRule',
    properties: {
      RuleName: 'name',
      TopicRulePayload: object({
        RuleDisabled: choice('enabled', { true: 'false', false: 'true' }),
        Actions: list(
          blocks('lambda', { Lambda: object({ FunctionArn: 'function_arn' }) }),
          blocks('dynamodb', { DynamoDB: object({ TableName: 'table_name' }) }),
          blocks('dynamodbv2', { DynamoDBv2: object({ PutItem: block('put_item', { TableName: 'table_name' }) }) }),
          blocks('kinesis', { Kinesis: object({ StreamName: 'stream_name', PartitionKey: 'partition_key' }) }),
          blocks('republish', { Republish: object({ Topic: 'topic' }) }),
        ),
        ErrorAction: block('error_action', { Sqs: block('sqs', { QueueUrl: 'queue_url' }) }),
      }),
    },
  },
  aws_kms_key: {
    type: 'AWS::KMS::Key',
    properties: { KeyPolicy: policy('policy') },
  },
  aws_kms_key_policy: {
    type: 'AWS::KMS::Key',
    part: { of: 'aws_kms_key', by: 'key_id' },
    properties: { KeyPolicy: policy('policy') },
  },
  aws_kms_alias: {
    type: 'AWS::KMS::Alias',
    properties: { AliasName: 'name', TargetKeyId: resource('target_key_id', 'aws_kms_key') },
  },
  aws_ssm_parameter: {
    type: 'AWS::SSM::Parameter',
    properties: { Value: 'insecure_value' },
  },
  aws_appconfig_hosted_configuration_version: {
    type: 'AWS::AppConfig::HostedConfigurationVersion',
    properties: { Content: 'content' },
  },
  aws_instance: {
    type: 'AWS::EC2::Instance',
    pulumi: 'aws:ec2/instance:Instance',
    properties: { UserData: either('user_data', base64('user_data_base64')) },
  },
};
