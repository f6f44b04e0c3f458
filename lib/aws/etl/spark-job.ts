/** A Spark job on Amazon EMR Serverless: its application, what it may do, and what a run of it is started with. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnApplication } from 'aws-cdk-lib/aws-emrserverless';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { DELTA_SETTINGS, groupPrefix, jobArguments, kafkaArguments } from '../../flow/etl/settings';
import type { EtlPlan } from '../../flow/etl/workload';
import { packageRoot } from '../../package-root';
import { createBrokersLookUp } from '../brokers-look-up';
import { groupDescription, roleDescription } from '../descriptions';
import { installationName } from '../installation-name';
import { kafkaArn } from '../kafka-cluster';
import { acknowledgeWildcards } from '../wildcards';
import type { EtlJob } from './etl-parts';
import type { EtlSource } from './etl-source';
import type { StreamAggregateOptions } from './stream-sink';

/** What a job is made from. */
export interface JobParts {
  readonly queryName: string;
  readonly plan: EtlPlan;
  readonly source: EtlSource;
  readonly options: StreamAggregateOptions;
  readonly encryptionKey?: IKey;
  /** Makes a bucket. */
  readonly bucket: (id: string) => IBucket;
}

/** The job without what keeps its run. */
export type UnkeptJob = Omit<EtlJob, 'keeper' | 'run' | 'endedRule' | 'checkRule'>;

const RELEASE = 'emr-7.13.0';
const BROKER_PORT = 9098;
/** Amazon EMR Serverless user guide, Using Delta Lake OSS: from 7.0.0 on. */
const DELTA_JARS = ['delta-spark.jar', 'delta-storage.jar'].map((name) => `/usr/share/aws/delta/lib/${name}`);
const MOST_APPLICATION_CHARACTERS = 64;
const HASH_CHARACTERS = 8;
const KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'];
/** Reads and writes of a table and a checkpoint, which Spark deletes files of. */
const OBJECT_ACTIONS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'];

/** Makes the application, its role, its buckets and its network. */
export function createJob(scope: Construct, parts: JobParts): UnkeptJob {
  const { options, queryName } = parts;
  const prefix = options.prefix ?? queryName;
  const checkpointBucket = options.checkpointBucket ?? parts.bucket('Checkpoints');
  const tableBucket = options.tableBucket ?? parts.bucket('Table');
  const script = new Asset(scope, 'Script', {
    path: options.script ?? join(packageRoot(), 'dist', 'runtime', 'streaming-etl', 'job.py'),
  });
  const transform =
    options.transform === undefined ? undefined : new Asset(scope, 'Transform', { path: options.transform });
  const logGroup = new LogGroup(scope, 'JobLogs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const securityGroup = createNetwork(scope, parts);
  const application = createApplication(scope, parts, securityGroup);
  const made = {
    application,
    securityGroup,
    logGroup,
    script,
    transform,
    checkpointBucket,
    checkpoint: `s3://${checkpointBucket.bucketName}/${prefix}`,
    tableBucket,
    table: `s3://${tableBucket.bucketName}/${prefix}`,
  };
  return { ...made, role: createRole(scope, parts, made, prefix) };
}

function createNetwork(scope: Construct, { options, queryName }: JobParts): SecurityGroup {
  const group = new SecurityGroup(scope, 'SecurityGroup', {
    vpc: options.vpc,
    description: groupDescription(`Workers of the job ${queryName}`),
    allowAllOutbound: false,
  });
  group.connections.allowTo(options.clusterSecurityGroup, Port.tcp(BROKER_PORT), 'Kafka');
  // Driver and executors connect to any port of each other.
  group.connections.allowInternally(Port.allTcp(), 'Driver and executors');
  // S3 has no security group, and its addresses are those of the region.
  group.connections.allowToAnyIpv4(Port.tcp(443), 'Amazon S3 and CloudWatch Logs');
  return group;
}

function createApplication(scope: Construct, { options, queryName }: JobParts, group: SecurityGroup): CfnApplication {
  const settings = {
    type: 'SPARK',
    releaseLabel: options.releaseLabel ?? RELEASE,
    architecture: 'ARM64',
    networkConfiguration: {
      subnetIds: options.vpc.selectSubnets(options.vpcSubnets).subnetIds,
      securityGroupIds: [group.securityGroupId],
    },
  };
  // An application that is on cannot be changed. With another name it is replaced, and the keeper moves the run.
  const resolved = JSON.stringify(Stack.of(scope).resolve(settings));
  const hash = createHash('sha256').update(resolved).digest('hex').slice(0, HASH_CHARACTERS);
  const name = installationName(scope, queryName, MOST_APPLICATION_CHARACTERS - HASH_CHARACTERS - 1);
  return new CfnApplication(scope, 'Application', {
    ...settings,
    name: `${name}-${hash}`,
    // The service itself holds a second run back.
    schedulerConfiguration: { maxConcurrentRuns: 1 },
    tags: Object.entries(jobTags(scope, queryName)).map(([key, value]) => ({ key, value })),
  });
}

/** By which the keeper's permissions go, on the application and on its runs. */
export function jobTags(scope: Construct, queryName: string): Record<string, string> {
  return { 'backpressure:etl': installationName(scope, queryName, 256) };
}

type Made = Omit<UnkeptJob, 'role'>;

function createRole(
  scope: Construct,
  { queryName, source, options, encryptionKey }: JobParts,
  made: Made,
  prefix: string,
): Role {
  const { partition, region, account } = Stack.of(scope);
  const role = new Role(scope, 'JobRole', {
    description: roleDescription(`Runs the job ${queryName}`),
    assumedBy: new ServicePrincipal('emr-serverless.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:emr-serverless:${region}:${account}:/applications/*` },
      },
    }),
  });
  const allow = (actions: string[], ...resources: string[]) =>
    role.addToPolicy(new PolicyStatement({ actions, resources }));
  const { clusterArn, topicName } = source._topic!;
  allow(['kafka-cluster:Connect', 'kafka-cluster:DescribeCluster'], clusterArn);
  allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], kafkaArn(clusterArn, 'topic', topicName));
  const groups = kafkaArn(clusterArn, 'group', `${groupPrefix(queryName)}*`);
  allow(['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], groups);
  const code = [made.script, made.transform].filter((one) => one !== undefined);
  allow(
    ['s3:GetObject'],
    ...code.map((one) => one.bucket.arnForObjects(one.s3ObjectKey)),
    ...options.jarKeys.map((key) => options.jarBucket.arnForObjects(key)),
  );
  // The table of rejected records, and markers of folders, are beside the table; their names go on with an underscore.
  const names = [`${prefix}/*`, `${prefix}_*`];
  const buckets = [made.checkpointBucket, made.tableBucket];
  const objects = buckets.map((bucket) => names.map((name) => bucket.arnForObjects(name)));
  for (const [index, bucket] of buckets.entries()) {
    allow(OBJECT_ACTIONS, ...objects[index]);
    role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': [prefix, ...names] } },
      }),
    );
  }
  const keys = [options.jarBucket, made.checkpointBucket, made.tableBucket].map((one) => one.encryptionKey);
  for (const key of new Set([...keys, encryptionKey])) key?.grant(role, ...KEY_ACTIONS);
  allow(['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], made.logGroup.logGroupArn);
  // It asks for all groups to find the one.
  const logGroups = `arn:${partition}:logs:${region}:${account}:log-group:*`;
  allow(['logs:DescribeLogGroups'], logGroups);
  acknowledgeWildcards(
    role,
    [groups, ...objects.flat(), logGroups],
    'Files of a table and consumer groups of Spark get their names when they are made; log groups are listed only.',
  );
  return role;
}

/** What a run is started with, as the API of Amazon EMR Serverless takes it. */
export function runRequest(scope: Construct, { queryName, plan, source, options }: JobParts, job: UnkeptJob): object {
  const brokers = createBrokersLookUp(scope, {
    clusterArn: source._topic!.clusterArn,
    output: 'BootstrapBrokerStringSaslIam',
    plan,
  });
  const value = (name: string) => plan.value(name);
  const jars = options.jarKeys.map((key) => `s3://${options.jarBucket.bucketName}/${key}`);
  const settings: Record<string, string> = {
    'spark.driver.cores': `${value('driverCores')}`,
    'spark.driver.memory': `${value('driverMemoryMib')}m`,
    'spark.executor.cores': `${value('executorCores')}`,
    'spark.executor.memory': `${value('executorMemoryMib')}m`,
    'spark.executor.instances': `${value('executors')}`,
    // As many as the plan says, at night as well: a stream that grows first is late first.
    'spark.dynamicAllocation.enabled': 'false',
    // The table goes by its path; a catalog would be one more service to reach.
    'spark.sql.catalogImplementation': 'in-memory',
    'spark.jars': [...DELTA_JARS, ...jars].join(','),
    ...DELTA_SETTINGS,
  };
  return {
    name: queryName,
    executionRoleArn: job.role.roleArn,
    jobDriver: {
      sparkSubmit: {
        entryPoint: job.script.s3ObjectUrl,
        entryPointArguments: [
          ...jobArguments(
            {
              ...options,
              queryName,
              bootstrapServers: brokers,
              topicName: source._topic!.topicName,
              table: job.table,
              checkpoint: job.checkpoint,
              transform: job.transform?.s3ObjectUrl,
            },
            plan,
          ),
          ...kafkaArguments(queryName, {
            'security.protocol': 'SASL_SSL',
            'sasl.mechanism': 'AWS_MSK_IAM',
            'sasl.jaas.config': 'software.amazon.msk.auth.iam.IAMLoginModule required;',
            'sasl.client.callback.handler.class': 'software.amazon.msk.auth.iam.IAMClientCallbackHandler',
          }),
        ],
        sparkSubmitParameters: Object.entries(settings)
          .map(([name, text]) => `--conf ${name}=${text}`)
          .join(' '),
      },
    },
    configurationOverrides: {
      monitoringConfiguration: {
        cloudWatchLoggingConfiguration: { enabled: true, logGroupName: job.logGroup.logGroupName },
      },
    },
    retryPolicy: { maxFailedAttemptsPerHour: value('maxFailedAttemptsPerHour') },
  };
}
