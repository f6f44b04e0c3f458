/** Every alarm of a reference environment reaches its topic, and every number of it is a knob of a plan. */

import { Template } from 'aws-cdk-lib/assertions';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { WebhookBuffer } from '../../lib/aws/webhooks/webhook-buffer';
import type { Plan } from '../../lib/flow/plan';
import { knobsOf, numbersOf } from '../support/alarm-numbers';
import { mute } from '../support/alarm-topics';
import { REFERENCE_NAMES, reference } from '../support/reference';

describe.each(REFERENCE_NAMES)('%s', (name) => {
  const stack = reference(name);
  const template = Template.fromStack(stack);
  const alarms = stack.node.findAll().filter((one): one is CfnAlarm => one instanceof CfnAlarm);

  test('no alarm is mute', () => {
    expect(Object.keys(template.findResources('AWS::CloudWatch::Alarm')).length).toBeGreaterThan(0);
    expect(mute(template.toJSON())).toEqual([]);
  });

  test('threshold, period and number of periods of every alarm are knobs of the plan that it is for', () => {
    const made = alarms.map((alarm) => [alarm.node.path, numbersOf(alarm)]);
    const planned = alarms.map((alarm) => {
      const plan = planOf(alarm);
      const numbers = Object.entries(knobsOf(alarm.node.path)).map(([kind, knob]) => [kind, plan.value(knob)]);
      return [alarm.node.path, { periods: 1, ...Object.fromEntries(numbers) }];
    });
    expect(made).toEqual(planned);
  });
});

/** The plan of the construct that made the alarm. One on a function is made by the webhook buffer it is attached to. */
function planOf(alarm: CfnAlarm): Plan {
  const scopes: (IConstruct & { readonly plan?: Plan })[] = alarm.node.scopes.reverse();
  const own = scopes.find(({ plan }) => plan !== undefined)?.plan;
  if (own !== undefined) return own;
  const buffers = alarm.node.root.node.findAll().filter((one): one is WebhookBuffer => one instanceof WebhookBuffer);
  const watching = buffers.filter(({ refusedAlarms }) => refusedAlarms.some((one) => scopes.includes(one)));
  expect(watching).toHaveLength(1);
  return watching[0].plan;
}
