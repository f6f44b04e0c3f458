/** What the local run sets otherwise, as printed: compared with the two stacks as they are synthesized. */
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { localSettings, planOf, STACK } from '../../bin/local/settings';
import { LOCAL_INTAKE, OrderIntakeStack, WEBHOOK_FLOOD } from '../../stacks/order-intake';
import { localStack } from '../../stacks/reference';

const here = read(localStack(new App(), STACK));
const account = read(new OrderIntakeStack(new App(), STACK));

/** The settings of a stack that a plan or a question decides. */
function read(stack: Stack) {
  const template = Template.fromStack(stack);
  const functions = Object.values(template.findResources('AWS::Lambda::Function'));
  const variable = (name: string) =>
    functions.map(({ Properties }) => Properties.Environment?.Variables?.[name]).find((value) => value !== undefined);
  return {
    workers: template.toJSON().Outputs.MaxConcurrency.Value,
    redrives: variable('MAX_REDRIVES'),
    downstream: variable('DOWNSTREAM_SECONDS'),
    retryCap: functions
      .map(({ Properties }) => Properties.Environment?.Variables ?? {})
      .find((variables) => variables.DOWNSTREAM_SECONDS !== undefined)?.BACKOFF_CAP_SECONDS,
  };
}

const printed = (name: string) => localSettings().find((setting) => setting.name === name);

test.each([
  ['workers at most', here.workers, account.workers],
  ['times a failed order is sent back', here.redrives, account.redrives],
  ['of it in the order system', `${1000 * Number(here.downstream)} ms`, `${1000 * Number(account.downstream)} ms`],
])('%s is printed as both stacks have it', (name, local, real) => {
  expect(printed(name)).toEqual({ name, here: local, account: real });
});

test('the wait before a retry is capped here alone; an account has that of the consumer', () => {
  expect(account.retryCap).toBeUndefined();
  expect(printed('wait before a retry, at most')).toMatchObject({ here: `${here.retryCap} s`, account: '15 min' });
});

test('the plan that the settings are read from is the one that is deployed, on both sides', () => {
  expect(String(planOf(LOCAL_INTAKE).value('maxInstances'))).toBe(here.workers);
  expect(String(planOf(WEBHOOK_FLOOD).value('maxInstances'))).toBe(account.workers);
});

test('the two stacks have the same kinds of resources, so nothing else differs', () => {
  const kinds = (stack: Stack) =>
    Object.values(Template.fromStack(stack).toJSON().Resources as Record<string, { Type: string }>)
      .map(({ Type }) => Type)
      .sort();
  expect(kinds(localStack(new App(), STACK))).toEqual(kinds(new OrderIntakeStack(new App(), STACK)));
});
