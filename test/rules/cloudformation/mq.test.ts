// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's
/** Workers of RabbitMQ on Amazon MQ: which signals they must not be scaled on. */
import { check } from '../../../lib/rules/check';
import { readDocuments } from '../../../lib/rules/read';
import type { Untyped } from '../../support/stack';

const ids = (Resources: object): string[] =>
  check(readDocuments([{ file: 'test.json', text: JSON.stringify({ Resources }) }])).map(({ ruleId }) => ruleId);

/** A service whose tasks are told of a broker, scaled on CPU. */
function service(environment: object[], more: Untyped = {}): object {
  const policy = { PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' } };
  return {
    Broker: {
      Type: 'AWS::AmazonMQ::Broker',
      Properties: { EngineType: 'RABBITMQ', EngineVersion: '4.2', DeploymentMode: 'CLUSTER_MULTI_AZ', ...more.broker },
    },
    Task: { Type: 'AWS::ECS::TaskDefinition', Properties: { ContainerDefinitions: [{ Environment: environment }] } },
    Workers: { Type: 'AWS::ECS::Service', Properties: { TaskDefinition: { Ref: 'Task' }, ...more.service } },
    Scalable: {
      Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
      Properties: { ResourceId: { 'Fn::Sub': 'service/workers/${Workers.Name}' }, MinCapacity: 1, MaxCapacity: 9 },
    },
    Policy: {
      Type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
      Properties: {
        ScalingTargetId: { Ref: 'Scalable' },
        TargetTrackingScalingPolicyConfiguration: { TargetValue: 50, ...policy },
      },
    },
  };
}
const ENDPOINT = {
  Name: 'RABBITMQ_ENDPOINT',
  Value: { 'Fn::Select': [0, { 'Fn::GetAtt': ['Broker', 'AmqpEndpoints'] }] },
};
const QUEUE = { Name: 'QUEUE_NAME', Value: 'orders' };

test.each<[string, object, boolean]>([
  ['a worker of a queue', service([ENDPOINT, QUEUE]), true],
  ['a producer, which has no queue', service([ENDPOINT]), false],
  ['a service behind a load balancer', service([ENDPOINT, QUEUE], { service: { LoadBalancers: [{}] } }), false],
  ['a worker of ActiveMQ', service([ENDPOINT, QUEUE], { broker: { EngineType: 'ACTIVEMQ' } }), false],
  ['a worker of another queue', service([QUEUE]), false],
])('scaled on CPU: %s', (_, resources, is) => expect(ids(resources).includes('BP-SCALING-001')).toBe(is));

const tracked = (Namespace: string, MetricName: string) => ({
  Policy: {
    Type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
    Properties: {
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 100,
        CustomizedMetricSpecification: {
          Namespace,
          MetricName,
          Dimensions: ['Broker', 'VirtualHost', 'Queue'].map((Name) => ({ Name, Value: 'x' })),
        },
      },
    },
  },
});

test.each<[string, string, boolean]>([
  ['AWS/AmazonMQ', 'MessageReadyCount', true],
  ['AWS/AmazonMQ', 'MessageCount', true],
  ['AWS/AmazonMQ', 'ConsumerCount', false],
  ['Shop/Orders', 'MessageReadyCount', false],
  ['AWS/SQS', 'ApproximateNumberOfMessagesVisible', true],
])('a target for %s %s of the whole queue', (namespace, name, is) =>
  expect(ids(tracked(namespace, name)).includes('BP-SCALING-003')).toBe(is),
);
