/** What the hand-written AWS sides share: a function with its role and logs, a queue that is only parked in, alarms. */
import { Duration, RemovalPolicy, Size, type Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type CreateAlarmOptions,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { AwsLogDriverMode, Cluster, ContainerInsights, LogDrivers } from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type FunctionProps,
  type IFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption, type QueuePolicy } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { bundleCode } from '../../../lib/aws/runtime-function';
import type { Plan } from '../../../lib/flow/plan';
import type { Numbers } from '../numbers';

/** The numbers of plans, the first one that has a name. */
export function numbersOf(...plans: readonly Plan[]): Numbers {
  const known = new Map([...plans].reverse().flatMap(({ knobs }) => knobs.map(({ name, value }) => [name, value])));
  return (name) => {
    const value = known.get(name);
    if (value === undefined) throw new Error(`no number '${name}' in the plans`);
    return value;
  };
}

/** Stands for the text of an alarm, which costs as much as its length: that of the mean alarm. */
const TEXT = 'What is wrong, and what to do about it, in the order to do it. '.repeat(4);

export function alarm(scope: Construct, id: string, metric: IMetric, options: Partial<CreateAlarmOptions>): Alarm {
  return new Alarm(scope, id, {
    metric,
    threshold: 0,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: TEXT,
    ...options,
  });
}

/** What a function counts by itself. */
export function counted(fn: IFunction, metricName: string, seconds: number, statistic: string = Stats.SUM): Metric {
  return new Metric({
    namespace: 'Backpressure',
    metricName,
    dimensionsMap: { FunctionName: fn.functionName },
    statistic,
    period: Duration.seconds(seconds),
  });
}

export function bundled(
  scope: Construct,
  id: string,
  bundle: string,
  props: Partial<FunctionProps> & { readonly description: string },
): LambdaFunction {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `${props.description} (role)`,
  });
  logGroup.grantWrite(role);
  return new LambdaFunction(scope, id, {
    code: Code.fromAsset(bundleCode(bundle)),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    timeout: Duration.seconds(30),
    memorySize: 256,
    loggingFormat: LoggingFormat.JSON,
    logGroup,
    role,
    ...props,
  });
}

/** A queue that is only put into, encrypted and retained. */
export function parked(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
    removalPolicy: RemovalPolicy.RETAIN,
  });
  (queue.node.findChild('Policy') as QueuePolicy).applyRemovalPolicy(RemovalPolicy.RETAIN);
  return queue;
}

/** Logs that do not block, of a container of Fargate. */
export function logsTo(logGroup: ILogGroup, streamPrefix: string) {
  return LogDrivers.awsLogs({
    logGroup,
    streamPrefix,
    mode: AwsLogDriverMode.NON_BLOCKING,
    maxBufferSize: Size.mebibytes(10),
  });
}

/** One cluster a stack. */
export function clusterIn(stack: Stack): Cluster {
  const found = stack.node.tryFindChild('Cluster');
  if (found !== undefined) return found as Cluster;
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
  });
  return new Cluster(stack, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
}
