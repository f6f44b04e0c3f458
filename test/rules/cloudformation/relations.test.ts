// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's
import { functionAt, mappings, serviceOf } from '../../../lib/rules/cloudformation/read/functions';
import { rolesGranted } from '../../../lib/rules/cloudformation/read/grants';
import { mayBeWatched } from '../../../lib/rules/cloudformation/read/metrics';
import { deadLetterQueueOf, isDeadLetterQueue, isRead } from '../../../lib/rules/cloudformation/read/relations';
import { streamAt, streamRetentionSeconds } from '../../../lib/rules/cloudformation/read/retention';
import { scaledServices } from '../../../lib/rules/cloudformation/read/services';
import { Template } from '../../../lib/rules/cloudformation/read/template';
import { parseDocuments } from '../../../lib/rules/read';

const template = (yaml: string) => new Template(parseDocuments('t.yaml', yaml)[0], 't.yaml');

describe('the function that a value means', () => {
  const resources = (name: string) =>
    template(`
Resources:
  Function: { Type: AWS::Lambda::Function, Properties: { FunctionName: worker } }
  Other: { Type: AWS::Lambda::Function }
  Live: { Type: AWS::Lambda::Alias, Properties: { FunctionName: !Ref Function, Name: live } }
  Version: { Type: AWS::Lambda::Version, Properties: { FunctionName: !GetAtt Function.Arn } }
  Queue: { Type: AWS::SQS::Queue }
  Mapping: { Type: AWS::Lambda::EventSourceMapping, Properties: { FunctionName: ${name} } }`);

  test.each([
    ['!Ref Function', 'Function'],
    ['!GetAtt Function.Arn', 'Function'],
    ['worker', 'Function'],
    ['arn:aws:lambda:eu-west-1:111122223333:function:worker', 'Function'],
    ['!Sub "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:worker"', 'Function'],
    ['!Sub "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Other.Arn}/invocations"', 'Other'],
    ['!Ref Live', 'Function'],
    ['!Ref Version', 'Function'],
    ['somebody-else', undefined],
    ['!Ref Queue', undefined],
    ['!Ref Parameter', undefined],
    ['!ImportValue worker', undefined],
  ])('%s is %s', (name, expected) => {
    const all = resources(name);
    expect(functionAt(all, all.resource('Mapping')!.at('Properties', 'FunctionName'))?.name).toBe(expected);
    expect(mappings(all)[0].handler?.name).toBe(expected);
  });
});

test.each([
  ['!GetAtt Queue.Arn', 'sqs'],
  ['!GetAtt Table.StreamArn', 'dynamodb'],
  ['arn:aws-cn:kinesis:cn-north-1:111122223333:stream/readings', 'kinesis'],
  ['!Sub "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders"', 'sqs'],
  ['!Ref Parameter', undefined],
  ['!Sub "${Parameter}:orders"', undefined],
])('an ARN of %s belongs to %s', (arn, expected) => {
  const all = template(`
Resources:
  Queue: { Type: AWS::SQS::Queue }
  Table: { Type: AWS::DynamoDB::Table }
  Mapping: { Type: AWS::Lambda::EventSourceMapping, Properties: { EventSourceArn: ${arn} } }`);
  expect(serviceOf(all, mappings(all)[0].source)).toBe(expected);
});

describe('who may receive from a queue', () => {
  const granted = (statement: string, attached: string, rest = '') => {
    const all = template(`
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: orders } }
  Other: { Type: AWS::SQS::Queue }
  Role: { Type: AWS::IAM::Role, Properties: { RoleName: reader${rest} } }
  Policy:
    ${attached}
      PolicyDocument: { Statement: [${statement}] }`);
    return rolesGranted(all, 'sqs:ReceiveMessage', all.resource('Queue')!, 'QueueName').map(({ name }) => name);
  };
  const ATTACHED = `Type: AWS::IAM::Policy
    Properties:
      Roles: [!Ref Role]`;
  const allow = (action: string, resource = '!GetAtt Queue.Arn') =>
    `{ Effect: Allow, Action: ${action}, Resource: ${resource} }`;

  test.each([
    [allow('sqs:ReceiveMessage'), ['Role'], 'the action itself'],
    [allow('[sqs:DeleteMessage, "sqs:Receive*"]'), ['Role'], 'a pattern in a list'],
    [allow('"*"'), ['Role'], 'everything'],
    [allow('SQS:receivemessage'), ['Role'], 'actions have no case'],
    [allow('sqs:SendMessage'), [], 'another action'],
    [allow('sqs:ReceiveMessage', '!GetAtt Other.Arn'), [], 'another queue'],
    [allow('!Ref Parameter'), [], 'an action that nobody knows'],
    [`{ Effect: Deny, Action: "sqs:*", Resource: !GetAtt Queue.Arn }`, [], 'a refusal'],
  ])('%s: %j, %s', (statement, expected) => {
    expect(granted(statement, ATTACHED)).toEqual(expected);
  });

  test.each([
    ['Type: AWS::IAM::Policy\n    Properties:\n      Roles: [reader]', '', ['Role'], 'the role by name'],
    ['Type: AWS::IAM::RolePolicy\n    Properties:\n      RoleName: !Ref Role', '', ['Role'], 'a policy of one role'],
    [
      'Type: AWS::IAM::ManagedPolicy\n    Properties:',
      ', ManagedPolicyArns: [!Ref Policy]',
      ['Role'],
      'attached there',
    ],
    ['Type: AWS::IAM::Policy\n    Properties:\n      Roles: [!Ref Parameter]', '', [], 'a role that nobody knows'],
    ['Type: AWS::SQS::QueuePolicy\n    Properties:', '', [], 'who may use the queue is no role of the template'],
  ])('%s%s: %j, %s', (attached, rest, expected) => {
    expect(granted(allow('sqs:ReceiveMessage'), attached, rest)).toEqual(expected);
  });
});

test.each([
  ['!GetAtt Parked.Arn', 'Parked'],
  ['arn:aws:sqs:eu-west-1:111122223333:parked', 'Parked'],
  ['!Join [":", ["arn:aws:sqs", !Ref AWS::Region, !Ref AWS::AccountId, parked]]', 'Parked'],
  ['!Sub "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Parked.QueueName}"', 'Parked'],
  ['arn:aws:sqs:eu-west-1:111122223333:elsewhere', undefined],
  ['!Ref Parameter', undefined],
])('a redrive policy with %s parks in %s', (arn, expected) => {
  const all = template(`
Resources:
  Orders: { Type: AWS::SQS::Queue, Properties: { RedrivePolicy: { deadLetterTargetArn: ${arn}, maxReceiveCount: 5 } } }
  Parked: { Type: AWS::SQS::Queue, Properties: { QueueName: parked } }`);
  expect(deadLetterQueueOf(all, all.resource('Orders')!)?.name).toBe(expected);
  expect(isDeadLetterQueue(all, all.resource('Parked')!)).toBe(expected !== undefined);
});

test.each([
  ['Type: AWS::Pipes::Pipe, Properties: { Source: !GetAtt Queue.Arn }', true],
  ['Type: AWS::Lambda::EventSourceMapping, Properties: { EventSourceArn: !GetAtt Queue.Arn }', true],
  ['Type: AWS::SNS::Subscription, Properties: { Endpoint: !GetAtt Queue.Arn }', false],
])('{ %s } reads the queue: %s', (other, expected) => {
  const all = template(`
Resources:
  Queue: { Type: AWS::SQS::Queue }
  Other: { ${other} }`);
  expect(isRead(all, all.resource('Queue')!)).toBe(expected);
});

test('a stream is found through its registered consumer, and keeps a day unless it says otherwise', () => {
  const all = template(`
Resources:
  Stream: { Type: AWS::Kinesis::Stream }
  Long: { Type: AWS::Kinesis::Stream, Properties: { RetentionPeriodHours: 48 } }
  Consumer: { Type: AWS::Kinesis::StreamConsumer, Properties: { StreamARN: !GetAtt Long.Arn } }
  One: { Type: AWS::Lambda::EventSourceMapping, Properties: { EventSourceArn: !GetAtt Stream.Arn } }
  Two: { Type: AWS::Lambda::EventSourceMapping, Properties: { EventSourceArn: !Ref Consumer } }
  Three: { Type: AWS::Lambda::EventSourceMapping, Properties: { EventSourceArn: !Ref Parameter } }`);
  const sources = mappings(all).map(({ source }) => source);
  expect(sources.map((source) => streamAt(all, source)?.name)).toEqual(['Stream', 'Long', undefined]);
  expect(sources.map((source) => streamRetentionSeconds(all, source))).toEqual([86_400, 172_800, undefined]);
});

test.each([
  ['!Sub "service/${Cluster}/${Service.Name}"', 'Service'],
  ['!Join ["/", [service, !Ref Cluster, workers]]', 'Service'],
  ['service/main/workers', 'Service'],
  ['service/main/others', undefined],
  ['table/orders', undefined],
  ['!Ref Parameter', undefined],
])('the scalable target %s is %s', (resourceId, expected) => {
  const all = template(`
Resources:
  Cluster: { Type: AWS::ECS::Cluster }
  Service: { Type: AWS::ECS::Service, Properties: { ServiceName: workers } }
  Scalable: { Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: { ResourceId: ${resourceId} } }
  Policy: { Type: AWS::ApplicationAutoScaling::ScalingPolicy, Properties: { ScalingTargetId: !Ref Scalable } }`);
  const [found] = scaledServices(all);
  expect(found?.service.name).toBe(expected);
  if (expected) expect(found.policies.map(({ name }) => name)).toEqual(['Policy']);
});

describe('an alarm that may watch a queue', () => {
  const metric = (value: string, namespace = 'AWS/SQS') =>
    `{ Namespace: ${namespace}, MetricName: X, Dimensions: [{ Name: QueueName, Value: ${value} }] }`;

  test.each([
    [metric('!GetAtt Queue.QueueName'), true, 'by reference'],
    [metric('parked'), true, 'by name'],
    [metric('!Ref Parameter'), true, 'perhaps'],
    [metric('other'), false, 'another queue'],
    [metric('parked', 'AWS/SNS'), false, 'another service'],
    [metric('parked', '!Ref Parameter'), true, 'a service that nobody knows'],
    [`{ Metrics: [{ Id: m, MetricStat: { Metric: ${metric('parked')} } }] }`, true, 'within metric math'],
    [`{ Metrics: [{ Id: m, MetricStat: { Metric: ${metric('other')} } }] }`, false, 'math on another'],
    ['{ Metrics: [{ Id: q, Expression: "SELECT MAX(X) FROM SCHEMA(\\"AWS/SQS\\", QueueName)" }] }', true, 'a query'],
    ['{ Metrics: !Ref Parameter }', true, 'metrics that nobody knows'],
  ])('%s: %s, %s', (properties, expected) => {
    const all = template(`
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: parked } }
  Alarm: { Type: AWS::CloudWatch::Alarm, Properties: ${properties} }`);
    expect(mayBeWatched(all, all.resource('Queue')!)).toBe(expected);
  });
});
