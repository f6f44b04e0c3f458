/**
 * No time-out, threshold, retention, cool-down or bound in a template is in no plan, and none has two values for one queue.
 * Which knob a property takes is named here; a property that is not named fails. Alarms are in `alarms.test.ts`.
 */
import { CfnResource, Stack } from 'aws-cdk-lib';
import { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { WebhookBuffer } from '../../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../../lib/aws/webhooks/webhook-source';
import { Plan } from '../../lib/flow/plan';
import { REFERENCE_NAMES, reference, referenceApp } from '../support/reference';
import type { Untyped } from '../support/stack';
import { timesIn } from '../support/times';

/** The plan of the nearest construct around `one` that has one. */
function planAround(one: IConstruct): Plan | undefined {
  for (let scope: IConstruct | undefined = one; scope; scope = scope.node.scope) {
    const { plan } = scope as { plan?: unknown };
    if (plan instanceof Plan) return plan;
  }
  return undefined;
}

const QUEUE_KNOBS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Queue: { visibilityTimeout: 'visibilityTimeoutSeconds', messageRetentionPeriod: 'retentionSeconds' },
  DeadLetters: {
    visibilityTimeout: 'deadLetterVisibilitySeconds',
    messageRetentionPeriod: 'deadLetterRetentionSeconds',
  },
  Quarantine: { messageRetentionPeriod: 'quarantineRetentionSeconds' },
  Aside: { messageRetentionPeriod: 'asideRetentionSeconds' },
  Failures: { messageRetentionPeriod: 'deadRetentionSeconds' },
  RuleErrors: { messageRetentionPeriod: 'deadRetentionSeconds' },
  Undelivered: { messageRetentionPeriod: 'undeliveredRetentionSeconds' },
  Refused: { visibilityTimeout: 'visibilityTimeoutSeconds', messageRetentionPeriod: 'refusedRetentionSeconds' },
};

/** Every number of a queue or a worker: where it stands, what it is, and the knob that it must be. */
function numbers(stack: Stack): { at: string; value: unknown; plan: Plan | undefined; knob: string }[] {
  const found: { at: string; value: unknown; plan: Plan | undefined; knob: string }[] = [];
  const add = (one: IConstruct, property: string, value: unknown, knob: string, plan = planAround(one)) => {
    if (value !== undefined) found.push({ at: `${one.node.path}.${property}`, value, plan, knob });
  };
  const workers = stack.node.findAll().filter((one) => planAround(one) !== undefined);
  for (const one of workers) {
    if (one instanceof CfnQueue) {
      const knobs = QUEUE_KNOBS[one.node.scope!.node.id];
      for (const property of ['visibilityTimeout', 'messageRetentionPeriod'] as const) {
        add(one, property, one[property], knobs?.[property] ?? `(no knob is named for ${property})`);
      }
      const policy = stack.resolve(one.redrivePolicy) as { maxReceiveCount: number } | undefined;
      add(one, 'maxReceiveCount', policy?.maxReceiveCount, 'maxReceiveCount');
    }
    if (one instanceof CfnScalableTarget) {
      add(one, 'minCapacity', one.minCapacity, 'minInstances');
      add(one, 'maxCapacity', one.maxCapacity, 'maxInstances');
    }
    if (one instanceof CfnScalingPolicy) {
      const tracking = stack.resolve(one.targetTrackingScalingPolicyConfiguration) as
        | CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty
        | undefined;
      const isOfRequests = tracking?.predefinedMetricSpecification !== undefined;
      add(one, 'targetValue', tracking?.targetValue, isOfRequests ? 'requestsPerTarget' : 'backlogPerInstance');
      add(one, 'scaleInCooldown', tracking?.scaleInCooldown, 'scaleInCooldownSeconds');
      add(one, 'scaleOutCooldown', tracking?.scaleOutCooldown, 'scaleOutCooldownSeconds');
    }
    if (one instanceof CfnTaskDefinition) {
      const containers = stack.resolve(one.containerDefinitions) as CfnTaskDefinition.ContainerDefinitionProperty[];
      for (const { stopTimeout } of containers) add(one, 'stopTimeout', stopTimeout, 'stopTimeoutSeconds');
    }
  }
  // The mapping stands inside the function, which is the user's: its numbers are those of the worker on the queue.
  for (const one of stack.node.findAll()) {
    if (!(one instanceof CfnEventSourceMapping) || one.enabled === false || planAround(one) !== undefined) continue;
    const plan = stack.node
      .findAll()
      .map((worker) => (worker as { plan?: unknown }).plan)
      .find((each): each is Plan => each instanceof Plan && each.knobs.some(({ name }) => name === 'batchSize'));
    const scaling = stack.resolve(one.scalingConfig) as { maximumConcurrency?: number } | undefined;
    const pollers = stack.resolve(one.provisionedPollerConfig) as
      | { minimumPollers: number; maximumPollers: number }
      | undefined;
    add(one, 'batchSize', one.batchSize, 'batchSize', plan);
    add(one, 'maximumConcurrency', scaling?.maximumConcurrency, 'maxConcurrency', plan);
    add(one, 'minimumPollers', pollers?.minimumPollers, 'minimumPollers', plan);
    add(one, 'maximumPollers', pollers?.maximumPollers, 'maximumPollers', plan);
  }
  return found;
}

/** Times and thresholds of a template: type, place and property of a number, and the knob that it must be. */
const TIMES: readonly [path: RegExp, knob: string][] = [
  [/^AWS::SQS::Queue .*\/Queue\/Resource VisibilityTimeout$/, 'visibilityTimeoutSeconds'],
  [/^AWS::SQS::Queue .*\/Refused\/Resource VisibilityTimeout$/, 'visibilityTimeoutSeconds'],
  [/^AWS::SQS::Queue .*\/DeadLetters\/Resource VisibilityTimeout$/, 'deadLetterVisibilitySeconds'],
  [/^AWS::SQS::Queue .*\/Queue\/Resource MessageRetentionPeriod$/, 'retentionSeconds'],
  [/^AWS::SQS::Queue .*\/DeadLetters\/Resource MessageRetentionPeriod$/, 'deadLetterRetentionSeconds'],
  [/^AWS::SQS::Queue .*\/Quarantine\/Resource MessageRetentionPeriod$/, 'quarantineRetentionSeconds'],
  [/^AWS::SQS::Queue .*\/Refused\/Resource MessageRetentionPeriod$/, 'refusedRetentionSeconds'],
  [/^AWS::SQS::Queue .*\/Undelivered\/Resource MessageRetentionPeriod$/, 'undeliveredRetentionSeconds'],
  [/^AWS::SQS::Queue .*\/Aside\/Resource MessageRetentionPeriod$/, 'asideRetentionSeconds'],
  [/^AWS::SQS::Queue .*\/(Failures|RuleErrors)\/Resource MessageRetentionPeriod$/, 'deadRetentionSeconds'],
  [/^AWS::SQS::Queue .* ReceiveMessageWaitTimeSeconds$/, 'receiveMessageWaitTimeSeconds'],
  [/^AWS::SQS::Queue .* KmsDataKeyReusePeriodSeconds$/, 'dataKeyReuseSeconds'],
  [/^AWS::Lambda::Function .*\/Redriver\/Resource Timeout$/, 'redriverTimeoutSeconds'],
  [/^AWS::Lambda::Function .*\/Repairer\/Resource Timeout$/, 'repairTimeoutSeconds'],
  [/^AWS::Lambda::Function .*\/Declarer\/Resource Timeout$/, 'declareTimeoutSeconds'],
  [/\/Keeper\/Resource Timeout$/, 'keeperTimeoutSeconds'],
  [/\/Keeper\/Resource Environment\.Variables\.GRACE_SECONDS$/, 'graceSeconds'],
  [/\/Keeper\/Resource Environment\.Variables\.POLL_SECONDS$/, 'keeperPollSeconds'],
  [/^AWS::KinesisFirehose::DeliveryStream .*\.BufferingHints\.IntervalInSeconds$/, 'bufferingSeconds'],
  [/\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.RETENTION_SECONDS$/, 'retentionSeconds'],
  [/\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.BACKFILL_SECONDS$/, 'backfillSeconds'],
  [/\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.DRAIN_SECONDS$/, 'drainSeconds'],
  [/\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.LAG_SECONDS$/, 'ttlLagSeconds'],
  [/\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.WORKER_SECONDS$/, 'workerSeconds'],
  [/\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.LEASE_SECONDS$/, 'leaseSeconds'],
  [
    /\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.WRITE_UNITS_PER_SECOND$/,
    'workerWriteUnitsPerSecond',
  ],
  [/\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.SAMPLE_SECONDS$/, 'sampleSeconds'],
  [
    /\/Retention\/Events\/(Backfill|Report)\/Resource Environment\.Variables\.READ_UNITS_PER_SECOND$/,
    'workerReadUnitsPerSecond',
  ],
  [/\/BackfillSchedule\/Resource Target\.RetryPolicy\.MaximumEventAgeInSeconds$/, 'startSeconds'],
  [/\/ReportSchedule\/Resource Target\.RetryPolicy\.MaximumEventAgeInSeconds$/, 'reportSeconds'],
  [/\/Retention\/Events\/Backfill\/Resource Timeout$/, 'workerTimeoutSeconds'],
  [/\/Retention\/Events\/Report\/Resource Timeout$/, 'reportTimeoutSeconds'],
  [/\/BackfillRule\d+\/Resource Targets\.\d+\.RetryPolicy\.MaximumEventAgeInSeconds$/, 'leaseSeconds'],
  [/\/Backfill\/EventInvokeConfig\/Resource MaximumEventAgeInSeconds$/, 'leaseSeconds'],
  [
    /\/(Repairer|Declarer)\/EventInvokeConfig\/Resource MaximumEventAgeInSeconds$|\/Repair\/Resource Targets\.\d+\.RetryPolicy\.MaximumEventAgeInSeconds$/,
    'repairIntervalSeconds',
  ],
  [
    /\/Keeper\/EventInvokeConfig\/Resource MaximumEventAgeInSeconds$|\/(Ended|Check)\/Resource Targets\.\d+\.RetryPolicy\.MaximumEventAgeInSeconds$/,
    'keeperCheckSeconds',
  ],
  [
    /\/Snapshot\/EventInvokeConfig\/Resource MaximumEventAgeInSeconds$|\/SnapshotRule\/Resource Targets\.\d+\.RetryPolicy\.MaximumEventAgeInSeconds$/,
    'snapshotSeconds',
  ],
  [/^AWS::Kinesis::Channel .*DataFreshnessInSeconds$/, 'dataFreshnessSeconds'],
  [/^AWS::Lambda::Function .*\/framework-onEvent\/Resource Timeout$/, 'providerTimeoutSeconds'],
  [/^AWS::Lambda::Function .*\/AWS679\w+\/Resource Timeout$/, 'brokersLookUpTimeoutSeconds'],
  [/^AWS::Lambda::Function .*\/Intake\/Resource Timeout$/, 'functionTimeoutSeconds'],
  [/^AWS::Lambda::Function .*\/Runner\/Resource Timeout$/, 'itemTimeoutSeconds'],
  [/^AWS::Lambda::Function .*\/Function\/Resource Timeout$/, 'itemTimeoutSeconds'],
  [/\/Merger\/Resource Timeout$/, 'flushTimeoutSeconds'],
  [/\/Rebuilder\/Resource Timeout$/, 'callTimeoutSeconds'],
  [/\/Merger\/Resource Environment\.Variables\.CALL_TIMEOUT_SECONDS$/, 'callTimeoutSeconds'],
  [/\/Merger\/Resource Environment\.Variables\.SPARE_SECONDS$/, 'spareSeconds'],
  [/\/Merger\/Resource Environment\.Variables\.ASIDE_AFTER_SECONDS$/, 'asideAfterSeconds'],
  [/\/Merger\/Resource Environment\.Variables\.BACKOFF_SECONDS$/, 'backoffSeconds'],
  [/\/Merger\/Resource Environment\.Variables\.BACKOFF_CAP_SECONDS$/, 'backoffCapSeconds'],
  [/\/Invalidations\/Mapping\/Resource MaximumBatchingWindowInSeconds$/, 'windowSeconds'],
  [/\/Invalidations\/Mapping\/Resource MaximumRecordAgeInSeconds$/, 'maxRecordAgeSeconds'],
  [/\/Metrics\/Consumer\/Resource Timeout$/, 'batchTimeoutSeconds'],
  [/\/Stream\/Mapping\/Resource MaximumRecordAgeInSeconds$/, 'maxRecordAgeSeconds'],
  [/\/Sender\/Resource Environment\.Variables\.CLAIM_SECONDS$/, 'functionTimeoutSeconds'],
  [/\/Sender\/Resource Environment\.Variables\.CALL_TIMEOUT_SECONDS$/, 'callTimeoutSeconds'],
  [/\/Sender\/Resource Environment\.Variables\.BACKOFF_SECONDS$/, 'backoffSeconds'],
  [/\/Sender\/Resource Environment\.Variables\.BACKOFF_CAP_SECONDS$/, 'backoffCapSeconds'],
  [/\/Sender\/Resource Environment\.Variables\.CLOSED_SECONDS$/, 'closedSeconds'],
  [/\/Sender\/Resource Environment\.Variables\.HOLD_SECONDS$/, 'holdSeconds'],
  [/\/Sender\/Resource Environment\.Variables\.RECORD_SECONDS$/, 'recordSeconds'],
  [/\/Sender\/Resource Timeout$/, 'functionTimeoutSeconds'],
  [/\/Mapping\/Resource MaximumBatchingWindowInSeconds$/, 'batchWindowSeconds'],
  [/ Environment\.Variables\.BACKOFF_SECONDS$/, 'redriveBackoffSeconds'],
  [/ Environment\.Variables\.BACKOFF_CAP_SECONDS$/, 'redriveBackoffCapSeconds'],
  [/ Environment\.Variables\.WINDOW_SECONDS$/, 'redriveWindowSeconds'],
  [/ Environment\.Variables\.RETENTION_SECONDS$/, 'deadLetterRetentionSeconds'],
  [/ Environment\.Variables\.STUCK_HOLD_SECONDS$/, 'stuckHoldSeconds'],
  [/ Environment\.Variables\.IDEMPOTENCY_SECONDS$/, 'idempotencySeconds'],
  [/^AWS::ECS::TaskDefinition .*\.StopTimeout$/, 'stopTimeoutSeconds'],
  [/^AWS::ECS::TaskDefinition .*\.HealthCheck\.Interval$/, 'probePeriodSeconds'],
  [/^AWS::ECS::TaskDefinition .*\.HealthCheck\.Timeout$/, 'probeTimeoutSeconds'],
  [/^AWS::ECS::TaskDefinition .*\.HealthCheck\.StartPeriod$/, 'probeStartSeconds'],
  [/^AWS::ApplicationAutoScaling::ScalingPolicy .*\.ScaleInCooldown$/, 'scaleInCooldownSeconds'],
  [/^AWS::ApplicationAutoScaling::ScalingPolicy .*\.ScaleOutCooldown$/, 'scaleOutCooldownSeconds'],
  [/^AWS::ECS::Service .*HealthCheckGracePeriodSeconds$/, 'healthGraceSeconds'],
  [/^AWS::ElasticLoadBalancingV2::TargetGroup .*HealthCheckIntervalSeconds$/, 'healthPeriodSeconds'],
  [/^AWS::ElasticLoadBalancingV2::TargetGroup .*HealthCheckTimeoutSeconds$/, 'healthTimeoutSeconds'],
  [/^AWS::S3::Bucket .*\/Logs\/Resource .*\.ExpirationInDays$/, 'logRetentionDays'],
  [/^AWS::S3::Bucket .*\/Logs\/Resource .*\.DaysAfterInitiation$/, 'logDaysAfterInitiation'],
  [/^AWS::S3::Bucket .*\/Bucket\/Resource .*\.ExpirationInDays$/, 'expirationInDays'],
  [/^AWS::S3::Bucket .*\/Bucket\/Resource .*\.DaysAfterInitiation$/, 'daysAfterInitiation'],
  [/^AWS::S3::Bucket .*\.NoncurrentDays$/, 'noncurrentDays'],
  [/^AWS::Batch::SchedulingPolicy .*\.ShareDecaySeconds$/, 'shareDecaySeconds'],
  [/^AWS::Batch::JobQueue .*\.MaxTimeSeconds$/, 'maxRunnableSeconds'],
  [/^AWS::Batch::JobDefinition .*\/([a-z0-9]+)\/Jobs\/Resource .*\.AttemptDurationSeconds$/, 'jobTimeoutSeconds.$1'],
  [/^AWS::Lambda::Function .*\/Snapshot\/Resource Timeout$/, 'snapshotTimeoutSeconds'],
  [/^AWS::CodeBuild::Project .* TimeoutInMinutes$/, 'buildTimeoutMinutes'],
  [/^AWS::CodeBuild::Project .* QueuedTimeoutInMinutes$/, 'queuedTimeoutMinutes'],
  [/^AWS::Budgets::Budget .*\.BudgetLimit\.Amount$/, 'budgetLimit'],
  [/^AWS::Budgets::Budget .*\.Threshold$/, 'alarmBudgetPercent'],
  [/^AWS::ApiGateway::Stage .*\.ThrottlingRateLimit$/, 'throttleRatePerSecond'],
  [/^AWS::ApiGateway::Stage .*\.ThrottlingBurstLimit$/, 'throttleBurst'],
  [
    /^AWS::Scheduler::Schedule .*\/Job-([a-z0-9-]+)\/Resource .*\.MaximumEventAgeInSeconds$/,
    'maximumEventAgeSeconds.$1',
  ],
  [/^AWS::APS::Workspace .*\.RetentionPeriodInDays$/, 'retentionDays'],
  [/^AWS::APS::Workspace .*\.MaxSeries$/, 'maxSeries.pods'],
  [/^AWS::WAFv2::WebACL .*\.RateBasedStatement\.Limit$/, 'wafRequestsPerFiveMinutes'],
  [/^AWS::Glue::Job .*\/Job DefaultArguments\.--quiet-seconds$/, 'quietSeconds'],
  [/^AWS::Glue::Job .*\/Job DefaultArguments\.--budget-seconds$/, 'runBudgetSeconds'],
  [/^AWS::Glue::Job .*\/Job DefaultArguments\.--interval-seconds$/, 'intervalSeconds'],
  [/^AWS::Glue::Job .*\/Job DefaultArguments\.--vacuum-interval-seconds$/, 'vacuumIntervalSeconds'],
  [/^AWS::Glue::Job .*\/Job Timeout$/, 'timeoutMinutes'],
  [/^AWS::Scheduler::Schedule .*\/Events\/Schedule\/Resource .*\.MaximumEventAgeInSeconds$/, 'startingDeadlineSeconds'],
  [/^AWS::Glue::TableOptimizer .*\.SnapshotRetentionPeriodInDays$/, 'snapshotRetentionDays'],
  [/^AWS::Glue::TableOptimizer .*\.OrphanFileRetentionPeriodInDays$/, 'orphanRetentionDays'],
  [/\/Status\/Resource Environment\.Variables\.INTERVAL_SECONDS$/, 'checkIntervalSeconds'],
];

/** Numbers that are no decision of a plan, and what they are. */
const NOT_PLANNED: readonly [at: RegExp, what: string][] = [
  [/^AWS::Logs::LogGroup .* RetentionInDays$/, 'how long log lines are kept: a month, or what a stack chooses'],
  [/\/Breaker\/Resource Timeout$/, 'the default of a function of this library, for three calls of a second'],
  [/\/Status\/Resource Timeout$/, 'the default of a function of this library, for three calls of a second'],
  [/ DefaultArguments\.--offset-seconds$/, 'the first start of a day, which follows from the place of the table'],
  [/ Environment\.Variables\.DOWNSTREAM_SECONDS$/, 'the workload, which the example function acts out'],
];
const PROPERTY =
  /(seconds|threshold|interval|period|timeout|cooldown|days|initiation|minutes|buildLimit|rateLimit|burstLimit|\.Limit|\.Amount|\.MaxSeries)$/i;

/** Every time and threshold of a template beside alarms, with the knob of that name in the plan that it is for. */
function timesOf(stack: Stack): { at: string; value: number; planned: number | string }[] {
  const plans = stack.node.findAll().map((one) => (one as { plan?: unknown }).plan);
  const resources = stack.node.findAll().filter((one): one is CfnResource => one instanceof CfnResource);
  return resources.flatMap((one) => {
    const { Type, Properties = {} } = Object.values<Untyped>(stack.resolve(one._toCloudFormation()).Resources)[0];
    if (one instanceof CfnAlarm) return [];
    return timesIn({ kind: `${Type} ${one.node.path}`, ...Properties }, PROPERTY).flatMap(({ path, value }) => {
      const at = path.replace(`${one.node.path}.`, `${one.node.path} `);
      if (NOT_PLANNED.some(([pattern]) => pattern.test(at))) return [];
      const transition = /\.Rules\.(\d+)\.(?:Transitions\.0\.)?(transitionInDays|objectSizeGreaterThan)$/i.exec(at);
      const moved = Properties.LifecycleConfiguration?.Rules[transition?.[1] ?? -1]?.Transitions[0].StorageClass;
      const knob = transition
        ? `${transition[2][0].toLowerCase()}${transition[2].slice(1)}.${moved}`
        : (namedFor(at) ?? `(no knob is named for ${at})`);
      // A function of the stack is outside the construct that it works for, and so is one that the CDK shares.
      const plan = planAround(one) ?? plans.find((each): each is Plan => each instanceof Plan && knobIn(each, knob));
      return [{ at, value, planned: plan?.knobs.find(({ name }) => name === knob)?.value ?? `${knob} is in no plan` }];
    });
  });
}

/** The knob that a number at this place must be; `$1` in its name is the first group of the pattern. */
function namedFor(at: string): string | undefined {
  const row = TIMES.find(([pattern]) => pattern.test(at));
  return row?.[1].replace('$1', row[0].exec(at)?.[1] ?? '');
}

function knobIn({ knobs }: Plan, knob: string): boolean {
  return knobs.some(({ name }) => name === knob);
}

/** Queues that a key of the account encrypts, which no reference environment has. */
function keyed(): Stack {
  const stack = new Stack(referenceApp(), 'Keyed');
  const demand = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };
  const encryptionKey = new Key(stack, 'Key');
  new RedriveQueue(stack, 'Orders', { ...demand, encryptionKey });
  new WebhookBuffer(stack, 'Hooks', {
    ...demand,
    encryptionKey,
    sources: [{ name: 'github', scheme: WebhookScheme.GITHUB }],
  });
  return stack;
}

test.each([...REFERENCE_NAMES, 'Keyed'])(
  '%s: every time and threshold is a knob of the plan that it is for',
  (name) => {
    const found = timesOf(name === 'Keyed' ? keyed() : reference(name));
    // Of tasks alone, their times to stop.
    expect(found.length).toBeGreaterThan(0);
    expect(found.map(({ at, value }) => [at, value])).toEqual(found.map(({ at, planned }) => [at, planned]));
  },
);

describe.each(REFERENCE_NAMES)('%s', (name) => {
  const stack = reference(name);

  test('every number of a queue and its worker is a knob of the plan around it', () => {
    for (const { at, value, plan, knob } of numbers(stack)) expect([at, value]).toEqual([at, plan?.value(knob)]);
  });

  test('no knob has two values for one queue', () => {
    const values = new Map<IConstruct, Map<string, Set<number>>>();
    for (const owner of stack.node.findAll()) {
      const { plan } = owner as { plan?: unknown };
      if (!(plan instanceof Plan) || plan.knobs.every((knob) => knob.name !== 'maxReceiveCount')) continue;
      const key = queueOf(owner, stack);
      const known = values.get(key) ?? new Map<string, Set<number>>();
      values.set(key, known);
      for (const { name: knob, value } of plan.knobs) known.set(knob, (known.get(knob) ?? new Set()).add(value));
    }
    for (const known of values.values()) expect([...known].filter(([, each]) => each.size > 1)).toEqual([]);
  });
});

/** The queue of a plan: its own, that of the construct around it, or the only one. */
function queueOf(owner: IConstruct, stack: Stack): IConstruct {
  const around = [...owner.node.scopes].reverse();
  const own = around.map((one) => (one instanceof RedriveQueue ? one : (one as Partial<WebhookBuffer>).redriveQueue));
  const nearest = own.find((one) => one !== undefined);
  if (nearest !== undefined) return nearest;
  const [queue, ...others] = stack.node.findAll().filter((one) => one instanceof RedriveQueue);
  expect(others).toEqual([]);
  return queue;
}

test('there is something to walk: queues, mappings, tasks', () => {
  const count = (name: string) => numbers(reference(name)).length;
  expect(count('OrderIntake')).toBeGreaterThan(10);
  expect(count('ImageProcessing')).toBeGreaterThan(11);
  expect(count('MessageProcessing')).toBeGreaterThan(7);
  expect(count('Notifications')).toBeGreaterThan(8);
});
