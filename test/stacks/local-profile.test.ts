import { App, AspectPriority, Aspects, CfnOutput, CfnResource, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnScalableTarget } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Alarm, AlarmWidget, Dashboard, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { ACCEPTED_WITHOUT_EFFECT, LocalProfile } from '../../stacks/local-profile';
import { OrderIntakeStack } from '../../stacks/order-intake';
import { referenceApp } from '../support/reference';

/** As bin/aws.ts does it. */
function locally<S extends Stack>(make: (app: App) => S) {
  const app = referenceApp();
  const stack = make(app);
  const profile = new LocalProfile();
  Aspects.of(app).add(profile, { priority: AspectPriority.READONLY });
  return { stack, profile, template: () => Template.fromStack(stack).toJSON() };
}

const drop = (id: string) => (scope: Stack) =>
  new CfnScalableTarget(scope, id, {
    serviceNamespace: 'ecs',
    scalableDimension: 'ecs:service:DesiredCount',
    resourceId: 'service/a/b',
    minCapacity: 0,
    maxCapacity: 1,
  });

describe('the order intake, locally', () => {
  const whole = Template.fromStack(new OrderIntakeStack(referenceApp(), 'OrderIntake')).toJSON();
  const { template, profile } = locally((app) => new OrderIntakeStack(app, 'OrderIntake'));
  const local = template();

  test('drops exactly what the emulator does not support, each with its path and its reason', () => {
    const dropped = profile.dropped.map(({ resourceType, path, reason }) => [resourceType, path, reason]);
    expect(dropped).toEqual([
      ['AWS::CloudWatch::Alarm', 'OrderIntake/Webhooks/Queue/Alarms/TimeToDrain/Resource', 'an alarm on metric math'],
      [
        'AWS::CloudWatch::Dashboard',
        expect.stringMatching(/^OrderIntake\/Webhooks\/Queue\/Dashboards\//),
        'a dashboard that shows an alarm on metric math',
      ],
      [
        'AWS::WAFv2::WebACLAssociation',
        'OrderIntake/Webhooks/WebAclAssociation',
        'no such resource type in the emulator',
      ],
      ['AWS::Budgets::Budget', 'OrderIntake/Archive/Budget/Resource', 'no such resource type in the emulator'],
      ['AWS::CloudWatch::Alarm', 'OrderIntake/Archive/StoredBytesAlarm/Resource', 'an alarm on metric math'],
      ...['github', 'shop'].map((source) => [
        'AWS::CloudWatch::Alarm',
        expect.stringMatching(new RegExp(`^OrderIntake/Intake/RefusedAlarms-[0-9a-f]+/${source}/Resource$`)),
        'an alarm on metric math',
      ]),
    ]);
  });

  test('is the same stack otherwise, to the letter', () => {
    const left = Object.fromEntries(
      Object.entries<{ Type: string }>(whole.Resources).filter(([id]) => local.Resources[id] !== undefined),
    );
    expect(local.Resources).toEqual(left);
    expect(Object.keys(whole.Resources)).toHaveLength(Object.keys(left).length + profile.dropped.length);
    expect({ ...local, Resources: {} }).toEqual({ ...whole, Resources: {} });
  });

  test('says of every kind that the emulator only pretends to hold, what has no effect', () => {
    const types = new Set(Object.values<{ Type: string }>(local.Resources).map(({ Type }) => Type));
    expect(Object.keys(ACCEPTED_WITHOUT_EFFECT).filter((type) => !types.has(type))).toEqual([]);
  });
});

describe('a stack of its own', () => {
  test.each<[string, string, (stack: Stack, target: CfnScalableTarget) => void]>([
    ['a property', 'Small/Refers', (stack, target) => refers(stack, { Name: target.ref })],
    ['an attribute', 'Small/Refers', (stack, target) => refers(stack, { Name: target.getAtt('Id') })],
    ['a text', 'Small/Refers', (stack, target) => refers(stack, { Name: `a-${target.ref}` })],
    ['a dependency', 'Small/Refers', (stack, target) => refers(stack, {}).addResourceDependency(target)],
    ['an output', 'Small/Out', (stack, target) => void new CfnOutput(stack, 'Out', { value: target.ref })],
  ])('refuses a dangling reference in %s, and names both ends', (_, path, refer) => {
    const { template } = locally((app) => {
      const stack = new Stack(app, 'Small');
      refer(stack, drop('Gone')(stack));
      return stack;
    });
    expect(template).toThrow(`${path} refers to Small/Gone, which the local emulator does not support`);
  });

  test('drops what nobody refers to, and leaves custom resources alone', () => {
    const { template, profile } = locally((app) => {
      const stack = new Stack(app, 'Small');
      drop('Gone')(stack);
      new Queue(stack, 'Stays');
      new CfnResource(stack, 'Custom', { type: 'Custom::Anything' });
      return stack;
    });
    const types = Object.values<{ Type: string }>(template().Resources).map(({ Type }) => Type);
    expect(types).toEqual(['AWS::SQS::Queue', 'Custom::Anything']);
    expect(profile.dropped.map(({ path }) => path)).toEqual(['Small/Gone']);
  });

  test('an alarm on one metric stays, and the dashboard that shows it', () => {
    const { template, profile } = locally((app) => {
      const stack = new Stack(app, 'Small');
      const visible = new Queue(stack, 'Queue').metricApproximateNumberOfMessagesVisible();
      const plain = new Alarm(stack, 'Plain', { metric: visible, threshold: 1, evaluationPeriods: 1 });
      const metric = new MathExpression({ expression: 'visible * 2', usingMetrics: { visible } });
      new Alarm(stack, 'Math', { metric, threshold: 1, evaluationPeriods: 1 });
      new Dashboard(stack, 'Board', { widgets: [[new AlarmWidget({ alarm: plain })]] });
      return stack;
    });
    const types = Object.values<{ Type: string }>(template().Resources).map(({ Type }) => Type);
    expect(types).toEqual(['AWS::SQS::Queue', 'AWS::CloudWatch::Alarm', 'AWS::CloudWatch::Dashboard']);
    expect(profile.dropped.map(({ path }) => path)).toEqual(['Small/Math/Resource']);
  });
});

function refers(stack: Stack, properties: object): CfnResource {
  return new CfnResource(stack, 'Refers', {
    type: 'AWS::SSM::Parameter',
    properties: { Type: 'String', ...properties },
  });
}
