import { Template } from 'aws-cdk-lib/assertions';
import { CHORES } from '../../lib/cases/case-04-cron-stampede';
import { MAILING } from '../../lib/cases/case-07-mail-rate-limit';
import { STORM } from '../../lib/cases/case-09-invalidation-storm';
import { planCoalescing } from '../../lib/flow/merging/plan';
import { planRates } from '../../lib/flow/rates/plan';
import { planSchedule } from '../../lib/flow/schedule/plan';
import { NotificationsStack } from '../../stacks/notifications';
import { referenceApp } from '../support/reference';
import type { Untyped } from '../support/stack';

const template = Template.fromStack(new NotificationsStack(referenceApp(), 'Notifications'));
const resources = Object.values<Untyped>(template.toJSON().Resources);
const schedules = resources.filter(({ Type }) => Type === 'AWS::Scheduler::Schedule').map((one) => one.Properties);

test('the template', () => {
  // Hashes of code change with every build and say nothing here.
  expect(JSON.parse(JSON.stringify(template.toJSON()).replace(/\b[0-9a-f]{64}\b/g, '<asset>'))).toMatchSnapshot();
});

describe('what must not be lost in a snapshot that somebody updates', () => {
  const plan = planSchedule('Chores', { ...CHORES, scheduler: 'eventbridge' });

  test('every chore starts at the minute that the case is simulated with', () => {
    expect(schedules.map(({ ScheduleExpression }) => ScheduleExpression)).toEqual(
      plan.jobs.map(({ expression }) => `cron(${expression})`),
    );
  });

  test('as many chores run at once as leave the machines below the promise: 52.5 % of their CPU', () => {
    const [{ ScalingConfig }] = resources
      .filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
      .map((one) => one.Properties)
      .filter(({ EventSourceArn }) => /ChoresQueue[0-9A-F]{8}$/.test(EventSourceArn['Fn::GetAtt'][0]));
    const { cores, onlineUtilisation } = CHORES.host;
    const busy = onlineUtilisation + (ScalingConfig.MaximumConcurrency * CHORES.jobs[0].cpu!) / cores;
    expect(busy).toBeCloseTo(0.525, 9);
    expect(busy).toBeLessThan(CHORES.objective.cpuRatio!);
  });

  test('changes are merged by one reader a shard, in the window of the plan', () => {
    const merging = planCoalescing('Invalidations', { ...STORM, transport: 'kinesis' });
    const [stream] = resources.filter(({ Type }) => Type === 'AWS::Kinesis::Stream');
    const [mapping] = resources
      .filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
      .map((one) => one.Properties)
      .filter(({ ParallelizationFactor }) => ParallelizationFactor !== undefined);
    expect(stream.Properties.ShardCount).toBe(merging.value('shards'));
    expect(mapping).toMatchObject({
      ParallelizationFactor: 1,
      MaximumBatchingWindowInSeconds: merging.value('windowSeconds'),
    });
  });

  test('no run is lost in silence: a queue for those not delivered, and an alarm on it', () => {
    for (const { Target } of schedules) expect(Target.DeadLetterConfig).toBeDefined();
    const watched = resources
      .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties.MetricName);
    expect(watched).toEqual(
      expect.arrayContaining([
        'ApproximateNumberOfMessagesVisible',
        'InvocationDroppedCount',
        'InvocationAttemptCount',
        'Skipped',
      ]),
    );
  });

  test('case 7: senders take a batch at a time, two at once, and what bounces pauses them', () => {
    const rate = planRates('Mailing', MAILING);
    const [{ ScalingConfig, BatchSize }] = resources
      .filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
      .map((one) => one.Properties)
      .filter(({ EventSourceArn }) => /MailingQueue[0-9A-F]{8}$/.test(EventSourceArn['Fn::GetAtt'][0]));
    expect([ScalingConfig.MaximumConcurrency, BatchSize]).toEqual([2, rate.value('messagesPerSender')]);
    const reputation = resources.filter(({ Properties }) => /^Reputation\./.test(Properties?.MetricName));
    expect(reputation.map(({ Properties }) => Properties.Threshold)).toEqual([0.05, 0.001]);
    for (const { Properties } of reputation) expect(JSON.stringify(Properties.AlarmActions)).toContain('Breaker');
  });

  test('every alarm goes to the topic', () => {
    const alarms = resources.filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
    expect(alarms.length).toBeGreaterThan(25);
    for (const { Properties } of alarms) expect(JSON.stringify(Properties.AlarmActions)).toContain('"Ref":"Alarms');
  });
});
