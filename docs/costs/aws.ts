/** What the resources of an example cost while nothing arrives, at list prices. */
import type { CfnResource } from 'aws-cdk-lib';
import { EMPTY_RECEIVES_PER_SECOND, fargateHourCost } from '../../lib/flow/compute-cost';
import { MONTH_HOURS } from '../../lib/flow/prices';
import prices from '../../lib/flow/prices.json';
import type { Untyped } from './example';

/** One line of a bill. */
export interface Charge {
  readonly what: string;
  /** US dollars: a month, or of an hour at the peak. */
  readonly dollars: number;
}

/** Properties of a resource as they stand in the template. */
export interface Resource {
  readonly type: string;
  readonly properties: Untyped;
  /** The same with a reference in it, to find what points at it. */
  readonly logicalId: string;
}

/** Resources that cost nothing by themselves: what flows through them does, and stands in the usage of their construct. */
const FREE_AT_REST = new Set([
  'AWS::APS::RuleGroupsNamespace',
  'AWS::APS::Workspace',
  'AWS::ApiGateway::Account',
  'AWS::ApiGateway::Deployment',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Model',
  'AWS::ApiGateway::RequestValidator',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Stage',
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::Batch::ComputeEnvironment',
  'AWS::Batch::JobDefinition',
  'AWS::Batch::JobQueue',
  'AWS::Batch::SchedulingPolicy',
  'AWS::Budgets::Budget',
  'AWS::CodeBuild::Project',
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::ECS::TaskDefinition',
  'AWS::EMRServerless::Application',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::ElasticLoadBalancingV2::TargetGroup',
  'AWS::Events::Rule',
  'AWS::Glue::Database',
  'AWS::Glue::Job',
  'AWS::Glue::Table',
  'AWS::Glue::TableOptimizer',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::IoT::TopicRule',
  'AWS::KinesisFirehose::DeliveryStream',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::Logs::LogStream',
  'AWS::Logs::MetricFilter',
  'AWS::MSK::Topic',
  'AWS::RDS::DBClusterParameterGroup',
  'AWS::RDS::DBParameterGroup',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::S3Tables::Namespace',
  'AWS::S3Tables::Table',
  'AWS::S3Tables::TableBucket',
  'AWS::SES::ConfigurationSet',
  'AWS::SES::ConfigurationSetEventDestination',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::Scheduler::Schedule',
  'AWS::Scheduler::ScheduleGroup',
  'AWS::WAFv2::WebACLAssociation',
]);

/**
 * What the resources cost a month at rest. A type that is neither priced nor known to be free is an error, so that nothing is
 * left out of a page in silence.
 *
 * @param covered types that the usage of the construct has in it already
 */
export function atRest(found: readonly Resource[], covered: readonly string[]): Charge[] {
  const resources = found.filter(({ type }) => !covered.includes(type));
  const unknown = resources.filter(({ type }) => !isFree(type) && !(type in PRICED)).map(({ type }) => type);
  if (unknown.length > 0) throw new Error(`docs/costs/aws.ts: no price at rest of ${[...new Set(unknown)].join(', ')}`);
  const charges = Object.entries(PRICED).flatMap(([type, price]) => {
    const of = resources.filter((each) => each.type === type);
    return of.length === 0 ? [] : price(of, resources);
  });
  return charges.filter(({ dollars }) => dollars > 0);
}

/** What tasks cost in an hour with as many of them as the scaler may start. */
export function tasksAtThePeak(resources: readonly Resource[]): Charge[] {
  return resources
    .filter(({ type }) => type === 'AWS::ECS::Service')
    .map((service) => {
      const { most, hour } = tasksOf(service, resources);
      return { what: `${most} tasks`, dollars: most * hour };
    });
}

/** So many of a thing. */
export function several(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function isFree(type: string): boolean {
  return FREE_AT_REST.has(type) || type.startsWith('Custom::');
}

/** A resource of an app as it stands in the template. */
export function resourceOf(resource: CfnResource): Resource {
  const { stack } = resource;
  const template = stack.resolve((resource as Untyped)._toCloudFormation()) as Untyped;
  const [[logicalId, { Type, Properties }]] = Object.entries<Untyped>(template.Resources);
  return { type: Type, properties: Properties ?? {}, logicalId };
}

type Price = (of: readonly Resource[], all: readonly Resource[]) => Charge[];

/** Nodes of a broker; only the size that has a price is counted. */
function nodesOf({ HostInstanceType: type, DeploymentMode: mode }: Untyped): number {
  if (type !== 'mq.m7g.large') throw new Error(`docs/costs/aws.ts: no price of ${type}`);
  return mode === 'CLUSTER_MULTI_AZ' ? 3 : 1;
}

/** So much for each of a kind. */
function each(what: string, dollars: number): Price {
  return (of) => [{ what: several(of.length, what), dollars: of.length * dollars }];
}

const PRICED: Readonly<Record<string, Price>> = {
  'AWS::AmazonMQ::Broker': (of) => {
    const nodes = of.reduce((sum, { properties }) => sum + nodesOf(properties), 0);
    return [
      {
        what: `${several(nodes, 'node')} of a broker`,
        dollars: nodes * prices.amazonMq.largeNodeHour.value * MONTH_HOURS,
      },
    ];
  },
  'AWS::CloudWatch::Alarm': (of) => {
    const read = of.flatMap(({ properties }) => metricsOf(properties));
    const own = new Set(
      read.filter(({ Namespace }) => !Namespace?.startsWith('AWS/')).map((one) => JSON.stringify(one)),
    );
    const { alarmMetricMonth, customMetricMonth } = prices.cloudwatch;
    return [
      {
        what: `${several(of.length, 'alarm')} on ${several(read.length, 'metric')}`,
        dollars: read.length * alarmMetricMonth.value,
      },
      { what: `${several(own.size, 'custom metric')} that they read`, dollars: own.size * customMetricMonth.value },
    ];
  },
  'AWS::CloudWatch::Dashboard': each('dashboard', prices.cloudwatch.dashboardMonth.value),
  'AWS::ECS::Service': (of, all) =>
    of.map((service) => {
      const { least, hour } = tasksOf(service, all);
      return { what: several(least, 'task'), dollars: least * hour * MONTH_HOURS };
    }),
  'AWS::ElasticLoadBalancingV2::LoadBalancer': each('load balancer', prices.loadBalancer.hour.value * MONTH_HOURS),
  'AWS::KMS::Key': each('key', prices.kms.keyMonth.value),
  'AWS::Kinesis::Stream': (of) => {
    const shards = of.reduce((sum, { properties }) => sum + (properties.ShardCount ?? 0), 0);
    const onDemand = of.filter(({ properties }) => properties.StreamModeDetails?.StreamMode === 'ON_DEMAND').length;
    return [
      { what: several(shards, 'shard'), dollars: shards * prices.kinesis.shardHour.value * MONTH_HOURS },
      {
        what: `${several(onDemand, 'stream')} on demand`,
        dollars: onDemand * prices.kinesis.onDemandStreamHour.value * MONTH_HOURS,
      },
    ];
  },
  'AWS::Lambda::EventSourceMapping': (of, all) => {
    const queues = new Set(all.filter(({ type }) => type === 'AWS::SQS::Queue').map(({ logicalId }) => logicalId));
    const polled = of.filter(({ properties }) => queues.has(properties.EventSourceArn?.['Fn::GetAtt']?.[0])).length;
    const receives = polled * EMPTY_RECEIVES_PER_SECOND * MONTH_HOURS * 3600;
    return [
      {
        what: `receives that find nothing, on ${several(polled, 'queue')} that Lambda polls`,
        dollars: (receives * prices.sqs.perMillionRequests.value) / 1e6,
      },
    ];
  },
  'AWS::Logs::MetricFilter': (of, all) => {
    // Those that an alarm reads are counted with it.
    const read = all
      .filter(({ type }) => type === 'AWS::CloudWatch::Alarm')
      .flatMap(({ properties }) => metricsOf(properties).map(({ MetricName }) => MetricName));
    const unread = of.filter(({ properties }) => !read.includes(properties.MetricTransformations[0].MetricName)).length;
    return [
      {
        what: `${several(unread, 'custom metric')} for graphs alone`,
        dollars: unread * prices.cloudwatch.customMetricMonth.value,
      },
    ];
  },
  'AWS::SecretsManager::Secret': each('secret', prices.secretsManager.secretMonth.value),
  'AWS::WAFv2::WebACL': (of) => {
    const rules = of.reduce((sum, { properties }) => sum + (properties.Rules?.length ?? 0), 0);
    const { webAclMonth, ruleMonth } = prices.waf;
    return [
      {
        what: `${several(of.length, 'web ACL')} with ${several(rules, 'rule')}`,
        dollars: of.length * webAclMonth.value + rules * ruleMonth.value,
      },
    ];
  },
};

/** The metrics that an alarm reads; those of an expression count each. */
function metricsOf(alarm: Untyped): Untyped[] {
  const { Namespace, MetricName, Dimensions, Metrics } = alarm;
  if (Metrics === undefined) return [{ Namespace, MetricName, Dimensions }];
  return Metrics.flatMap(({ MetricStat, Expression }: Untyped) => {
    if (MetricStat !== undefined) return [MetricStat.Metric];
    // A query of Metrics Insights is paid by the metrics that it reads; ours read one each.
    const [, namespace] =
      /^SELECT .* FROM "([^"]+)"/.exec(JSON.stringify(Expression).replace(/\\"/g, '"').slice(1)) ?? [];
    return namespace === undefined ? [] : [{ Namespace: namespace }];
  });
}

/** How many tasks run at least and at most, and what an hour of one costs. */
function tasksOf(service: Resource, all: readonly Resource[]): { least: number; most: number; hour: number } {
  const task = all.find(({ logicalId }) => logicalId === service.properties.TaskDefinition.Ref);
  const { Cpu, Memory, RuntimePlatform } = task!.properties;
  const target = all.find(({ type }) => type === 'AWS::ApplicationAutoScaling::ScalableTarget');
  const { DesiredCount } = service.properties;
  return {
    least: target?.properties.MinCapacity ?? DesiredCount,
    most: target?.properties.MaxCapacity ?? DesiredCount,
    hour: fargateHourCost(Number(Cpu), Number(Memory), RuntimePlatform?.CpuArchitecture === 'ARM64', 0),
  };
}
