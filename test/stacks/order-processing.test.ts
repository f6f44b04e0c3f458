/** Order processing: a queue of Amazon MQ and the tasks that work on it (case 2). */
import { Template } from 'aws-cdk-lib/assertions';
import { ORDERS } from '../../lib/cases/case-02-order-peak';
import { OrderProcessingStack } from '../../stacks/order-processing';
import { referenceApp } from '../support/reference';
import type { Untyped } from '../support/stack';

const template = Template.fromStack(new OrderProcessingStack(referenceApp(), 'OrderProcessing'));
const all = (type: string): Untyped[] =>
  Object.values<Untyped>(template.findResources(type)).map(({ Properties }) => Properties);

test('the broker is a cluster of three nodes in private subnets, and logs', () => {
  const [broker, ...others] = all('AWS::AmazonMQ::Broker');
  expect(others).toEqual([]);
  expect(broker).toMatchObject({
    EngineType: 'RABBITMQ',
    DeploymentMode: 'CLUSTER_MULTI_AZ',
    PubliclyAccessible: false,
    Logs: { General: true },
  });
});

test('no password is in the template', () => {
  const users = all('AWS::AmazonMQ::Broker').flatMap(({ Users }) => Users);
  expect(users.length).toBeGreaterThan(0);
  for (const { Password } of users) expect(JSON.stringify(Password)).toContain('{{resolve:secretsmanager:');
});

test('the tasks that always run are enough for the peak of the case: a new one is slow to come', () => {
  const [target] = all('AWS::ApplicationAutoScaling::ScalableTarget');
  expect(target.MaxCapacity).toBeGreaterThanOrEqual(target.MinCapacity);
  const { peakPerSecond = 0, serviceSeconds } = ORDERS.workload;
  const slots = ORDERS.on.aws.consumer?.slotsPerInstance ?? 1;
  expect(target.MinCapacity * slots).toBeGreaterThanOrEqual(peakPerSecond * serviceSeconds);
});

// Without the rule the tasks get no password, and none starts.
test('the endpoint of Secrets Manager lets the tasks in', () => {
  const ingress = all('AWS::EC2::SecurityGroup')
    .flatMap(({ SecurityGroupIngress = [] }) => SecurityGroupIngress)
    .filter(({ Description }) => Description === 'Order workers');
  expect(ingress.map(({ FromPort, ToPort }) => [FromPort, ToPort])).toEqual([[443, 443]]);
});

test('every alarm goes to the topic', () => {
  const alarms = all('AWS::CloudWatch::Alarm');
  expect(alarms.length).toBeGreaterThan(5);
  for (const { AlarmActions } of alarms) expect(AlarmActions).toHaveLength(1);
});

test('the template', () => {
  // Hashes of code change with every build and say nothing here.
  expect(JSON.parse(JSON.stringify(template.toJSON()).replace(/\b[0-9a-f]{64}\b/g, '<asset>'))).toMatchSnapshot();
});
