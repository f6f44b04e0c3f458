import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import { metricAt } from './read/metrics';
import type { Template } from './read/template';

const BROKER = 'AWS::AmazonMQ::Broker';
const POLICIES = ['AWS::ApplicationAutoScaling::ScalingPolicy', 'AWS::AutoScaling::ScalingPolicy'];
/** What a broker publishes of a queue, and, without that dimension, of all its queues together. */
const DEPTHS = ['MessageCount', 'MessageReadyCount', 'MessageUnacknowledgedCount'];

/** Rules about RabbitMQ brokers on Amazon MQ. */
export const MQ_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-MQ-001',
    title: 'A RabbitMQ broker that takes no patches is refused',
    why: 'From RabbitMQ 3.13 on Amazon MQ requires automatic minor version upgrades: a broker without them is not made, and the deployment fails after minutes.',
    source:
      'Amazon MQ developer guide, "Managing Amazon MQ for RabbitMQ engine versions": autoMinorVersionUpgrade must be true from 3.13 on',
    severity: 'error',
    cases: [2],
    *check(template) {
      for (const broker of rabbits(template)) {
        const at = broker.at('Properties', 'AutoMinorVersionUpgrade');
        const version = broker.at('Properties', 'EngineVersion');
        if (at.flag() !== false || !requiresPatches(version)) continue;
        yield {
          at,
          message: `${broker.name} is RabbitMQ ${version.text() ?? 'of the latest version'} and has AutoMinorVersionUpgrade false`,
          fix: 'set AutoMinorVersionUpgrade to true, and MaintenanceWindowStartTime to the hour that suits you',
        };
      }
    },
  },
  {
    id: 'BP-MQ-002',
    title: 'A RabbitMQ broker of a single instance',
    why: 'When the instance is replaced or patched, nobody publishes and nobody consumes for minutes, once in every maintenance window at least. Its queues have one copy in one zone.',
    source: 'Amazon MQ developer guide, "Deployment options for Amazon MQ for RabbitMQ brokers": cluster deployment',
    severity: 'warning',
    cases: [2],
    *check(template) {
      for (const broker of rabbits(template)) {
        const at = broker.at('Properties', 'DeploymentMode');
        if (at.text() !== 'SINGLE_INSTANCE') continue;
        yield {
          at,
          message: `${broker.name} is one instance: each patch and each failure stops its queues for minutes`,
          fix: 'set DeploymentMode to CLUSTER_MULTI_AZ, of which two nodes go on while the third is away, and declare quorum queues',
        };
      }
    },
  },
  {
    id: 'BP-MQ-003',
    title: 'A worker is scaled on the messages of the whole broker',
    why: 'Without the dimensions VirtualHost and Queue the metric adds up every queue of the broker, its dead letters as well: letters that wait for a person keep tasks running for nothing, and another queue starts the tasks of this one.',
    source: 'Amazon MQ developer guide, "Available CloudWatch metrics for Amazon MQ for RabbitMQ brokers": dimensions',
    severity: 'error',
    cases: [2],
    *check(template) {
      for (const policy of template.ofType(...POLICIES)) {
        for (const at of trackedDepths(policy)) {
          yield {
            at,
            message: `${policy.name} follows ${at.text()} of the whole broker, dead letters and other queues included`,
            fix: 'give the metric the dimensions Broker, VirtualHost and Queue',
          };
        }
      }
    },
  },
  {
    id: 'BP-MQ-004',
    title: 'The password of a broker in a template',
    why: 'Templates are kept by CloudFormation, in buckets and in Git, and everyone who may read one of them is an administrator of the broker.',
    source:
      'AWS CloudFormation User Guide, "Using dynamic references to specify template values": secretsmanager; Amazon MQ, Users',
    severity: 'error',
    cases: [2],
    *check(template) {
      for (const broker of template.ofType(BROKER)) {
        for (const user of broker.at('Properties', 'Users').items()) {
          const at = user.at('Password');
          const text = at.text();
          if (text === undefined || text === '' || text.includes('{{resolve:')) continue;
          yield {
            at,
            message: `${broker.name} has the password of a user in plain text`,
            fix: "generate it in Secrets Manager, and refer to it: '{{resolve:secretsmanager:<arn>:SecretString:password::}}'",
          };
        }
      }
    },
  },
];

/** The brokers that are RabbitMQ for certain. */
export function rabbits(template: Template): readonly Resource[] {
  return template
    .ofType(BROKER)
    .filter((broker) => broker.at('Properties', 'EngineType').text()?.toUpperCase() === 'RABBITMQ');
}

/** Whether a version is 3.13 or later for certain; a broker without one gets the latest. */
function requiresPatches(version: Value): boolean {
  if (version.absent) return true;
  const found = /^(\d+)\.(\d+)/.exec(version.text() ?? '');
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major > 3 || (major === 3 && minor >= 13);
}

/** The names of metrics of all queues of a broker that a policy follows. */
function trackedDepths(policy: Resource): Value[] {
  return ['TargetTrackingScalingPolicyConfiguration', 'TargetTrackingConfiguration'].flatMap((configuration) => {
    const specification = policy.at('Properties', configuration, 'CustomizedMetricSpecification');
    const queries = specification
      .at('Metrics')
      .items()
      .map((query) => query.at('MetricStat', 'Metric'));
    return [specification, ...queries].flatMap((described) => {
      const { namespace, name, dimensions } = metricAt(described);
      if (namespace.text() !== 'AWS/AmazonMQ' || !DEPTHS.includes(name.text() ?? '')) return [];
      const names = dimensions.items().map((dimension) => dimension.at('Name').text());
      // ActiveMQ has other metrics; a name that is not decided may be the queue's.
      return names.includes('Queue') || names.includes(undefined) || !names.includes('Broker') ? [] : [name];
    });
  });
}

/** What is published of one queue of RabbitMQ, which grows with the queue and not with the tasks. */
export const RAW_MQ_DEPTHS: readonly string[] = DEPTHS;
