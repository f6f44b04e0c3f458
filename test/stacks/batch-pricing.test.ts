import { Template } from 'aws-cdk-lib/assertions';
import { EVENTS, EVENTS_TABLE } from '../../lib/cases/case-16-collection-swells';
import { planRetention } from '../../lib/flow/retention/plan';
import { planTtlTable } from '../../lib/flow/retention/table-plan';
import { BatchPricingStack } from '../../stacks/batch-pricing';
import { referenceApp } from '../support/reference';

const stack = new BatchPricingStack(referenceApp(), 'BatchPricing');
const template = Template.fromStack(stack);

test('the events expire, and stay when the stack is deleted', () => {
  template.hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'Retain',
    Properties: { TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true } },
  });
});

test('the events are planned by the question of case 16', () => {
  const { knobs } = planTtlTable('Events', EVENTS_TABLE);
  expect(stack.retention.events.plan.knobs).toEqual(knobs);
});

test('the documents are planned by the question of case 16, and the stack makes no database of its own', () => {
  const { knobs } = planRetention('Documents', { ...EVENTS, platform: 'fargate' });
  expect(stack.retention.documents.plan.knobs).toEqual(knobs);
  expect(template.findResources('AWS::DocDB::DBCluster')).toEqual({});
});

test('every alarm goes to the topic', () => {
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
  expect(alarms).toHaveLength(33);
  for (const { Properties } of alarms) expect(Properties.AlarmActions).toHaveLength(1);
});

test('the template', () => {
  // Hashes of code change with every build and say nothing here.
  expect(JSON.parse(JSON.stringify(template.toJSON()).replace(/\b[0-9a-f]{64}\b/g, '<asset>'))).toMatchSnapshot();
});
