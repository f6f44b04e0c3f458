/** Every number of an alarm is a knob, written down once: another value of the knob is another number of the alarm. */
import { Duration } from 'aws-cdk-lib';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Rule } from 'aws-cdk-lib/aws-events';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { ConfigurationSet } from 'aws-cdk-lib/aws-ses';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { CompactionAlarms } from '../../lib/aws/compaction/compaction-alarms';
import { JvmAlarms } from '../../lib/aws/jvm/jvm-alarms';
import { JvmService } from '../../lib/aws/jvm/jvm-service';
import { LogShipping } from '../../lib/aws/logs/log-shipping';
import { LogShippingAlarms } from '../../lib/aws/logs/log-shipping-alarms';
import { CoalescingAlarms } from '../../lib/aws/merging/coalescing-alarms';
import { MetricsSampling } from '../../lib/aws/metrics/metrics-sampling';
import { QueueAlarms } from '../../lib/aws/queue/queue-alarms';
import { QueueWorker, WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RabbitMqAlarms } from '../../lib/aws/queue/rabbit-mq-alarms';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { KafkaAlarms } from '../../lib/aws/quotas/kafka-alarms';
import { SenderAlarms } from '../../lib/aws/rates/sender-alarms';
import { ReplicaAlarms } from '../../lib/aws/replication/replica-alarms';
import { TtlCollectionAlarms } from '../../lib/aws/retention/ttl-collection-alarms';
import { TtlTableAlarms } from '../../lib/aws/retention/ttl-table-alarms';
import { ScheduleAlarms } from '../../lib/aws/schedule/schedule-alarms';
import { FairShare } from '../../lib/aws/shares/fair-share';
import { ArchiveBucket } from '../../lib/aws/storage/archive-bucket';
import { StreamAlarms, streamAlarmKnobsOf } from '../../lib/aws/streams/stream-alarms';
import { RefusedAlarms } from '../../lib/aws/webhooks/refused-alarms';
import { WebhookAlarms } from '../../lib/aws/webhooks/webhook-alarms';
import { WebhookBuffer } from '../../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../../lib/aws/webhooks/webhook-source';
import { TASK_LOGS } from '../../lib/cases/case-01-log-flood';
import { WRITE_PEAK } from '../../lib/cases/case-08-replica-lag';
import { BUSY_JVM } from '../../lib/cases/case-10-allocation-outruns-gc';
import { EVENTS, EVENTS_TABLE } from '../../lib/cases/case-16-collection-swells';
import { COMPACTION_ON_AWS } from '../../lib/cases/case-17-continuous-cleanup';
import { longestEvaluationSeconds } from '../../lib/flow/alarms';
import { glueJobKnobs } from '../../lib/flow/compaction/alarms';
import { planCompaction } from '../../lib/flow/compaction/plan';
import { CompactedTableKind } from '../../lib/flow/compaction/workload';
import { coalescingAlarmKnobs } from '../../lib/flow/merging/alarms';
import { planCoalescing } from '../../lib/flow/merging/plan';
import { MetricKind } from '../../lib/flow/metrics/workload';
import type { Knob, Plan } from '../../lib/flow/plan';
import { topologyKnobs } from '../../lib/flow/queue/alarms';
import { planQueue } from '../../lib/flow/queue/plan';
import { quotaAlarmKnobs, throttledKnob } from '../../lib/flow/quotas/alarms';
import { planQuotas } from '../../lib/flow/quotas/plan';
import { senderAlarmKnobs } from '../../lib/flow/rates/alarms';
import { planRates } from '../../lib/flow/rates/plan';
import { cloudAlarmKnobs } from '../../lib/flow/replication/cloud-alarms';
import { planReplication } from '../../lib/flow/replication/plan';
import { planRetention } from '../../lib/flow/retention/plan';
import { planTtlTable } from '../../lib/flow/retention/table-plan';
import { planSchedule } from '../../lib/flow/schedule/plan';
import { deliveryKnobs } from '../../lib/flow/schedule/worker';
import { planStream } from '../../lib/flow/streams/plan';
import { type AlarmKnobs, knobsOf, numbersOf } from '../support/alarm-numbers';
import { ratingJobs } from '../support/rating';
import { shop } from '../support/stack';

const DEMAND = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };

const functionIn = (scope: Construct) =>
  new LambdaFunction(scope, 'Function', { runtime: Runtime.NODEJS_22_X, handler: 'x', code: Code.fromInline('x') });

/** What makes the alarms from a plan of its own with these knobs in it; returns the alarms and that plan. */
const MAKERS: Record<string, (knobs: Knob[]) => { alarms: CfnAlarm[]; plan: Plan }> = {
  QueueAlarms: (knobs) => {
    const stack = shop();
    const made = new RedriveQueue(stack, 'Orders', DEMAND);
    const plan = made.plan.withKnobs(knobs);
    return { alarms: alarmsIn(new QueueAlarms(stack, 'Alarms', { ...queuesOf(made), plan })), plan };
  },
  'QueueAlarms without a redriver': (knobs) => {
    const stack = shop();
    const made = new RedriveQueue(stack, 'Orders', { ...DEMAND, maxRedrives: 0 });
    const plan = made.plan.withKnobs(knobs);
    const scope = new Construct(stack, 'WithoutRedriver');
    return { alarms: alarmsIn(new QueueAlarms(scope, 'Alarms', { ...queuesOf(made), plan })), plan };
  },
  RabbitMqAlarms: (knobs) => {
    const stack = shop();
    const plan = planQueue('Orders', { ...DEMAND, platform: 'fargate', broker: 'amazon-mq', brokerConnections: 1500 })
      .withKnobs(topologyKnobs(3600, false))
      .withKnobs(knobs);
    const names = { brokerName: 'shop', vhost: '/', queueName: 'orders', deadLetterQueueName: 'orders.dead' };
    const scope = new Construct(stack, 'RabbitMq');
    return {
      alarms: alarmsIn(new RabbitMqAlarms(scope, 'Alarms', { ...names, plan, declarer: functionIn(stack) })),
      plan,
    };
  },
  WebhookAlarms: (knobs) => {
    const stack = shop();
    const plan = webhooksIn(stack).plan.withKnobs(knobs);
    const api = new RestApi(stack, 'Api');
    api.root.addMethod('GET');
    return { alarms: alarmsIn(new WebhookAlarms(stack, 'Alarms', { stage: api.deploymentStage, plan })), plan };
  },
  RefusedAlarms: (knobs) => {
    const stack = shop();
    const plan = webhooksIn(stack).plan.withKnobs(knobs);
    const watch = { consumer: functionIn(stack), sourceNames: ['github', 'pay'], plan };
    return { alarms: alarmsIn(new RefusedAlarms(stack, 'RefusedAlarms', watch)), plan };
  },
  ScheduleAlarms: (knobs) => {
    const stack = shop();
    const jobs = [{ name: 'cleanup', periodSeconds: 3600, durationSeconds: 10 }];
    const planned = planSchedule('Chores', { jobs, scheduler: 'eventbridge' }).withKnobs(deliveryKnobs());
    const plan = planned.withKnobs(knobs);
    const scheduleGroup = new ScheduleGroup(stack, 'Group');
    const watch = { scheduleGroup, undeliveredQueue: new Queue(stack, 'Undelivered'), plan, runner: functionIn(stack) };
    return { alarms: alarmsIn(new ScheduleAlarms(stack, 'Alarms', watch)), plan };
  },
  JvmAlarms: (knobs) => {
    const stack = shop();
    const { plan: planned, service } = new JvmService(stack, 'Api', {
      ...BUSY_JVM,
      cluster: new Cluster(stack, 'Cluster'),
      image: ContainerImage.fromRegistry('shop/api:1'),
    });
    const plan = planned.withKnobs(knobs);
    return { alarms: alarmsIn(new JvmAlarms(stack, 'Alarms', { metricService: 'api', service, plan })), plan };
  },
  LogShippingAlarms: (knobs) => {
    const stack = shop();
    const { plan: planned, deliveryStreamName, logGroup } = new LogShipping(stack, 'Logs', TASK_LOGS);
    const plan = planned.withKnobs(knobs);
    return { alarms: alarmsIn(new LogShippingAlarms(stack, 'Alarms', { deliveryStreamName, logGroup, plan })), plan };
  },
  KafkaAlarms: (knobs) => {
    const stack = shop();
    const tenants = [{ name: 'orders', steadyBytesPerSecond: 1e6, peakBytesPerSecond: 2e6, peakSeconds: 1200 }];
    const planned = planQuotas('Quotas', { capacity: { brokers: 3, brokerBytesPerSecond: 6e7 }, tenants });
    const throttled = planned.withKnobs([throttledKnob(planned, tenants)]);
    const plan = throttled.withKnobs(quotaAlarmKnobs(throttled)).withKnobs(knobs);
    const made = new KafkaAlarms(stack, 'Alarms', {
      clusterArn: 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/abc-1',
      brokers: 2,
      plan,
      repairer: functionIn(stack),
      repairInterval: Duration.hours(1),
    });
    // How often quotas are checked is a prop of these alarms; a knob of that name does not change it.
    return { alarms: alarmsIn(made).filter(({ node }) => /Throttled/.test(node.path)), plan };
  },
  CoalescingAlarms: (knobs) => {
    const stack = shop();
    const planned = planCoalescing('Merging', {
      workload: { steadyPerSecond: 100, distinctKeys: 50, keySeconds: 0.01 },
      objective: { freshnessSeconds: 60 },
    });
    const plan = planned.withKnobs(coalescingAlarmKnobs(planned)).withKnobs(knobs);
    const stream = Stream.fromStreamArn(stack, 'Stream', 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes');
    const asideQueue = new Queue(stack, 'Aside');
    const merger = functionIn(stack);
    return { alarms: alarmsIn(new CoalescingAlarms(stack, 'Alarms', { merger, asideQueue, stream, plan })), plan };
  },
  StreamAlarms: (knobs) => {
    const scope = new Construct(shop(), 'Stream');
    const planned = planStream('Metrics', {
      workload: { steadyPerSecond: 100, recordSeconds: 0.01 },
      objective: { latencySeconds: 60 },
      platform: 'kinesis-lambda',
    });
    const plan = planned.withKnobs(streamAlarmKnobsOf(planned, true, true)).withKnobs(knobs);
    const stream = Stream.fromStreamArn(scope, 'Given', 'arn:aws:kinesis:eu-west-1:123456789012:stream/metrics');
    const [failureQueue, errorQueue] = ['Failures', 'Errors'].map((id) => new Queue(scope, id));
    const watch = { plan, stream, function: functionIn(scope), failureQueue, errorQueue, ruleName: 'metrics' };
    return { alarms: alarmsIn(new StreamAlarms(scope, 'Alarms', watch)), plan };
  },
  'StreamAlarms of a topic': (knobs) => {
    const stack = shop();
    const planned = planStream('Metrics', {
      workload: { steadyPerSecond: 100, recordSeconds: 0.01 },
      objective: { latencySeconds: 60 },
      platform: 'msk-fargate',
    });
    const plan = planned.withKnobs(streamAlarmKnobsOf(planned, false, false)).withKnobs(knobs);
    const topic = {
      clusterArn: 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/abc-1',
      topicName: 'metrics',
      consumerGroup: 'metrics',
    };
    const logGroup = new LogGroup(stack, 'Logs');
    return { alarms: alarmsIn(new StreamAlarms(stack, 'TopicAlarms', { plan, topic, logGroup })), plan };
  },
  'CompactionAlarms of optimizers': (knobs) => {
    const stack = shop();
    const planned = planCompaction('Sessions', { ...COMPACTION_ON_AWS, table: CompactedTableKind.ICEBERG });
    const plan = planned.withKnobs(knobs);
    const scope = new Construct(stack, 'Sessions');
    return {
      alarms: alarmsIn(new CompactionAlarms(scope, 'Alarms', { plan, statusFunction: functionIn(stack) })),
      plan,
    };
  },
  'CompactionAlarms of a job': (knobs) => {
    const stack = shop();
    const planned = planCompaction('Events', COMPACTION_ON_AWS);
    const plan = planned.withKnobs(glueJobKnobs(planned)).withKnobs(knobs);
    const failedRuns = Rule.fromEventRuleArn(stack, 'Failed', 'arn:aws:events:eu-west-1:123456789012:rule/failed');
    const undeliveredQueue = new Queue(stack, 'Undelivered');
    const watch = { plan, reportedAs: 'events', failedRuns, undeliveredQueue };
    return { alarms: alarmsIn(new CompactionAlarms(stack, 'Alarms', watch)), plan };
  },
  ReplicaAlarms: (knobs) => {
    const planned = planReplication('Orders', WRITE_PEAK);
    const plan = planned.withKnobs(cloudAlarmKnobs(planned)).withKnobs(knobs);
    return { alarms: alarmsIn(new ReplicaAlarms(shop(), 'Alarms', { guardName: 'orders', plan })), plan };
  },
  TtlCollectionAlarms: (knobs) => {
    const plan = planRetention('Events', { ...EVENTS, platform: 'fargate' }).withKnobs(knobs);
    const stack = shop();
    const undeliveredQueue = new Queue(stack, 'Undelivered');
    const props = { plan, metricsName: 'events', undeliveredQueue };
    return { alarms: alarmsIn(new TtlCollectionAlarms(new Construct(stack, 'Documents'), 'Alarms', props)), plan };
  },
  TtlTableAlarms: (knobs) => {
    const stack = shop();
    const plan = planTtlTable('Events', EVENTS_TABLE).withKnobs(knobs);
    const table = Table.fromTableName(stack, 'Table', 'events');
    const [worker, report] = ['Worker', 'Report'].map((id) => functionIn(new Construct(stack, id)));
    return { alarms: alarmsIn(new TtlTableAlarms(stack, 'Alarms', { plan, table, worker, report })), plan };
  },
  SenderAlarms: (knobs) => {
    const stack = shop();
    const workload = { campaignMessages: 10_000, callSeconds: 0.1 };
    const planned = planRates('Mailing', { workload, limit: { perSecond: 100 } });
    const plan = planned.withKnobs(senderAlarmKnobs(planned)).withKnobs(knobs);
    const configurationSet = ConfigurationSet.fromConfigurationSetName(stack, 'Set', 'mails');
    const [sender, breaker] = ['Sender', 'Breaker'].map((id) => functionIn(new Construct(stack, id)));
    return { alarms: alarmsIn(new SenderAlarms(stack, 'Alarms', { sender, breaker, configurationSet, plan })), plan };
  },
};

const queuesOf = ({ queue, deadLetterQueue, quarantineQueue, redriver }: RedriveQueue) => ({
  queue,
  deadLetterQueue,
  quarantineQueue,
  redriver,
});

const webhooksIn = (scope: Construct) =>
  new WebhookBuffer(scope, 'Webhooks', {
    ...DEMAND,
    sources: ['github', 'pay'].map((name) => ({ name, scheme: WebhookScheme.GITHUB })),
  });

function alarmsIn(scope: Construct): CfnAlarm[] {
  return scope.node.findAll().filter((one): one is CfnAlarm => one instanceof CfnAlarm);
}

/** A value that each kind of number can take as well, and that no alarm has. */
const OTHER: Record<keyof AlarmKnobs, (value: number) => number> = {
  threshold: (value) => value + 17,
  seconds: (value) => value + 420,
  periods: (value) => value + 3,
  beyond: (value) => value - 1,
};

test.each(Object.keys(MAKERS))('%s: each knob moves the alarms that it is for, and no other', (name) => {
  const usual = MAKERS[name]([]);
  const numbers = (alarms: CfnAlarm[]) => Object.fromEntries(alarms.map((one) => [one.node.path, numbersOf(one)]));
  const before = numbers(usual.alarms);
  const kinds = new Map<string, keyof AlarmKnobs>();
  for (const { node } of usual.alarms) {
    for (const [kind, knob] of Object.entries(knobsOf(node.path))) kinds.set(knob, kind as keyof AlarmKnobs);
  }
  expect(kinds.size).toBeGreaterThan(2);
  for (const [knob, kind] of kinds) {
    const moved = usual.alarms.filter(({ node }) => Object.values(knobsOf(node.path)).includes(knob));
    const [old, more] = [usual.plan.value(knob), OTHER[kind](usual.plan.value(knob))];
    // An alarm that looks back as far as it may is given less.
    const isTooLong = moved.some(({ node }) => {
      const { seconds, periods }: Record<keyof AlarmKnobs, number> = { ...before[node.path], [kind]: more };
      return seconds * periods > longestEvaluationSeconds(seconds);
    });
    const value = isTooLong ? old - (more - old) : more;
    const after = numbers(MAKERS[name]([{ ...usual.plan.knob(knob), value }]).alarms);
    const expected = { ...before };
    for (const { node } of moved) expected[node.path] = { ...before[node.path], [kind]: value };
    expect([knob, after]).toEqual([knob, expected]);
  }
});

test.each<[string, (scope: Construct) => { readonly plan: Plan; readonly node: Construct['node'] }]>([
  [
    'ArchiveBucket',
    (scope) => new ArchiveBucket(scope, 'Archive', { workload: { bytesPerDay: 1e12, objectBytes: 1e8 } }),
  ],
  [
    'MetricsSampling',
    (scope) =>
      new MetricsSampling(scope, 'Metrics', {
        workload: {
          sources: [{ name: 'api', targets: 10, families: [{ name: 'work_total', kind: MetricKind.COUNTER }] }],
        },
        objective: { activeSeries: 1000 },
      }),
  ],
  ['a fair queue', (scope) => new RedriveQueue(scope, 'Orders', { ...DEMAND, fairQueue: true })],
  ['FairShare', (scope) => new FairShare(scope, 'Share', ratingJobs(scope))],
  [
    'QueueWorker on Fargate, from zero',
    (scope) =>
      new QueueWorker(scope, 'Worker', {
        ...DEMAND,
        objective: { latencySeconds: 900 },
        queue: new Queue(scope, 'Queue', { visibilityTimeout: Duration.minutes(5) }),
        compute: WorkerCompute.fargate({
          cluster: new Cluster(scope, 'Cluster'),
          image: ContainerImage.fromRegistry('shop/worker:1'),
          scaleToZero: true,
        }),
      }),
  ],
])('%s: the numbers of its alarms are knobs of its plan', (_, make) => {
  const made = make(shop());
  const alarms = made.node.findAll().filter((one): one is CfnAlarm => one instanceof CfnAlarm);
  expect(alarms.length).toBeGreaterThan(0);
  for (const alarm of alarms) {
    const { path } = alarm.node;
    const planned = Object.entries(knobsOf(path)).map(([kind, knob]) => [kind, made.plan.value(knob)]);
    expect([path, numbersOf(alarm)]).toEqual([path, { periods: 1, ...Object.fromEntries(planned) }]);
  }
});

describe('how long an alarm may look back', () => {
  const knob = (name: string, value: number): Knob => ({ name, value, unit: '', formula: '', inputs: {}, source: '' });
  const made =
    (seconds: number, periods: number, stack = shop()) =>
    () =>
      new TtlCollectionAlarms(stack, 'Alarms', {
        undeliveredQueue: new Queue(stack, 'Undelivered'),
        plan: planRetention('Events', { ...EVENTS, platform: 'fargate' }).withKnobs([
          knob('startSeconds', seconds),
          knob('alarmBackfillPeriods', periods),
        ]),
        metricsName: 'events',
      });

  test('a day with periods below an hour', () => {
    expect(made(1800, 48)).not.toThrow();
    expect(made(1800, 49)).toThrow(/BackfillFailing must be at most 86400 s, .* got 1800 s × 49/);
  });

  test('a week with periods of an hour or more', () => {
    expect(made(3600, 168)).not.toThrow();
    expect(made(3600, 169)).toThrow(/BackfillFailing must be at most 604800 s, .* got 3600 s × 169/);
  });
});
