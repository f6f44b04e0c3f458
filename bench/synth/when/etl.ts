/** `StreamingEtl` with a job on EMR Serverless, and the same resources by hand. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type App, Aws, CustomResource, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Column,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  PeriodOverride,
  Row,
  Stats,
  TextWidget,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { type ISecurityGroup, type IVpc, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { CfnApplication } from 'aws-cdk-lib/aws-emrserverless';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, LogGroup, MetricFilter, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnTopic } from 'aws-cdk-lib/aws-msk';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId, Provider } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { EtlSource, MskBrokers } from '../../../lib/aws/etl/etl-source';
import { StreamSink } from '../../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../../lib/aws/etl/streaming-etl';
import { PAGE_VIEWS } from '../../../lib/cases/case-03-batch-to-streaming';
import { planArguments } from '../../../lib/flow/etl/settings';
import { packageRoot } from '../../../lib/package-root';
import type { Numbers } from '../numbers';
import { alarm, bundled, counted, numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly fromPlan: readonly string[];
}

const CLUSTER = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
const TOPIC = CLUSTER.replace(':cluster/', ':topic/');
const GROUPS = CLUSTER.replace(':cluster/', ':group/');
const DELTA = '/usr/share/aws/delta/lib';

interface Given {
  readonly vpc: IVpc;
  readonly brokers: ISecurityGroup;
  readonly jars: IBucket;
}

const given = (stack: Stack, number: number): Given => ({
  vpc: Vpc.fromVpcAttributes(stack, `Vpc${number}`, {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
  }),
  brokers: SecurityGroup.fromSecurityGroupId(stack, `Brokers${number}`, 'sg-1'),
  jars: Bucket.fromBucketName(stack, `Jars${number}`, 'jars'),
});

function ours(stack: Stack, number: number): StreamingEtl {
  const { vpc, brokers, jars } = given(stack, number);
  return new StreamingEtl(stack, `Etl${number}`, {
    ...PAGE_VIEWS,
    queryName: `views-${number}`,
    source: EtlSource.mskTopic({ clusterArn: CLUSTER, topicName: 'views', brokers: MskBrokers.STANDARD }),
    sink: StreamSink.aggregate({
      vpc,
      clusterSecurityGroup: brokers,
      schema: 'page STRING, at TIMESTAMP',
      eventTime: 'at',
      keys: ['page'],
      jarBucket: jars,
      jarKeys: ['kafka.jar'],
    }),
  });
}

function known(app: App): Known {
  const { plan } = ours(new Stack(app, 'Numbers'), 0);
  return { numbers: numbersOf(plan), fromPlan: planArguments(plan) };
}

function byHand(stack: Stack, number: number, { numbers, fromPlan }: Known): void {
  const { vpc, brokers, jars } = given(stack, number);
  const scope = new Construct(stack, `Etl${number}`);
  scope.node.setContext('@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy', true);
  const query = `views-${number}`;
  const place = `${stack.stackName}-${query}`;
  const topic = new CfnTopic(scope, 'Topic', {
    clusterArn: CLUSTER,
    topicName: 'views',
    partitionCount: numbers('partitions'),
    replicationFactor: 3,
    configs: Buffer.from(`min.insync.replicas=2\nretention.ms=${numbers('retentionMilliseconds')}`).toString('base64'),
  });
  topic.applyRemovalPolicy(RemovalPolicy.RETAIN);
  const logs = closedBucket(scope, 'Logs', {
    lifecycleRules: [
      {
        id: 'expire',
        expiration: Duration.days(numbers('logRetentionDays')),
        abortIncompleteMultipartUploadAfter: Duration.days(numbers('logDaysAfterInitiation')),
      },
    ],
  });
  const stored = (id: string) =>
    closedBucket(scope, id, { serverAccessLogsBucket: logs, serverAccessLogsPrefix: `${id.toLowerCase()}/` });
  const [checkpoints, table] = [stored('Checkpoints'), stored('Table')];
  const script = new Asset(scope, 'Script', {
    path: join(packageRoot(), 'dist', 'runtime', 'streaming-etl', 'job.py'),
  });
  const jobLogs = logGroup(scope, 'JobLogs');
  const group = new SecurityGroup(scope, 'SecurityGroup', {
    vpc,
    description: `Workers of the job ${query}`,
    allowAllOutbound: false,
  });
  group.connections.allowTo(brokers, Port.tcp(9098), 'Kafka');
  group.connections.allowInternally(Port.allTcp(), 'Driver and executors');
  group.connections.allowToAnyIpv4(Port.tcp(443), 'Amazon S3 and CloudWatch Logs');
  const settings = {
    type: 'SPARK',
    releaseLabel: 'emr-7.13.0',
    architecture: 'ARM64',
    networkConfiguration: {
      subnetIds: vpc.selectSubnets().subnetIds,
      securityGroupIds: [group.securityGroupId],
    },
  };
  const hash = createHash('sha256')
    .update(JSON.stringify(stack.resolve(settings)))
    .digest('hex')
    .slice(0, 8);
  const application = new CfnApplication(scope, 'Application', {
    ...settings,
    name: `${place}-${hash}`,
    schedulerConfiguration: { maxConcurrentRuns: 1 },
    tags: [{ key: 'backpressure:etl', value: place }],
  });
  const role = jobRole(scope, query, { script, jars, checkpoints, table, jobLogs });
  const request = stack.toJsonString({
    name: query,
    executionRoleArn: role.roleArn,
    jobDriver: {
      sparkSubmit: {
        entryPoint: script.s3ObjectUrl,
        entryPointArguments: [
          `--query-name=${query}`,
          `--bootstrap-servers=${bootstrap(scope, numbers)}`,
          '--topic=views',
          `--table=s3://${table.bucketName}/${query}`,
          `--checkpoint=s3://${checkpoints.bucketName}/${query}`,
          '--schema=page STRING, at TIMESTAMP',
          '--event-time=at',
          '--keys=page',
          ...fromPlan,
          `--group-prefix=${query}-spark`,
          '--kafka-option=kafka.security.protocol=SASL_SSL',
          '--kafka-option=kafka.sasl.mechanism=AWS_MSK_IAM',
          '--kafka-option=kafka.sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;',
          '--kafka-option=kafka.sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler',
        ],
        sparkSubmitParameters: [
          `spark.driver.cores=${numbers('driverCores')}`,
          `spark.driver.memory=${numbers('driverMemoryMib')}m`,
          `spark.executor.cores=${numbers('executorCores')}`,
          `spark.executor.memory=${numbers('executorMemoryMib')}m`,
          `spark.executor.instances=${numbers('executors')}`,
          'spark.dynamicAllocation.enabled=false',
          'spark.sql.catalogImplementation=in-memory',
          `spark.jars=${DELTA}/delta-spark.jar,${DELTA}/delta-storage.jar,s3://jars/kafka.jar`,
          'spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension',
          'spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog',
          'spark.scheduler.mode=FAIR',
        ]
          .map((one) => `--conf ${one}`)
          .join(' '),
      },
    },
    configurationOverrides: {
      monitoringConfiguration: {
        cloudWatchLoggingConfiguration: { enabled: true, logGroupName: jobLogs.logGroupName },
      },
    },
    retryPolicy: { maxFailedAttemptsPerHour: numbers('maxFailedAttemptsPerHour') },
  });
  const keeper = makeKeeper(scope, { query, place, application, request, role }, numbers);
  const run = new CustomResource(scope, 'Run', {
    serviceToken: provider(scope, keeper, numbers),
    resourceType: 'Custom::StreamingRun',
    properties: { ApplicationId: application.attrApplicationId, Run: request },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  run.node.addDependency(keeper, role, group, brokers, topic);
  makeRules(scope, query, { application, keeper, run }, numbers);
  watch(scope, { query, place, keeper, jobLogs }, numbers);
}

function closedBucket(scope: Construct, id: string, props: object): Bucket {
  const bucket = new Bucket(scope, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    encryption: BucketEncryption.S3_MANAGED,
    removalPolicy: RemovalPolicy.RETAIN,
    ...props,
  });
  bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN);
  return bucket;
}

const logGroup = (scope: Construct, id: string) =>
  new LogGroup(scope, id, { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });

interface Job {
  readonly script: Asset;
  readonly jars: IBucket;
  readonly checkpoints: Bucket;
  readonly table: Bucket;
  readonly jobLogs: LogGroup;
}

function jobRole(scope: Construct, query: string, { script, jars, checkpoints, table, jobLogs }: Job): Role {
  const role = new Role(scope, 'JobRole', {
    description: `Runs the job ${query}`,
    assumedBy: new ServicePrincipal('emr-serverless.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
        ArnLike: { 'aws:SourceArn': `${emr()}/applications/*` },
      },
    }),
  });
  const allow = (actions: string[], ...resources: string[]) =>
    role.addToPolicy(new PolicyStatement({ actions, resources }));
  allow(['kafka-cluster:Connect', 'kafka-cluster:DescribeCluster'], CLUSTER);
  allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], `${TOPIC}/views`);
  allow(['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], `${GROUPS}/${query}-spark*`);
  allow(['s3:GetObject'], script.bucket.arnForObjects(script.s3ObjectKey), jars.arnForObjects('kafka.jar'));
  const names = [`${query}/*`, `${query}_*`];
  for (const bucket of [checkpoints, table]) {
    allow(
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      ...names.map((name) => bucket.arnForObjects(name)),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': [query, ...names] } },
      }),
    );
  }
  allow(['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], jobLogs.logGroupArn);
  allow(['logs:DescribeLogGroups'], `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`);
  return role;
}

const emr = () => `arn:${Aws.PARTITION}:emr-serverless:${Aws.REGION}:${Aws.ACCOUNT_ID}:`;

function helper(scope: Construct, id: string, description: string) {
  const logs = logGroup(scope, `${id}Logs`);
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description });
  logs.grantWrite(role);
  return { role, logGroup: logs };
}

function bootstrap(scope: Construct, numbers: Numbers): string {
  const output = 'BootstrapBrokerStringSaslIam';
  return new AwsCustomResource(scope, 'Brokers', {
    resourceType: 'Custom::KafkaBrokers',
    onUpdate: {
      service: 'Kafka',
      action: 'GetBootstrapBrokers',
      parameters: { ClusterArn: CLUSTER },
      outputPaths: [output],
      physicalResourceId: PhysicalResourceId.of(`${scope.node.addr}-brokers`),
    },
    policy: AwsCustomResourcePolicy.fromStatements([
      new PolicyStatement({ actions: ['kafka:GetBootstrapBrokers'], resources: [CLUSTER] }),
    ]),
    ...helper(scope, 'Brokers', 'Asks Amazon MSK for the addresses of brokers'),
    timeout: Duration.seconds(numbers('brokersLookUpTimeoutSeconds')),
    installLatestAwsSdk: false,
  }).getResponseField(output);
}

function provider(scope: Construct, keeper: LambdaFunction, numbers: Numbers): string {
  const { role, logGroup: logs } = helper(scope, 'Provider', 'Carries events of CloudFormation to a function');
  const actions = ['lambda:InvokeFunction', 'lambda:GetFunction'];
  role.addToPolicy(new PolicyStatement({ actions, resources: [keeper.functionArn] }));
  const made = new Provider(scope, 'Provider', {
    onEventHandler: keeper,
    frameworkOnEventRole: role.withoutPolicyUpdates(),
    logGroup: logs,
  });
  for (const one of made.node.findAll()) {
    if (one instanceof CfnFunction) one.timeout = numbers('providerTimeoutSeconds');
  }
  return made.serviceToken;
}

interface Kept {
  readonly query: string;
  readonly place: string;
  readonly application: CfnApplication;
  readonly request: string;
  readonly role: Role;
}

function makeKeeper(scope: Construct, kept: Kept, numbers: Numbers): LambdaFunction {
  const { query, place, application, request, role } = kept;
  const keeper = bundled(scope, 'Keeper', 'etl-keeper', {
    description: `Keeps one run of the job ${query}`,
    timeout: Duration.seconds(numbers('keeperTimeoutSeconds')),
    environment: {
      APPLICATION_ID: application.attrApplicationId,
      RUN: request,
      GRACE_SECONDS: String(numbers('graceSeconds')),
      POLL_SECONDS: String(numbers('keeperPollSeconds')),
      TAGS: JSON.stringify({ 'backpressure:etl': place }),
    },
  });
  const applications = `${emr()}/applications/*`;
  const allow = (names: string[], resource: string, kind: string) =>
    keeper.addToRolePolicy(
      new PolicyStatement({
        actions: names.map((name) => `emr-serverless:${name}`),
        resources: [resource],
        conditions: { StringEquals: { [`aws:${kind}/backpressure:etl`]: place } },
      }),
    );
  allow(['GetApplication', 'StopApplication', 'StartJobRun', 'ListJobRuns'], applications, 'ResourceTag');
  allow(['GetJobRun', 'CancelJobRun'], `${applications}/jobruns/*`, 'ResourceTag');
  allow(['TagResource'], `${applications}/jobruns/*`, 'RequestTag');
  keeper.addToRolePolicy(
    new PolicyStatement({
      actions: ['iam:PassRole'],
      resources: [role.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'emr-serverless.amazonaws.com' } },
    }),
  );
  return keeper;
}

interface Running {
  readonly application: CfnApplication;
  readonly keeper: LambdaFunction;
  readonly run: CustomResource;
}

function makeRules(scope: Construct, query: string, { application, keeper, run }: Running, numbers: Numbers): void {
  const once = { retryAttempts: 0, maxEventAge: Duration.seconds(numbers('keeperCheckSeconds')) };
  keeper.configureAsyncInvoke(once);
  const target = () => new FunctionTarget(keeper, { event: RuleTargetInput.fromObject({ Keep: true }), ...once });
  const ended = new Rule(scope, 'Ended', {
    description: `A run of ${query} ended by itself`,
    eventPattern: {
      source: ['aws.emr-serverless'],
      detailType: ['EMR Serverless Job Run State Change'],
      detail: { applicationId: [application.attrApplicationId], state: ['FAILED', 'SUCCESS'] },
    },
    targets: [target()],
  });
  const check = new Rule(scope, 'Check', {
    description: `Starts the run of ${query} again when it is not there`,
    schedule: Schedule.rate(once.maxEventAge),
    targets: [target()],
  });
  for (const rule of [ended, check]) rule.node.addDependency(run);
}

interface Watched {
  readonly query: string;
  readonly place: string;
  readonly keeper: LambdaFunction;
  readonly jobLogs: LogGroup;
}

function watch(scope: Construct, { query, place, keeper, jobLogs }: Watched, numbers: Numbers): void {
  const namespace = `Backpressure/StreamingEtl/${place}`;
  const sums = ['RejectedRecords', 'LateRecords'];
  for (const name of ['FreshnessSeconds', 'BatchSeconds', 'OffsetsBehind', ...sums, 'StateRows']) {
    const field = name[0].toLowerCase() + name.slice(1);
    new MetricFilter(scope, `${name}Filter`, {
      logGroup: jobLogs,
      filterPattern: FilterPattern.literal(
        `{ $.backpressure = "streaming-etl" && $.query = "${query}" && $.${field} = * }`,
      ),
      metricNamespace: namespace,
      metricName: name,
      metricValue: `$.${field}`,
    });
  }
  const period = Duration.seconds(numbers('alarmWindowSeconds'));
  const of = (metricName: string) =>
    new Metric({
      namespace,
      metricName,
      period,
      statistic: sums.includes(metricName) ? Stats.SUM : Stats.MAXIMUM,
    });
  const check = numbers('keeperCheckSeconds');
  const alarms = [
    alarm(scope, 'LateAlarm', of('FreshnessSeconds'), {
      threshold: numbers('alarmFreshnessSeconds'),
      evaluationPeriods: numbers('alarmLateWindows'),
      treatMissingData: TreatMissingData.BREACHING,
    }),
    alarm(scope, 'SlowAlarm', of('BatchSeconds'), {
      threshold: numbers('alarmBatchSeconds'),
      evaluationPeriods: numbers('alarmSlowWindows'),
    }),
    alarm(scope, 'BehindAlarm', of('OffsetsBehind'), {
      threshold: numbers('alarmOffsetsBehind'),
      evaluationPeriods: numbers('alarmSlowWindows'),
    }),
    alarm(scope, 'RejectedAlarm', of('RejectedRecords'), {}),
    alarm(scope, 'RestartedAlarm', counted(keeper, 'RunsRestarted', check), {}),
    alarm(
      scope,
      'KeeperErrorsAlarm',
      keeper.metricErrors({ period: Duration.seconds(check), statistic: Stats.SUM }),
      {},
    ),
  ];
  dashboard(scope, alarms, of);
}

function dashboard(scope: Construct, alarms: Alarm[], of: (name: string) => IMetric): void {
  const graph = (width: number, title: string, unit: string, ...names: string[]) =>
    new GraphWidget({
      title,
      width,
      height: 5,
      left: names.map(of),
      leftYAxis: { min: 0, label: unit, showUnits: false },
    });
  const heading = (text: string) => new TextWidget({ markdown: `### ${text}`, width: 24, height: 1 });
  new Dashboard(new Construct(scope, 'Dashboards'), 'Dashboard', {
    dashboardName: `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`,
    start: '-PT8H',
    periodOverride: PeriodOverride.INHERIT,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 3 })],
      [
        new Column(
          heading('Table'),
          new Row(
            graph(12, 'Age of the oldest record that is not in the table', 'seconds', 'FreshnessSeconds'),
            graph(12, 'Records that are not in the table', 'records', 'RejectedRecords', 'LateRecords'),
          ),
        ),
      ],
      [
        new Column(
          heading('Job'),
          new Row(
            graph(8, 'Length of a batch', 'seconds', 'BatchSeconds'),
            graph(8, 'Records that wait after a batch', 'records', 'OffsetsBehind'),
            graph(8, 'Keys of open windows', 'keys', 'StateRows'),
          ),
        ),
      ],
    ],
  });
}

export const etl = { ours, byHand, known };
