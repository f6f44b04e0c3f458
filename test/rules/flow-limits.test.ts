/** Rules know no limit of their own where flow has it: with another number in flow, they go by that one. */
import { check } from '../../lib/rules/check';
import { Template } from '../../lib/rules/cloudformation/read/template';
import { deployment, findingsIn, scaledObject } from './kubernetes/manifest';

jest.mock('../../lib/flow/queue/brokers/sqs', () => {
  const actual = jest.requireActual('../../lib/flow/queue/brokers/sqs');
  const retentionSeconds = { ...actual.SQS_LIMITS.retentionSeconds, max: 9001 };
  return {
    ...actual,
    LAMBDA_VISIBILITY_FACTOR: 7,
    FEWEST_RECEIVES: 9,
    SQS_DEFAULTS: { visibilitySeconds: 40, retentionSeconds: 8000 },
    SQS_LIMITS: { ...actual.SQS_LIMITS, retentionSeconds },
  };
});
jest.mock('../../lib/flow/queue/platforms/lambda', () => ({
  ...jest.requireActual('../../lib/flow/queue/platforms/lambda'),
  MAX_CONCURRENCY: { min: 4, max: 1000 },
  UNBOUNDED_CONCURRENCY: 50,
  DEFAULT_FUNCTION_SECONDS: 6,
  SQS_BATCH: { usual: 17, largest: 10_000 },
}));
jest.mock('../../lib/flow/queue/platforms/keda', () => ({
  ...jest.requireActual('../../lib/flow/queue/platforms/keda'),
  LONGEST_GRACE_SECONDS: 70,
  KEDA_COOLDOWN_SECONDS: 44,
  FAILED_READINGS: 8,
}));
jest.mock('../../lib/flow/queue/platforms/fargate', () => ({
  ...jest.requireActual('../../lib/flow/queue/platforms/fargate'),
  SCALING_COOLDOWN_SECONDS: 5000,
}));

jest.mock('../../lib/flow/schedule/eventbridge', () => ({
  ...jest.requireActual('../../lib/flow/schedule/eventbridge'),
  EVENTBRIDGE_RETRIES: { seconds: 777, tries: 66 },
}));

type Body = Record<string, unknown>;

const arn = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });
const queue = (receives: number, rest: Body = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties: { RedrivePolicy: { deadLetterTargetArn: arn('Parked'), maxReceiveCount: receives }, ...rest },
});
const worker = (reserved: number | undefined, mapping: Body = {}) => ({
  Worker: { Type: 'AWS::Lambda::Function', Properties: { Timeout: 10, ReservedConcurrentExecutions: reserved } },
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { FunctionName: { Ref: 'Worker' }, EventSourceArn: arn('Orders'), ...mapping },
  },
  Parked: { Type: 'AWS::SQS::Queue' },
});

/** What a rule says about a template: message and fix. */
function said(ruleId: string, resources: Body): string {
  const template = new Template({ Resources: resources }, 'test.json');
  return check([template])
    .filter((finding) => finding.ruleId === ruleId)
    .map(({ message, fix }) => `${message}; ${fix}`)
    .join('\n');
}

test.each([
  [
    'BP-SQS-001',
    'retention ÷ visibility as SQS has them, and receives',
    { ...worker(1), Orders: { Type: 'AWS::SQS::Queue' } },
    ['200 times (2.22 h kept ÷ 40 s hidden)', 'maxReceiveCount 9 or more'],
  ],
  ['BP-SQS-002', 'the longest retention', { ...worker(1), Orders: queue(9) }, ['2.22 h', '9001']],
  ['BP-SQS-003', 'receives below the fewest', { ...worker(1), Orders: queue(8) }, ['below 9']],
  [
    'BP-SQS-004',
    'the factor of the time-out',
    { ...worker(1), Orders: queue(9, { VisibilityTimeout: 69 }) },
    ['7 × 10 = 70 s'],
  ],
  ['BP-SQS-004', 'the visibility of a queue that says none', { ...worker(1), Orders: queue(9) }, ['hidden for 40 s']],
  ['BP-LAMBDA-001', 'the batch of a mapping that says none', { ...worker(1), Orders: queue(9) }, ['all 17']],
  ['BP-LAMBDA-003', 'the least maximum', { ...worker(3), Orders: queue(9) }, ['reserve 4 or more']],
  [
    'BP-SQS-004',
    'the time-out of a function that says none',
    { ...worker(1), Worker: { Type: 'AWS::Lambda::Function' }, Orders: queue(9) },
    ['7 × 6 = 42 s'],
  ],
  [
    'BP-SCHED-003',
    "EventBridge's retries",
    { Daily: { Type: 'AWS::Scheduler::Schedule', Properties: { Target: { Arn: 'arn:aws:sqs:eu-west-1:1:a' } } } },
    ['after 12.9 min or 66 retries'],
  ],
  [
    'BP-SCALING-002',
    'the cooldown of a policy that says none',
    {
      Orders: { Type: 'AWS::SQS::Queue' },
      Service: { Type: 'AWS::ECS::Service', Properties: {} },
      Scalable: {
        Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
        Properties: {
          MinCapacity: 1,
          MaxCapacity: 5,
          ServiceNamespace: 'ecs',
          ResourceId: { 'Fn::Join': ['/', ['service', 'cluster', { 'Fn::GetAtt': ['Service', 'Name'] }]] },
        },
      },
      Policy: {
        Type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
        Properties: {
          ScalingTargetId: { Ref: 'Scalable' },
          StepScalingPolicyConfiguration: {
            AdjustmentType: 'ChangeInCapacity',
            StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
          },
        },
      },
      Deep: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          Namespace: 'AWS/SQS',
          MetricName: 'ApproximateNumberOfMessagesVisible',
          Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['Orders', 'QueueName'] } }],
          Period: 60,
          EvaluationPeriods: 1,
          AlarmActions: [{ Ref: 'Policy' }],
        },
      },
    },
    ['60 + 3 × 5000 = 15060 s'],
  ],
] as const)('%s goes by %s', (ruleId, _, resources, parts) => {
  const text = said(ruleId, resources);
  for (const part of parts) expect(text).toContain(part);
});

test('BP-LAMBDA-003 is silent where more is reserved than a mapping asks for', () => {
  expect(said('BP-LAMBDA-003', { ...worker(49), Orders: queue(9) })).not.toBe('');
  expect(said('BP-LAMBDA-003', { ...worker(50), Orders: queue(9) })).toBe('');
});

test.each([
  ['BP-KEDA-005', 45, 'cooldownPeriod 44 s'],
  ['BP-KEDA-007', 71, 'above the 70 s'],
])('%s goes by its limit for an item of %d s', (ruleId, seconds, part) => {
  const trigger = { type: 'rabbitmq', metadata: { protocol: 'amqp', mode: 'QueueLength', value: '5' } };
  const findings = findingsIn(
    deployment('worker', {}, { terminationGracePeriodSeconds: 600 }),
    scaledObject('worker', { triggers: [trigger] }, { 'backpressure-constructs/service-seconds': String(seconds) }),
  );
  expect(findings.find((finding) => finding.ruleId === ruleId)?.message).toContain(part);
});

test('BP-KEDA-003 advises the readings of the plan', () => {
  const trigger = { type: 'rabbitmq', metadata: { protocol: 'amqp', mode: 'QueueLength', value: '5' } };
  const findings = findingsIn(
    deployment('worker', {}),
    scaledObject('worker', { triggers: [trigger], fallback: undefined }),
  );
  expect(findings.find(({ ruleId }) => ruleId === 'BP-KEDA-003')?.fix).toContain('failureThreshold 8');
});
