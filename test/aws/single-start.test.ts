/** A start that is not repeated: neither by EventBridge, which delivers it, nor by Lambda, which has it in a queue. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { singleStart } from '../../lib/aws/single-start';
import { REFERENCE_NAMES, reference } from '../support/reference';
import type { Untyped } from '../support/stack';

function started(...ages: Duration[]) {
  const stack = new Stack();
  const handler = new LambdaFunction(stack, 'Handler', {
    code: Code.fromInline('exports.handler = async () => {}'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_22_X,
  });
  for (const [index, maxEventAge] of ages.entries())
    new Rule(stack, `Rule${index}`, {
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [singleStart(handler, { event: RuleTargetInput.fromObject({ index }), maxEventAge })],
    });
  const template = Template.fromStack(stack);
  const of = (type: string) => Object.values<Untyped>(template.findResources(type)).map(({ Properties }) => Properties);
  return {
    rules: of('AWS::Events::Rule').map(({ Targets }) => Targets[0]),
    functions: of('AWS::Lambda::EventInvokeConfig'),
  };
}

test('both deliver once, and give up when the next start is due', () => {
  const { rules, functions } = started(Duration.minutes(5));
  expect(rules).toMatchObject([
    { Input: '{"index":0}', RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 0 } },
  ]);
  expect(functions).toMatchObject([{ Qualifier: '$LATEST', MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 0 }]);
});

test.each<[string, Duration, number]>([
  ['less than a minute', Duration.seconds(30), 60],
  ['a day', Duration.days(1), 6 * 3600],
])('%s becomes the nearest age that Lambda takes', (_, age, seconds) => {
  expect(started(age).functions).toMatchObject([{ MaximumEventAgeInSeconds: seconds }]);
});

test('several rules may start one function', () => {
  const { rules, functions } = started(Duration.minutes(5), Duration.minutes(5));
  expect([rules.length, functions.length]).toEqual([2, 1]);
});

/** Alarms call it as well, once: what they say must be repeated. docs/constructs/rate-limited-sender.md */
const CALLED_BY_ALARMS = /Breaker/;

test.each(REFERENCE_NAMES)('%s: what a rule does not repeat, Lambda does not repeat either', (name) => {
  const { Resources } = Template.fromStack(reference(name)).toJSON();
  const all = Object.values<Untyped>(Resources);
  const once = all
    .filter(({ Type }) => Type === 'AWS::Events::Rule')
    .flatMap(({ Properties }) => Properties.Targets ?? [])
    .filter(({ RetryPolicy }) => RetryPolicy?.MaximumRetryAttempts === 0)
    .flatMap(({ Arn }) => (Arn['Fn::GetAtt'] ? [Arn['Fn::GetAtt'][0] as string] : []))
    .filter((id) => Resources[id]?.Type === 'AWS::Lambda::Function' && !CALLED_BY_ALARMS.test(id));
  const set = all
    .filter(
      ({ Type, Properties }) => Type === 'AWS::Lambda::EventInvokeConfig' && Properties.MaximumRetryAttempts === 0,
    )
    .map(({ Properties }) => Properties.FunctionName.Ref as string);
  expect([...new Set(once)].filter((id) => !set.includes(id))).toEqual([]);
});
