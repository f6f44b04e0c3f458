/** The rating jobs of case 20 in a stack of their own. */
import { Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { RATING_ON_BATCH } from '../../lib/cases/case-20-tenant-starvation';
import { planSharePolicy } from '../../lib/flow/shares/policy-plan';
import { twoZoneVpc } from '../../stacks/batch-pricing/network';
import { RatingJobs } from '../../stacks/batch-pricing/shares';
import { shop } from '../support/stack';

const stack = shop();
const jobs = new RatingJobs(stack, 'Shares', { alarmTopic: new Topic(stack, 'Alarms'), vpc: twoZoneVpc(stack) });
const template = Template.fromStack(stack);
// biome-ignore lint/suspicious/noExplicitAny: templates have no types
const all = (kind: string): any[] => Object.values(template.findResources(kind)).map(({ Properties }) => Properties);

test('deploys the question of the case: every knob is the same', () => {
  expect(jobs.rating.plan.knobs).toEqual(planSharePolicy('Rating', RATING_ON_BATCH).knobs);
});

test('the policy: four shares of the same weight, the decay of two jobs, nothing reserved', () => {
  expect(all('AWS::Batch::SchedulingPolicy')).toEqual([
    {
      FairsharePolicy: {
        ComputeReservation: 0,
        ShareDecaySeconds: 1320,
        ShareDistribution: ['billing', 'fraud', 'pricing', 'risk'].map((ShareIdentifier) => ({
          ShareIdentifier,
          WeightFactor: 1,
        })),
      },
    },
  ]);
});

test('the jobs run in the private subnets of two zones, and every alarm has somewhere to go', () => {
  const [{ ComputeResources }] = all('AWS::Batch::ComputeEnvironment');
  expect(ComputeResources.Subnets).toHaveLength(2);
  for (const { AlarmActions } of all('AWS::CloudWatch::Alarm')) expect(AlarmActions).toHaveLength(1);
});
