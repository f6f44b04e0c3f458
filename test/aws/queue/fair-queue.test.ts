/** A fair queue of SQS: groups on a standard queue, and alarms that tell a noisy tenant from a broken promise. */
import { Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../../lib/aws/queue/redrive-queue-props';
import { shop } from '../../support/stack';

const DEMAND = {
  workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
};

function make(given: Partial<RedriveQueueProps> = {}) {
  const stack = shop();
  const queue = new RedriveQueue(stack, 'Mails', { ...DEMAND, ...given });
  return { queue, template: Template.fromStack(stack) };
}

/** The resources of a kind, by logical id; names of assets aside. */
const resources = (template: Template, ...but: string[]) =>
  Object.fromEntries(
    Object.entries(template.toJSON().Resources as Record<string, { Type: string }>).filter(
      ([id, { Type }]) => Type !== 'AWS::CloudWatch::Dashboard' && !but.some((name) => id.includes(name)),
    ),
  );

const plain = make();
const fair = make({ fairQueue: true });

test('nothing changes but two alarms and the dashboard', () => {
  expect(resources(fair.template, 'AlarmsAge', 'AlarmsQuietAge')).toEqual(resources(plain.template, 'AlarmsAge'));
});

test('the promise is watched in the quiet groups, by the number that the age has without groups', () => {
  const { queue, template } = fair;
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateAgeOfOldestMessageInQuietGroups',
    Statistic: 'Maximum',
    Threshold: queue.plan.value('alarmAgeSeconds'),
    ComparisonOperator: 'GreaterThanThreshold',
  });
  expect(queue.alarms.all).toContain(queue.alarms.quietAge);
  expect(plain.queue.alarms.quietAge).toBeUndefined();
});

test('the age of all messages is a warning, because it is that of a noisy group too', () => {
  const routed = (fairQueue: boolean) => {
    const stack = shop();
    const [critical, warning] = ['Critical', 'Warning'].map((id) => ({ topic: new Topic(stack, id) }));
    new RedriveQueue(stack, 'Mails', { ...DEMAND, fairQueue, alarms: { critical, warning } });
    const found = Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm', {
      Properties: { MetricName: 'ApproximateAgeOfOldestMessage' },
    });
    return Object.values(found)[0].Properties;
  };
  expect(JSON.stringify(routed(true).AlarmActions)).toContain('Warning');
  expect(routed(true).AlarmDescription).toContain('look at quietAge before you act');
  expect(JSON.stringify(routed(false).AlarmActions)).toContain('Critical');
});

test('the dashboard shows the groups', () => {
  const shown = ({ template }: typeof fair) => JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard'));
  expect(shown(fair)).toContain('ApproximateNumberOfNoisyGroups');
  expect(shown(plain)).not.toContain('InQuietGroups');
});

test('an alarm on the quiet groups can be silenced, and only where there is one', () => {
  const alarms = { silence: { quietAge: 'one tenant' } };
  expect(() => make({ fairQueue: true, alarms })).not.toThrow();
  expect(() => make({ alarms })).toThrow(/quietAge/);
});

test('a FIFO queue has groups for the order, and cannot be fair', () => {
  const message = 'fairQueue must be left out on a FIFO queue, where groups are for the order';
  expect(() => make({ fairQueue: true, fifo: true })).toThrow(message);
  const stack = shop();
  const queue = new Queue(stack, 'Own', { fifo: true });
  expect(() => new RedriveQueue(stack, 'Mails', { ...DEMAND, fairQueue: true, queue })).toThrow(message);
});
